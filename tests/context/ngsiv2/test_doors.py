"""Two doors, one house: what comes by NGSI-LD reads sensibly by NGSIv2, and the other way round."""

import asyncio
from typing import Any

import httpx
import psycopg
import pytest

from tamamo.context.broker import Broker

GAUGE: dict[str, Any] = {
    "id": "urn:ngsi-ld:FloodMonitoring:1",
    "type": "FloodMonitoring",
    "scope": "/Takamatsu/Kotogawa",
    "currentLevel": {
        "type": "Property",
        "value": 1.25,
        "unitCode": "MTR",
        "observedAt": "2026-06-26T00:00:00Z",
        "accuracy": {"type": "Property", "value": 0.01},
    },
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [134.05, 34.34]}},
    "river": {"type": "Relationship", "object": "urn:ngsi-ld:River:koto", "objectType": "River"},
    "name": {"type": "LanguageProperty", "languageMap": {"ja": "香東川", "en": "Koto"}},
    "state": {"type": "VocabProperty", "vocab": "calm"},
    "raw": {"type": "JsonProperty", "json": {"a": None}},
    "lamps": {"type": "ListProperty", "valueList": [1, 2]},
    "水位": {"type": "Property", "value": "低"},
}
READ: dict[str, Any] = {
    "id": GAUGE["id"],
    "type": "FloodMonitoring",
    "currentLevel": {
        "type": "Number",
        "value": 1.25,
        "metadata": {
            "accuracy": {"type": "Number", "value": 0.01},
            "unitCode": {"type": "Text", "value": "MTR"},
            "TimeInstant": {"type": "DateTime", "value": "2026-06-26T00:00:00Z"},
        },
    },
    "location": {
        "type": "geo:json",
        "value": {"type": "Point", "coordinates": [134.05, 34.34]},
        "metadata": {},
    },
    "river": {
        "type": "Relationship",
        "value": "urn:ngsi-ld:River:koto",
        "metadata": {"objectType": {"type": "Text", "value": "River"}},
    },
    "name": {
        "type": "StructuredValue",
        "value": {"ja": "香東川", "en": "Koto"},
        "metadata": {},
    },
    "state": {"type": "Text", "value": "calm", "metadata": {}},
    "raw": {"type": "StructuredValue", "value": {"a": None}, "metadata": {}},
    "lamps": {"type": "StructuredValue", "value": [1, 2], "metadata": {}},
    "水位": {"type": "Text", "value": "低", "metadata": {}},
}


@pytest.fixture
async def gauge(api: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client of NGSI-LD, and a broker that holds the gauge."""
    assert (await api.post("/entities", json=GAUGE)).status_code == 201
    return api


async def test_what_comes_by_ngsi_ld_reads_sensibly(
    gauge: httpx.AsyncClient, orion: httpx.AsyncClient
) -> None:
    assert (await orion.get(f"/entities/{GAUGE['id']}")).json() == READ
    assert (await orion.get("/entities", params={"q": "currentLevel>1"})).json() == [READ]
    for mq in ("currentLevel.unitCode==MTR", "currentLevel.TimeInstant>2026-01-01"):
        assert (await orion.get("/entities", params={"mq": mq})).json() == [READ]


async def test_a_value_changed_by_ngsiv2_is_seen_by_ngsi_ld(
    gauge: httpx.AsyncClient, orion: httpx.AsyncClient
) -> None:
    path = f"/entities/{GAUGE['id']}"
    time = {"TimeInstant": {"type": "DateTime", "value": "2026-06-26T09:10:00+09:00"}}
    answer = await orion.patch(
        f"{path}/attrs", json={"currentLevel": {"value": 1.5, "metadata": time}}
    )
    assert answer.status_code == 204, answer.text
    level = (await gauge.get(path)).json()["currentLevel"]
    instant = level.pop("TimeInstant")
    assert instant["value"] == "2026-06-26T09:10:00+09:00"  # to the letter, beside observedAt
    assert level == {
        **GAUGE["currentLevel"],
        "value": 1.5,
        "observedAt": "2026-06-26T00:10:00.000Z",
    }
    others = {name: value for name, value in GAUGE.items() if name != "currentLevel"}
    after = (await gauge.get(path)).json()
    assert {name: after[name] for name in others} == others


async def test_what_comes_by_ngsiv2_reads_sensibly(
    api: httpx.AsyncClient, orion: httpx.AsyncClient
) -> None:
    room = {
        "id": "Room1",
        "type": "Room",
        "temperature": {
            "type": "Number",
            "value": 21.5,
            "metadata": {
                "unitCode": {"type": "Text", "value": "CEL"},
                "TimeInstant": {"type": "DateTime", "value": "2026-06-26T00:00:00Z"},
                "accuracy": {"type": "Number", "value": 0.5},
            },
        },
        "share": {"type": "percentage", "value": 50},
        "since": {"type": "DateTime", "value": "2020-01-01"},
        "inside": {"type": "Relationship", "value": "urn:ngsi-ld:Building:1"},
        "location": {"type": "geo:point", "value": "34.34, 134.05"},
        "nothing": {"value": None},
    }
    assert (await orion.post("/entities", json=room)).status_code == 201
    document = (await api.get("/entities/urn:ngsi-ld:ngsiv2:Room1")).json()
    assert document == {
        "id": "urn:ngsi-ld:ngsiv2:Room1",
        "type": "Room",
        "temperature": {
            "type": "Property",
            "value": 21.5,
            "unitCode": "CEL",
            "observedAt": "2026-06-26T00:00:00Z",
            "accuracy": {"type": "Property", "value": 0.5},
        },
        "share": {"type": "Property", "value": 50, "valueType": "percentage"},
        "since": {"type": "Property", "value": "2020-01-01T00:00:00.000Z", "valueType": "DateTime"},
        "inside": {"type": "Relationship", "object": "urn:ngsi-ld:Building:1"},
        "location": {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [134.05, 34.34]},
            "valueType": "geo:point",
        },
        "nothing": {"type": "Property", "value": {"@type": "@json", "@value": None}},
    }
    query = {"type": "Room", "q": "temperature>21;since<2020-01-01T00:00:01Z"}
    assert (await api.get("/entities", params=query)).json() == [document]
    near = {"georel": "near;maxDistance==10", "geometry": "Point", "coordinates": "[134.05,34.34]"}
    assert (await api.get("/entities", params=near)).json() == [document]
    # What NGSI-LD reads it can write back.
    assert (await api.put(f"/entities/{document['id']}", json=document)).status_code == 204
    since = {"type": "DateTime", "value": "2020-01-01T00:00:00.000Z"}
    expected = {
        name: {"metadata": {}, **value} if isinstance(value, dict) else value
        for name, value in {**room, "since": since}.items()
    }
    expected["nothing"]["type"] = "None"  # type: ignore[index]
    assert (await orion.get("/entities/Room1")).json() == expected


async def test_a_place_moved_by_ngsi_ld_is_shown_where_it_is(
    api: httpx.AsyncClient, orion: httpx.AsyncClient
) -> None:
    body = {"id": "x", "location": {"type": "geo:point", "value": "34.340,134.050"}}
    await orion.post("/entities", json=body)
    path = "/entities/urn:ngsi-ld:ngsiv2:x/attrs/location"
    assert (await orion.get("/entities/x/attrs/location")).json()["value"] == "34.340,134.050"
    point = {"type": "Point", "coordinates": [134.5, 34.5]}
    assert (await api.patch(path, json={"value": point})).status_code == 204
    shown = (await orion.get("/entities/x/attrs/location")).json()
    assert (shown["type"], shown["value"]) == ("geo:point", "34.5, 134.5")
    line = {"type": "LineString", "coordinates": [[134, 34], [135, 35]]}
    assert (await api.patch(path, json={"value": line})).status_code == 204
    shown = (await orion.get("/entities/x/attrs/location")).json()
    assert (shown["type"], shown["value"]) == ("geo:json", line)


async def test_other_instances_and_types_outlive_a_change(
    api: httpx.AsyncClient, orion: httpx.AsyncClient
) -> None:
    other = {"type": "Property", "value": 7, "datasetId": "urn:x:b"}
    entity = {
        "id": "urn:x:1",
        "type": ["A", "B"],
        "level": [{"type": "Property", "value": 5}, other],
    }
    await api.post("/entities", json=entity)
    answer = await orion.put("/entities/urn:x:1/attrs/level", json={"value": 6})
    assert answer.status_code == 204, answer.text
    after = (await api.get("/entities/urn:x:1")).json()
    assert after["level"] == [{"type": "Property", "value": 6}, other]
    assert after["type"] == ["A", "B"]
    for kind in ("A", "B"):
        found = (await orion.get("/entities", params={"type": kind, "options": "keyValues"})).json()
        assert found == [{"id": "urn:x:1", "type": "A", "level": 6}]
    assert (await orion.delete("/entities/urn:x:1/attrs/level")).status_code == 204
    assert "level" not in (await api.get("/entities/urn:x:1")).json()


async def test_every_change_has_a_history_and_tells_others(
    api: httpx.AsyncClient, orion: httpx.AsyncClient, broker: Broker
) -> None:
    assert broker.settings.database_url is not None
    path = "/entities/urn:x:1"
    await orion.post("/entities", json={"id": "urn:x:1", "level": {"value": 1}})
    await orion.patch(f"{path}/attrs", json={"level": {"value": 2}})
    await orion.put(
        f"{path}/attrs/level/value", content="3", headers={"Content-Type": "text/plain"}
    )
    body = {"actionType": "append", "entities": [{"id": "urn:x:1", "level": {"value": 4}}]}
    await orion.post("/op/update", json=body)
    evolution = (await api.get(f"/temporal{path}")).json()
    assert sorted(item["value"] for item in evolution["level"]) == [1, 2, 3, 4]
    await orion.delete(path)
    async with await psycopg.AsyncConnection.connect(broker.settings.database_url) as connection:
        cursor = await connection.execute("select operation from outbox order by xid, seq")
        operations = [row[0] for row in await cursor.fetchall()]
    assert operations == ["create", "update", "update", "update", "delete"]


async def test_both_doors_at_once_lose_nothing(
    api: httpx.AsyncClient, orion: httpx.AsyncClient
) -> None:
    await orion.post("/entities", json={"id": "urn:x:1"})
    answers = await asyncio.gather(
        *(
            client.post("/entities/urn:x:1/attrs", json={f"{name}{n}": {"value": n}})
            for n in range(20)
            for client, name in ((orion, "v"), (api, "l"))
        )
    )
    assert {answer.status_code for answer in answers} == {204}
    attrs = (await orion.get("/entities/urn:x:1/attrs", params={"options": "keyValues"})).json()
    assert attrs == {f"{name}{n}": n for n in range(20) for name in "vl"}


async def test_tenants(api: httpx.AsyncClient, orion: httpx.AsyncClient) -> None:
    mine, other = {"Fiware-Service": "OpenIoT"}, {"Fiware-Service": "nobody"}
    assert (await orion.post("/entities", json={"id": "urn:x:1"}, headers=mine)).status_code == 201
    assert (await orion.get("/entities", headers=other)).json() == []
    assert (await orion.get("/entities")).json() == []
    assert (await orion.get("/entities/urn:x:1", headers=other)).status_code == 404
    changed = await orion.patch("/entities/urn:x:1/attrs", json={}, headers=other)
    assert changed.status_code == 404
    assert (await orion.get("/types", headers=other)).json() == []
    # A question, or a change of what is not there, makes no tenant.
    unknown = await api.get("/types", headers={"NGSILD-Tenant": "nobody"})
    assert unknown.status_code == 404
    same = await api.get("/entities/urn:x:1", headers={"NGSILD-Tenant": "openiot"})
    assert same.status_code == 200
    long = {"Fiware-Service": "x" * 201}
    assert (await orion.get("/entities", headers=long)).status_code == 400


async def test_service_paths(api: httpx.AsyncClient, orion: httpx.AsyncClient) -> None:
    def path(text: str) -> dict[str, str]:
        return {"Fiware-ServicePath": text}

    async def found(text: str | None) -> str:
        answer = await orion.get("/entities", headers={} if text is None else path(text))
        assert answer.status_code == 200, answer.text
        return "".join(entity["id"] for entity in answer.json())

    for name, place in (("r", "/"), ("p", "/City/Park"), ("q", "/City/Park/East"), ("s", "/Sea")):
        answer = await orion.post("/entities", json={"id": name}, headers=path(place))
        assert answer.status_code == 201
    await orion.post("/entities", json={"id": "t"})
    assert await found(None) == "pqrst"
    assert await found("/#") == "pqrst"
    assert await found("/") == "rt"
    assert await found("/City/Park") == "p"
    assert await found("/City/Park/#") == "pq"
    assert await found("/City/#") == "pq"
    assert await found("/City") == ""
    assert await found("/Sea, /City/Park/East,/") == "qrst"
    assert (await api.get("/entities/urn:ngsi-ld:ngsiv2:p")).json()["scope"] == "/City/Park"
    shown = {"attrs": "servicePath", "options": "keyValues"}
    assert (await orion.get("/entities/p", params=shown)).json()["servicePath"] == "/City/Park"
    # By id: with another path it is not there, without one it is.
    assert (await orion.get("/entities/p", headers=path("/Sea"))).status_code == 404
    for headers, status in ((path("/Sea"), 404), (path("/"), 404), (path("/City/Park"), 204)):
        body = {"a": {"value": 1}}
        answer = await orion.post("/entities/p/attrs", json=body, headers=headers)
        assert answer.status_code == status
    assert (await orion.delete("/entities/p", headers=path("/Sea"))).status_code == 404
    body = {"actionType": "append", "entities": [{"id": "p", "a": {"value": 2}}]}
    answer = await orion.post("/op/update", json=body, headers=path("/Sea"))
    assert answer.status_code == 422  # an id is one entity, whatever its path
    answer = await orion.post("/entities?options=upsert", json={"id": "p"}, headers=path("/Sea"))
    assert answer.status_code == 422
    assert (await orion.delete("/entities/p")).status_code == 204


@pytest.mark.parametrize("text", ["City", "/City/", "//", "/1st", "/a-b", "/a" * 11, "/#/a", "/a#"])
async def test_service_paths_that_cannot_be(orion: httpx.AsyncClient, text: str) -> None:
    answer = await orion.get("/entities", headers={"Fiware-ServicePath": text})
    assert answer.status_code == 400
    assert "Fiware-ServicePath" in answer.json()["description"]


async def test_a_change_takes_one_path(orion: httpx.AsyncClient) -> None:
    for text in ("/a,/b", "/a/#", "/#"):
        headers = {"Fiware-ServicePath": text}
        answer = await orion.post("/entities", json={"id": "x"}, headers=headers)
        assert answer.status_code == 400
