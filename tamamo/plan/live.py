"""Figures Tamamo computes itself: the `query` of an indicator, asked when a page is made.

A query is `module:function`, an `async (Broker) -> Figure`: the value now, and how it was counted.
One that has nothing to count from raises NoValue: that is said, and is never 0. One that fails is
logged, and the last value that was kept is shown with its day. What is counted from simulated
records says so, wherever it is shown and kept.
"""

import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

import structlog

from tamamo import __version__
from tamamo.context.broker import Broker
from tamamo.kernel import time
from tamamo.kernel.towns import DEFAULT
from tamamo.plan.catalog import Plan
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator
from tamamo.plan.present import amount
from tamamo.plan.values import NewValue, ValueStore

_logger = structlog.get_logger()


class Figure(Protocol):
    """What a query answers."""

    @property
    def value(self) -> int | Decimal:
        """The number now."""

    @property
    def note_ja(self) -> str:
        """How it was counted, and what else belongs to it."""

    @property
    def note_en(self) -> str:
        """The same in English."""

    @property
    def simulated(self) -> bool:
        """Whether simulated records are among what was counted."""

    @property
    def year(self) -> int | None:
        """The fiscal year it is of; None where it is what there is today."""


Query = Callable[[Broker], Awaitable[Figure]]


class NoValue(Exception):
    """There is nothing to count from; the texts say what is missing."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__(en)
        self.ja, self.en = ja, en


@dataclass(frozen=True, slots=True)
class LiveRow:
    """An indicator's value now, in words. reached: whether the plan's target is, None without.

    state: ok; none = nothing to count from (note says what); failed = the computation failed, and
    value and as_of are the last ones kept, if any.
    """

    id: str
    name: str
    value: str
    note: str
    as_of: datetime | None
    reached: bool | None
    state: Literal["ok", "none", "failed"] = "ok"
    simulated: bool = False


def resolved(query: str) -> Query:
    """Return the function a query names. Raises ValueError where there is none."""
    module, _, name = query.partition(":")
    try:
        found: Query = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"{query!r} is not module:function of Tamamo: {error}") from error
    return found


async def rows(broker: Broker | None, plan: Plan, project: str, language: str) -> list[LiveRow]:
    """Return the indicators of a project that are computed, as they are now."""
    folder: Folder | None = plan.find(project)
    if broker is None or folder is None or folder.figures is None:
        return []
    bound = [indicator for indicator in folder.figures.indicator if indicator.query]
    return [await row(broker, project, indicator, language) for indicator in bound]


async def row(broker: Broker, project: str, indicator: Indicator, language: str) -> LiveRow:
    """Return an indicator with a query as it is now."""
    name = indicator.name.pick(language)
    try:
        figure = await resolved(indicator.query or "")(broker)
    except NoValue as missing:
        said = missing.ja if language.startswith("ja") else missing.en
        return LiveRow(indicator.id, name, "—", said, None, None, "none")
    except Exception:
        _logger.exception("query_failed", project=project, indicator=indicator.id)
        return await _last(broker, project, indicator, language)
    value = Decimal(figure.value)
    goal = indicator.target.value if indicator.target else None
    return LiveRow(
        indicator.id,
        name,
        amount(value, indicator.unit, language),
        figure.note_ja if language.startswith("ja") else figure.note_en,
        time.now(),
        None if goal is None else value >= goal,
        simulated=figure.simulated,
    )


async def _last(broker: Broker, project: str, indicator: Indicator, language: str) -> LiveRow:
    """Return the last value that was kept, marked as what it is."""
    name = indicator.name.pick(language)
    kept = [
        one
        for one in await ValueStore(broker.pool).series(DEFAULT, (project, indicator.id), [""])
        if one.basis == "computed"
    ]
    if not kept:
        return LiveRow(indicator.id, name, "—", "", None, None, "failed")
    last = kept[-1]
    value = amount(last.value, indicator.unit, language)
    return LiveRow(
        indicator.id, name, value, "", last.made_at, None, "failed", simulated=last.simulated
    )


async def keep(broker: Broker, plan: Plan) -> list[tuple[str, str]]:
    """Keep today's value of every computed figure; return those that could not be computed."""
    failed = []
    store, today = ValueStore(broker.pool), time.now().astimezone(time.JST).date()
    for folder in plan.folders:
        for indicator in folder.figures.indicator if folder.figures else []:
            if not indicator.query:
                continue
            name = (folder.manifest.id, indicator.id)
            try:
                figure = await resolved(indicator.query)(broker)
            except NoValue:
                continue
            except Exception:
                _logger.exception("query_failed", project=name[0], indicator=name[1])
                failed.append(name)
                continue
            said, number = f"Tamamo {__version__}", Decimal(figure.value)
            value = NewValue("", today, number, detail=said, of_year=figure.year)
            await store.record(
                DEFAULT, name, [value], source=indicator.query, by="system:plan", basis="computed",
                reason="counted again on the same day", simulated=figure.simulated,
            )  # fmt: skip
    return failed
