"""Figures Tamamo computes itself: the `query` of an indicator, asked when a page is made.

A query is `module:function`, an `async (Broker) -> Figure`: the value now, and how it was counted.
"""

import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from tamamo.context.broker import Broker
from tamamo.kernel import time
from tamamo.plan.catalog import Plan
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator
from tamamo.plan.present import amount


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


Query = Callable[[Broker], Awaitable[Figure]]


@dataclass(frozen=True, slots=True)
class LiveRow:
    """An indicator's value now, in words. reached: whether the plan's target is, None without."""

    name: str
    value: str
    note: str
    as_of: datetime
    reached: bool | None


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
    return [await _row(broker, indicator, language) for indicator in bound]


async def _row(broker: Broker, indicator: Indicator, language: str) -> LiveRow:
    figure = await resolved(indicator.query or "")(broker)
    value = Decimal(figure.value)
    goal = indicator.target.value if indicator.target else None
    return LiveRow(
        indicator.name.pick(language),
        amount(value, indicator.unit, language),
        figure.note_ja if language.startswith("ja") else figure.note_en,
        time.now(),
        None if goal is None else value >= goal,
    )
