"""What a project folder says, as typed structures.

Three files make a folder: `project.toml` (what the project is), `record.toml` (what the city's
progress report recorded about it, word for word) and, where the report gives figures, `kpi.toml`.
Numbers are `Decimal`, so that 88.1 stays 88.1 and rounding is the report's (half up).
Years are Japanese fiscal years by their first calendar year: 2020 is 令和2年度, April 2020 to
March 2021.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Filled = Annotated[str, Meta(pattern=r"\S")]
Slug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
PlanNumber = Annotated[str, Meta(pattern=r"^[1-9]-[1-9]-[1-9]$")]
FiscalYear = Annotated[int, Meta(ge=1989, le=2100)]

Shape = Literal[
    "survey_share",
    "cumulative_count",
    "stock",
    "sum_over_sensors",
    "distinct",
    "count",
    "annual_count",
    "rate",
    "sum_of_rows",
    "estimate",
    "survey_claim",
    "efficiency_rate",
]
Direction = Literal["more", "less"]
State = Literal[
    "shelved",
    "problems_found",
    "studied",
    "trial",
    "prepared",
    "introduced",
    "operating",
    "supported",
    "agreed",
    "proposed",
]


class _Strict(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Unknown members are faults: a misspelt key must not be lost in silence."""


class Text(_Strict, frozen=True):
    """A text a person reads, in Japanese and English."""

    ja: Filled
    en: Filled

    def pick(self, language: str) -> str:
        """Return the text for a language code; anything but Japanese gets English."""
        return self.ja if language.startswith("ja") else self.en


class Unit(Text, frozen=True):
    """A unit of measure; one is the English for exactly one (1 field, 2 fields)."""

    one: Filled | None = None


class Exempt(_Strict, frozen=True):
    """A quality rule that does not apply to a project, and why."""

    exempt: Text


Mark = Literal["done", "todo"] | Exempt


class Manifest(_Strict, frozen=True):
    """`project.toml`: what the project is, what it needs, and how good it is today."""

    id: Slug
    plan: PlanNumber
    owner: Filled
    name: Text
    purpose: Text
    keywords: Annotated[list[Filled], Meta(min_length=2)]
    uses: list[Slug]
    quality: dict[str, Mark]
    today: Text | None = None


class Passage(_Strict, frozen=True):
    """A piece of the report: a row of the table of 36, or a part of a featured page.

    heading stands above the text. Below it stand, where the report prints them: table (the id of
    one in kpi.toml), and picture, the title of a chart; chart is the indicator whose series draws
    it (without one only the title is known: the report's text has no pictures).
    """

    part: Literal["row", "feature"]
    ja: Filled
    en: Filled
    heading: Text | None = None
    table: Slug | None = None
    picture: Text | None = None
    chart: Slug | None = None


class Report(_Strict, frozen=True):
    """What the report of one year says of the project.

    state is our one-word class of it; words are the report's own, and stand in a passage.
    """

    year: FiscalYear
    source: Slug
    state: State
    words: Text
    passage: Annotated[list[Passage], Meta(min_length=1)]


class Record(_Strict, frozen=True):
    """`record.toml`: one entry a report, oldest first."""

    report: Annotated[list[Report], Meta(min_length=1)]


class Recorded(_Strict, frozen=True):
    """A figure as a report prints it. value is absent where the report gives only words."""

    year: FiscalYear
    source: Slug
    printed: Filled
    value: Decimal | None = None
    approximate: bool = False
    words: Text | None = None


class Target(_Strict, frozen=True):
    """What the plan wants to reach.

    value: a number the indicator must reach or exceed; benchmark: a moving one instead, by fiscal
    year; words alone: a target the report states without a number. comparable is false where the
    target counts something else than the indicator does; counts then says what.
    """

    printed: Filled
    year: FiscalYear | None = None
    value: Decimal | None = None
    words: Text | None = None
    benchmark: list["Benchmark"] = field(default_factory=list)
    comparable: bool = True
    counts: Text | None = None


class Benchmark(_Strict, frozen=True):
    """The value of a moving target in one fiscal year."""

    year: FiscalYear
    value: Decimal
    printed: Filled


class Series(_Strict, frozen=True):
    """Values of an indicator over time and in several areas, kept as values of the plan.

    area, group and benchmark are codes of areas: the town's own, the one whose parts are added up
    for comparison (a prefecture), and the one a moving target is measured by (the nation). reader
    is `module:function` that reads a published file into values; areas the file in the folder
    that names the areas.
    """

    area: Filled
    benchmark: Filled
    reader: Filled
    areas: Filled
    group: Filled | None = None


class Change(_Strict, frozen=True):
    """From this fiscal year on it is counted otherwise, or of another project: the series breaks.

    why: what changed (the indicator was defined anew, projects were merged or divided).
    """

    year: FiscalYear
    why: Text


class Indicator(_Strict, frozen=True):
    """A figure the plan follows. query names the computation once Tamamo does it itself.

    breaks: where its series cannot be compared with the years before, the oldest first.
    direction: whether the target is reached by as much or more, or by as much or less.
    """

    id: Slug
    name: Text
    unit: Unit
    shape: Shape
    recorded: Annotated[list[Recorded], Meta(min_length=1)]
    target: Target | None = None
    note: Text | None = None
    query: Filled | None = None
    series: Series | None = None
    breaks: list[Change] = field(default_factory=list)
    direction: Direction = "more"

    @property
    def surveyed(self) -> bool:
        """Whether it is a share of the answers of a survey, so that the number asked matters."""
        return self.shape == "survey_share"


class Column(_Strict, frozen=True):
    """A column of a recorded table.

    share_of: the column is this share of another (`["saved", "annual"]` = saved / annual in %),
    so the recorded values can be checked. sum_is: the indicator the column's sum must equal.
    total: show the sum. optional: the report leaves the cell empty in some rows. A flag with mark
    is no column of the report: there the mark stands before the cell of the column it marks, and
    legend behind that column's head.
    """

    id: Slug
    name: Text
    kind: Literal["text", "number", "flag"]
    unit: Unit | None = None
    share_of: tuple[Slug, Slug] | None = None
    decimals: Annotated[int, Meta(ge=0, le=6)] = 1
    sum_is: Slug | None = None
    total: bool = False
    optional: bool = False
    marks: Slug | None = None
    mark: Text | None = None
    legend: Text | None = None


Cell = Text | Decimal | bool


class Table(_Strict, frozen=True):
    """A table the report prints, row for row."""

    id: Slug
    name: Text
    year: FiscalYear
    source: Slug
    columns: Annotated[list[Column], Meta(min_length=1)]
    rows: Annotated[list[dict[str, Cell]], Meta(min_length=1)]
    note: Text | None = None


class Figures(_Strict, frozen=True):
    """`kpi.toml`: the figures the report gives for the project."""

    indicator: list[Indicator] = field(default_factory=list)
    table: list[Table] = field(default_factory=list)


class Section(_Strict, frozen=True):
    """A section of a chapter; projects is how many the plan puts there."""

    name: Text
    projects: Annotated[int, Meta(ge=1)]


class Chapter(_Strict, frozen=True):
    """A chapter of the plan."""

    name: Text
    section: Annotated[list[Section], Meta(min_length=1)]


class Source(_Strict, frozen=True):
    """A published report the figures come from; preface: what it says of the plan, first of all."""

    id: Slug
    title: Text
    publisher: Text
    preface: list[Text] = field(default_factory=list)


class Division(_Strict, frozen=True):
    """A division of the city hall that owns projects.

    since, until: the first and the last day there was one of that name; successor: who took over
    its projects.
    """

    name: Text
    since: date | None = None
    until: date | None = None
    successor: Filled | None = None


class Rule(_Strict, frozen=True):
    """A quality rule; evidence is a glob in the folder without which "done" is refused."""

    id: Slug
    name: Text
    meaning: Text
    evidence: Filled | None = None


class Outline(_Strict, frozen=True):
    """The plan's frame: title, basic policies, chapters, divisions, sources, quality rules."""

    title: Text
    period: Text
    aim: Text
    policy: Annotated[list[Text], Meta(min_length=1)]
    chapter: Annotated[list[Chapter], Meta(min_length=1)]
    source: Annotated[list[Source], Meta(min_length=1)]
    division: Annotated[list[Division], Meta(min_length=1)]
    rule: Annotated[list[Rule], Meta(min_length=1)]
