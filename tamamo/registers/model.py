"""What the engine hands to pages: rows, records, edits. Plain values, nothing of the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from tamamo.kernel.identity import Access, Actor

EditKind = Literal["create", "edit", "delete", "bulk", "import", "undo", "feed"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, in which tenant, and what they may do there now. Never to be kept."""

    tenant: str
    actor: Actor
    access: Access


@dataclass(frozen=True, slots=True)
class Rights:
    """What a visitor may do with a register. fields: columns that may be edited."""

    read: bool
    create: bool
    delete: bool
    fields: frozenset[str]
    #: Columns that may be seen; the others appear nowhere.
    columns: frozenset[str]

    @property
    def edit(self) -> bool:
        """Whether anything may be edited."""
        return bool(self.fields)

    @property
    def import_(self) -> bool:
        """Whether tables may be imported."""
        return self.edit


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as a page shows it.

    value: None when it is missing. Times are RFC 3339. provider: who says so, where that is known:
    the instance's own word, else that of the entity.
    """

    value: Any
    unit_code: str = ""
    observed_at: str | None = None
    modified_at: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A record in a list. version: opaque, for editing."""

    id: str
    title: str
    version: str
    cells: Mapping[str, Cell]
    longitude: float | None = None
    latitude: float | None = None


@dataclass(frozen=True, slots=True)
class Record(Row):
    """A record as a whole."""

    types: tuple[str, ...] = ()
    created_at: str = ""
    modified_at: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """A record on the map."""

    id: str
    title: str
    longitude: float
    latitude: float


@dataclass(frozen=True, slots=True)
class Points:
    """Records on the map. total: how many the query has; located: how many of them have a place."""

    points: tuple[Point, ...]
    total: int
    located: int


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after; None where it was or is not there."""

    field: str
    before: Cell | None
    after: Cell | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What an edit would change."""

    changes: tuple[FieldChange, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One act on one record, as the history shows it.

    id: 0 for what came by feeds or the API and stands in the history of attributes only. batch:
    shared by all edits of a bulk edit or an import. undoes: the edit this one took back.
    """

    id: int
    batch: str | None
    kind: EditKind
    actor: str
    name: str
    at: datetime
    register: str
    entity_id: str
    title: str
    changes: tuple[FieldChange, ...] = ()
    note: str = ""
    undoes: int | None = None
    undone_by: int | None = None
    undoable: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """A bulk edit or an import as it was carried out."""

    id: str
    changed: int
    unchanged: int = 0
    refused: int = 0
    created: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that a bulk edit leaves as it is, and why."""

    entity_id: str
    title: str
    errors: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """What a bulk edit would do. token: hand it back, so that nothing else is done."""

    changed: int
    unchanged: int
    refused_count: int
    token: str
    refused: tuple[Refused, ...] = ()
    sample: tuple[tuple[str, str, tuple[FieldChange, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of a list. exact: False when there are more than `total` says."""

    rows: tuple[Row, ...]
    total: int
    exact: bool
    page: int
    size: int
    query: Any = field(repr=False, default=None)

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))
