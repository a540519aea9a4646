"""What a live dataset is: the shape of projects/*/datasets.toml, and what can be wrong with it."""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import structlog

from tamamo.context.jsonld.resolve import default_map
from tamamo.publishing.datasets.metadata import Metadata, Words, faults_of
from tamamo.publishing.datasets.model import Field
from tamamo.registers import catalogue
from tamamo.registers.declaration import Column, Register

_logger = structlog.get_logger()
PACKAGE: Final = Path(str(files("tamamo.publishing"))).parent
_Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_-]{2,100}$")]
#: What a register calls a column, and what a dataset does.
_KINDS: Final = {"paragraph": "text", "choice": "text", "choices": "text"}
#: What a column shows of its attribute.
Shown = Literal["value", "observed_at", "longitude", "latitude", "id"]


class LiveColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A column of a live dataset. attribute: where it is not called as the column is."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    label: Words
    kind: str = "text"
    unit: str = ""
    attribute: str = ""
    member: str = ""
    shows: Shown = "value"
    role: Literal["", "key", "latitude", "longitude", "time"] = ""

    @property
    def iri(self) -> str:
        """The attribute's IRI."""
        return iri(self.attribute or self.name)

    def field(self) -> Field:
        """Return it as a field."""
        role = self.shows if self.shows in ("longitude", "latitude") else self.role
        return Field(self.name, self.label, self.kind, self.unit, role)


class _Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: _Id
    title: Words
    description: Words
    unit: str = ""
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    licence: str = "CC-BY-4.0"
    source: Words = Words()
    register: str = ""
    entities: str = ""
    function: str = ""
    cycle: str = "continuous"
    columns: tuple[LiveColumn, ...] = ()
    #: Whether having no rows says something (no alert now): it is there wherever another dataset
    #: of the same file is.
    empty: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dataset: tuple[_Declared, ...]


@dataclass(frozen=True)
class Live:
    """A declared dataset, with what its source says. type: IRI of its entities, "" for none."""

    declared: _Declared
    file: Path
    source: Register | None = None

    @property
    def id(self) -> str:
        """Its id."""
        return self.declared.id

    @property
    def register(self) -> str:
        """The register it shows; "": none."""
        return self.declared.register

    @property
    def function(self) -> str:
        """Where its rows are made (module:function); "": they are entities."""
        return self.declared.function

    @cached_property
    def type(self) -> str:
        """The IRI of its entities' type."""
        if self.source is not None:
            return self.source.type
        return iri(self.declared.entities, type_=True) if self.declared.entities else ""

    @cached_property
    def columns(self) -> tuple[LiveColumn, ...]:
        """Its columns: the declared ones, else those of the register."""
        if self.declared.columns or self.source is None:
            return self.declared.columns
        found = [one for column in self.source.columns for one in _of_register(self.source, column)]
        return tuple(found)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Its fields."""
        return tuple(column.field() for column in self.columns)

    def metadata(self, unit: str, simulated: bool = False) -> Metadata:
        """Return what is said of it in a town: which unit answers for it, what is simulated."""
        one = self.declared
        return Metadata(
            title=one.title, description=one.description, unit=unit, groups=one.groups,
            tags=one.tags, licence=one.licence, cycle=one.cycle, source=one.source,
            simulated=simulated,
        )  # fmt: skip


def iri(name: str, *, type_: bool = False) -> str:
    """Return the IRI of an attribute's name, or of a type's, in the core context."""
    if ":" in name:
        return name
    terms = default_map().terms
    return terms.expand_type(name) if type_ else terms.expand_term(name)


def _of_register(register: Register, column: Column) -> Iterator[LiveColumn]:
    label = Words(column.label.ja, column.label.en)
    attribute = column.attribute or column.name
    if column.kind == "point":
        yield LiveColumn(name="latitude", label=Words("緯度", "Latitude"), kind="latitude",
                         attribute=attribute, shows="latitude")  # fmt: skip
        yield LiveColumn(name="longitude", label=Words("経度", "Longitude"), kind="longitude",
                         attribute=attribute, shows="longitude")  # fmt: skip
        return
    yield LiveColumn(
        name=column.name, label=label, kind=_KINDS.get(column.kind, column.kind),
        unit=column.unit, attribute=attribute, member=column.member,
        role="key" if column is register.key else "",
    )  # fmt: skip
    if column.live:
        yield LiveColumn(
            name=f"{column.name}At", label=Words(f"{label.ja}の時刻", f"Time of {label.en}"),
            kind="moment", attribute=attribute, shows="observed_at",
            role="time" if column is next(c for c in register.columns if c.live) else "",
        )  # fmt: skip


def declared_files(package: Path = PACKAGE) -> list[Path]:
    """Return the files of all declarations."""
    return sorted((package / "projects").glob("*/datasets.toml"))


def read_all(paths: Iterable[Path]) -> tuple[dict[str, Live], list[str]]:
    """Return the datasets that are right, by id, and what is wrong with the others, a line each."""
    found: dict[str, Live] = {}
    faults: list[str] = []
    for path in paths:
        name = f"{path.parent.name}/{path.name}"
        try:
            told = msgspec.toml.decode(path.read_bytes(), type=_File)
        except (msgspec.MsgspecError, ValueError, OSError) as error:
            faults.append(f"{name}: {error}")
            continue
        for declared in told.dataset:
            live = Live(declared, path, catalogue.declared().get(declared.register))
            wrong = [f"{name}: {declared.id}: {text}" for text in _faults(live)]
            if declared.id in found:
                wrong.append(f"{name}: {declared.id}: stands twice")
            faults += wrong
            if not wrong:
                found[declared.id] = live
    return found, faults


def _faults(live: Live) -> Iterator[str]:
    one = live.declared
    if sum(bool(source) for source in (one.register, one.entities, one.function)) != 1:
        yield "exactly one of register, entities and function is its source"
        return
    if one.register and live.source is None:
        yield f"there is no register {one.register!r}"
    if not live.columns:
        yield "it has no columns"
    names = [column.name for column in live.columns]
    yield from (f"column {name} stands twice" for name in set(names) if names.count(name) > 1)
    for words in (one.title, one.description, *(column.label for column in live.columns)):
        if not (words.ja and words.en):
            yield f"a text is needed in both languages: {words.ja or words.en!r}"
    yield from (f"{fault.member}: {fault.en}" for fault in faults_of(live.metadata("")))


def faults_of_file(path: Path) -> list[str]:
    """Return what is wrong with a file, its functions looked up too."""
    found, faults = read_all([path])
    for live in found.values():
        try:
            if live.function:
                function_of(live.function)
        except ValueError as error:
            faults.append(f"{live.id}: {error}")
    return faults


def function_of(where: str) -> Any:
    """Return the function that `module:function` names. Raises ValueError where there is none."""
    module, _, name = where.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"{where!r} is not module:function of Tamamo: {error}") from error


@cache
def declared() -> Mapping[str, Live]:
    """Return all declared live datasets by id.

    One that is at fault is left out and named in the log: it must not take all others with it.
    `tamamo project check` refuses it.
    """
    found, faults = read_all(declared_files())
    for fault in faults:
        _logger.error("live_dataset_left_out", fault=fault)
    return found
