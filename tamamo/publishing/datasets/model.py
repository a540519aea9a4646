"""What the engine hands to pages and APIs. Plain values, nothing of the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec

from tamamo.publishing.datasets.metadata import THEMES, Metadata, Theme, Words

Scalar = str | int | float | bool | None
Kind = Literal["file", "live"]
State = Literal["draft", "published", "unpublished"]
VersionState = Literal[
    "new", "settled", "checking", "checked", "failed", "submitted", "published", "declined",
    "discarded",
]  # fmt: skip
Format = Literal["csv", "csv-bom", "xlsx", "json", "geojson", "parquet"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "csv-bom", "xlsx", "json", "geojson", "parquet")
#: States in which somebody works at a version.
OPEN: Final = ("new", "settled", "checking", "checked", "failed", "submitted")
NUMBERS: Final = frozenset({"integer", "number", "year", "latitude", "longitude"})
TIMES: Final = frozenset({"date", "moment", "month", "year"})


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column. kind: as tamamo.registers.intake calls it. unit: UN/CEFACT code or a sign."""

    name: str
    label: Words
    kind: str = "text"
    unit: str = ""
    role: Literal["", "key", "latitude", "longitude", "time"] = ""


@dataclass(frozen=True, slots=True)
class Organization:
    """A unit of the town that publishes. name: what CKAN's clients call it."""

    unit: str
    name: str
    title: str
    datasets: int = 0


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset. rows, bbox, fields, modified_at: of what the public sees, or would.

    bbox: west, south, east, north in degrees. open_version: one that is being worked on.
    """

    town: str
    id: str
    uuid: str
    kind: Kind
    state: State
    metadata: Metadata
    organization: Organization
    formats: tuple[Format, ...]
    fields: tuple[Field, ...]
    rows: int | None
    version: int | None
    versions: int
    bbox: tuple[float, float, float, float] | None
    created_at: datetime
    changed_at: datetime
    modified_at: datetime | None
    published_at: datetime | None
    next_due: date | None
    overdue: bool
    open_version: int | None = None
    #: Of the public version's row; 0: none.
    version_id: int = 0
    #: Of a live one: the register it shows, or the type of its entities (an IRI); else "".
    register: str = ""
    entity_type: str = ""

    @property
    def title(self) -> Words:
        """What it is called."""
        return self.metadata.title

    @property
    def description(self) -> Words:
        """What it is about."""
        return self.metadata.description

    @property
    def groups(self) -> tuple[Theme, ...]:
        """Its themes."""
        return tuple(THEMES[one] for one in self.metadata.groups if one in THEMES)

    @property
    def located(self) -> bool:
        """Whether its rows have places."""
        return {"latitude", "longitude"} <= {one.role for one in self.fields}

    @property
    def key_field(self) -> Field | None:
        """What tells one row from another; None: nothing does."""
        return next((one for one in self.fields if one.role == "key"), None)

    @property
    def time_field(self) -> Field | None:
        """The field of the time its rows are of, which may be in their key; None: none."""
        timed = [one for one in self.fields if one.role == "time"]
        timed += [one for one in self.fields if one.role == "key" and one.kind in TIMES]
        return next(iter(timed), None)


@dataclass(frozen=True, slots=True)
class Reports:
    """What a check found.

    standard, privacy: the reports of these parts. differences: from the recipe of the version
    before. against: the number of the public version compared with; None: there was none. rejects:
    the first of them, {number, column, ja, en, sample}. reasons: code → how many. tally: what was
    counted while reading.
    """

    standard: Mapping[str, Any] | None = None
    privacy: Mapping[str, Any] | None = None
    differences: Sequence[Mapping[str, Any]] = ()
    against: int | None = None
    added: int = 0
    removed: int = 0
    changed: int = 0
    rejects: Sequence[Mapping[str, Any]] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)
    tally: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a version failed or was declined."""

    code: str
    ja: str
    en: str
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def text(self, language: str) -> str:
        """Return it in a language."""
        return self.ja if language.startswith("ja") else self.en


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a dataset: the file it came from, how it is read, what was found, who signed.

    counts: rows in, out, rejected. done, total: how far a check is, in rows; total 0: unknown.
    current: the public sees it. worked: subjects of all who had a hand in it.
    """

    id: int
    dataset: str
    number: int
    state: VersionState
    filename: str
    size: int
    sha256: str
    choice: Mapping[str, Any] | None
    recipe: Mapping[str, Any] | None
    fields: tuple[Field, ...]
    counts: Mapping[str, int]
    reports: Reports
    rows: int | None
    bbox: tuple[float, float, float, float] | None
    worked: tuple[str, ...]
    note: str
    reason: Reason | None
    done: int
    total: int
    job: int | None
    entities_done: bool
    created_at: datetime
    created_by: str
    changed_at: datetime
    submitted_at: datetime | None
    submitted_by: str | None
    approved_at: datetime | None
    approved_by: str | None
    published_at: datetime | None
    current: bool
    metadata: Metadata

    @property
    def title(self) -> Words:
        """What the dataset is called."""
        return self.metadata.title

    @property
    def open(self) -> bool:
        """Whether somebody still works at it."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class RowsQuery:
    """Which rows. after: only those behind this number, in their order (quick at any depth).

    filters: field → a value, or several of which one must be there. sort: names, - before one for
    the other direction. bbox: west, south, east, north. version: None = the public one.
    """

    version: int | None = None
    filters: Mapping[str, Scalar | Sequence[Scalar]] = field(default_factory=dict)
    q: str = ""
    sort: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    limit: int = 100
    offset: int = 0
    after: int | None = None
    bbox: tuple[float, float, float, float] | None = None
    count: bool = True


@dataclass(frozen=True, slots=True)
class DataRow:
    """A row. number: its place in the version, from 1."""

    number: int
    values: Mapping[str, Any]
    longitude: float | None = None
    latitude: float | None = None


@dataclass(frozen=True, slots=True)
class RowPage:
    """A page of rows. total: how many match; None: nobody asked. version: 0 of a live dataset."""

    fields: tuple[Field, ...]
    rows: tuple[DataRow, ...]
    total: int | None
    version: int
    more: bool


@dataclass(frozen=True, slots=True)
class DatasetQuery:
    """Which datasets.

    organization: name or unit. state: published, draft, unpublished, any, overdue. sort:
    relevance, title, modified, created, id, - before it for the other direction. modified: from,
    until; data or description, whichever was changed last. Several organizations, licences and ids
    are alternatives; of groups, tags and formats a dataset must have all.
    """

    q: str = ""
    organization: str | tuple[str, ...] | None = None
    group: str | tuple[str, ...] | None = None
    format: str | tuple[str, ...] | None = None
    tag: str | tuple[str, ...] | None = None
    licence: str | tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    kind: Kind | None = None
    overdue: bool | None = None
    modified: tuple[datetime | None, datetime | None] = (None, None)
    state: str = "published"
    sort: str = "relevance"
    start: int = 0
    rows: int = 20


@dataclass(frozen=True, slots=True)
class Facet:
    """How many of the found datasets have a value."""

    value: str
    label: Words
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """A page of datasets, and how many there are by value."""

    total: int
    datasets: tuple[Dataset, ...]
    facets: Mapping[str, tuple[Facet, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that differs between two versions. fields: which, of a changed one."""

    kind: Literal["added", "removed", "changed"]
    key: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions, row by row. by_key: False where rows can only be there or not."""

    a: int
    b: int
    added: int
    removed: int
    changed: int
    same: int
    by_key: bool
    rows: tuple[RowChange, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Something the public was told of."""

    dataset: str
    title: Words
    version: int | None
    kind: Literal["published", "rolled_back", "unpublished"]
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did to a dataset. name: of the account."""

    at: datetime
    actor: str
    name: str
    action: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rights:
    """What a visitor may do with a dataset. see: its drafts too."""

    see: bool
    write: bool
    approve: bool
