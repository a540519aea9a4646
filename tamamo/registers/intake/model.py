"""What is found in a file, what the officer settled, and what comes out: all of it plain JSON."""

from datetime import date
from typing import Final, Literal

import msgspec

from tamamo.feeds.quality import Reason

#: What a value of a row may be.
Value = str | int | float | bool | None

Kind = Literal[
    "text", "integer", "number", "boolean", "date", "time", "service_time", "moment", "year",
    "month", "code", "url", "phone", "latitude", "longitude", "point",
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = (
    "text", "integer", "number", "boolean", "date", "time", "service_time", "moment", "year",
    "month", "code", "url", "phone", "latitude", "longitude", "point",
)  # fmt: skip

Level = Literal["info", "check", "problem"]
#: What happened to a value: its row is not used; it is left empty; kept; made into another form.
Effect = Literal["rejected", "blanked", "kept", "changed"]
#: What is done with a value that does not fit: its row is refused; it is left empty; kept as text.
Bad = Literal["reject", "blank", "keep"]
#: West, south, east, north in degrees: where the things of a file should be.
Area = tuple[float, float, float, float]


class Sheet(msgspec.Struct, frozen=True):
    """A sheet of a workbook."""

    name: str
    hidden: bool = False


class Inspection(msgspec.Struct, frozen=True):
    """What a file is. kind: "" where it is refused; encoding, delimiter: of a CSV.

    row: where it is spoilt, if the refusal knows.
    """

    name: str
    kind: Literal["csv", "xlsx", ""]
    size: int
    sha256: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheets: list[Sheet] = []
    refusal: Reason | None = None
    row: int | None = None


class Choice(msgspec.Struct, frozen=True):
    """How a file is read where that must be told; None is found out.

    header_rows: their numbers in the file, one or two. area: where its places should be.
    """

    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_rows: list[int] | None = None
    area: Area | None = None
    today: date | None = None


class Doubt(msgspec.Struct, frozen=True):
    """Something a person should look at.

    column: name of the column, None for the file. row: the first one, rows the first twenty, by
    their numbers in the file. count: how many there are. sample: a value as it stands there.
    """

    code: str
    ja: str
    en: str
    column: str | None = None
    row: int | None = None
    rows: list[int] = []
    sample: str = ""
    count: int = 1
    level: Level = "check"


class ColumnGuess(msgspec.Struct):
    """What a column seems to be, and how sure that is.

    position: from 0. source: its heading as it stands in the file, both rows of a double heading
    joined by "／". name: an ASCII identifier. fits: how many of the values looked at each kind
    could take. use: False for columns that hold nothing.
    """

    position: int
    source: str
    name: str
    label: str
    kind: Kind = "text"
    unit: str = ""
    unit_code: str = ""
    format: str = ""
    confidence: float = 1.0
    filled: int = 0
    distinct: int = 0
    samples: list[str] = []
    fits: dict[str, int] = {}
    use: bool = True
    doubts: list[Doubt] = []


class KeyGuess(msgspec.Struct, frozen=True):
    """The columns that tell the rows apart, and why they seem to."""

    columns: list[str]
    confidence: float
    ja: str
    en: str


class PlaceGuess(msgspec.Struct, frozen=True):
    """The columns that say where things are: two numbers, or one text with both."""

    latitude: str | None
    longitude: str | None
    point: str | None
    confidence: float


class Note(msgspec.Struct, frozen=True):
    """A line of text beside the table: a title, a remark, a source."""

    row: int
    text: str


class SampleRow(msgspec.Struct, frozen=True):
    """A row as it stands in the file."""

    number: int
    cells: list[str]


class Profile(msgspec.Struct):
    """What was found in a file.

    rows: of data; looked_at: how many of them were examined (of large files a part). blank_rows
    stand between them; template_rows hold nothing but a running number. about: the file's own
    lines "#name, value".
    """

    name: str
    kind: str
    encoding: str
    delimiter: str
    sheet: str
    sheets: list[Sheet]
    header_rows: list[int]
    first_row: int
    last_row: int
    rows: int
    looked_at: int
    blank_rows: int = 0
    template_rows: int = 0
    notes: list[Note] = []
    about: dict[str, str] = {}
    columns: list[ColumnGuess] = []
    key: KeyGuess | None = None
    place: PlaceGuess | None = None
    doubts: list[Doubt] = []
    sample: list[SampleRow] = []
    area: Area | None = None

    def every_doubt(self) -> list[Doubt]:
        """Return the doubts of the file and of all its columns."""
        return [*self.doubts, *(doubt for column in self.columns for doubt in column.doubts)]

    def column(self, name: str) -> ColumnGuess | None:
        """Return a column by its name."""
        return next((column for column in self.columns if column.name == name), None)


class RecipeColumn(msgspec.Struct):
    """How a column is read.

    source: its heading; occurrence: which of those with the same heading, from 1. required: a row
    without a value is refused. bad: what is done with a value that does not fit. found: the kind
    that it seemed to be of when it was settled; "" where nothing was seen.
    """

    source: str
    name: str
    label: str
    kind: Kind = "text"
    occurrence: int = 1
    position: int = 0
    label_en: str = ""
    unit: str = ""
    unit_code: str = ""
    format: str = ""
    use: bool = True
    required: bool = False
    bad: Bad = "reject"
    found: Kind | Literal[""] = ""


class Field(msgspec.Struct, frozen=True):
    """A column of the dataset that a recipe makes."""

    name: str
    label: str
    label_en: str = ""
    kind: Kind = "text"
    unit: str = ""
    unit_code: str = ""
    format: str = ""
    key: bool = False


class Recipe(msgspec.Struct):
    """What an officer settled once: next month's file is read the same way.

    sheet, encoding, delimiter, header_rows: None is found out each time. totals: whether rows such
    as 合計 are data. rows: how many the file had that it was made from. version: of this shape.
    """

    columns: list[RecipeColumn]
    key: list[str] = []
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_rows: list[int] | None = None
    totals: Literal["keep", "leave_out"] = "keep"
    area: Area | None = None
    rows: int = 0
    version: int = 1

    def fields(self) -> list[Field]:
        """Return the columns of the dataset in their order; a point is two of them."""
        taken = {column.name for column in self.columns if column.use and column.kind != "point"}
        found: list[Field] = []
        for column in self.columns:
            if not column.use:
                continue
            if column.kind == "point":
                latitude, longitude = point_names(column.name, taken)
                found.append(Field(latitude, "緯度", "Latitude", "latitude", format="point"))
                found.append(Field(longitude, "経度", "Longitude", "longitude", format="point"))
                taken |= {latitude, longitude}
                continue
            found.append(
                Field(
                    column.name, column.label, column.label_en, column.kind, column.unit,
                    column.unit_code, column.format, column.name in self.key,
                )
            )  # fmt: skip
        return found


def point_names(name: str, taken: set[str]) -> tuple[str, str]:
    """Return what the two values of a point are called beside columns of those names."""
    if taken & {"latitude", "longitude"}:
        return f"{name}_latitude", f"{name}_longitude"
    return "latitude", "longitude"


class Difference(msgspec.Struct, frozen=True):
    """What is not as the recipe has it. blocking: a person has to decide first."""

    code: str
    ja: str
    en: str
    column: str | None = None
    blocking: bool = False
    count: int = 0


class Finding(msgspec.Struct, frozen=True):
    """What is said of a value of a row, or of a column of a mapping."""

    code: str
    column: str
    ja: str
    en: str
    sample: str = ""
    effect: Effect = "rejected"


class Row(msgspec.Struct):
    """A row of data. number: in the file; cells: as they stand there."""

    number: int
    values: dict[str, Value]
    findings: list[Finding]
    cells: list[str]

    @property
    def rejected(self) -> bool:
        """Whether the row is not used."""
        return any(finding.effect == "rejected" for finding in self.findings)


class Tally(msgspec.Struct):
    """What became of a file's rows. changed: used with at least one finding.

    reasons: of how many rows each code of a finding is said; rejects: of those that refuse the row.
    keys_checked: whether every key was compared with all others.
    """

    rows_in: int = 0
    rows_out: int = 0
    rejected: int = 0
    changed: int = 0
    blank: int = 0
    template: int = 0
    notes: int = 0
    totals: int = 0
    reasons: dict[str, int] = {}
    rejects: dict[str, int] = {}
    keys_checked: bool = True
