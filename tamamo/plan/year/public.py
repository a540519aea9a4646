"""What everybody may read of the years: values that are approved, what was told, what changed."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from msgspec import structs

from tamamo.kernel.database import Pool, single
from tamamo.plan.catalog import Plan
from tamamo.plan.figures import Verdict, judge_in, verdict
from tamamo.plan.model import Benchmark, Indicator, Recorded, Text
from tamamo.plan.year import texts
from tamamo.plan.year.evidence import fault_of_link

#: Values of one indicator on its page, at most: sixteen years of monthly ones.
MOST: Final = 200
#: Tells a value the report printed from those that are kept.
RECORDED: Final = "recorded"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class YearValue:
    """The value of an indicator that closes a year. breaks: how it is counted otherwise from here.

    recorded: what the report printed, where that is what is shown. approved_by: a name, "" where
    the account is gone.
    """

    year: int
    value: Decimal | None
    at: date
    basis: str
    source: str
    detail: str = ""
    breaks: str = ""
    simulated: bool = False
    approved_at: datetime | None = None
    approved_by: str = ""
    recorded: Recorded | None = None
    #: What a moving target (the national rate) was in that year, where it is kept.
    benchmark: Decimal | None = None
    #: Why it took the place of another value; "" of the first one.
    reason: str = ""
    #: Of a share: of how many.
    whole: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """A value of an indicator's page: holding, or put right later."""

    year: int
    at: date
    value: Decimal
    basis: str
    source: str
    detail: str
    breaks: str
    simulated: bool
    state: str
    reason: str
    approved_at: datetime | None
    approved_by: str
    #: Of a share: so many of how many.
    part: Decimal | None = None
    whole: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An approved narrative or decision."""

    year: int
    kind: str
    body: str
    outcome: str
    decided_on: date | None
    simulated: bool
    approved_at: datetime | None
    approved_by: str


class Published:
    """The years of a town's plan as everybody may read them."""

    def __init__(self, pool: Pool, tenant: str, plan: Plan) -> None:
        self._pool, self._tenant, self._plan = pool, tenant, plan

    async def by_year(self, project: str = "") -> dict[Key, list[YearValue]]:
        """Return the values of each indicator, the oldest year first: one statement for all."""
        names = {"tenant": self._tenant, "project": project, "areas": self._areas()}
        async with single(self._pool) as connection:
            rows = await (await connection.execute(texts.SQL["by_year"], names)).fetchall()
        measures = {one.series.benchmark for one in self._with_series() if one.series}
        goals = {(row[1], row[2], row[3]): row[4] for row in rows if row[0] in measures}
        kept: dict[Key, dict[int, YearValue]] = {}
        for area, of, name, year, *rest, whole in rows:
            years = kept.setdefault((of, name), {})
            # "" comes before a code: the town's value of a series stands before what is counted.
            if area not in measures:
                found = YearValue(year, *rest)
                moved = goals.get((of, name, year))
                years[year] = replace(found, benchmark=moved, whole=whole)
        return with_recorded(self._plan, kept, project)

    @staticmethod
    def without_values(plan: Plan) -> dict[Key, list[YearValue]]:
        """Return what the reports printed alone, where pages stand without a database."""
        return with_recorded(plan, {})

    async def all_of(self, project: str, one: Indicator) -> list[Past]:
        """Return every value of an indicator that was ever approved, the newest first."""
        area = one.series.area if one.series else ""
        names = {"tenant": self._tenant, "project": project, "indicator": one.id,
                 "areas": ["", area], "most": MOST}  # fmt: skip
        return [Past(*row) for row in await self._rows("all_of", names)]

    async def told(self, project: str) -> list[Told]:
        """Return the approved texts of a project, the newest year first."""
        names = {"tenant": self._tenant, "project": project}
        return [Told(*row) for row in await self._rows("told", names)]

    async def links(self, project: str) -> list[tuple[int, str, str]]:
        """Return links of the evidence of approved years: year, title, address."""
        names = {"tenant": self._tenant, "project": project}
        rows = await self._rows("links", names)
        return [(row[0], row[1], row[2]) for row in rows if fault_of_link(row[2]) is None]

    async def _rows(self, block: str, names: dict[str, Any]) -> list[Any]:
        async with single(self._pool) as connection:
            return await (await connection.execute(texts.SQL[block], names)).fetchall()

    def _areas(self) -> list[str]:
        series = [one.series for one in self._with_series() if one.series]
        return ["", *sorted({code for one in series for code in (one.area, one.benchmark)})]

    def _with_series(self) -> list[Indicator]:
        return [
            one
            for folder in self._plan.folders
            for one in (folder.figures.indicator if folder.figures else [])
            if one.series
        ]


def with_recorded(
    plan: Plan, kept: dict[Key, dict[int, YearValue]], project: str = ""
) -> dict[Key, list[YearValue]]:
    """Return kept values with those that the reports printed for years without an entered one.

    What Tamamo counted, or imported, does not take the place of what the report printed.
    """
    found: dict[Key, list[YearValue]] = {}
    for folder in plan.folders:
        if project and folder.manifest.id != project:
            continue
        for one in folder.figures.indicator if folder.figures else []:
            key = (folder.manifest.id, one.id)
            years = dict(kept.get(key, {}))
            for recorded in one.recorded:
                if recorded.year not in years or years[recorded.year].basis != "entered":
                    years[recorded.year] = _printed(plan, recorded)
            found[key] = [years[year] for year in sorted(years)]
    return found


def judged(one: Indicator, shown: YearValue) -> Verdict:
    """Compare a year's value with the target, in that year."""
    if shown.recorded is not None:
        return judge_in(one, shown.year)
    target = one.target
    if target and target.value is None and target.benchmark and shown.benchmark is not None:
        moved = Benchmark(year=shown.year, value=shown.benchmark, printed="-")
        target = structs.replace(target, benchmark=[moved])
    recorded = Recorded(year=shown.year, source=RECORDED, printed="-", value=shown.value)
    return verdict(target, recorded, one.direction)


def break_between(one: Indicator, before: YearValue, after: YearValue) -> Text | None:
    """Return why two years of an indicator do not compare, None where they do.

    From the folder (the indicator was defined anew, projects were merged) or from who entered it.
    """
    for change in one.breaks:
        if before.year < change.year <= after.year:
            return change.why
    if after.breaks:
        return Text(ja=after.breaks, en=after.breaks)
    return None


def _printed(plan: Plan, recorded: Recorded) -> YearValue:
    title = plan.source_title(recorded.source)
    return YearValue(
        recorded.year, recorded.value, date(recorded.year + 1, 3, 31), RECORDED, title.ja,
        recorded=recorded,
    )  # fmt: skip
