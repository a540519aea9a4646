from datetime import timedelta
from typing import Any

import pytest

from tamamo.feeds.mqtt.configuration import Mapping
from tamamo.feeds.mqtt.topics import Pattern
from tamamo.feeds.mqtt.translate import Moment, Route, Translated, timeless, translate
from tamamo.feeds.readers.river import Terms
from tamamo.feeds.units import Stay
from tamamo.kernel.time import to_text
from tests.feeds.mqtt.conftest import LEVEL, NOW, TEXT, connection

HOUR = timedelta(hours=1)


def route(number: int = 0, terms: Terms | None = None, text: str = TEXT) -> Route:
    made = connection(text)
    mapping = made.mappings[number]
    assert terms is not None
    return Route(mapping, Pattern(mapping.topic), terms, made.declaration_of(mapping))


def taken(
    terms: Terms, group: dict[str, Any], *, more: str = "", own: bool = True, **how: Any
) -> Translated:
    """Translate one group by the mapping of levels; more: lines of TOML for it."""
    text = TEXT.replace('provider = "河川課"', f'provider = "河川課"\n{more}')
    found = {"device": "pump-7", "key": "k"}
    return translate(route(0, terms, text), found, [group], Moment(NOW, NOW, own=own), **how)


def only(result: Translated) -> Any:
    (entity,) = result.entities
    (instance,) = entity.attrs[LEVEL]
    return instance


def test_a_reading_becomes_an_entity(terms: Terms) -> None:
    result = taken(terms, {"level": 173, "battery": 87, "TimeInstant": "2026-06-26T08:50:00+09:00"})
    instance = only(result)
    assert instance == {
        "type": "Property",
        "value": 1.73,
        "unitCode": "MTR",
        "observedAt": "2026-06-25T23:50:00Z",
    }
    entity = result.entities[0]
    assert entity.id == "urn:ngsi-ld:FloodMonitoring:pump-7"
    assert entity.types == [terms.expand_type("FloodMonitoring")]
    assert entity.attrs[terms.expand_term("name")][0]["value"] == "七号ポンプ場"
    assert entity.attrs[terms.expand_term("location")][0]["value"]["coordinates"] == [134.05, 34.34]
    assert entity.attrs[terms.expand_term("dataProvider")][0]["value"] == "河川課"
    assert result.device["batteryLevel"]["value"] == 0.87
    assert result.newest == NOW - timedelta(minutes=10)


def test_what_is_known_of_a_station_is_not_said_each_time(terms: Terms) -> None:
    assert list(taken(terms, {"level": 1}, described=False).entities[0].attrs) == [LEVEL]


def test_without_a_time_the_arrival_counts(terms: Terms) -> None:
    assert only(taken(terms, {"level": 1}))["observedAt"] == to_text(NOW)
    mapping = connection().mappings[0]
    assert timeless(mapping, [{"level": 1}])
    assert not timeless(mapping, [{"TimeInstant": "x"}])


@pytest.mark.parametrize(
    ("more", "time", "code"),
    [
        ("", "2026-06-27T09:00:00+09:00", "in_future"),  # a clock a day ahead
        ("", "2026-06-26T09:00:00", "no_zone"),
        ("", "2000-01-01T00:00:00+09:00", "too_old"),
        ("", "1899-12-30T00:00:00Z", "too_early"),
        ("", "yesterday", "not_a_time"),
        ("", 1782432000, "not_a_time"),
        ("", {"at": 1}, "not_a_time"),
        ('time_format = "unix"', "soon", "not_a_number"),
        ('time_format = "unix"', 1e300, "not_a_time"),
        ('time_format = "unix"', True, "not_a_time"),
        ('time_format = "unix"', 0, "too_old"),
        ('zone = "Asia/Tokyo"', "26.6.2026", "not_a_time"),
        ("time_required = true", None, "required"),
    ],
)
def test_a_time_that_cannot_be_right(terms: Terms, more: str, time: Any, code: str) -> None:
    result = taken(terms, {"level": 1, "TimeInstant": time}, more=more)
    assert [(one.field, one.reason.code) for one in result.rejects] == [("TimeInstant", code)]
    assert not result.entities


@pytest.mark.parametrize(
    ("more", "time"),
    [
        ('time_format = "unix"', 1782429000),
        ('time_format = "unix"', "1782429000"),
        ('time_format = "unix_ms"', 1782429000000),
        ('zone = "Asia/Tokyo"', "2026-06-26T08:10:00"),
        ('zone = "Asia/Tokyo"', "2026-06-25T23:10:00Z"),
        ("", "2026-06-26T08:10:00+09:00"),
    ],
)
def test_times_of_all_forms(terms: Terms, more: str, time: Any) -> None:
    result = taken(terms, {"level": 1, "TimeInstant": time}, more=more)
    assert only(result)["observedAt"] == "2026-06-25T23:10:00Z"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("NaN", "not_finite"),
        ("1e999", "not_finite"),
        (float("inf"), "not_finite"),
        (True, "not_a_number"),
        ("high", "not_a_number"),
        ("1\x002", "nul"),
        ([1], "no_value"),
        ({"v": 1}, "no_value"),
        (5000, "out_of_range"),
        (-5000, "out_of_range"),
    ],
)
def test_a_value_that_cannot_be_used_harms_no_other(terms: Terms, value: Any, code: str) -> None:
    result = taken(terms, {"level": value, "battery": 50})
    assert [(one.field, one.reason.code) for one in result.rejects] == [("level", code)]
    assert result.device["batteryLevel"]["value"] == 0.5
    assert not result.entities


@pytest.mark.parametrize("value", [None, "", "欠測", "---"])
def test_a_missing_value_is_no_zero(terms: Terms, value: Any) -> None:
    result = taken(terms, {"level": value, "battery": 50})
    assert not result.entities
    assert not result.rejects


def test_a_message_with_nothing_that_is_mapped(terms: Terms) -> None:
    result = taken(terms, {"Level": 1})
    assert [one.reason.code for one in result.rejects] == ["nothing_mapped"]


def test_a_retained_message_without_a_time_is_of_nobody_knows_when(terms: Terms) -> None:
    result = taken(terms, {"level": 1}, own=False)
    assert [one.reason.code for one in result.rejects] == ["retained_without_time"]


STAYS = (
    Stay("u1", "urn:ngsi-ld:FloodMonitoring:a", NOW - 9 * HOUR, NOW - 5 * HOUR),
    Stay("u1", "urn:ngsi-ld:FloodMonitoring:b", NOW - 3 * HOUR, None),
)


@pytest.mark.parametrize(
    ("hours", "place"),
    [(9, "a"), (6, "a"), (5, None), (4, None), (3, "b"), (0, "b"), (10, None)],
)
def test_a_reading_belongs_to_where_the_unit_stood(
    terms: Terms, hours: int, place: str | None
) -> None:
    group = {"currentLevel": 1.2, "TimeInstant": to_text(NOW - hours * HOUR)}
    result = translate(route(2, terms), {"device": "u1"}, [group], Moment(NOW, NOW), stays=STAYS)
    if place is None:
        assert [one.reason.code for one in result.rejects] == ["no_place"]
    else:
        assert result.entities[0].id == f"urn:ngsi-ld:FloodMonitoring:{place}"


@pytest.mark.parametrize(
    ("attribute", "value", "stored"),
    [
        ('convert = "integer"', "12", 12),
        ('convert = "integer"', 12.0, 12),
        ('convert = "text"', 12, "12"),
        ('convert = "boolean"', "ON", True),
        ('convert = "boolean"', 0, False),
        ('values = { "1" = "open", "0" = "closed" }', 1, "open"),
        ("factor = 0.1", 3, 0.3),
        ("offset = -100", 250, 150.0),
    ],
)
def test_conversions(terms: Terms, attribute: str, value: Any, stored: Any) -> None:
    text = TEXT.partition("[[mapping.attribute]]")[0]
    text += f'[[mapping.attribute]]\nname = "currentLevel"\n{attribute}\n'
    found = {"device": "d", "key": "k"}
    made = route(0, terms, text)
    result = translate(made, found, [{"currentLevel": value}], Moment(NOW, NOW))
    assert only(result)["value"] == stored
    assert type(only(result)["value"]) is type(stored)


@pytest.mark.parametrize(
    ("attribute", "code"),
    [
        ('convert = "integer"', "not_a_number"),
        ('convert = "boolean"', "not_a_boolean"),
        ('values = { "1" = "open" }', "unknown_value"),
    ],
)
def test_conversions_that_fail(terms: Terms, attribute: str, code: str) -> None:
    text = TEXT.partition("[[mapping.attribute]]")[0]
    text += f'[[mapping.attribute]]\nname = "currentLevel"\n{attribute}\n'
    made = route(0, terms, text)
    result = translate(
        made, {"device": "d", "key": "k"}, [{"currentLevel": 12.5}], Moment(NOW, NOW)
    )
    assert [one.reason.code for one in result.rejects] == [code]


def test_ids_hold_no_strange_letters(terms: Terms) -> None:
    result = translate(
        route(0, terms), {"device": "七 号/x", "key": "k"}, [{"level": 1}], Moment(NOW, NOW)
    )
    assert result.entities[0].id.endswith(":%E4%B8%83%20%E5%8F%B7%2Fx")


def test_what_moves_says_where_it_is(terms: Terms) -> None:
    more = '[mapping.location]\nlatitude = "lat"\nlongitude = "lon"\n[[mapping.attribute]]'
    text = TEXT.replace("[[mapping.attribute]]", more, 1)
    made, found = route(0, terms, text), {"device": "bus", "key": "k"}
    result = translate(made, found, [{"level": 1, "lat": 34.3, "lon": "134.0"}], Moment(NOW, NOW))
    assert result.entities[0].attrs[terms.expand_term("location")][0] == {
        "type": "GeoProperty",
        "value": {"type": "Point", "coordinates": [134.0, 34.3]},
        "observedAt": to_text(NOW),
    }
    result = translate(made, found, [{"level": 1, "lat": 0, "lon": 0}], Moment(NOW, NOW))
    assert [(one.field, one.reason.code) for one in result.rejects] == [("lon", "outside_japan")]


def test_the_mapping_is_what_it_says() -> None:
    mapping: Mapping = connection().mappings[2]
    assert mapping.follows_place
