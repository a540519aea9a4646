"""The river recording: one CSV line a published observation of a crisis-management gauge.

Source: 国土交通省「川の水位情報」(k.river.go.jp), as recorded hour by hour. Columns: hour_path,
generated_at, code, name, obs_time (RFC 3339 with zone), level_m, start_level (観測開始水位),
warn_level (危険水位; often empty), flood_level (氾濫開始水位), …, city (prefecture and town in
one), lat, lon. Levels are metres above the gauge's own zero.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from tamamo.context.model.entity import Entity, Instance
from tamamo.feeds import quality
from tamamo.feeds.quality import Invalid, Reason, UnreadableFile
from tamamo.feeds.rejects import Reject
from tamamo.kernel.time import now, to_text

PROVIDER = "国土交通省 川の水位情報"
SOURCE = "https://k.river.go.jp/"
COLUMNS = (
    "code", "name", "obs_time", "level_m", "start_level", "warn_level", "flood_level", "city",
    "lat", "lon",
)  # fmt: skip
#: No river of Japan rises this far above a gauge's zero; larger values are unit or typing errors.
HIGHEST_LEVEL = 1000.0


class Terms(Protocol):
    """What of a TermMap a reader needs: short names to IRIs."""

    def expand_term(self, term: str) -> str:
        """Return the IRI of an attribute name."""

    def expand_type(self, term: str) -> str:
        """Return the IRI of an entity type."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One observation of one gauge. Levels in metres; `level` None is a missing reading (欠測)."""

    row: int
    code: str
    name: str
    observed_at: datetime
    level: float | None
    start_level: float | None
    alert_level: float | None
    danger_level: float | None
    region: str
    locality: str
    longitude: float
    latitude: float

    @property
    def entity_id(self) -> str:
        """The gauge's identifier."""
        return f"urn:ngsi-ld:FloodMonitoring:{self.code}"


def read(path: Path) -> Iterator[Reading | Reject]:
    """Yield the readings of a recording in file order, and a Reject for each row that has none.

    A row whose level is missing yields both: the Reading without level, then the Reject that tells
    so. A reading later than its publication is refused as from the future; only where generated_at
    is missing does this machine's clock stand in for it. Raises UnreadableFile when the file is
    empty, has no rows, is no UTF-8 text or lacks a column.
    """
    rows = _rows(path)
    header = next(rows, None)
    if header is None:
        raise UnreadableFile(path.name, quality.FILE_EMPTY)
    names = header[1]
    for column in COLUMNS:
        if column not in names:
            ja, en = f"列「{column}」がありません", f"the column {column!r} is missing"
            raise UnreadableFile(path.name, Reason("no_column", ja, en), 1, column)
    empty = True
    for line, cells in rows:
        if not cells:
            continue
        empty = False
        if len(cells) != len(names):
            few = len(cells) < len(names)
            reason = quality.TOO_FEW_COLUMNS if few else quality.TOO_MANY_COLUMNS
            yield Reject(line, names[len(cells)] if few else "", reason, cells)
            continue
        if any("\0" in cell for cell in cells):
            yield Reject(line, "", quality.NUL, [cell.replace("\0", "�") for cell in cells])
            continue
        try:
            row = dict(zip(names, cells, strict=True))
            reading = reading_of(line, row, _published(row))
        except Invalid as error:
            yield Reject(line, error.field, error.reason, cells)
            continue
        yield reading
        if reading.level is None:
            yield Reject(line, "level_m", quality.MISSING, cells)
    if empty:
        raise UnreadableFile(path.name, quality.NO_ROWS)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1
    except UnicodeDecodeError:
        reason = Reason("not_utf8", "UTF-8の文字列ではありません", "the file is not UTF-8 text")
        raise UnreadableFile(path.name, reason) from None
    except csv.Error as error:
        reason = Reason("broken_csv", f"CSVとして読めません（{error}）", f"broken CSV: {error}")
        raise UnreadableFile(path.name, reason, line) from None
    except OSError as error:
        reason = Reason("not_readable", "ファイルを開けません", error.strerror or str(error))
        raise UnreadableFile(path.name, reason) from None


def _level(cells: Mapping[str, str], field: str) -> float | None:
    try:
        value = quality.number(cells[field])
    except Invalid as error:
        raise Invalid(error.reason, field) from None
    if value is not None and abs(value) > HIGHEST_LEVEL:
        ja, en = "水位が大きすぎます（1000 m 超）", "the level is beyond 1000 m"
        raise Invalid(Reason("out_of_range", ja, en), field)
    return value


def _published(cells: Mapping[str, str]) -> datetime:
    if quality.is_missing(cells.get("generated_at", "")):
        return now()
    return _moment(cells, "generated_at", None)


def _moment(cells: Mapping[str, str], field: str, latest: datetime | None) -> datetime:
    try:
        return quality.moment(cells[field], latest)
    except Invalid as error:
        raise Invalid(error.reason, field) from None


def reading_of(line: int, cells: Mapping[str, str], latest: datetime) -> Reading:
    """Return the reading of a row. latest: no reading is newer. Raises Invalid naming the field."""
    code = quality.fold(cells["code"])
    if not re.fullmatch(r"[0-9A-Za-z._-]+", code):
        ja, en = f"観測所コードが正しくありません：{code!r}", f"{code!r} is not a station code"
        raise Invalid(Reason("bad_code", ja, en), "code")
    observed_at = _moment(cells, "obs_time", latest)
    try:
        longitude, latitude = quality.place(cells["lat"], cells["lon"])
    except Invalid as error:
        raise Invalid(error.reason, {"latitude": "lat", "longitude": "lon"}[error.field]) from None
    prefecture = re.match(r"(東京都|北海道|(?:京都|大阪)府|.{2,3}県)(.*)", cells["city"].strip())
    region, locality = prefecture.groups() if prefecture else ("", cells["city"].strip())
    return Reading(
        line, code, cells["name"].strip(), observed_at,
        _level(cells, "level_m"), _level(cells, "start_level"), _level(cells, "warn_level"),
        _level(cells, "flood_level"), region, locality, longitude, latitude,
    )  # fmt: skip


def entity(reading: Reading, terms: Terms) -> Entity:
    """Return the gauge with this one reading (Smart Data Models, Environment: FloodMonitoring).

    A missing reading carries `currentLevelStatus` "missing" instead of a level.
    """
    attrs: dict[str, list[Instance]] = {}

    def put(name: str, value: object, **members: object) -> None:
        attrs[terms.expand_term(name)] = [{"type": "Property", "value": value, **members}]

    put("stationID", reading.code)
    put("name", reading.name)
    attrs[terms.expand_term("location")] = [
        {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [reading.longitude, reading.latitude]},
        }
    ]
    address = {"addressCountry": "JP"}
    address |= {"addressRegion": reading.region} if reading.region else {}
    address |= {"addressLocality": reading.locality} if reading.locality else {}
    put("address", address)
    put("dataProvider", PROVIDER)
    put("source", SOURCE)
    for name, level in (
        ("observationStartLevel", reading.start_level),
        ("alertLevel", reading.alert_level),
        ("dangerLevel", reading.danger_level),
    ):
        if level is not None:
            put(name, level, unitCode="MTR")
    if reading.level is None:
        put("currentLevelStatus", "missing", observedAt=to_text(reading.observed_at))
    else:
        put("currentLevel", reading.level, unitCode="MTR", observedAt=to_text(reading.observed_at))
    return Entity(reading.entity_id, [terms.expand_type("FloodMonitoring")], attrs)


def status_ok(reading: Reading, terms: Terms) -> Entity:
    """Return the gauge's word that readings came back after a missing one."""
    instance: Instance = {"type": "Property", "value": "ok"}
    instance["observedAt"] = to_text(reading.observed_at)
    attrs = {terms.expand_term("currentLevelStatus"): [instance]}
    return Entity(reading.entity_id, [terms.expand_type("FloodMonitoring")], attrs)
