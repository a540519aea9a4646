from datetime import timedelta

import pytest

from tamamo.context.broker import open_broker
from tamamo.context.model.entity import DEFAULT_VOCABULARY as VOCABULARY
from tamamo.context.model.entity import LOCATION, Entity
from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.quality import Invalid
from tamamo.feeds.readers.places import SHELTER, items, line_of
from tamamo.feeds.rejects import Reject
from tests.feeds.test_river_live import NOW, RECORDED, Publisher, play

FOLDER = RECORDED.parent
ADDRESS = {"address": "https://town.example.jp/file"}


def read(kind, file, terms, known=None):
    found = list(items(kind, (FOLDER / file).read_bytes(), terms, known))
    rejects = {r.row: (r.field, r.reason.code) for r in found if isinstance(r, Reject)}
    entities = {e.id.rpartition(":")[2]: e for e in found if isinstance(e, Entity)}
    return entities, rejects


def value(entity, name):
    return entity.attrs[VOCABULARY + name][0]["value"]


def shelter_id(number):
    return f"urn:ngsi-ld:EvacuationShelter:{number}"


def test_shelters(terms):
    known = frozenset(map(shelter_id, range(1, 7)))
    found, rejects = read("shelter_status", "shelter_status.csv", terms, known)
    told = {key: (value(e, "openStatus"), value(e, "occupancy")) for key, e in found.items()}
    assert told == {"1": ("open", 42), "2": ("full", 310), "3": ("closed", 0)}
    assert found["1"].attrs[VOCABULARY + "occupancy"][0]["observedAt"] == "2026-06-25T22:30:00Z"
    # Name and place are the register's.
    assert set(found["1"].attrs) == {VOCABULARY + "openStatus", VOCABULARY + "occupancy"}
    assert rejects == {
        5: ("更新日時", "no_zone"),
        6: ("開設状況", "unknown_value"),
        7: ("避難者数", "not_a_number"),
        8: ("id", "unknown_shelter"),
    }


def test_underpasses(terms):
    found, rejects = read("underpass", "underpass.json", terms)
    assert value(found["underpass-u1"], "currentLevel") == 0.12
    assert value(found["underpass-u2"], "roadClosed") is True
    assert VOCABULARY + "currentLevel" not in found["underpass-u3"].attrs
    assert {value(one, "category") for one in found.values()} == {"underpass"}
    assert rejects == {5: ("", "not_an_item")}


@pytest.mark.parametrize("file", ["road_passage.geojson", "road_passage.csv"])
def test_roads_as_geojson_and_as_a_table(terms, file):
    found, _ = read("road_passage", file, terms)
    road = found["r1"]
    assert (value(road, "passageCount"), value(road, "name")) == (31, "架空線")
    assert value(road, "lastPassedAt") == "2026-06-25T22:44:10Z"
    geometry = road.attrs[LOCATION][0]["value"]
    assert geometry == {
        "type": "LineString",
        "coordinates": [[134.04, 34.34], [134.05, 34.345]],
    }


def test_a_road_without_a_line_is_refused_one_without_traffic_is_not(terms):
    found, rejects = read("road_passage", "road_passage.geojson", terms)
    assert value(found["r3"], "passageCount") == 0
    assert rejects == {2: ("geometry", "not_a_line")}


@pytest.mark.parametrize(
    "line", ["", "POINT(1 2)", "LINESTRING(134 34)", "LINESTRING(34 134, 34.1 134.1)", [[1]], 5]
)
def test_what_is_no_line_in_japan(line):
    with pytest.raises(Invalid):
        line_of(line)


def test_cameras_are_links_over_https_without_a_key(terms):
    found, rejects = read("camera", "cameras.json", terms)
    assert list(found) == ["c1"]
    assert value(found["c1"], "imageUrl") == "https://camera.example.jp/c1/latest.jpg"
    assert {row: code for row, (_, code) in rejects.items()} == {
        2: "not_https",
        3: "not_https",
        4: "not_a_url",
    }


@pytest.mark.parametrize("kind", ["shelter_status", "underpass", "road_passage", "camera"])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"{}", b'{"features": 1}', b"a,b\n1,2\n", b"\x00\xff", b"5"]
)
def test_another_answer_is_an_invalid_one(terms, kind, body):
    with pytest.raises(UpdateFailed):
        list(items(kind, body, terms))


@pytest.mark.parametrize("body", [b"[]", b'{"features": []}', b"[null, 3, {}]", b'[{"id": {}}]'])
def test_nothing_in_it_is_nothing_brought(terms, body):
    assert not [one for one in items("camera", body, terms) if isinstance(one, Entity)]


async def test_an_hour_of_shelters_that_the_register_knows(settings):
    async with open_broker(settings) as broker:
        for number in (1, 2, 3):
            name = {VOCABULARY + "name": [{"type": "Property", "value": "架空"}]}
            shelter = Entity(shelter_id(number), [SHELTER], name)
            await broker.observations.record("default", [shelter])
    publisher = Publisher((FOLDER / "shelter_status.csv").read_bytes(), TimeoutError())
    status, found = await play(settings, publisher, "shelter_status", ADDRESS)
    assert publisher.asked[0] == ADDRESS["address"]
    assert sorted(value(one, "openStatus") for one in found) == ["closed", "full", "open"]
    assert (status.stored, status.rejected) == (6, 4)
    # The source fell silent: late, then silent.
    assert status.state(NOW + timedelta(minutes=11)) == "late"
    assert status.state(NOW + timedelta(minutes=51)) == "silent"


async def test_an_hour_of_underpasses(settings):
    publisher = Publisher((FOLDER / "underpass.json").read_bytes())
    status, found = await play(settings, publisher, "underpass_flooding", ADDRESS)
    # One is a day ahead: what it says of its road is refused, its name is kept.
    assert len(found) == 4
    assert (status.rejected, status.kinds) == (3 * 12, ("inundation",))
    # It answers with the same old values: late after fifteen minutes, though it answers.
    assert status.state(NOW + timedelta(minutes=59)) == "late"


@pytest.mark.parametrize(
    ("feed", "file", "count"),
    [("road_passage", "road_passage.geojson", 2), ("cameras", "cameras.json", 1)],
)
async def test_half_an_hour_of(settings, feed, file, count):
    publisher = Publisher((FOLDER / file).read_bytes())
    status, found = await play(settings, publisher, feed, ADDRESS, end=timedelta(minutes=30))
    assert len(found) == count
    assert status.repeated > 0
    assert status.state(NOW + timedelta(minutes=30)) == "ok"
