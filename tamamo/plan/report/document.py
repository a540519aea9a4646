"""A report as its blocks, whatever it is written to, in the order of reading."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from tamamo.plan.figures import Outcome

#: A target reached, missed, and all that can be neither: beside it always stands the word.
MARKS: dict[Outcome, str] = {"met": "〇", "not_met": "△"}
OTHER_MARK = "－"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the document's own. name: what it is about, where links may point."""

    level: Literal[1, 2, 3, 4]
    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text, maybe of several lines. note: smaller, about the text, not part of it.

    lang: of a text in another language than the document's.
    """

    text: str
    note: bool = False
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of short texts, maybe of several lines each. lang: as of a paragraph."""

    items: list[str]
    lang: str = ""


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A figure as the report prints it, with what follows from it.

    indicator: project/id. text: the line, as printed, with the values the records hold. judged: the
    outcome in words, with the percentage of the target where there is one.
    """

    indicator: str
    text: str
    outcome: Outcome
    judged: str

    @property
    def mark(self) -> str:
        """The sign of the outcome."""
        return MARKS.get(self.outcome, OTHER_MARK)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; value where it is a number, which a spreadsheet can reckon with."""

    text: str
    value: Decimal | date | None = None
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with a caption. The first cell of each row names the row; totals is the last row."""

    caption: str
    heads: list[Cell]
    rows: list[list[Cell]]
    totals: list[Cell] = field(default_factory=list)
    name: str = ""

    @property
    def lines(self) -> list[list[Cell]]:
        """Rows and totals."""
        return [*self.rows, self.totals] if self.totals else self.rows


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart."""

    name: str
    points: list[tuple[date, Decimal]]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over time with the table of their values and one sentence that says what they show.

    about: the indicator, project/id. simulated: invented values, which the drawing says. breaks:
    days from which it is counted otherwise.
    """

    title: str
    unit: str
    lines: list[Line]
    sentence: str
    grid: Grid
    about: str = ""
    simulated: bool = False
    breaks: tuple[date, ...] = ()


Block = Heading | Paragraph | Bullets | FigureLine | Grid | Chart


@dataclass(frozen=True, slots=True)
class Document:
    """A report in one language. dense: small type, to fit one page."""

    title: str
    language: Literal["ja", "en"]
    blocks: list[Block]
    publisher: str
    dense: bool = False
