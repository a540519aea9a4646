"""Every list as CSV, JSON and GeoJSON: the same rows as the page, with source and licence.

CSV is UTF-8 with a byte order mark, so that a double click in Excel shows Japanese right; field
names are the same in both languages, labels follow the address. Times are RFC 3339 in Japan time.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.http import HttpResponse

from tamamo.kernel import cells
from tamamo.kernel.time import JST
from tamamo.web.portal.gauges import Gauge
from tamamo.web.portal.owner import Owner
from tamamo.web.portal.stations import Station
from tamamo.web.portal.words import kind_label, stage_label, state_label

Row = dict[str, Any]
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "geojson": "application/geo+json",
}


def moment_text(moment: datetime | None) -> str | None:
    """Return RFC 3339 in Japan Standard Time."""
    return None if moment is None else moment.astimezone(JST).isoformat(timespec="seconds")


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)


def fields(names: str) -> list[str]:
    """Return the columns of a file, written one after the other."""
    return names.split()


GAUGE_FIELDS = fields(
    "station_id name town river latitude longitude level_m observed_at stage stage_label state "
    "state_label change_1h_m observation_start_m danger_m flood_m simulated provider source "
    "license owner owner_code owner_label entity_id as_of"
)
STATION_FIELDS = fields(
    "name kind kind_label latitude longitude value unit observed_at state state_label simulated "
    "source owner owner_code owner_label entity_id as_of"
)
LEVEL_FIELDS = fields(
    "station_id name observed_at level_m simulated provider source license owner owner_code "
    "owner_label entity_id"
)


def _owner(owner: Owner | None) -> Row:
    """Return whose a row is where another town shares it: tenant, code, and in words."""
    if owner is None:
        return {"owner": "", "owner_code": "", "owner_label": ""}
    return {"owner": owner.tenant, "owner_code": owner.code, "owner_label": owner.label}


def gauge_row(gauge: Gauge, as_of: datetime) -> Row:
    """Return a gauge as an export row. level_m is empty when missing or in error."""
    stage = gauge.stage
    return {
        "station_id": gauge.station,
        "name": gauge.name,
        "town": gauge.town,
        "river": gauge.river,
        "latitude": gauge.latitude,
        "longitude": gauge.longitude,
        "level_m": gauge.shown_level,
        "observed_at": moment_text(gauge.observed_at),
        "stage": None if stage is None else int(stage),
        "stage_label": None if stage is None else stage_label(stage),
        "state": gauge.state.value,
        "state_label": state_label(gauge.state),
        "change_1h_m": _rounded(gauge.change),
        "observation_start_m": gauge.thresholds.start,
        "danger_m": gauge.thresholds.alert,
        "flood_m": gauge.thresholds.danger,
        "simulated": gauge.simulated,
        "provider": gauge.provider,
        "source": gauge.source,
        "license": gauge.license,
        **_owner(gauge.owner),
        "entity_id": gauge.id,
        "as_of": moment_text(as_of),
    }


def station_row(station: Station, as_of: datetime) -> Row:
    """Return a rain or tide station as an export row."""
    return {
        "name": station.name,
        "kind": station.kind.value,
        "kind_label": kind_label(station.kind),
        "latitude": station.latitude,
        "longitude": station.longitude,
        "value": station.shown_value,
        "unit": station.unit,
        "observed_at": moment_text(station.observed_at),
        "state": station.state.value,
        "state_label": state_label(station.state),
        "simulated": station.simulated,
        "source": station.source,
        **_owner(station.owner),
        "entity_id": station.id,
        "as_of": moment_text(as_of),
    }


def level_rows(gauge: Gauge, points: Iterable[tuple[datetime, float]]) -> list[Row]:
    """Return the readings of one gauge as export rows."""
    return [
        {
            "station_id": gauge.station,
            "name": gauge.name,
            "observed_at": moment_text(moment),
            "level_m": level,
            "simulated": gauge.simulated,
            "provider": gauge.provider,
            "source": gauge.source,
            "license": gauge.license,
            **_owner(gauge.owner),
            "entity_id": gauge.id,
        }
        for moment, level in points
    ]


def to_csv(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """Return the rows as CSV with a header line, also when there are no rows."""
    table = ([cells.cell(row[name]) for name in names] for row in rows)
    return cells.lines([names, *table]).encode("utf-8-sig")


def to_geojson(rows: Sequence[Row], about: Mapping[str, Any]) -> bytes:
    """Return the rows that have a place as a FeatureCollection; `about` are its own members."""
    features = [
        {
            "type": "Feature",
            "id": row["entity_id"],
            "geometry": {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]},
            "properties": {
                name: value for name, value in row.items() if name not in ("latitude", "longitude")
            },
        }
        for row in rows
        if row["longitude"] is not None
    ]
    return orjson.dumps({"type": "FeatureCollection", **about, "features": features})


def response(
    form: str, file_name: str, rows: Sequence[Row], names: Sequence[str], about: Mapping[str, Any]
) -> HttpResponse:
    """Answer rows in one of the three forms.

    names: the CSV's columns. about: what holds for the whole list (moment, filter, simulated).
    """
    if form == "csv":
        body = to_csv(rows, names)
    elif form == "geojson":
        body = to_geojson(rows, about)
    else:
        body = orjson.dumps({**about, "count": len(rows), "items": rows})
    answer = HttpResponse(body, content_type=CONTENT_TYPES[form])
    if form == "csv":
        answer["Content-Disposition"] = f'attachment; filename="{file_name}.csv"'
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Cache-Control"] = "no-cache"
    return answer
