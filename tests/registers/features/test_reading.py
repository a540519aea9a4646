"""The OGC API over entity types and registers, asked without sockets, and who sees what of it."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tamamo.asgi import build
from tamamo.context.broker import Broker
from tamamo.context.model.entity import Entity
from tamamo.kernel.database import transaction
from tamamo.kernel.identity import INSTALLATION
from tamamo.registers import Registers
from tamamo.registers.features import statements
from tamamo.registers.features.resources import RESOURCES
from tests.access.world import KEY, Answer, call
from tests.registers.conftest import TENANT, gauge

VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"
LOCATION = "https://uri.etsi.org/ngsi-ld/location"


def placed(kind: str, number: int, geometry: dict[str, Any], **values: Any) -> Entity:
    """Return an entity somewhere."""
    attrs: dict[str, Any] = {
        f"{VOCABULARY}{name}": [{"type": "Property", "value": value}]
        for name, value in values.items()
    }
    attrs[LOCATION] = [{"type": "GeoProperty", "value": geometry}]
    return Entity(f"urn:ngsi-ld:{kind}:{number:04}", [f"{VOCABULARY}{kind}"], attrs)


def point(east: float, north: float) -> dict[str, Any]:
    """Return a GeoJSON point."""
    return {"type": "Point", "coordinates": [east, north]}


#: A triangle whose box holds the place 134.19, 34.29, but which does not.
PARK = {
    "type": "Polygon",
    "coordinates": [[[134.1, 34.2], [134.2, 34.2], [134.1, 34.3], [134.1, 34.2]]],
}


class Api:
    """The application with a broker, and those who ask it."""

    def __init__(self, broker: Broker) -> None:
        application = build(broker.settings)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await application({**scope, "state": {"broker": broker}}, receive, send)

        self._app: ASGIApp = app

    async def ask(self, path: str, **headers: str) -> Answer:
        """Ask as the headers say."""
        return await call(
            self._app, "GET", path, {k.replace("_", "-"): headers[k] for k in headers}
        )

    async def json(self, path: str, **headers: str) -> dict[str, Any]:
        """Return the document of an answer."""
        answer = await self.ask(path, **headers)
        assert answer.status == 200, answer.text
        found: dict[str, Any] = orjson.loads(answer.body)
        return found


@pytest.fixture
async def api(broker: Broker, registers: Registers) -> AsyncIterator[Api]:
    """An open installation with lamps, a park and river gauges."""
    for number in range(25):
        lamp = placed("Lamp", number, point(134 + number / 100, 34.3), watt=number % 5, on=True)
        await broker.entities.create(TENANT, lamp)
    park = placed("Park", 1, PARK, name="中央公園")
    park.attrs[f"{VOCABULARY}name"][0]["observedAt"] = "2026-01-01T00:00:00Z"
    await broker.entities.create(TENANT, park)
    hidden = Entity("urn:ngsi-ld:Idea:1", [f"{VOCABULARY}Idea"], {})
    await broker.entities.create(TENANT, hidden)
    for key, level in (("9", 1.0), ("10", 2.5)):
        await broker.entities.create(TENANT, gauge(registers, key, currentLevel=level))
    yield Api(broker)


async def test_collections_are_types_with_places_and_registers(api: Api) -> None:
    landing = await api.json("/ogc/")
    rels = {link["rel"] for link in landing["links"]}
    assert {"self", "service-desc", "service-doc", "conformance", "data"} <= rels
    found = (await api.json("/ogc/collections"))["collections"]
    ids = [one["id"] for one in found]
    assert {"Lamp", "Park", "FloodMonitoring", "register.river_gauges"} <= set(ids)
    assert "Idea" not in ids
    lamp = await api.json("/ogc/collections/Lamp")
    assert lamp["extent"]["spatial"]["bbox"] == [[134.0, 34.3, 134.24, 34.3]]
    english = await api.json("/ogc/collections/register.shelters", accept_language="en-GB,ja;q=0.5")
    assert english["title"] == "Evacuation sites and shelters"
    assert (await api.json("/ogc/collections/register.shelters"))["title"].startswith("指定緊急")


async def test_pages_follow_one_another(api: Api) -> None:
    path, seen = "/ogc/collections/Lamp/items?limit=10", []
    for expected in (10, 10, 5):
        page = await api.json(path)
        assert page["numberReturned"] == expected
        seen += [feature["id"] for feature in page["features"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        path = following[0].partition("broker.test")[2] if following else ""
    assert not path
    assert seen == [f"urn:ngsi-ld:Lamp:{number:04}" for number in range(25)]
    first = await api.json("/ogc/collections/Lamp/items?limit=10")
    assert first["numberMatched"] == 25
    some = await api.json("/ogc/collections/Lamp/items?limit=1&properties=watt")
    assert some["features"][0]["properties"] == {"watt": 0}
    one = first["features"][3]
    assert one["properties"] == {"type": "Lamp", "watt": 3, "on": True}
    assert one["geometry"] == point(134.03, 34.3)


#: Query → how many lamps it finds.
FOUND = {
    "bbox=134.095,34.2,134.145,34.4": 5,
    "bbox=134.095,34.2,0,134.145,34.4,99": 5,
    "bbox=34.2,134.095,34.4,134.145&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4326": 5,
    "bbox=170,-90,-170,90": 0,
    "bbox=134.2,-90,-170,90": 5,
    "bbox=0,0,1,1": 0,
    "watt=3": 5,
    "watt=3&bbox=134.095,34.2,134.145,34.4": 1,
    "on=true&limit=1000": 25,
    "on=false": 0,
    "datetime=../2020-01-01T00:00:00Z": 0,
    "datetime=2020-01-01T00:00:00Z/..": 25,
    "limit=99999": 25,
}


async def test_what_is_asked_for(api: Api) -> None:
    for query, count in FOUND.items():
        page = await api.json(f"/ogc/collections/Lamp/items?{query}")
        assert (page["numberMatched"], page["numberReturned"]) == (count, count), query


async def test_a_property_of_any_kind_is_asked_for_by_what_it_shows(
    api: Api, broker: Broker
) -> None:
    of_kinds = (
        {"type": "LanguageProperty", "languageMap": {"ja": "門", "en": "Gate"}},
        {"type": "LanguageProperty", "languageMap": {"en": "Gate"}},
        {"type": "Relationship", "object": "urn:ngsi-ld:Park:0001"},
        {"type": "VocabProperty", "vocab": "門"},
        {"type": "Property", "value": ["門"]},
    )
    for number, instance in enumerate(of_kinds):
        one = placed("Sign", number, point(134, 34))
        one.attrs[f"{VOCABULARY}says"] = [instance]
        await broker.entities.create(TENANT, one)
    expected = {"門": [0, 3], "Gate": [1], "urn:ngsi-ld:Park:0001": [2], '["門"]': [], "": [4]}
    for text, numbers in expected.items():
        page = await api.json(f"/ogc/collections/Sign/items?says={quote(text)}")
        found = [int(feature["id"][-4:]) for feature in page["features"]]
        assert found == numbers, text


async def test_the_time_of_a_feature_is_its_newest_observation(api: Api) -> None:
    path = "/ogc/collections/Park/items?properties=observedAt,type&datetime="
    day = await api.json(f"{path}2026-01-01")
    expected = {"type": "Park", "observedAt": "2026-01-01T00:00:00Z"}
    assert [one["properties"] for one in day["features"]] == [expected]
    assert (await api.json(f"{path}2026-01-02/.."))["features"] == []


async def test_boxes_are_tested_by_the_geometry_itself(api: Api) -> None:
    inside = await api.json("/ogc/collections/Park/items?bbox=134.11,34.21,134.12,34.22")
    beside = await api.json("/ogc/collections/Park/items?bbox=134.18,34.28,134.19,34.29")
    assert (inside["numberReturned"], beside["numberReturned"]) == (1, 0)
    assert inside["features"][0]["geometry"] == PARK


async def test_coordinates_in_the_order_of_the_system(api: Api) -> None:
    path = "/ogc/collections/Lamp/items/urn:ngsi-ld:Lamp:0005"
    answer = await api.ask(f"{path}?crs=http://www.opengis.net/def/crs/EPSG/0/4326")
    assert answer.header("content-crs") == "<http://www.opengis.net/def/crs/EPSG/0/4326>"
    assert orjson.loads(answer.body)["geometry"]["coordinates"] == [34.3, 134.05]
    plane = "http://www.opengis.net/def/crs/EPSG/0/6672"
    north, east = (await api.json(f"{path}?crs={plane}"))["geometry"]["coordinates"]
    # 国土地理院's own calculation (平面直角座標 IV) puts 34.3 N 134.05 E there.
    assert (north, east) == pytest.approx((144_310.6, 50_627.4), abs=100)
    box = f"{north - 10},{east - 10},{north + 10},{east + 10}"
    found = await api.json(f"/ogc/collections/Lamp/items?bbox={box}&bbox-crs={plane}")
    assert [one["id"] for one in found["features"]] == ["urn:ngsi-ld:Lamp:0005"]


async def test_registers_answer_by_their_columns_and_filters(api: Api) -> None:
    path = "/ogc/collections/register.river_gauges"
    page = await api.json(f"{path}/items")
    assert [one["properties"]["stationID"] for one in page["features"]] == ["10", "9"]
    queryables = (await api.json(f"{path}/queryables"))["properties"]
    assert queryables
    boxed = await api.json(f"{path}/items?bbox=134.0,34.2,134.1,34.4&limit=1")
    assert (boxed["numberMatched"], boxed["numberReturned"]) == (2, 1)
    following = next(link["href"] for link in boxed["links"] if link["rel"] == "next")
    rest = await api.json(following.partition("broker.test")[2])
    assert rest["numberReturned"] == 1
    one = page["features"][0]["id"]
    assert (await api.json(f"{path}/items/{one}"))["geometry"] == point(134.05, 34.3)
    assert (await api.ask(f"{path}/items/urn:ngsi-ld:Lamp:0001")).status == 404


async def test_only_what_is_public_is_shown_without_a_key(broker: Broker, api: Api) -> None:
    broker.identity.key = KEY
    await broker.town_service.change(
        INSTALLATION, TENANT, public_types=frozenset({f"{VOCABULARY}Lamp"})
    )
    found = (await api.json("/ogc/collections"))["collections"]
    assert [one["id"] for one in found] == ["Lamp"]
    for path in (
        "Park",
        "Park/items",
        "register.river_gauges/items",
        "Park/tiles/WebMercatorQuad/0/0/0",
    ):
        assert (await api.ask(f"/ogc/collections/{path}")).status == 404, path
    assert (await api.ask("/ogc/collections/Lamp/items/urn:ngsi-ld:Park:0001")).status == 404
    everything = await api.json("/ogc/collections", authorization=f"Bearer {KEY}")
    assert len(everything["collections"]) > 3
    assert (await api.ask("/t/nowhere/ogc/collections")).status in (401, 404)
    await broker.town_service.change(INSTALLATION, TENANT, public_types=frozenset())
    assert (await api.ask("/ogc/collections")).status == 401


async def test_who_reads_personal_data_is_noted(broker: Broker, api: Api) -> None:
    async with transaction(broker.pool) as connection:
        await connection.execute(
            "insert into owned_type (tenant, type, unit, personal) values (%s, %s, 'x', true)",
            [TENANT, f"{VOCABULARY}Lamp"],
        )
    await broker.towns.refresh()
    broker.identity.key = KEY
    key = f"Bearer {KEY}"
    assert (await api.ask("/ogc/collections/Lamp/items")).status == 404
    page = await api.json("/ogc/collections/Lamp/items?limit=3", authorization=key)
    async with transaction(broker.pool) as connection:
        cursor = await connection.execute(
            "select actor, after -> 'ids' from audit_event where action = 'personal.read'"
        )
        noted = await cursor.fetchall()
    assert noted == [(INSTALLATION.subject, [one["id"] for one in page["features"]])]
    tile = await api.ask("/ogc/collections/Lamp/tiles/WebMercatorQuad/0/0/0", authorization=key)
    assert tile.status == 404


async def test_the_extent_of_many_is_found_by_the_index_of_places(api: Api, broker: Broker) -> None:
    params = {"tenant": TENANT, "type": f"{VOCABULARY}Lamp"}
    async with transaction(broker.pool) as connection:
        rows = [
            await (await connection.execute(statement.encode(), params)).fetchone()
            for statement in (statements.EXTENT, statements.WIDE_EXTENT)
        ]
    assert rows[0] == rows[1] == (134.0, 34.3, 134.24, 34.3)


ODD = (
    "%00",
    "%ff",
    "%20",
    "%ED%A0%80",
    "a%0A",
    "%22%3B--",
    "x" * 3000,
    "9" * 20,
    "register.",
    "..",
)


async def test_nothing_is_too_odd(api: Api) -> None:
    failed = []
    for odd in ODD:
        for resource in RESOURCES:
            paths = {re.sub(r"\{\w+\}", odd, resource.path)}
            paths.add(re.sub(r"\{(?!collection)\w+\}", odd, resource.path))
            for path in paths:
                answer = await api.ask(f"/ogc{path.replace('{collection}', 'Lamp')}?f=json")
                if answer.status >= 500:
                    failed.append(f"{path[:80]}: {answer.text}")
        for name in ("limit", "bbox", "datetime", "after", "crs", "properties", "watt", odd):
            answer = await api.ask(f"/ogc/collections/Lamp/items?{name}={odd}")
            if answer.status >= 500:
                failed.append(f"{name}={odd[:80]}: {answer.text}")
    assert not failed
