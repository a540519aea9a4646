"""What a year has to report: project by project, whose it is, how far it is, what stood before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from tamamo.plan.catalog import Plan
from tamamo.plan.loading import Folder
from tamamo.plan.model import Division, Indicator, Text
from tamamo.plan.year.model import Item, Sheet, is_late

Progress = Literal["missing", "entered", "confirmed", "declined", "approved"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has to report a project. left: the division of the folder, where it is no more."""

    name: str
    left: Division | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A project and what is missing of it. names: its indicators and "narrative"."""

    folder: Folder
    owner: Owner
    sheet: Sheet
    names: tuple[str, ...]
    missing: tuple[str, ...]
    late: bool

    @property
    def progress(self) -> Progress:
        """How far the whole is: what needs somebody comes first."""
        items = self.sheet.items
        if any(i.state == "confirmed" for i in items):
            return "confirmed"
        if any(i.state == "entered" for i in items):
            return "entered"
        if not self.missing:
            return "approved"
        newest = {i.name: i.state for i in items}
        return "declined" if "declined" in newest.values() else "missing"


def indicators(folder: Folder) -> list[Indicator]:
    """Return a folder's indicators."""
    return list(folder.figures.indicator) if folder.figures else []


def owner_on(plan: Plan, folder: Folder, today: date) -> Owner:
    """Return who answers for a project on a day: successors of a division that is no more."""
    known = {one.name.ja: one for one in plan.outline.division}
    name, left = folder.manifest.owner, None
    seen: set[str] = set()
    while name in known and name not in seen:
        seen.add(name)
        division = known[name]
        if division.until is None or division.until >= today or not division.successor:
            break
        left = left or division
        name = division.successor
    return Owner(name, left)


def listed(plan: Plan, year: int, items: Iterable[Item], today: date) -> list[Due]:
    """Return all projects of the plan with how far they are in a year, in the plan's order."""
    by_project: dict[str, list[Item]] = {}
    for item in items:
        if item.year == year:
            by_project.setdefault(item.project, []).append(item)
    return [one(plan, folder, year, by_project, today) for folder in plan.folders]


def one(
    plan: Plan, folder: Folder, year: int, items: Mapping[str, Sequence[Item]], today: date
) -> Due:
    """Return one project of a year."""
    project = folder.manifest.id
    sheet = Sheet(project, year, items.get(project, []))
    names = (*(i.id for i in indicators(folder)), "narrative")
    reported = {r.year for i in indicators(folder) for r in i.recorded} | {
        r.year for r in folder.record.report
    }
    # The report of that year was published: nothing is missing, though it may be put right.
    missing = () if year in reported else tuple(sheet.missing(names))
    owner = owner_on(plan, folder, today)
    return Due(folder, owner, sheet, names, missing, bool(missing) and is_late(year, today))


def before(folder: Folder, year: int, items: Iterable[Item]) -> dict[str, tuple[int, Decimal]]:
    """Return the newest value before a year, of each indicator: approved, else as printed."""
    found: dict[str, tuple[int, Decimal]] = {}
    for indicator in indicators(folder):
        for recorded in indicator.recorded:
            if recorded.value is not None and recorded.year < year:
                _keep(found, indicator.id, recorded.year, recorded.value)
    for item in items:
        mine = item.project == folder.manifest.id and item.year < year
        if mine and item.value is not None and item.state == "approved":
            _keep(found, item.name, item.year, item.value)
    return found


def comparable(
    folder: Folder, year: int, earlier: Mapping[str, tuple[int, Decimal]]
) -> dict[str, Decimal]:
    """Return the values before that a year compares with: none from before a break."""
    return {
        one.id: earlier[one.id][1]
        for one in indicators(folder)
        if one.id in earlier and not broken(one, earlier[one.id][0], year)
    }


def broken(one: Indicator, before: int, year: int) -> Text | None:
    """Return why an indicator's series breaks between two years, by the folder; None where not."""
    return next((c.why for c in one.breaks if before < c.year <= year), None)


def printed(folder: Folder, year: int) -> dict[str, Decimal]:
    """Return what a report printed for a year, by indicator."""
    return {
        indicator.id: recorded.value
        for indicator in indicators(folder)
        for recorded in indicator.recorded
        if recorded.year == year and recorded.value is not None
    }


def told(folder: Folder, year: int) -> str:
    """Return what a report printed of a project for a year, "" for nothing."""
    passages = [p.ja for r in folder.record.report if r.year == year for p in r.passage]
    return "\n\n".join(passages)


def _keep(found: dict[str, tuple[int, Decimal]], name: str, year: int, value: Decimal) -> None:
    if name not in found or year >= found[name][0]:
        found[name] = (year, value)
