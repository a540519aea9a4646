"""Rain at AMeDAS stations (地域気象観測システム): the agency's JSON, and a recording as CSV.

Sources, under `https://www.jma.go.jp/bosai/amedas/`: data/latest_time.txt; data/map/<moment>.json,
all stations at one moment, by number; data/point/<number>/<yyyymmdd_hh>.json, one station, three
hours, by moment in Japan time; const/amedastable.json, the stations. A value is [value, quality];
only quality 0 (正常) is used. Recording: `hour_jst, amdno, name, lat, lon, precipitation1h`.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tamamo.context.model.entity import Entity, Instance
from tamamo.feeds import quality
from tamamo.feeds.quality import Invalid, Reason, UnreadableFile
from tamamo.feeds.readers.body import object_of
from tamamo.feeds.readers.river import Terms
from tamamo.feeds.rejects import Reject
from tamamo.kernel.time import JST, to_text

PROVIDER: Final = "気象庁"
SOURCE: Final = "https://www.jma.go.jp/bosai/amedas/"
LICENCE: Final = "出典：気象庁「アメダス」（公共データ利用規約 第1.0版）"
COLUMNS: Final = ("hour_jst", "amdno", "name", "lat", "lon", "precipitation1h")
#: Most rain ever measured in Japan in an hour is 187 mm (長浦岳, 1982); beyond this is an error.
HIGHEST: Final = 300.0
_BAD_CODE: Final = Reason("bad_code", "観測所番号が正しくありません", "this is no station number")
_NO_STATION: Final = Reason(
    "unknown_station", "観測所の表にない番号です", "the table of stations has no such number"
)
_BEYOND: Final = Reason(
    "out_of_range", f"雨量が 0～{HIGHEST:g} mm にありません", f"rain is not 0 to {HIGHEST:g} mm"
)


@dataclass(frozen=True, slots=True)
class Station:
    """A station: number (観測所番号), names, degrees (WGS 84)."""

    number: str
    name: str
    english: str
    longitude: float
    latitude: float


@dataclass(frozen=True, slots=True)
class Rain:
    """Rain at one station. hour: mm in the hour before `at`; ten: in the ten minutes before."""

    station: Station
    at: datetime
    hour: float
    ten: float | None = None


def stations(body: bytes, wanted: tuple[str, ...] = ()) -> dict[str, Station]:
    """Return the stations of amedastable.json. wanted: beginnings of numbers, none: all.

    Raises UpdateFailed for a body that is no such table.
    """
    found = {}
    for number, said in object_of(body).items():
        if wanted and not number.startswith(wanted):
            continue
        try:
            latitude, longitude = _degrees(said["lat"]), _degrees(said["lon"])
            names = str(said["kjName"]), str(said.get("enName") or "")
        except (KeyError, TypeError, ValueError):
            continue  # A station that cannot be placed is told of when it reports.
        found[number] = Station(number, *names, longitude, latitude)
    return found


def snapshot(
    body: bytes, at: datetime, known: Mapping[str, Station], wanted: tuple[str, ...] = ()
) -> Iterator[Rain | Reject]:
    """Yield the rain of a map file, which holds all stations at one moment.

    Raises UpdateFailed for a body that is no such file.
    """
    for row, (number, said) in enumerate(object_of(body).items(), 1):
        if wanted and not number.startswith(wanted):
            continue
        if number not in known:
            yield Reject(row, "amdno", _NO_STATION, [number])
            continue
        yield from _rain(row, known[number], at, said)


def point(body: bytes, station: Station) -> Iterator[Rain | Reject]:
    """Yield the rain of a point file: one station, by moment. Raises UpdateFailed."""
    for row, (stamp, said) in enumerate(sorted(object_of(body).items()), 1):
        try:
            at = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=JST)
        except ValueError:
            yield Reject(row, "time", quality.not_a_time(stamp), [stamp])
            continue
        yield from _rain(row, station, at, said)


def _rain(row: int, station: Station, at: datetime, said: Any) -> Iterator[Rain | Reject]:
    """Yield what a station says; nothing where it measures no rain."""
    values = said if isinstance(said, dict) else {}
    if "precipitation1h" not in values:
        return
    cells = [station.number, str(values["precipitation1h"])]
    hour, ten = _good(values["precipitation1h"]), _good(values.get("precipitation10m"))
    if hour is None:
        yield Reject(row, "precipitation1h", quality.MISSING, cells)
    elif not 0 <= hour <= HIGHEST:
        yield Reject(row, "precipitation1h", _BEYOND, cells)
    else:
        yield Rain(station, at, hour, ten if ten is not None and 0 <= ten <= HIGHEST else None)


def _good(pair: Any) -> float | None:
    """Return a value whose quality is normal, else None."""
    match pair:
        case [int() | float() as value, 0] if not isinstance(value, bool):
            return float(value)
        case _:
            return None


def _degrees(pair: Any) -> float:
    degrees, minutes = pair
    return float(degrees) + float(minutes) / 60


def recording(path: Path) -> Iterator[Rain | Reject]:
    """Yield the rows of a recording. Raises UnreadableFile."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            lacking = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if lacking:
                names = ", ".join(lacking)
                raise UnreadableFile(
                    path.name,
                    Reason("missing_column", f"列がありません：{names}", f"no column {names}"),
                    1,
                )
            for row in rows:
                yield _recorded(rows.line_num, row)
    except UnicodeDecodeError as error:
        reason = Reason("not_utf8", "UTF-8ではありません", "this is not UTF-8")
        raise UnreadableFile(path.name, reason) from error
    except OSError as error:
        reason = Reason("not_readable", "ファイルを開けません", error.strerror or str(error))
        raise UnreadableFile(path.name, reason) from None


def _recorded(line: int, row: dict[str, str | None]) -> Rain | Reject:
    cells = {name: row.get(name) or "" for name in COLUMNS}
    number = quality.fold(cells["amdno"])
    try:
        if not (number.isdecimal() and len(number) == 5):
            raise Invalid(_BAD_CODE, "amdno")
        at = quality.moment(cells["hour_jst"])
        longitude, latitude = quality.place(cells["lat"], cells["lon"])
        hour = quality.number(cells["precipitation1h"])
        if hour is None:
            raise Invalid(quality.MISSING, "precipitation1h")
        if not 0 <= hour <= HIGHEST:
            raise Invalid(_BEYOND, "precipitation1h")
    except Invalid as error:
        return Reject(line, error.field, error.reason, list(cells.values()))
    return Rain(Station(number, cells["name"].strip(), "", longitude, latitude), at, hour)


def entity(rain: Rain, terms: Terms, interval: int = 10) -> Entity:
    """Return the station with its rain (Smart Data Models, Weather: WeatherObserved).

    `precipitation`: mm in the last hour (H67, mm/h); `precipitation10m`: mm in the last ten
    minutes. interval: minutes between two reports.
    """
    station, at = rain.station, to_text(rain.at)
    point = {"type": "Point", "coordinates": [station.longitude, station.latitude]}
    attrs: dict[str, Instance] = {
        "stationID": {"type": "Property", "value": station.number},
        "name": {"type": "Property", "value": station.name},
        "location": {"type": "GeoProperty", "value": point},
        "dataProvider": {"type": "Property", "value": PROVIDER},
        "source": {"type": "Property", "value": SOURCE},
        "license": {"type": "Property", "value": LICENCE},
        "reportInterval": {"type": "Property", "value": interval, "unitCode": "MIN"},
        "precipitation": _measured(rain.hour, "H67", at),
    }
    if station.english:
        attrs["alternateName"] = {"type": "Property", "value": station.english}
    if rain.ten is not None:
        attrs["precipitation10m"] = _measured(rain.ten, "MMT", at)
    return Entity(
        f"urn:ngsi-ld:WeatherObserved:amedas-{station.number}",
        [terms.expand_type("WeatherObserved")],
        {terms.expand_term(name): [instance] for name, instance in attrs.items()},
    )


def _measured(value: float, unit: str, at: str) -> Instance:
    return {"type": "Property", "value": value, "unitCode": unit, "observedAt": at}
