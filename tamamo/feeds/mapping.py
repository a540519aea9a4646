"""From the row of a table to an entity, as a TOML file says (docs/howto/import-a-table.md)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec

from tamamo.context.model.entity import Entity, Instance
from tamamo.feeds import convert, quality
from tamamo.feeds.quality import Invalid, Reason
from tamamo.feeds.readers.river import Terms
from tamamo.feeds.readers.table import Row, Table, normal
from tamamo.feeds.rejects import Reject
from tamamo.kernel.errors import SetupError
from tamamo.kernel.time import JST, to_text

Columns = str | Annotated[list[str], msgspec.Meta(min_length=1)]
#: In an entity id: the name of the file, without its ending.
FILE = "file"
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


class Texts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages."""

    ja: str
    en: str


class Location(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the point stands: two columns, or one holding "latitude,longitude"."""

    latitude: Columns = ""
    longitude: Columns = ""
    column: Columns = ""
    #: False: a row without coordinates becomes an entity without location.
    required: bool = True
    #: 0, 0 stands for "unknown" in this source.
    zero_is_missing: bool = False

    def __post_init__(self) -> None:
        if bool(self.column) == bool(self.latitude and self.longitude):
            raise ValueError("give latitude and longitude, or column, and not both")


class Attribute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One attribute: where its value comes from and what it is."""

    name: str
    #: The column, or several names it may have. An entity gets the attribute only where the cell
    #: has a value.
    column: Columns = ""
    #: The same value for every row instead of a column.
    constant: Any = None
    kind: Literal["Property", "Relationship", "LanguageProperty", "VocabProperty"] = "Property"
    convert: Literal[
        "text", "number", "integer", "date", "year", "time", "boolean", "url", "moment", "link"
    ] = "text"
    #: UN/CEFACT code of the unit, for example MTR.
    unit: str = ""
    #: {cell text: value}, looked up before the conversion; a text that is not there is refused.
    values: dict[str, Any] = {}
    #: For a LanguageProperty: the language of the column.
    language: str = "ja"
    #: For a Relationship: makes the URN from the cell, "{}" stands for its text.
    target: str = "{}"
    #: A column whose date (or date and time with zone) is the observation's time.
    observed_at: Columns = ""
    #: True: a row without it is refused, and so is a file without the column.
    required: bool = False
    #: A value that does not fit: "reject" refuses the row, "keep_text" stores it as it stands.
    on_error: Literal["reject", "keep_text"] = "reject"

    def __post_init__(self) -> None:
        if bool(self.column) == (self.constant is not None):
            raise ValueError(f"attribute {self.name!r}: give either column or constant")


class Skip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows that are not data: all of the columns empty, or a cell equal to one of the texts.

    In `when_empty` a column may be a list of the names it can have.
    """

    when_empty: list[Columns] = []
    when: dict[str, list[str]] = {}


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a table means. See docs/howto/import-a-table.md for each member."""

    id: str
    name: Texts
    #: Entity type, a short name or an IRI.
    type: str
    #: Entity id with {column} where cells go in, and {file} for the file's name; a URI.
    entity_id: str
    attributes: list[Attribute]
    location: Location | None = None
    skip: Skip = msgspec.field(default_factory=Skip)
    #: Who publishes it: become `dataProvider`, `source` and `license` of each entity. Where they
    #: are empty, the file's own `#attribution_name`, `#download_from` and `#license` do.
    provider: str = ""
    source: str = ""
    licence: str = ""
    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    #: JSON-LD @context of the names; default the core context.
    context: str | None = None

    def wanted(self) -> list[Sequence[str]]:
        """Return the columns the file must have, each with its possible names."""
        needed = [[name] for name in _PLACEHOLDER.findall(self.entity_id) if name != FILE]
        needed += [_names(a.column) for a in self.attributes if a.required and a.column]
        if self.location is not None and self.location.required:
            place = self.location
            columns = [place.column] if place.column else [place.latitude, place.longitude]
            needed += [_names(column) for column in columns]
        return [names for i, names in enumerate(needed) if names not in needed[:i]]

    @property
    def id_column(self) -> str:
        """The column that tells one row from another, as far as the mapping says."""
        return next((n for n in _PLACEHOLDER.findall(self.entity_id) if n != FILE), "")


@dataclass(slots=True)
class Result:
    """What a table became: entities in order, rejected rows, and how many rows were passed over."""

    entities: list[Entity]
    rejects: list[Reject]
    skipped: int = 0
    without_location: int = 0


def load(name: str) -> Mapping:
    """Return a mapping: one that ships, by its name, or a TOML file by its path.

    Raises SetupError naming the member at fault.
    """
    shipped_file = files("tamamo.feeds").joinpath("mappings", f"{name}.toml")
    try:
        if re.fullmatch(r"[\w-]+", name) and shipped_file.is_file():
            content = shipped_file.read_bytes()
        else:
            content = Path(name).read_bytes()
        return msgspec.toml.decode(content, type=Mapping)
    except OSError as error:
        known = ", ".join(sorted(shipped()))
        raise SetupError(
            f"The mapping {name!r} cannot be read ({error.strerror}). Give a TOML file, or one of"
            f" those that ship: {known}."
        ) from error
    except (msgspec.DecodeError, ValueError) as error:
        raise SetupError(f"The mapping {name!r} is not right: {error}") from error


def shipped() -> dict[str, Texts]:
    """Return the mappings that come with Tamamo: {name: what it is for}."""
    folder = files("tamamo.feeds").joinpath("mappings")
    names = [f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")]
    return {name: load(name).name for name in sorted(names)}


def apply(mapping: Mapping, table: Table, terms: Terms) -> Result:
    """Return what the mapping makes of a table. Nothing is dropped without being counted."""
    result = Result([], list(table.rejects), table.blank)
    seen: dict[str, int] = {}
    for row in table.rows:
        if _skips(mapping.skip, row):
            result.skipped += 1
            continue
        try:
            entity = _entity(mapping, row, table, terms)
            if entity.id in seen:
                ja = f"同じIDの行がすでにあります（{seen[entity.id]}行目）"
                en = f"row {seen[entity.id]} has the same id already"
                raise Invalid(Reason("double_id", ja, en), mapping.id_column)
        except Invalid as error:
            result.rejects.append(Reject(row.number, error.field, error.reason, row.original))
            continue
        seen[entity.id] = row.number
        result.entities.append(entity)
        if mapping.location is not None and terms.expand_term("location") not in entity.attrs:
            result.without_location += 1
    result.rejects.sort(key=lambda reject: reject.row)
    return result


def _names(columns: Columns) -> list[str]:
    return [columns] if isinstance(columns, str) else columns


def _cell(row: Row, columns: Columns) -> tuple[str, str]:
    """Return (column name, text) of the first of the names that the row has."""
    names = _names(columns)
    for name in names:
        if normal(name) in row.cells:
            return name, row.cells[normal(name)]
    return names[0], ""


def _skips(skip: Skip, row: Row) -> bool:
    if skip.when_empty and not any(_cell(row, names)[1] for names in skip.when_empty):
        return True
    return any(_cell(row, name)[1] in texts for name, texts in skip.when.items())


def _entity(mapping: Mapping, row: Row, table: Table, terms: Terms) -> Entity:
    entity = Entity(_identifier(mapping, row, table), [terms.expand_type(mapping.type)])
    for name, instance in _instances(mapping, row, table):
        entity.attrs[terms.expand_term(name)] = [instance]
    if mapping.location is not None:
        point = _point(mapping.location, row)
        if point is not None:
            geometry = {"type": "Point", "coordinates": list(point)}
            instance = {"type": "GeoProperty", "value": geometry}
            entity.attrs[terms.expand_term("location")] = [instance]
    return entity


def _identifier(mapping: Mapping, row: Row, table: Table) -> str:
    def fill(match: re.Match[str]) -> str:
        name = match[1]
        cell = Path(table.file).stem if name == FILE else quality.fold(_cell(row, name)[1])
        if quality.is_missing(cell):
            raise Invalid(quality.REQUIRED, name)
        return quote(cell, safe="")

    return _PLACEHOLDER.sub(fill, mapping.entity_id)


def _instances(mapping: Mapping, row: Row, table: Table) -> Iterator[tuple[str, Instance]]:
    for name, text in (
        ("dataProvider", mapping.provider or table.about.get("attribution_name", "")),
        ("source", mapping.source or table.about.get("download_from", "")),
        ("license", mapping.licence or table.about.get("license", "")),
    ):
        if text:
            yield name, {"type": "Property", "value": text}
    for attribute in mapping.attributes:
        instance = _instance(attribute, row)
        if instance is not None:
            yield attribute.name, instance


def _instance(attribute: Attribute, row: Row) -> Instance | None:
    value = attribute.constant
    if attribute.column:
        column, cell = _cell(row, attribute.column)
        try:
            value = _value(attribute, cell)
        except Invalid as error:
            raise Invalid(error.reason, column) from None
        if value is None:
            if attribute.required:
                raise Invalid(quality.REQUIRED, column)
            return None
    instance: Instance = {"type": attribute.kind}
    if attribute.kind == "Relationship":
        instance["object"] = attribute.target.replace("{}", quote(str(value), safe=":/-._~"))
    elif attribute.kind == "LanguageProperty":
        instance["languageMap"] = {attribute.language: value}
    elif attribute.kind == "VocabProperty":
        instance["vocab"] = value
    else:
        instance["value"] = value
    if attribute.unit:
        instance["unitCode"] = attribute.unit
    if attribute.observed_at:
        instance["observedAt"] = _observed_at(attribute.observed_at, row)
    return instance


def _value(attribute: Attribute, cell: str) -> Any:
    if attribute.values:
        wanted = cell.strip()
        if wanted in attribute.values:
            return attribute.values[wanted]
        if quality.is_missing(wanted):
            return None
        known = "・".join(attribute.values)
        ja = f"{cell!r} は {known} のどれでもありません"
        raise Invalid(Reason("unknown_value", ja, f"{cell!r} is none of {known}"))
    try:
        return convert.CONVERSIONS[attribute.convert](cell)
    except Invalid:
        if attribute.on_error == "keep_text":
            return cell.strip()
        raise


def _observed_at(columns: Columns, row: Row) -> str:
    """Return the time of observation; a bare date means its midnight in Japan."""
    column, cell = _cell(row, columns)
    try:
        if "T" in cell:
            return to_text(quality.moment(cell))
        day = convert.day(cell)
        if day is None:
            raise Invalid(quality.REQUIRED)
    except Invalid as error:
        raise Invalid(error.reason, column) from None
    return to_text(datetime.combine(datetime.fromisoformat(day), time(), JST))


def _point(location: Location, row: Row) -> tuple[float, float] | None:
    if location.column:
        column, cell = _cell(row, location.column)
        latitude, comma, longitude = quality.fold(cell).replace("、", ",").partition(",")
        if cell and not comma:
            ja, en = "「緯度,経度」の形ではありません", "it is not of the form latitude,longitude"
            raise Invalid(Reason("not_a_place", ja, en), column)
        fields = {"latitude": column, "longitude": column}
    else:
        latitude_column, latitude = _cell(row, location.latitude)
        longitude_column, longitude = _cell(row, location.longitude)
        fields = {"latitude": latitude_column, "longitude": longitude_column}
    missing = quality.is_missing(latitude) and quality.is_missing(longitude)
    if location.zero_is_missing and not missing:
        missing = {quality.fold(latitude), quality.fold(longitude)} <= {"0", "0.0"}
    if missing and not location.required:
        return None
    try:
        return quality.place(latitude, longitude)
    except Invalid as error:
        raise Invalid(error.reason, fields[error.field]) from None
