"""A session as an Orion client has it: create, read, query, update, batch, delete."""

from typing import Any

import httpx
import pytest

ROOM: dict[str, Any] = {
    "id": "Room1",
    "type": "Room",
    "temperature": {
        "value": 21.7,
        "type": "Number",
        "metadata": {"accuracy": {"value": 0.5, "type": "Number"}},
    },
    "pressure": {"value": 720, "type": "percentage", "metadata": {}},
    "colour": {"value": "red", "type": "Text", "metadata": {}},
    "location": {"value": "34.34, 134.05", "type": "geo:point", "metadata": {}},
}
PLAIN = {"temperature": 21.7, "pressure": 720, "colour": "red", "location": "34.34, 134.05"}


@pytest.fixture
async def room(orion: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client of a broker that holds the room."""
    answer = await orion.post("/entities", json=ROOM)
    assert answer.status_code == 201, answer.text
    return orion


def fails(answer: httpx.Response, status: int, error: str) -> str:
    """Check an error and return its description."""
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == error
    description: str = answer.json()["description"]
    return description


async def read(client: httpx.AsyncClient, entity: str = "Room1", **params: str) -> dict[str, Any]:
    answer = await client.get(f"/entities/{entity}", params=params)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_entry_names_what_is_there(orion: httpx.AsyncClient) -> None:
    for path in ("http://broker.test/v2", "http://broker.test/v2/"):
        links = (await orion.get(path)).json()
        assert links == {
            f"{name}_url": f"/v2/{name}" for name in ("entities", "types", "subscriptions")
        }
        for link in links.values():
            assert (await orion.get(f"http://broker.test{link}")).status_code == 200


async def test_what_is_written_is_read(room: httpx.AsyncClient) -> None:
    assert await read(room) == ROOM
    assert await read(room, options="keyValues") == {"id": "Room1", "type": "Room", **PLAIN}
    answer = await room.get(
        "/entities/Room1", params={"options": "values", "attrs": "colour,pressure"}
    )
    assert answer.json() == ["red", 720]
    attrs = (await room.get("/entities/Room1/attrs")).json()
    assert attrs == {name: value for name, value in ROOM.items() if name not in {"id", "type"}}


async def test_creation_answers_a_location(orion: httpx.AsyncClient) -> None:
    answer = await orion.post("/entities", json=ROOM, headers={"Fiware-Correlator": "abc"})
    assert answer.headers["location"] == "/v2/entities/Room1?type=Room"
    assert answer.headers["fiware-correlator"] == "abc"
    assert (await orion.get("http://broker.test/v2/entities/Room1?type=Room")).json() == ROOM


async def test_without_a_type_it_is_a_thing(orion: httpx.AsyncClient) -> None:
    assert (await orion.post("/entities", json={"id": "x"})).status_code == 201
    assert await read(orion, "x") == {"id": "x", "type": "Thing"}


async def test_creating_twice_is_refused_and_upsert_updates(room: httpx.AsyncClient) -> None:
    fails(await room.post("/entities", json=ROOM), 422, "Unprocessable")
    body = {"id": "Room1", "type": "Room", "pressure": {"value": 711}, "open": {"value": True}}
    answer = await room.post("/entities", json=body, params={"options": "upsert"})
    assert answer.status_code == 204
    after = await read(room, options="keyValues")
    assert after == {"id": "Room1", "type": "Room", **PLAIN, "pressure": 711, "open": True}
    fresh = {"id": "Room2", "type": "Room", "pressure": 1}
    both = {"options": "upsert,keyValues"}
    assert (await room.post("/entities", json=fresh, params=both)).status_code == 204
    assert await read(room, "Room2", options="keyValues") == fresh
    other = {"id": "Room1", "type": "Car"}
    fails(await room.post("/entities", json=other, params=both), 422, "Unprocessable")


async def test_attributes_are_appended_updated_replaced(room: httpx.AsyncClient) -> None:
    path = "/entities/Room1/attrs"
    assert (await room.post(path, json={"seats": {"value": 6}})).status_code == 204
    assert (await read(room))["seats"] == {"value": 6, "type": "Number", "metadata": {}}
    strict = await room.post(
        path, json={"seats": {"value": 9}, "floor": {"value": 2}}, params={"options": "append"}
    )
    assert "seats exists already" in fails(strict, 422, "Unprocessable")
    after = await read(room, options="keyValues")
    assert (after["seats"], after["floor"]) == (6, 2)  # what was not there is appended
    patched = await room.patch(
        path, json={"seats": 7, "nothing": 1}, params={"options": "keyValues"}
    )
    assert "nothing does not exist" in fails(patched, 422, "Unprocessable")
    after = await read(room, options="keyValues")
    assert after["seats"] == 7
    assert "nothing" not in after
    assert (await room.put(path, json={"only": {"value": "this"}})).status_code == 204
    assert await read(room, options="keyValues") == {"id": "Room1", "type": "Room", "only": "this"}


async def test_metadata_stay_unless_they_are_overridden(room: httpx.AsyncClient) -> None:
    path = "/entities/Room1/attrs/temperature"
    assert (await room.put(path, json={"value": 23})).status_code == 204
    kept = {"value": 23, "type": "Number", "metadata": ROOM["temperature"]["metadata"]}
    assert (await room.get(path)).json() == kept
    options = {"options": "overrideMetadata"}
    assert (await room.put(path, json={"value": 24}, params=options)).status_code == 204
    assert (await room.get(path)).json() == {"value": 24, "type": "Number", "metadata": {}}


async def test_a_time_of_observation_does_not_outlive_its_value(orion: httpx.AsyncClient) -> None:
    time = {"TimeInstant": {"type": "DateTime", "value": "2026-06-26T08:00:00Z"}}
    unit = {"unitCode": {"type": "Text", "value": "MTR"}}
    level = {"value": 1.2, "type": "Number", "metadata": {**time, **unit}}
    await orion.post("/entities", json={"id": "g", "type": "Gauge", "level": level})
    assert (await orion.get("/entities/g/attrs/level")).json() == level
    await orion.patch("/entities/g/attrs", json={"level": {"value": 1.3}})
    assert (await orion.get("/entities/g/attrs/level")).json()["metadata"] == unit


async def test_values_alone(room: httpx.AsyncClient) -> None:
    path = "/entities/Room1/attrs/colour/value"
    plain = {"Content-Type": "text/plain"}
    answer = await room.get(path)
    assert (answer.text, answer.headers["content-type"].partition(";")[0]) == (
        '"red"',
        "text/plain",
    )
    fails(await room.get(path, headers={"Accept": "application/json"}), 406, "NotAcceptable")
    for text, value in (
        ('"a, "b""', 'a, "b"'),
        ("true", True),
        ("null", None),
        ("-1.5e3", -1500.0),
        ("42", 42),
    ):
        answer = await room.put(path, content=text, headers=plain)
        assert answer.status_code == 204, answer.text
        assert (await read(room, options="keyValues"))["colour"] == value
        assert (await read(room))["colour"]["type"] == "Text"  # the type is not touched
    for text in ("red", '"', "[1]", "NaN", "1 2"):
        fails(await room.put(path, content=text, headers=plain), 400, "BadRequest")
    for scalar in ("true", 5, "5"):  # these come as text/plain
        fails(await room.put(path, json=scalar), 400, "BadRequest")
    assert (await room.put(path, json={"r": 1, "n": None})).status_code == 204
    answer = await room.get(path)
    assert (answer.json(), answer.headers["content-type"]) == (
        {"r": 1, "n": None},
        "application/json",
    )
    fails(await room.put("/entities/Room1/attrs/none/value", json=[]), 404, "NotFound")
    fails(await room.put("/entities/Room1/attrs/location/value", json=[]), 400, "BadRequest")


async def test_attributes_and_entities_are_deleted(room: httpx.AsyncClient) -> None:
    path = "/entities/Room1/attrs/colour"
    assert (await room.delete(path)).status_code == 204
    fails(await room.delete(path), 404, "NotFound")
    fails(await room.get(path), 404, "NotFound")
    fails(await room.delete("/entities/Room1", params={"type": "Car"}), 404, "NotFound")
    assert (await room.delete("/entities/Room1", params={"type": "Room"})).status_code == 204
    fails(await room.get("/entities/Room1"), 404, "NotFound")
    fails(await room.delete("/entities/Room1"), 404, "NotFound")
    fails(await room.post("/entities/Room1/attrs", json={"a": {"value": 1}}), 404, "NotFound")


async def test_builtin_attributes_and_metadata_are_shown_on_demand(room: httpx.AsyncClient) -> None:
    await room.patch("/entities/Room1/attrs", json={"pressure": {"value": 1}})
    shown = await read(room, attrs="dateModified,dateCreated,pressure", metadata="dateModified")
    assert list(shown) == ["id", "type", "dateModified", "dateCreated", "pressure"]
    assert shown["dateCreated"]["type"] == "DateTime"
    assert shown["dateModified"]["value"] > shown["dateCreated"]["value"]
    when = shown["pressure"]["metadata"]["dateModified"]["value"]
    assert when == shown["dateModified"]["value"]
    everything = await read(room, attrs="*,dateCreated,servicePath", options="keyValues")
    assert everything.keys() == {"id", "type", *PLAIN, "dateCreated", "servicePath"}
    accuracy = await read(room, attrs="temperature", metadata="accuracy")
    assert accuracy["temperature"]["metadata"] == ROOM["temperature"]["metadata"]


async def test_expiry(room: httpx.AsyncClient) -> None:
    expiry = {"dateExpires": {"type": "DateTime", "value": "2126-01-01T09:00:00+09:00"}}
    assert (await room.post("/entities/Room1/attrs", json=expiry)).status_code == 204
    shown = await read(room, attrs="dateExpires", options="keyValues")
    assert shown["dateExpires"] == "2126-01-01T00:00:00Z"
    past = {"dateExpires": {"type": "DateTime", "value": "2001-01-01"}}
    assert (await room.post("/entities/Room1/attrs", json=past)).status_code == 204
    fails(await room.get("/entities/Room1"), 404, "NotFound")


async def test_batch(orion: httpx.AsyncClient) -> None:
    async def update(action: str, *entities: dict[str, Any], **params: str) -> httpx.Response:
        body = {"actionType": action, "entities": list(entities)}
        return await orion.post("/op/update", json=body, params=params)

    async def state() -> dict[str, Any]:
        found = (await orion.get("/entities", params={"options": "keyValues"})).json()
        return {entity.pop("id"): entity for entity in found}

    one, two = {"id": "1", "type": "R"}, {"id": "2", "type": "R"}
    plain = {"options": "keyValues"}
    assert (await update("append", {**one, "a": 1}, {**two, "a": 2}, **plain)).status_code == 204
    assert await state() == {"1": {"type": "R", "a": 1}, "2": {"type": "R", "a": 2}}
    strict = await update("appendStrict", {**one, "a": 9, "b": 9}, {**two, "b": 9}, **plain)
    assert fails(strict, 422, "Unprocessable").startswith("1: ")
    assert await state() == {"1": {"type": "R", "a": 1, "b": 9}, "2": {"type": "R", "a": 2, "b": 9}}
    gone = await update("update", {**one, "a": 5}, {"id": "3", "a": 1}, **plain)
    assert fails(gone, 404, "NotFound").startswith("3: ")
    assert (await state())["1"] == {"type": "R", "a": 5, "b": 9}
    assert (await update("replace", {**one, "c": {"value": 1}})).status_code == 204
    assert (await update("delete", {**two, "b": {}}, one)).status_code == 204
    assert await state() == {"2": {"type": "R", "a": 2}}
    assert (await update("APPEND", {**two, "d": {"value": 4}})).status_code == 204
    assert (await state())["2"]["d"] == 4
    note = {"subscriptionId": "s", "data": [{**two, "e": {"value": 5}}]}
    assert (await orion.post("/op/notify", json=note)).status_code == 204
    assert (await state())["2"]["e"] == 5


async def test_a_bad_entity_refuses_the_whole_batch(orion: httpx.AsyncClient) -> None:
    entities: list[Any] = [{"id": "1", "a": {"value": 1}}, {"id": "2", "a": {"val": 1}}]
    answer = await orion.post("/op/update", json={"actionType": "append", "entities": entities})
    assert "/entities/1/a/val" in fails(answer, 400, "BadRequest")
    assert (await orion.get("/entities")).json() == []


async def test_types(room: httpx.AsyncClient) -> None:
    more = {"id": "Car1", "type": "Car", "speed": 1, "owner": None}
    await room.post("/entities", json=more, params={"options": "keyValues"})
    body = {"id": "Room2", "type": "Room", "pressure": "low"}
    await room.post("/entities", json=body, params={"options": "keyValues"})
    listed = await room.get("/types", params={"options": "count"})
    assert listed.headers["fiware-total-count"] == "2"
    car, rooms = listed.json()
    attrs = {"speed": {"types": ["Number"]}, "owner": {"types": ["None"]}}
    assert car == {"type": "Car", "attrs": attrs, "count": 1}
    assert (rooms["type"], rooms["count"]) == ("Room", 2)
    assert sorted(rooms["attrs"]["pressure"]["types"]) == ["Text", "percentage"]
    assert rooms["attrs"]["location"] == {"types": ["geo:point"]}
    assert (await room.get("/types/Room")).json() == {"attrs": rooms["attrs"], "count": 2}
    values = await room.get("/types", params={"options": "values", "limit": "1", "offset": "1"})
    assert values.json() == ["Room"]
    fails(await room.get("/types/Boat"), 404, "NotFound")
