"""Places as towns and road keepers publish them: a CSV, JSON list or GeoJSON file at an address.

One file each for shelters (open, people in it), underpasses (depth of water), stretches of road
(vehicles that passed) and cameras (address of the newest still image). Columns and their Japanese
names: mappings/*.toml; docs/howto/switch-on-a-feed.md. Times need a zone.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_TENANT, DEFAULT_VOCABULARY, LOCATION, Entity
from tamamo.feeds import mapping as mappings
from tamamo.feeds import quality
from tamamo.feeds.coordinator import Feed
from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.offers import Opening
from tamamo.feeds.quality import Invalid, Reason, UnreadableFile
from tamamo.feeds.readers import table
from tamamo.feeds.readers.body import json_of
from tamamo.feeds.readers.river import Terms
from tamamo.feeds.readers.table import Row, Table, normal
from tamamo.feeds.rejects import Reject
from tamamo.kernel import sql

_SQL = sql.load("tamamo.feeds")
#: How a place's id may be called.
IDS: Final = (
    "id", "shelterID", "stationID", "番号", "NO", "管理番号", "施設ID", "観測所番号", "カメラID",
    "区間番号", "区間ID",
)  # fmt: skip
SHELTER: Final = DEFAULT_VOCABULARY + "EvacuationShelter"
_WKT: Final = re.compile(r"\s*LINESTRING\s*\(([^()]+)\)\s*", re.IGNORECASE)
_LINES: Final = ("geometry", "wkt", "線形")
_NOT_A_LINE: Final = Reason(
    "not_a_line", "線として読めません", "this is no line of two places or more"
)
_UNKNOWN: Final = Reason(
    "unknown_shelter", "避難所の台帳にありません", "the shelters' register has no such id"
)
_NOT_AN_ITEM: Final = Reason("not_an_item", "項目の形ではありません", "this is no record")

Items = Iterator[Entity | Reject]
Line = list[list[float]]


def read_table(name: str, body: bytes) -> tuple[Table, dict[int, Any]]:
    """Return the rows of a file with the id in column `id`, and the lines by row.

    Raises UpdateFailed for what is neither a table nor a list.
    """
    start = body.lstrip()[:1]
    try:
        if start in (b"{", b"["):
            return _of_json(name, body)
        found = table.read_content(f"{name}.csv", body, wanted=[IDS])
    except UnreadableFile as error:
        raise UpdateFailed(error.detail) from error
    named = next(key for key in map(normal, IDS) if key in map(normal, found.columns))
    rows = [replace(row, cells=row.cells | {"id": row.cells[named]}) for row in found.rows]
    lines = {row.number: _first(row.cells, _LINES) for row in rows}
    return replace(found, rows=rows), {n: line for n, line in lines.items() if line}


def _of_json(name: str, body: bytes) -> tuple[Table, dict[int, Any]]:
    document = json_of(body)
    items = document.get("features") if isinstance(document, dict) else document
    if not isinstance(items, list):
        raise UpdateFailed("the answer has neither `features` nor a list")
    found, lines = Table(name, "utf-8", [], 0), {}
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            found.rejects.append(Reject(number, "", _NOT_AN_ITEM, [str(item)]))
            continue
        geometry = item.get("geometry")
        properties = item if geometry is None else item.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        cells = {normal(str(key)): _cell(value) for key, value in properties.items()}
        cells["id"] = _first(cells, IDS) or _cell(item.get("id"))
        shape = geometry if isinstance(geometry, dict) else {}
        if shape.get("type") == "LineString":
            lines[number] = shape.get("coordinates", "")
        elif shape.get("type") == "Point":
            point = shape.get("coordinates")
            if isinstance(point, list) and len(point) >= 2:
                cells |= {"longitude": _cell(point[0]), "latitude": _cell(point[1])}
        found.rows.append(Row(number, cells, [f"{k}={v}" for k, v in cells.items()]))
    return found, lines


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _first(cells: Mapping[str, str], names: Sequence[str]) -> str:
    return next((cells[key] for key in map(normal, names) if cells.get(key)), "")


def line_of(given: object) -> Line:
    """Return a line as GeoJSON coordinates, from coordinates or WKT. Raises Invalid."""
    if isinstance(given, str):
        match = _WKT.fullmatch(given)
        given = [pair.split() for pair in match[1].split(",")] if match else None
    if not isinstance(given, list) or not 2 <= len(given) <= 10_000:
        raise Invalid(_NOT_A_LINE, "geometry")
    line: Line = []
    for pair in given:
        if not isinstance(pair, list) or len(pair) < 2:
            raise Invalid(_NOT_A_LINE, "geometry")
        try:
            line.append(list(quality.place(str(pair[1]), str(pair[0]))))
        except Invalid as error:
            raise Invalid(error.reason, "geometry") from None
    return line


def items(kind: str, body: bytes, terms: Terms, known: frozenset[str] | None = None) -> Items:
    """Yield what a file holds. kind: a mapping that ships. known: ids of entities there may be."""
    rows, lines = read_table(kind, body)
    mapping = mappings.load(kind)
    numbers = {
        mapping.entity_id.replace("{id}", quote(quality.fold(row.cells["id"]), safe="")): row
        for row in reversed(rows.rows)
    }
    result = mappings.apply(mapping, rows, terms)
    yield from result.rejects
    for entity in result.entities:
        row = numbers[entity.id]
        if known is not None and entity.id not in known:
            yield Reject(row.number, "id", _UNKNOWN, row.original)
            continue
        if row.number in lines:
            try:
                line = line_of(lines[row.number])
            except Invalid as error:
                yield Reject(row.number, error.field, error.reason, row.original)
                continue
            geometry = {"type": "LineString", "coordinates": line}
            entity.attrs[LOCATION] = [{"type": "GeoProperty", "value": geometry}]
        yield entity


async def _open(kind: str, opening: Opening) -> Feed:
    known: set[str] = set()

    async def fetch() -> bytes:
        if kind == "shelter_status":
            known.clear()
            known.update(await _shelters(opening))
        answer = await opening.outgoing.get(opening.options["address"], seconds=30)
        return answer.content()

    def read(body: bytes) -> Items:
        limited = frozenset(known) if kind == "shelter_status" else None
        return items(kind, body, opening.terms, limited)

    return Feed(opening.declaration, fetch, read, f"{__name__}:again_{kind}")


async def _shelters(opening: Opening) -> list[str]:
    """Return the ids of the town's shelters."""
    async with opening.broker.pool.connection() as connection:
        values = {"tenant": opening.tenant, "type": SHELTER}
        rows = await (await connection.execute(_SQL["ids_of_type"], values)).fetchall()
    return [entity_id for (entity_id,) in rows]


async def _again(kind: str, broker: Broker) -> Callable[[bytes], Items]:
    terms = await broker.contexts.resolve(DEFAULT_TENANT, None)
    return lambda body: items(kind, body, terms)


open_shelters = partial(_open, "shelter_status")
open_underpasses = partial(_open, "underpass")
open_roads = partial(_open, "road_passage")
open_cameras = partial(_open, "camera")
again_shelter_status = partial(_again, "shelter_status")
again_underpass = partial(_again, "underpass")
again_road_passage = partial(_again, "road_passage")
again_camera = partial(_again, "camera")
