"""What a register is: the shape of a declaration, and what the engine makes of it.

A declaration is a TOML file (docs/howto/declare-a-register.md). Names of attributes and types are
those of the core context's default vocabulary, as in feeds, or IRIs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, unquote

import msgspec

from tamamo.context.jsonld.resolve import default_map

Kind = Literal[
    "text", "paragraph", "integer", "number", "choice", "choices", "boolean", "date", "time",
    "moment", "point", "url", "phone",
]  # fmt: skip
FilterKind = Literal["choice", "range", "text", "yes_no"]
Width = Literal["narrow", "normal", "wide"]

NUMBERS: Final = frozenset({"integer", "number"})
#: Kinds whose values have an order that people know.
RANGED: Final = NUMBERS | {"date", "time", "moment"}
#: Kinds whose values a search looks into.
TEXTS: Final = frozenset({"text", "paragraph", "url", "phone"})
#: Kinds that have no order.
UNORDERED: Final = frozenset({"point", "choices", "paragraph"})
#: Sortable columns of one register: so many indexes the table of rows has (migration 0032).
MOST_SORTED: Final = 16

_Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=64)]


class Texts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages."""

    ja: Annotated[str, msgspec.Meta(pattern=r"\S")]
    en: Annotated[str, msgspec.Meta(pattern=r"\S")]

    def in_(self, language: str) -> str:
        """Return the text in a language; Japanese for any but English."""
        return self.en if language == "en" else self.ja


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the values a column may have, and what people call it."""

    value: str
    ja: str
    en: str
    #: Texts that mean the same in an imported table.
    aliases: tuple[str, ...] = ()

    def in_(self, language: str) -> str:
        """Return its name in a language."""
        return self.en if language == "en" else self.ja


class Editors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may edit a field, beyond being allowed to write entities of the type."""

    #: Any of these roles; empty: whoever may write the type.
    roles: tuple[str, ...] = ()
    #: The grant's unit is one of these or above it; empty: any unit.
    units: tuple[str, ...] = ()


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One attribute of the entities as a column of the list and a field of the form."""

    name: _Name
    label: Texts
    kind: Kind
    help: Texts | None = None
    #: The attribute, where it is not called as the column is.
    attribute: str = ""
    #: A member of an attribute whose value is an object, such as streetAddress of address.
    member: str = ""
    #: UN/CEFACT code of the unit, and its sign, the same in every language (m); a word for it
    #: belongs into the label.
    unit: str = ""
    unit_label: str = ""
    decimals: int | None = None
    width: Width = "normal"
    #: Whether it stands in the list by default.
    listed: bool = True
    sorted: bool | None = None
    searched: bool = False
    #: Measured every few minutes: read when a page is made, and sorted by in short lists only, so
    #: that a measurement does not touch the lists' indexes.
    live: bool = False
    #: Whether an edit says how things are now (a shelter is open): it is kept as observed then.
    observed: bool = False
    #: None: it is shown only.
    edit: Editors | None = None
    choices: tuple[Choice, ...] = ()
    #: Header names by which an import recognises it.
    aliases: tuple[str, ...] = ()

    @property
    def sortable(self) -> bool:
        """Whether a list may be sorted by it."""
        return self.kind not in UNORDERED if self.sorted is None else self.sorted

    @property
    def editable(self) -> bool:
        """Whether anybody may edit it."""
        return self.edit is not None

    @property
    def iri(self) -> str:
        """The attribute's IRI."""
        name = self.attribute or self.name
        return name if ":" in name else default_map().terms.expand_term(name)

    def choice(self, value: object) -> Choice | None:
        """Return the choice of a value."""
        return next((one for one in self.choices if one.value == value), None)


class FilterDeclaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A filter of the list."""

    column: str
    kind: FilterKind | None = None


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group of fields of the form."""

    title: Texts
    columns: tuple[str, ...]


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of a register as it is written."""

    id: _Name
    title: Texts
    description: Texts
    type: str
    #: The department that answers for the data, as the organisation list names it.
    unit: str
    #: The column that tells one record from another for people, and how ids are made of it.
    key: str
    id_pattern: str
    #: The column whose value heads a record.
    heading: str
    columns: Annotated[tuple[Column, ...], msgspec.Meta(min_length=1)]
    filters: tuple[FilterDeclaration, ...] = ()
    #: A column; with a minus before it the largest first.
    sort: str = ""
    map: str = ""
    personal: bool = False
    #: Roles that may create and delete records; empty: whoever may write the type.
    create: Editors | None = None
    delete: Editors | None = None
    sections: tuple[Section, ...] = ()
    #: JSON Schema 2020-12 of the form; what follows from the columns need not be repeated.
    form: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of the list, worked out."""

    column: Column
    kind: FilterKind

    @property
    def name(self) -> str:
        """Its name in URLs: the column's."""
        return self.column.name

    @property
    def label(self) -> Texts:
        """What people call it."""
        return self.column.label

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The values to choose from."""
        return self.column.choices


@dataclass(frozen=True, eq=False)
class Register:
    """A declared register. Compared by identity; one object a process and declaration."""

    declaration: Declaration
    #: The file it was read from, for messages.
    file: str = ""

    @property
    def id(self) -> str:
        """Its name in URLs."""
        return self.declaration.id

    @property
    def title(self) -> Texts:
        """What people call it."""
        return self.declaration.title

    @property
    def description(self) -> Texts:
        """What it holds, in a sentence."""
        return self.declaration.description

    @cached_property
    def type(self) -> str:
        """The IRI of its entities' type."""
        name = self.declaration.type
        return name if "://" in name else default_map().terms.expand_type(name)

    @property
    def type_name(self) -> str:
        """The short name of the type."""
        return self.declaration.type.rpartition("/")[2]

    @property
    def unit(self) -> str:
        """The department that answers for it."""
        return self.declaration.unit

    @property
    def personal(self) -> bool:
        """Whether its data are personal: each read is logged, values stay out of the audit log."""
        return self.declaration.personal

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in order."""
        return self.declaration.columns

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column:
        """Return a column. Raises KeyError."""
        return self.by_name[name]

    @cached_property
    def key(self) -> Column:
        """The column that tells one record from another for people."""
        return self.by_name[self.declaration.key]

    @cached_property
    def heading(self) -> Column:
        """The column whose value heads a record."""
        return self.by_name[self.declaration.heading]

    @cached_property
    def map(self) -> Column | None:
        """The column with the place, None for what has none."""
        return self.by_name[self.declaration.map] if self.declaration.map else None

    @cached_property
    def sort(self) -> str:
        """The default order."""
        return self.declaration.sort or self.declaration.key

    @cached_property
    def form(self) -> tuple[Column, ...]:
        """The columns that somebody may edit, in the form's order."""
        return tuple(column for column in self.columns if column.editable)

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The form's groups of fields; all in one without any declared."""
        if self.declaration.sections:
            return self.declaration.sections
        return (Section(self.title, tuple(column.name for column in self.form)),)

    @cached_property
    def sortable(self) -> tuple[Column, ...]:
        """The columns with a sort key in the rows of lists, in the order of these keys."""
        return tuple(c for c in self.columns if c.sortable and not c.live)

    @cached_property
    def searched(self) -> tuple[Column, ...]:
        """The columns a search looks into."""
        return tuple(column for column in self.columns if column.searched)

    @cached_property
    def texts(self) -> tuple[Column, ...]:
        """The columns whose texts lists keep: those searched and those filtered by text."""
        filtered = {one.column.name for one in self.filters if one.kind == "text"}
        return tuple(c for c in self.columns if c.searched or c.name in filtered)

    @cached_property
    def filters(self) -> tuple[Filter, ...]:
        """The filters of the list."""
        return tuple(
            Filter(column, one.kind or filter_kind(column))
            for one in self.declaration.filters
            for column in (self.by_name[one.column],)
        )

    def filter(self, name: str) -> Filter | None:
        """Return a filter by the name of its column."""
        return next((one for one in self.filters if one.name == name), None)

    def entity_id(self, key: str) -> str:
        """Return the id of the entity with this key; what has no place in a URI is escaped."""
        before, after = self.around
        return f"{before}{quote(key, safe='-._~:')}{after}"

    def key_of(self, entity_id: str) -> str:
        """Return the key that stands in an entity's id; the id itself where it is not ours."""
        before, after = self.around
        if entity_id.startswith(before) and entity_id.endswith(after):
            return unquote(entity_id[len(before) : len(entity_id) - len(after)])
        return entity_id

    @cached_property
    def around(self) -> tuple[str, str]:
        """What stands before and after the key in an entity's id."""
        before, _, rest = self.declaration.id_pattern.partition("{")
        return before, rest.partition("}")[2]


def filter_kind(column: Column) -> FilterKind:
    """Return the filter that suits a column."""
    if column.kind in ("choice", "choices"):
        return "choice"
    if column.kind == "boolean":
        return "yes_no"
    return "range" if column.kind in RANGED else "text"
