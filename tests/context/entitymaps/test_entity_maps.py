"""Entity maps over HTTP (clauses 5.5.9.3, 5.5.14, 5.14, 6.32, 6.34, 6.35)."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tamamo.context.broker import Broker
from tamamo.context.entitymaps import querying, service, walking
from tamamo.context.entitymaps.asking import location_of
from tamamo.context.entitymaps.service import EntityMapService, id_of, sweep
from tamamo.kernel.time import from_text, now

HEADER = "NGSILD-EntityMap"


async def fill(api: httpx.AsyncClient, *names: str, level: int = 5, **more: Any) -> None:
    for name in names:
        body = {"id": f"urn:g:{name}", "type": "Gauge", "level": {"type": "Property"}}
        body["level"] = {"type": "Property", "value": level}
        assert (await api.post("/entities", json=body | more)).status_code == 201


def names(answer: httpx.Response) -> str:
    return "".join(entity["id"].rpartition(":")[2] for entity in answer.json())


def link(answer: httpx.Response, relation: str) -> dict[str, str] | None:
    for part in answer.headers.get("Link", "").split(", <"):
        if f'rel="{relation}"' in part:
            target = part.lstrip("<").partition(">")[0]
            return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
    return None


async def follow(
    api: httpx.AsyncClient, answer: httpx.Response, relation: str
) -> httpx.Response | None:
    params = link(answer, relation)
    if params is None:
        return None
    return await api.get("/entities", params=params, headers={HEADER: answer.headers[HEADER]})


async def shown(api: httpx.AsyncClient, location: str) -> dict[str, list[str]]:
    answer = await api.get(f"/entityMaps/{id_of(location)}")
    assert answer.status_code == 200
    found: dict[str, list[str]] = answer.json()["entityMap"]
    return found


@pytest.mark.parametrize("way", ["get", "post"])
async def test_a_map_of_a_query(api: httpx.AsyncClient, way: str) -> None:
    await fill(api, "a", "b")
    await fill(api, "low", level=1)
    if way == "get":
        answer = await api.get("/entityMaps", params={"type": "Gauge", "q": "level>2", "limit": 1})
    else:
        body = {"type": "Query", "entities": [{"type": "Gauge"}], "q": "level>2"}
        answer = await api.post("/entityMaps", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert made["type"] == "EntityMap"
    assert made["entityMap"] == {"urn:g:a": ["@none"], "urn:g:b": ["@none"]}
    assert made["linkedMaps"] == {}
    assert from_text(made["expiresAt"]) > now()
    assert id_of(answer.headers[HEADER]) == made["id"]
    assert (await api.get(f"/entityMaps/{made['id']}")).json() == made


async def test_a_query_makes_a_map_and_goes_on_with_it(api: httpx.AsyncClient) -> None:
    await fill(api, *"abcde")
    first = await api.get("/entities", params={"type": "Gauge", "entityMap": "true", "limit": 2})
    assert (first.status_code, names(first)) == (201, "ab")
    await fill(api, "aa")  # made later: not of this map
    second = await follow(api, first, "next")
    assert second is not None
    assert (second.status_code, names(second)) == (200, "cd")
    assert second.headers[HEADER] == first.headers[HEADER]
    last = await follow(api, second, "next")
    assert last is not None
    assert names(last) == "e"
    assert link(last, "next") is None
    back = await follow(api, last, "prev")
    assert back is not None
    assert names(back) == "cd"


async def test_nothing_is_passed_over_when_an_entity_goes(api: httpx.AsyncClient) -> None:
    await fill(api, *"abcdefg")
    first = await api.get("/entities", params={"type": "Gauge", "entityMap": "true", "limit": 2})
    for gone in "ac":
        await api.delete(f"/entities/urn:g:{gone}")
    second = await follow(api, first, "next")
    assert second is not None
    assert names(second) == "de"  # by ranks it would begin with e
    assert "urn:g:c" not in await shown(api, first.headers[HEADER])
    third = await follow(api, second, "next")
    assert third is not None
    assert names(third) == "fg"
    back = await follow(api, second, "prev")
    assert back is not None
    assert names(back) == "bd"  # pages are filled as long as there are entities


async def test_what_fits_no_longer_is_taken_out(api: httpx.AsyncClient) -> None:
    await fill(api, *"abcd")
    params: dict[str, Any] = {"type": "Gauge", "q": "level>2", "limit": 2}
    made = await api.get("/entities", params=params | {"entityMap": "true"})
    await api.patch("/entities/urn:g:b/attrs", json={"level": {"type": "Property", "value": 1}})
    again = await api.get(
        "/entities", params=params | {"count": "true"}, headers={HEADER: made.headers[HEADER]}
    )
    assert names(again) == "ac"
    assert again.headers["NGSILD-Results-Count"] == "3"
    assert list(await shown(api, made.headers[HEADER])) == ["urn:g:a", "urn:g:c", "urn:g:d"]


async def test_pages_in_another_order(api: httpx.AsyncClient) -> None:
    for level, name in enumerate("cab"):
        await fill(api, name, level=level)
    params: dict[str, Any] = {"type": "Gauge", "orderBy": "level;desc", "limit": 2}
    first = await api.get("/entities", params=params | {"entityMap": "true"})
    assert names(first) == "ba"
    second = await follow(api, first, "next")
    assert second is not None
    assert names(second) == "c"


async def test_a_map_that_is_gone_is_made_anew(api: httpx.AsyncClient) -> None:
    await fill(api, "a")
    dead = "/ngsi-ld/v1/entityMaps/urn:ngsi-ld:EntityMap:dead"
    answer = await api.get("/entities", params={"type": "Gauge"}, headers={HEADER: dead})
    assert (answer.status_code, names(answer)) == (201, "a")
    assert answer.headers[HEADER] != dead


async def test_queries_by_post(api: httpx.AsyncClient) -> None:
    await fill(api, *"ab")
    body = {"type": "Query", "entities": [{"type": "Gauge"}], "entityMap": True}
    made = await api.post("/entityOperations/query", json=body | {"entityMapLifetime": "PT5M"})
    assert (made.status_code, names(made)) == (201, "ab")
    expiry = (await api.get(f"/entityMaps/{id_of(made.headers[HEADER])}")).json()["expiresAt"]
    assert from_text(expiry) < now() + timedelta(minutes=6)
    used = await api.post(
        "/entityOperations/query",
        json={"type": "Query", "entities": [{"type": "Gauge"}]},
        headers={HEADER: made.headers[HEADER]},
    )
    assert (used.status_code, names(used)) == (200, "ab")


async def test_a_geo_query_is_tested_exactly(api: httpx.AsyncClient) -> None:
    for name, east in (("near", 134.05), ("far", 135.9)):
        place = {"type": "Point", "coordinates": [east, 34.34]}
        await fill(api, name, location={"type": "GeoProperty", "value": place})
    near = {
        "georel": "near;maxDistance==2000",
        "geometry": "Point",
        "coordinates": "[134.05,34.34]",
    }
    made = await api.get("/entities", params={"type": "Gauge", "entityMap": "true"} | near)
    assert names(made) == "near"
    assert list(await shown(api, made.headers[HEADER])) == ["urn:g:near"]


async def test_geojson_of_a_fresh_map_is_created_too(api: httpx.AsyncClient) -> None:
    await fill(api, "a")
    answer = await api.get(
        "/entities",
        params={"type": "Gauge", "entityMap": "true"},
        headers={"Accept": "application/geo+json"},
    )
    assert answer.status_code == 201
    assert len(answer.json()["features"]) == 1


async def test_candidates_of_split_entities_are_not_filtered(api: httpx.AsyncClient) -> None:
    await fill(api, "a", level=9)
    await fill(api, "b", level=1)
    params = {"type": "Gauge", "q": "level>5", "splitEntities": "true"}
    assert len((await api.get("/entityMaps", params=params)).json()["entityMap"]) == 2
    local = await api.get("/entityMaps", params=params | {"local": "true"})
    assert list(local.json()["entityMap"]) == ["urn:g:a"]
    query = await api.get("/entities", params=params | {"entityMap": "true"})
    assert names(query) == "a"


async def test_retrieving_one(api: httpx.AsyncClient) -> None:
    await fill(api, *"ab")
    made = await api.get("/entities/urn:g:a", params={"entityMap": "true"})
    assert made.status_code == 200
    assert await shown(api, made.headers[HEADER]) == {"urn:g:a": ["@none"]}
    used = await api.get("/entities/urn:g:a", headers={HEADER: made.headers[HEADER]})
    assert used.headers[HEADER] == made.headers[HEADER]
    assert HEADER not in (await api.get("/entities/urn:g:a")).headers
    missing = await api.get("/entities/urn:g:none", params={"entityMap": "true"})
    assert (missing.status_code, HEADER in missing.headers) == (404, False)


async def test_update_and_delete(api: httpx.AsyncClient) -> None:
    await fill(api, "a")
    made = (await api.get("/entityMaps", params={"type": "Gauge"})).json()
    path = f"/entityMaps/{made['id']}"
    fragment = {"expiresAt": "2999-01-01T00:00:00Z", "entityMap": {"urn:x": ["@none"]}}
    assert (await api.patch(path, json=fragment)).status_code == 204
    changed = (await api.get(path)).json()
    assert changed["entityMap"] == made["entityMap"]
    expiry = from_text(changed["expiresAt"])
    assert from_text(made["expiresAt"]) < expiry <= now() + service.MAX_LIFETIME
    assert (await api.patch(path, json={"expiresAt": "tomorrow"})).status_code == 400
    assert (await api.patch(path, json={"linkedMaps": {}})).status_code == 204
    assert (await api.delete(path)).status_code == 204
    for answer in (await api.get(path), await api.delete(path), await api.patch(path, json={})):
        assert answer.status_code == 404
        assert answer.json()["type"].endswith("ResourceNotFound")


async def test_an_expired_map_is_gone_at_once_and_swept_later(
    api: httpx.AsyncClient, broker: Broker
) -> None:
    await fill(api, "a")
    made = (await api.get("/entityMaps", params={"type": "Gauge"})).json()
    path = f"/entityMaps/{made['id']}"
    past = {"expiresAt": "2000-01-01T00:00:00Z"}
    assert (await api.patch(path, json=past)).status_code == 204
    assert (await api.get(path)).status_code == 404
    assert (await api.delete(path)).status_code == 404
    await api.get("/entityMaps", params={"type": "Gauge"})
    async with broker.pool.connection() as connection:
        await connection.execute("update entity_map set expires_at = now() - interval '1 s'")
    assert await sweep(broker.pool) == 1
    async with broker.pool.connection() as connection:
        cursor = await connection.execute("select count(*) from entity_map_entry")
        assert await cursor.fetchone() == (0,)


async def test_tenants_do_not_see_each_others(api: httpx.AsyncClient) -> None:
    other = {"NGSILD-Tenant": "other"}
    await fill(api, "a")
    await api.post("/entities", json={"id": "urn:o", "type": "Gauge"}, headers=other)
    made = (await api.get("/entityMaps", params={"type": "Gauge"})).json()
    assert list(made["entityMap"]) == ["urn:g:a"]
    path = f"/entityMaps/{made['id']}"
    assert (await api.get(path, headers=other)).status_code == 404
    assert (await api.delete(path, headers=other)).status_code == 404
    assert (await api.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/entityMaps", {"id": "urn:g:a"}),
        ("/entityMaps", {"type": "Gauge", "entityMapLifetime": "1hour"}),
        ("/entityMaps", {"type": "Gauge", "entityMapLifetime": "PT0S"}),
        ("/entityMaps", {"type": "Gauge", "q": "level=="}),
        ("/entityMaps", {"type": "Gauge", "csf": "=="}),
        ("/entityMaps", {"type": "Gauge", "pick": "a{b}"}),
        ("/entityMaps", {"type": "Gauge", "splitEntities": "perhaps"}),
        ("/entities", {"type": "Gauge", "entityMap": "perhaps"}),
        ("/entities", {"type": "Gauge", "entityMapLifetime": "soon"}),
        ("/temporal/entityMaps", {"type": "Gauge"}),
        ("/entityMaps/no uri", {}),
    ],
)
async def test_bad_requests(
    shared_api: httpx.AsyncClient, path: str, params: dict[str, str]
) -> None:
    answer = await shared_api.get(path, params=params)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("BadRequestData")


async def test_too_many_entities(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(api, *"abc")
    for module in (service, querying):
        monkeypatch.setattr(module, "MAX_ENTRIES", 2)
    answer = await api.get("/entityMaps", params={"type": "Gauge"})
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("TooManyResults")


async def test_room_for_maps_is_bounded(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_ALL_ENTRIES", 10)
    maps = EntityMapService(broker.pool)
    held = {f"urn:{n}": ("@none",) for n in range(4)}
    first = await maps.create("default", held, timedelta(minutes=1))
    second = await maps.create("default", held, timedelta(minutes=9))
    third = await maps.create("default", held, timedelta(minutes=5))
    found = [await maps.find("default", one.id) is not None for one in (first, second, third)]
    assert found == [False, True, True]


async def test_places_hold_when_batches_are_small(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "_FEW", 1)
    monkeypatch.setattr(walking, "_MANY", 3)
    await fill(api, *"abcdefgh")
    first = await api.get("/entities", params={"type": "Gauge", "entityMap": "true", "limit": 3})
    for gone in "bdeg":
        await api.delete(f"/entities/urn:g:{gone}")
    headers = {HEADER: first.headers[HEADER]}
    params = {"type": "Gauge", "limit": "2"}
    pages, answer = [], await api.get("/entities", params=params, headers=headers)
    while answer is not None:
        pages.append(names(answer))
        answer = await follow(api, answer, "next")
    assert pages == ["ac", "fh"]
    counted = await api.get(
        "/entities", params={"type": "Gauge", "limit": 0, "count": "true"}, headers=headers
    )
    assert (counted.headers["NGSILD-Results-Count"], counted.json()) == ("4", [])


def test_locations() -> None:
    assert id_of(location_of("urn:ngsi-ld:EntityMap:1")) == "urn:ngsi-ld:EntityMap:1"
    assert id_of("http://b/ngsi-ld/v1/entityMaps/urn%3Ax") == "urn:x"
    assert id_of("urn:x") == "urn:x"
