"""What a message becomes: entities and rejects. Pure."""

import math
from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from tamamo.context.model.entity import Entity, Instance
from tamamo.feeds import quality
from tamamo.feeds.mqtt.configuration import PLACE, Attribute, Mapping
from tamamo.feeds.mqtt.payloads import Group, member
from tamamo.feeds.mqtt.topics import Pattern
from tamamo.feeds.quality import Invalid, Reason
from tamamo.feeds.readers.river import Terms
from tamamo.feeds.rejects import Reject
from tamamo.feeds.status import Declaration
from tamamo.feeds.units import Stay, place_at
from tamamo.kernel.time import to_text

#: Decimals that are kept of a number that was multiplied: 3 · 0.1 is 0.3.
_DECIMALS: Final = 9

TOO_OLD: Final = Reason(
    "too_old", "古すぎる時刻です（時計の狂い）", "the time is too long ago: is its clock right?"
)
RETAINED: Final = Reason(
    "retained_without_time",
    "保持（retain）された電文に時刻がなく、いつの値か分かりません",
    "a retained message without its own time: nobody knows when it was measured",
)
NOTHING: Final = Reason(
    "nothing_mapped",
    "対応づけられた値が一つもありません",
    "the message has none of the values that are mapped",
)
NO_PLACE: Final = Reason(
    "no_place",
    "そのときの設置場所が登録されていません",
    "no place is registered for the unit at that time",
)


@dataclass(frozen=True, slots=True)
class Route:
    """A mapping made ready: its topic, its names, its feed."""

    mapping: Mapping
    pattern: Pattern
    terms: Terms
    feed: Declaration


@dataclass(frozen=True, slots=True)
class Moment:
    """When a message came. own: whether its arrival may stand for the time of observation."""

    at: datetime
    now: datetime
    own: bool = True


@dataclass(slots=True)
class Translated:
    """What came of a message. newest: its last observation. device: attributes of the device."""

    entities: list[Entity] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    newest: datetime | None = None
    subject: str = ""
    device: dict[str, Instance] = field(default_factory=dict)


def timeless(mapping: Mapping, groups: Sequence[Group]) -> bool:
    """Whether a group has no time of its own."""
    return any(_is_missing(member(group, mapping.time)) for group in groups)


def translate(
    route: Route,
    found: Map[str, str],
    groups: Sequence[Group],
    moment: Moment,
    *,
    described: bool = True,
    stays: Sequence[Stay] = (),
) -> Translated:
    """Return what the groups of a message become.

    found: the topic's levels by name. described: with what is known of the station. stays: where
    the unit stood, for a mapping that follows its place. A value that cannot be used is rejected
    by itself; without a time, a place or a required value the whole group is.
    """
    result = Translated()
    for number, group in enumerate(groups, start=1):
        try:
            at = _time(route.mapping, group, moment)
            subject = _subject(route.mapping, found, at, stays)
            entity, device, refused = _entity(route, subject, group, at)
        except Invalid as error:
            result.rejects.append(Reject(number, error.field, error.reason, _cells(group)))
            continue
        result.rejects += [
            Reject(number, error.field, error.reason, _cells(group)) for error in refused
        ]
        if not entity.attrs and not device:
            continue
        if described and entity.attrs:
            _describe(route, found["device"], entity)
            described = False
        if entity.attrs:
            result.entities.append(entity)
        if result.newest is None or at >= result.newest:
            result.newest, result.subject = at, subject
            result.device |= device
    return result


def _entity(
    route: Route, subject: str, group: Group, at: datetime
) -> tuple[Entity, dict[str, Instance], list[Invalid]]:
    """Return the thing measured, attributes of the device, and what could not be used."""
    mapping, terms = route.mapping, route.terms
    observed_at = to_text(at)
    entity = Entity(subject, [terms.expand_type(mapping.type)])
    device: dict[str, Instance] = {}
    refused: list[Invalid] = []
    for attribute in mapping.attributes:
        try:
            instance = _instance(attribute, group, observed_at)
        except Invalid as error:
            if attribute.required:
                raise Invalid(error.reason, attribute.source) from None
            refused.append(Invalid(error.reason, attribute.source))
            continue
        if instance is None:
            continue
        if attribute.of == "device":
            device[attribute.name] = instance
        else:
            entity.attrs[terms.expand_term(attribute.name)] = [instance]
    if mapping.location is not None:
        instance = _location(mapping, group, observed_at)
        entity.attrs[terms.expand_term("location")] = [instance]
    if not entity.attrs and not device and not refused:
        raise Invalid(NOTHING)
    return entity, device, refused


def _time(mapping: Mapping, group: Group, moment: Moment) -> datetime:
    raw = member(group, mapping.time)
    if _is_missing(raw):
        if mapping.time_required:
            raise Invalid(quality.REQUIRED, mapping.time)
        if not moment.own:
            raise Invalid(RETAINED, mapping.time)
        return moment.at
    try:
        at = _moment(mapping, raw, moment.now)
    except Invalid as error:
        raise Invalid(error.reason, mapping.time) from None
    if at < moment.now - timedelta(days=mapping.oldest_days):
        raise Invalid(TOO_OLD, mapping.time)
    return at


def _moment(mapping: Mapping, raw: Any, now: datetime) -> datetime:
    if mapping.time_format != "rfc3339":
        number = quality.number(raw) if isinstance(raw, str) else raw
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise Invalid(quality.not_a_time(str(raw)[:60]))
        try:
            at = datetime.fromtimestamp(
                number / (1000 if mapping.time_format == "unix_ms" else 1), UTC
            )
        except (OverflowError, OSError, ValueError):
            raise Invalid(quality.not_a_time(str(raw)[:60])) from None
        return quality.moment(at.isoformat(), now)
    text = str(raw)[:60]
    if mapping.zone:
        try:
            local = datetime.fromisoformat(text.strip())
        except ValueError:
            raise Invalid(quality.not_a_time(text)) from None
        if local.tzinfo is None:
            text = local.replace(tzinfo=ZoneInfo(mapping.zone)).isoformat()
    return quality.moment(text, now)


def _subject(mapping: Mapping, found: Map[str, str], at: datetime, stays: Sequence[Stay]) -> str:
    if mapping.follows_place:
        place = place_at(stays, at)
        if place is None:
            raise Invalid(NO_PLACE, PLACE)
        return place
    subject = mapping.entity
    for name, level in found.items():
        subject = subject.replace(f"{{{name}}}", quote(level, safe=""))
    return subject


def _instance(attribute: Attribute, group: Group, observed_at: str) -> Instance | None:
    value = attribute.constant
    if value is None:
        value = _value(attribute, member(group, attribute.source))
        if value is None:
            if attribute.required:
                raise Invalid(quality.REQUIRED)
            return None
    instance: Instance = {"type": attribute.kind}
    if attribute.kind == "Relationship":
        instance["object"] = attribute.target.replace("{}", quote(str(value), safe=":/-._~"))
    else:
        instance["value"] = value
    if attribute.unit:
        instance["unitCode"] = attribute.unit
    if attribute.constant is None:
        instance["observedAt"] = observed_at
    return instance


def _value(attribute: Attribute, raw: Any) -> Any:
    """Return the value, None where it is missing. Raises Invalid."""
    if _is_missing(raw):
        return None
    if isinstance(raw, str) and "\0" in raw:
        raise Invalid(quality.NUL)
    if attribute.values:
        text = _plain(raw)
        if text not in attribute.values:
            known = "・".join(attribute.values)
            raise Invalid(
                Reason(
                    "unknown_value",
                    f"{text[:60]!r} は {known} のどれでもありません",
                    f"{text[:60]!r} is none of {known}",
                )
            )
        return attribute.values[text]
    if isinstance(raw, dict | list):
        raise Invalid(Reason("no_value", "一つの値ではありません", "it is not one value"))
    if attribute.convert == "text":
        return _plain(raw)
    if attribute.convert == "boolean":
        return _boolean(raw)
    return _number(attribute, raw)


def _number(attribute: Attribute, raw: Any) -> float | int | None:
    number = quality.number(raw) if isinstance(raw, str) else raw
    if number is None:
        return None
    if isinstance(number, bool):
        raise Invalid(quality.not_a_number(_plain(raw)))
    if not math.isfinite(number):
        raise Invalid(quality.NOT_FINITE)
    if attribute.factor != 1.0 or attribute.offset:
        number = round(number * attribute.factor + attribute.offset, _DECIMALS)
    lowest, highest = attribute.minimum, attribute.maximum
    if (lowest is not None and number < lowest) or (highest is not None and number > highest):
        ja = f"{number} は {_bound(lowest)}〜{_bound(highest)} の範囲の外です"
        en = f"{number} is outside {_bound(lowest)} to {_bound(highest)}"
        raise Invalid(Reason("out_of_range", ja, en))
    if attribute.convert == "integer":
        if number != int(number):
            raise Invalid(quality.not_a_number(_plain(raw)))
        return int(number)
    return int(number) if isinstance(raw, str) and number == int(number) else number


def _boolean(raw: Any) -> bool:
    text = _plain(raw).casefold()
    if text in ("true", "1", "on", "yes"):
        return True
    if text in ("false", "0", "off", "no"):
        return False
    raise Invalid(
        Reason("not_a_boolean", f"{text[:60]!r} は真偽値ではありません", "it is neither yes nor no")
    )


def _location(mapping: Mapping, group: Group, observed_at: str) -> Instance:
    assert mapping.location is not None
    where = mapping.location
    try:
        point = quality.place(
            _plain(member(group, where.latitude)), _plain(member(group, where.longitude))
        )
    except Invalid as error:
        name = where.latitude if error.field == "latitude" else where.longitude
        raise Invalid(error.reason, name) from None
    geometry = {"type": "Point", "coordinates": list(point)}
    return {"type": "GeoProperty", "value": geometry, "observedAt": observed_at}


def _describe(route: Route, device: str, entity: Entity) -> None:
    """Add what is always so: who publishes it, the station's name and place."""
    mapping, terms = route.mapping, route.terms
    texts: dict[str, Any] = {
        "dataProvider": mapping.provider,
        "source": mapping.source,
        "license": mapping.licence,
    }
    station = mapping.stations.get(device)
    if station is not None:
        texts |= station.attributes
        if station.latitude is not None and station.longitude is not None:
            point = {"type": "Point", "coordinates": [station.longitude, station.latitude]}
            name = terms.expand_term("location")
            entity.attrs.setdefault(name, [{"type": "GeoProperty", "value": point}])
    if mapping.interval is not None:
        texts["reportInterval"] = mapping.interval
    for name, value in texts.items():
        if value not in ("", None):
            instance: Instance = {"type": "Property", "value": value}
            if name == "reportInterval":
                instance["unitCode"] = "MIN"
            entity.attrs.setdefault(terms.expand_term(name), [instance])


def _is_missing(raw: Any) -> bool:
    return raw is None or (isinstance(raw, str) and quality.is_missing(raw))


def _plain(raw: Any) -> str:
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return raw if isinstance(raw, str) else str(raw)


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _cells(group: Group) -> list[str]:
    return [f"{name}={_plain(value)[:200]}" for name, value in list(group.items())[:50]]
