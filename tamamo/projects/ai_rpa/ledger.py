"""The saved-hours ledger: what automation saved in a year, and what is only claimed. Pure but one.

Saved hours are hours before less hours after; where neither is known, the estimate itself. A claim
without a calculation is kept as what it is: it is listed and never added to anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tamamo.context.broker import Broker
from tamamo.plan.figures import share
from tamamo.plan.live import NoValue
from tamamo.plan.panels import records
from tamamo.plan.values import real_or_all

REGISTER = "saved_hours"


@dataclass(frozen=True, slots=True)
class Entry:
    """A task in a year. before, after: hours; saved: hours, None where nothing is calculated.

    simulated: invented, for a demonstration.
    """

    id: str
    year: int
    tool: str
    division: str
    task: str
    new: bool
    before: Decimal | None
    after: Decimal | None
    saved: Decimal | None
    basis: str
    runs: int | None
    covers: int | None
    claim: str
    simulated: bool = False

    @property
    def rate(self) -> Decimal | None:
        """Saved hours in percent of hours before, one decimal, half up."""
        if self.saved is None or not self.before:
            return None
        return share(self.saved, self.before)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a tool saved in a year. estimated: whether any of the tasks added up is no measure.

    simulated: whether the tasks are invented; beside real ones invented ones are left out.
    """

    tool: str
    tasks: tuple[Entry, ...]
    before: Decimal
    hours: Decimal
    new_hours: Decimal
    runs: int
    estimated: bool
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """A year: what was saved by each tool, and the claims beside it."""

    year: int
    saved: tuple[Saved, ...]
    claims: tuple[Entry, ...]

    def of(self, tool: str) -> Saved | None:
        """Return what a tool saved, None where nothing was calculated."""
        return next((one for one in self.saved if one.tool == tool), None)


@dataclass(frozen=True, slots=True)
class Figure:
    """The answer of an indicator's query."""

    value: Decimal
    note_ja: str
    note_en: str
    simulated: bool = False
    year: int | None = None


def entry_of(record: Mapping[str, Any]) -> Entry | None:
    """Return a record of the register as an entry, None where year or tool is missing."""
    year, tool = record.get("fiscalYear"), record.get("tool")
    if year is None or not tool:
        return None
    before, after = _hours(record.get("hoursBefore")), _hours(record.get("hoursAfter"))
    basis = str(record.get("basis") or "estimated")
    saved = _hours(record.get("hoursSaved"))
    if before is not None and after is not None:
        saved = before - after
    runs, covers = record.get("runs"), record.get("covers")
    return Entry(
        str(record.get("entryID") or ""),
        int(year),
        str(tool),
        str(record.get("division") or ""),
        str(record.get("task") or ""),
        bool(record.get("introduced")),
        before,
        after,
        None if basis == "claimed" else saved,
        basis,
        None if runs is None else int(runs),
        None if covers is None else int(covers),
        str(record.get("claim") or ""),
        record.get("simulated") is True,
    )


def _hours(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def ledger(entries: Iterable[Entry], year: int) -> Ledger:
    """Return the year's ledger; tools in the order of their first entry.

    Simulated entries count only where a tool has no real one in that year.
    """
    mine = sorted((e for e in entries if e.year == year), key=lambda entry: entry.id)
    saved = []
    for tool in dict.fromkeys(entry.tool for entry in mine):
        tasks = tuple(real_or_all(e for e in mine if e.tool == tool and e.saved is not None))
        if tasks:
            saved.append(_added(tool, tasks))
    return Ledger(year, tuple(saved), tuple(e for e in mine if e.saved is None))


def _added(tool: str, tasks: tuple[Entry, ...]) -> Saved:
    hours = [entry.saved for entry in tasks if entry.saved is not None]
    new = [entry.saved for entry in tasks if entry.saved is not None and entry.new]
    return Saved(
        tool,
        tasks,
        sum((entry.before for entry in tasks if entry.before is not None), Decimal(0)),
        sum(hours, Decimal(0)),
        sum(new, Decimal(0)),
        sum(entry.runs or 0 for entry in tasks),
        any(entry.basis != "measured" for entry in tasks),
        any(entry.simulated for entry in tasks),
    )


async def entries(broker: Broker, town: str) -> list[Entry]:
    """Return all entries of a town's ledger."""
    found = [entry_of(record) for record in await records(broker, town, REGISTER)]
    return [entry for entry in found if entry]


async def rpa_hours(broker: Broker) -> Figure:
    """Return the hours RPA saved in the newest year of the ledger. Raises NoValue without one."""
    return _figure(await entries(broker, "default"), "rpa")


async def ocr_hours(broker: Broker) -> Figure:
    """Return the hours AI-OCR saved in the ledger's newest year. Raises NoValue without one."""
    return _figure(await entries(broker, "default"), "ai_ocr")


def _figure(found: list[Entry], tool: str) -> Figure:
    found = real_or_all(e for e in found if e.tool == tool and e.saved is not None)
    years = sorted({entry.year for entry in found})
    if not years:
        raise NoValue(
            "業務削減時間の台帳に、まだ該当する記録がありません。",
            "The ledger of saved hours has no such entry yet.",
        )
    saved = ledger(found, years[-1]).of(tool)
    assert saved is not None
    year, count = years[-1], len(saved.tasks)
    whole = saved.hours.to_integral_value()
    return Figure(
        whole if whole == saved.hours else saved.hours,
        f"台帳の{year}年度の{count}件の削減時間（導入前と導入後の差）の合計です。",
        f"Hours before less hours after: {count} entries of the ledger for FY{year} added up.",
        saved.simulated,
        year,
    )
