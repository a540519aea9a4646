"""What a year's report is made from: the project folders, and what the installation keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import msgspec

from tamamo.plan.catalog import Plan
from tamamo.plan.figures import Verdict, judge_in
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator, Recorded, Report, Source
from tamamo.plan.present import amount, asked
from tamamo.plan.report import series
from tamamo.plan.year.public import RECORDED, Key, YearValue, judged
from tamamo.plan.year.reported import Reported, reported

if TYPE_CHECKING:
    from tamamo.kernel.database import Pool

Language = Literal["ja", "en"]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a report is made from: the plan, the year, and what the installation keeps beside it.

    desk: what owners reported and heads approved. courses: indicator → what is known of it over
    time.
    """

    plan: Plan
    year: int
    language: Language
    desk: Reported = field(default_factory=Reported)
    courses: Mapping[str, series.SeriesData] = field(default_factory=dict)

    def word(self, name: str) -> str:
        """Return a word of the report."""
        return self.plan.word("report", name).pick(self.language)

    @property
    def source(self) -> Source | None:
        """The published report of the year, None where there is none."""
        ids = {r.source for f in self.plan.folders if (r := self.report(f)) is not None}
        return next((one for one in self.plan.outline.source if one.id in ids), None)

    def report(self, folder: Folder) -> Report | None:
        """Return what the published report of the year says of a project."""
        return next((r for r in folder.record.report if r.year == self.year), None)

    def printed(self, indicator: Indicator) -> Recorded | None:
        """Return what the published report prints of an indicator."""
        return next((r for r in indicator.recorded if r.year == self.year), None)

    def taken(self, folder: Folder, indicator: Indicator) -> YearValue | None:
        """Return the desk's value that the report takes; None where the printed one stays.

        What was entered and approved wins; what was imported only where nothing was printed.
        """
        found = self.desk.value((folder.manifest.id, indicator.id))
        if found is None or (self.printed(indicator) and found.basis == "imported"):
            return None
        return found

    def held(self, folder: Folder, indicator: Indicator) -> tuple[Indicator, Verdict]:
        """Return the indicator with the value that holds in the year, and how it is judged."""
        found = self.taken(folder, indicator)
        if found is None or found.value is None:
            return indicator, judge_in(indicator, self.year)
        text = amount(found.value, indicator.unit, self.language)
        now = Recorded(year=self.year, source=RECORDED, printed=text, value=found.value)
        others = [one for one in indicator.recorded if one.year != self.year]
        current = msgspec.structs.replace(indicator, recorded=[*others, now])
        return current, judged(indicator, found)

    def asked(self, folder: Folder, indicator: Indicator) -> str:
        """Return how many answered for the value that holds; "" where the desk does not say."""
        found = self.taken(folder, indicator)
        return asked(indicator, found.whole if found else None, self.language)

    def waits(self, folder: Folder, name: str) -> bool:
        """Whether an indicator, or a kind of text, was entered and is not approved."""
        return (folder.manifest.id, name) in self.desk.waiting


async def gather(pool: "Pool", tenant: str, plan: Plan, year: int, language: Language) -> Inputs:
    """Return what an installation makes a year's report from."""
    from tamamo.plan.values import ValueStore  # noqa: PLC0415 - not for a report of the folders
    from tamamo.plan.values.keeping import courses_of  # noqa: PLC0415

    desk = await reported(pool, tenant, plan, year)
    return Inputs(plan, year, language, desk, await courses_of(ValueStore(pool), tenant, plan))


def indicators(folder: Folder) -> list[Indicator]:
    """Return a project's indicators."""
    return list(folder.figures.indicator) if folder.figures else []


def key_of(folder: Folder, indicator: Indicator) -> Key:
    """Return what names an indicator."""
    return folder.manifest.id, indicator.id
