"""What a year's report takes from the desk: what is approved, and the names of what is not.

Nothing simulated, and nothing of an entry that waits but that it does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tamamo.kernel.database import Pool, single
from tamamo.plan.catalog import Plan
from tamamo.plan.year import overview, texts
from tamamo.plan.year.evidence import fault_of_link
from tamamo.plan.year.model import TextKind
from tamamo.plan.year.public import Key, YearValue


@dataclass(frozen=True, slots=True)
class Story:
    """An approved narrative or decision. reason: why it took the place of another one."""

    kind: TextKind
    body: str
    outcome: str = ""
    decided_on: date | None = None
    reason: str = ""
    approved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """A year as the desk holds it.

    values: of each indicator that has one; those on the basis "computed" nobody has confirmed.
    texts: (project, kind) → what holds. waiting: (project, indicator or kind) entered and not
    approved. links: project → title and address of evidence.
    """

    values: Mapping[Key, YearValue] = field(default_factory=dict)
    texts: Mapping[tuple[str, str], Story] = field(default_factory=dict)
    waiting: frozenset[Key] = frozenset()
    links: Mapping[str, list[tuple[str, str]]] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether an owner reported something of the year that is approved."""
        return bool(self.texts) or any(one.basis == "entered" for one in self.values.values())

    def value(self, key: Key) -> YearValue | None:
        """Return an indicator's value that somebody answers for; None for a computed one."""
        found = self.values.get(key)
        return found if found is not None and found.basis != "computed" else None


async def reported(pool: Pool, tenant: str, plan: Plan, year: int) -> Reported:
    """Return what the desk holds of a year."""
    series = [
        one.series
        for folder in plan.folders
        for one in (folder.figures.indicator if folder.figures else [])
        if one.series
    ]
    benchmarks = sorted({one.benchmark for one in series})
    # What takes the place of nothing is no correction, whatever was typed as its reason.
    printed = [f"{folder.manifest.id}/{name}" for folder in plan.folders
               for name in overview.printed(folder, year)]  # fmt: skip
    names = {"tenant": tenant, "year": year, "benchmarks": benchmarks, "printed": printed,
             "areas": ["", *benchmarks, *sorted({one.area for one in series})]}  # fmt: skip
    found: dict[str, list[Any]] = {}
    async with single(pool) as connection:
        for block in ("values", "texts", "waiting", "links"):
            cursor = await connection.execute(texts.SQL[f"report_{block}"], names)
            found[block] = await cursor.fetchall()
    links: dict[str, list[tuple[str, str]]] = {}
    for project, title, url in found["links"]:
        if fault_of_link(url) is None:
            links.setdefault(project, []).append((title, url))
    return Reported(
        _values(year, found["values"]),
        {(project, kind): Story(kind, *rest) for project, kind, *rest in found["texts"]},
        frozenset((project, name) for project, name in found["waiting"]),
        links,
    )


async def reported_years(pool: Pool, tenant: str) -> list[int]:
    """Return the years of which owners reported something that is approved, the oldest first."""
    async with single(pool) as connection:
        cursor = await connection.execute(texts.SQL["report_years"], {"tenant": tenant})
        return [row[0] for row in await cursor.fetchall()]


def _values(year: int, rows: list[Any]) -> dict[Key, YearValue]:
    goals: dict[Key, Decimal] = {(row[1], row[2]): row[3] for row in rows if row[0]}
    return {
        (project, name): YearValue(
            year, value, at, basis, source, detail, breaks, approved_at=approved_at, reason=reason,
            benchmark=goals.get((project, name)), whole=whole,
        )
        for goal, project, name, value, at, basis, source, detail, breaks, approved_at, reason,
        whole in rows
        if not goal
    }  # fmt: skip
