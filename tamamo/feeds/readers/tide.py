"""The sea's level at tide gauges: observed, and apart from it the tide as predicted (推算潮位).

Sources, under `https://www.jma.go.jp/bosai/tidelevel/`: const/tide_area.json, gauges by place;
data/tide/tide_obs_<yyyymmdd>_<gauge>.json, a day of observations, cm above T.P., from 0:00 Japan
time, one each `interval` seconds, null: missing; const/tide_astro/tide_astro_<yyyy>_<gauge>.json,
hourly predictions, cm above T.P., by `mmdd`. And 潮位表 as text (suisan/txt/<yyyy>/<XX>.txt, 潮汐
観測資料 likewise): 24 × 3 columns of cm above 潮位表基準面, then yy mm dd and the gauge.

T.P. (東京湾平均海面) is the zero of Japan's heights. Levels above another zero are only used where
its height above T.P. is told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from tamamo.context.model.entity import Entity, Instance
from tamamo.feeds import quality
from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.quality import Reason
from tamamo.feeds.readers.body import object_of
from tamamo.feeds.readers.river import Terms
from tamamo.feeds.rejects import Reject
from tamamo.kernel.time import JST, from_text, to_text

PROVIDER: Final = "気象庁"
SOURCE: Final = "https://www.jma.go.jp/bosai/tidelevel/"
LICENCE: Final = "出典：気象庁「潮位観測情報」（公共データ利用規約 第1.0版）"
DATUM: Final = "T.P."
#: Beyond this a level is an error, m above T.P.
HIGHEST: Final = 20.0
_HOURS: Final = 24
_NONE: Final = frozenset({"", "999"})
_BEYOND: Final = Reason(
    "out_of_range", f"潮位が ±{HIGHEST:g} m を超えます", f"the level is beyond {HIGHEST:g} m"
)
_SHORT_LINE: Final = Reason(
    "short_line", "1日分（24時間と日付）がありません", "the line is no day of 24 hours and a date"
)


@dataclass(frozen=True, slots=True)
class Gauge:
    """A tide gauge: its code and name, degrees (WGS 84), the municipality it is listed under."""

    code: str
    name: str
    longitude: float
    latitude: float
    area: str


@dataclass(frozen=True, slots=True)
class Level:
    """The sea's level at a moment, m above T.P.; surge: of it what the tide does not explain."""

    at: datetime
    level: float
    surge: float | None = None


def gauges(body: bytes) -> list[Gauge]:
    """Return the gauges of tide_area.json. Raises UpdateFailed for a body that is none."""
    found: dict[str, Gauge] = {}
    for area, said in object_of(body).items():
        parts = said.get("class30s", []) if isinstance(said, dict) else []
        for one in (s for part in parts for s in part.get("stations") or []):
            try:
                gauge = Gauge(
                    str(one["code"]), str(one["name"]), float(one["lon"]), float(one["lat"]), area
                )
            except (KeyError, TypeError, ValueError):
                continue
            found.setdefault(gauge.code, gauge)
    return list(found.values())


def observed(body: bytes, step: timedelta, since: datetime) -> Iterator[Level | Reject]:
    """Yield a day's observations, one each `step` and the newest, from `since` on.

    A missing one is passed over. Raises UpdateFailed for a body that is no such file.
    """
    document = object_of(body)
    try:
        start, seconds = from_text(str(document["time"])), float(document["interval"])
        values, departures = list(document["tide"]), document.get("departure") or []
    except (KeyError, TypeError, ValueError) as error:
        raise UpdateFailed(f"this is no day of tides: {error}") from None
    if not seconds > 0:
        raise UpdateFailed("the interval of the tides is not positive")
    if not isinstance(departures, list):
        departures = []
    last = max((n for n, value in enumerate(values) if value is not None), default=-1)
    every = max(1, round(step.total_seconds() / seconds))
    for place, value in enumerate(values[: last + 1]):
        at = start + timedelta(seconds=place * seconds)
        if value is None or at < since or (place % every and place != last):
            continue
        metres = _metres(value)
        if metres is None:
            reason = _BEYOND if isinstance(value, int | float) else quality.not_a_number(str(value))
            yield Reject(place + 1, "tide", reason, [to_text(at), str(value)])
            continue
        surge = departures[place] if place < len(departures) else None
        yield Level(at, metres, None if surge is None else _metres(surge))


def predicted(body: bytes, start: datetime, hours: int) -> list[Level]:
    """Return the hourly predictions within `hours` from the hour of `start` on.

    The file is of one year; what is beyond it is left out. Raises UpdateFailed.
    """
    document = object_of(body)
    try:
        year = from_text(str(document["time"])).astimezone(JST).year
        days: Mapping[str, Any] = document["tide"]
        return list(_within(year, days, start.astimezone(JST), hours))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UpdateFailed(f"these are no predicted tides: {error}") from None


def _within(year: int, days: Mapping[str, Any], start: datetime, hours: int) -> Iterator[Level]:
    first = start.replace(minute=0, second=0, microsecond=0)
    for step in range(hours):
        at = first + timedelta(hours=step)
        day = days.get(f"{at:%m%d}") if at.year == year else None
        if day is not None and at.hour < len(day) and (m := _metres(day[at.hour])) is not None:
            yield Level(at, m)


def table(body: bytes, gauge: str, zero: float) -> Iterator[Level | Reject]:
    """Yield the hourly levels of a 潮位表 or 潮汐観測資料 text.

    gauge: the two letters of the place, such as TA for 高松; others are passed over. zero: height
    of 潮位表基準面 above T.P. in metres (negative: below), as JMA's page of the place tells.
    """
    for row, line in enumerate(body.decode("ascii", "replace").splitlines(), 1):
        if not line.strip() or line[78:80].strip() not in ("", gauge):
            continue
        try:
            year, month, day = (int(line[n : n + 2]) for n in (72, 74, 76))
            midnight = datetime.combine(date(2000 + year, month, day), time(), tzinfo=JST)
        except ValueError:
            yield Reject(row, "date", _SHORT_LINE, [line[:100]])
            continue
        for hour in range(_HOURS):
            cell = line[3 * hour : 3 * hour + 3].strip()
            at = midnight + timedelta(hours=hour)
            if cell in _NONE:
                continue
            try:
                yield Level(at, round(int(cell) / 100 + zero, 3))
            except ValueError:
                yield Reject(row, f"{hour:02}:00", quality.not_a_number(cell), [cell])


def _metres(value: Any) -> float | None:
    if not isinstance(value, int | float):
        return None
    metres = round(float(value) / 100, 3)
    return metres if abs(metres) <= HIGHEST else None


def entities(
    gauge: Gauge, levels: list[Level], forecast: list[Level], terms: Terms
) -> Iterator[Entity]:
    """Yield the gauge with each observation (Smart Data Models, Weather: SeaConditions).

    `waterLevel`: observed, m above `datum`; `surge`: of it what the tide does not explain.
    `predictedTide`: what is expected, a list of {dateTime, level}, and never among observations.
    """
    described: dict[str, Instance] = {
        "stationID": {"type": "Property", "value": gauge.code},
        "name": {"type": "Property", "value": gauge.name},
        "location": {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [gauge.longitude, gauge.latitude]},
        },
        "datum": {"type": "Property", "value": DATUM},
        "dataProvider": {"type": "Property", "value": PROVIDER},
        "source": {"type": "Property", "value": SOURCE},
        "license": {"type": "Property", "value": LICENCE},
        "reportInterval": {"type": "Property", "value": 5, "unitCode": "MIN"},
    }
    if forecast:
        said = [{"dateTime": to_text(one.at), "level": one.level} for one in forecast]
        described["predictedTide"] = {"type": "Property", "value": said, "unitCode": "MTR"}
    yield _entity(gauge, described, terms)
    for one in levels:
        at = to_text(one.at)
        attrs: dict[str, Instance] = {"waterLevel": _measured(one.level, at)}
        if one.surge is not None:
            attrs["surge"] = _measured(one.surge, at)
        yield _entity(gauge, attrs, terms)


def _measured(metres: float, at: str) -> Instance:
    return {"type": "Property", "value": metres, "unitCode": "MTR", "observedAt": at}


def _entity(gauge: Gauge, attrs: Mapping[str, Instance], terms: Terms) -> Entity:
    return Entity(
        f"urn:ngsi-ld:SeaConditions:jma-{gauge.code}",
        [terms.expand_type("SeaConditions")],
        {terms.expand_term(name): [instance] for name, instance in attrs.items()},
    )
