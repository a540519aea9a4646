"""The plan as its pages show it, in one language. Built once a language: the folders do not change
while the server runs."""

from collections import Counter
from dataclasses import dataclass
from functools import cache

from tamamo.plan.catalog import Plan, fiscal_year, plan_number, the_plan
from tamamo.plan.figures import judge
from tamamo.plan.loading import Folder
from tamamo.plan.model import Exempt
from tamamo.plan.present import FigureRow, TableView, figure_rows, table_view


@dataclass(frozen=True, slots=True)
class PassageView:
    """A piece of the report. original is the Japanese text where the page shows a translation."""

    part: str
    text: str
    original: str


@dataclass(frozen=True, slots=True)
class MarkView:
    """One quality mark."""

    name: str
    meaning: str
    word: str
    done: bool
    why: str


@dataclass(frozen=True, slots=True)
class ProjectView:
    """One project. started: whether Tamamo has anything for it; today says what.

    series: id and name of the indicators that have a page of their values over time.
    """

    id: str
    number: str
    name: str
    owner: str
    purpose: str
    today: str
    started: bool
    state: str
    words: str
    year: str
    source: str
    passages: list[PassageView]
    figures: list[FigureRow]
    tables: list[TableView]
    marks: list[MarkView]
    series: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section and its projects."""

    number: int
    name: str
    projects: list[ProjectView]


@dataclass(frozen=True, slots=True)
class ChapterView:
    """A chapter and its sections."""

    number: int
    name: str
    sections: list[SectionView]

    @property
    def count(self) -> int:
        """How many projects the chapter has."""
        return sum(len(section.projects) for section in self.sections)


@dataclass(frozen=True, slots=True)
class PlanView:
    """The whole plan. outcomes: how many figures have each, in a fixed order."""

    title: str
    period: str
    aim: str
    policies: list[str]
    source: str
    publisher: str
    projects: int
    figures: int
    outcomes: list[tuple[str, int]]
    chapters: list[ChapterView]


@cache
def plan_view(language: str) -> PlanView:
    """Return the plan in "ja" or "en"."""
    plan = the_plan()
    chapters: list[ChapterView] = []
    for chapter, number, section, place, folders in plan.sections():
        if place == 1:
            chapters.append(ChapterView(number, chapter.name.pick(language), []))
        projects = [project_view(plan, folder, language) for folder in folders]
        chapters[-1].sections.append(SectionView(place, section.name.pick(language), projects))
    outline, counted = plan.outline, outcome_counts(plan)
    source = outline.source[-1]
    return PlanView(
        title=outline.title.pick(language),
        period=outline.period.pick(language),
        aim=outline.aim.pick(language),
        policies=[policy.pick(language) for policy in outline.policy],
        source=source.title.pick(language),
        publisher=source.publisher.pick(language),
        projects=len(plan.folders),
        figures=sum(counted.values()),
        outcomes=[
            (plan.word("outcome", name).pick(language), counted[name])
            for name in plan.words["outcome"]
            if counted[name]
        ],
        chapters=chapters,
    )


def outcome_counts(plan: Plan) -> Counter[str]:
    """Return how many indicators have each outcome."""
    return Counter(
        judge(indicator).outcome
        for folder in plan.folders
        if folder.figures
        for indicator in folder.figures.indicator
    )


def project_view(plan: Plan, folder: Folder, language: str) -> ProjectView:
    """Return one project in a language, with the newest report."""
    manifest, report = folder.manifest, folder.record.report[-1]
    today = manifest.today or plan.word("doc", "nothing_yet")
    tables = folder.figures.table if folder.figures else []
    return ProjectView(
        id=manifest.id,
        number=plan_number(manifest.plan),
        name=manifest.name.pick(language),
        owner=plan.division(manifest.owner).pick(language),
        purpose=manifest.purpose.pick(language),
        today=today.pick(language),
        started=manifest.today is not None,
        state=plan.word("state", report.state).pick(language),
        words=report.words.pick(language),
        year=fiscal_year(report.year).pick(language),
        source=plan.source_title(report.source).pick(language),
        passages=[
            PassageView(
                plan.word("part", passage.part).pick(language),
                passage.ja if language == "ja" else passage.en,
                "" if language == "ja" else passage.ja,
            )
            for passage in report.passage
        ],
        figures=figure_rows(plan, folder, language),
        tables=[table_view(plan, table, language) for table in tables],
        marks=_marks(plan, folder, language),
        series=[
            (indicator.id, indicator.name.pick(language))
            for indicator in (folder.figures.indicator if folder.figures else [])
            if indicator.series
        ],
    )


def _marks(plan: Plan, folder: Folder, language: str) -> list[MarkView]:
    views = []
    for rule in plan.outline.rule:
        mark = folder.manifest.quality[rule.id]
        exempt = isinstance(mark, Exempt)
        views.append(
            MarkView(
                name=rule.name.pick(language),
                meaning=rule.meaning.pick(language),
                word=plan.word("mark", "exempt" if exempt else str(mark)).pick(language),
                done=mark == "done",
                why=mark.exempt.pick(language) if isinstance(mark, Exempt) else "",
            )
        )
    return views
