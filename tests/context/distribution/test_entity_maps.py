"""Entity maps over several sources (clauses 4.3.6.7, 5.5.9.3, 5.14)."""

from typing import Any

import httpx
import msgspec
import pytest

from tamamo.context.broker import Broker
from tests.context.distribution.conftest import Register, gauge
from tests.context.distribution.peer import Peer, Says
from tests.context.distribution.test_query import create, names
from tests.context.distribution.test_temporal import BETWEEN, SINCE_2020, evolution, point, tells

HEADER = "NGSILD-EntityMap"


async def sources(api: httpx.AsyncClient, answer: httpx.Response) -> dict[str, list[str]]:
    map_id = answer.headers[HEADER].rpartition("/")[2]
    found = (await api.get(f"/entityMaps/{map_id}")).json()["entityMap"]
    return {entity_id.rpartition(":")[2]: held for entity_id, held in found.items()}


async def page(
    api: httpx.AsyncClient, made: httpx.Response | None = None, **params: Any
) -> httpx.Response:
    headers = {} if made is None else {HEADER: made.headers[HEADER]}
    asked = {"type": "Gauge"} | ({"entityMap": "true"} if made is None else {}) | params
    answer = await api.get("/entities", params=asked, headers=headers)
    assert answer.status_code == (201 if made is None else 200), answer.text
    return answer


async def test_a_map_names_the_sources_of_each_entity(
    api: httpx.AsyncClient, register: Register, other_broker: Peer, other_api: httpx.AsyncClient
) -> None:
    registered = await register(other_broker.endpoint)
    await create(api, gauge("1", level=1), gauge("2", level=2))
    await create(other_api, gauge("2", flow=2), gauge("3", level=3))
    made = await page(api, limit=2)
    assert names(made.json()) == ["1", "2"]
    assert made.json()[1] == gauge("2", level=2, flow=2)
    assert await sources(api, made) == {
        "1": ["@none"],
        "2": ["@none", registered],
        "3": [registered],
    }
    rest = await page(api, made, limit=2, offset=2)
    assert names(rest.json()) == ["3"]


async def test_what_is_gone_elsewhere_is_taken_out(
    api: httpx.AsyncClient, register: Register, other_broker: Peer, other_api: httpx.AsyncClient
) -> None:
    await register(other_broker.endpoint)
    await create(api, gauge("1", level=1))
    await create(other_api, gauge("2", level=2), gauge("3", level=3), gauge("4", level=4))
    made = await page(api, limit=1)
    await other_api.delete("/entities/urn:ngsi-ld:Gauge:2")
    rest = await page(api, made, limit=2, offset=1, count="true")
    assert names(rest.json()) == ["3", "4"]
    assert rest.headers["NGSILD-Results-Count"] == "3"
    assert "2" not in await sources(api, made)


async def test_a_source_that_does_not_answer_loses_nothing(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    registered = await register(peer.endpoint)
    await create(api, gauge("1", level=1))
    peer.has(gauge("2", level=2))
    made = await page(api)
    peer.answers["GET", "/entities"] = Says(status=503)
    meanwhile = await page(api, made)
    assert names(meanwhile.json()) == ["1"]
    assert "NGSILD-Warning" in meanwhile.headers
    assert (await sources(api, made))["2"] == [registered]
    peer.has(gauge("2", level=2))
    assert names((await page(api, made)).json()) == ["1", "2"]


async def test_only_the_sources_in_the_map_are_asked(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    await register(peer.endpoint)
    peer.has(gauge("1", level=1))
    made = await page(api)
    await register(other_peer.endpoint)
    other_peer.has(gauge("1", flow=1), gauge("9", level=9))
    assert (await page(api, made)).json() == [gauge("1", level=1)]
    assert other_peer.asked == []


async def test_split_entities_are_candidates_until_they_come_together(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    registered = await register(peer.endpoint)
    await create(api, gauge("1", level=1), gauge("2", level=2))
    peer.has(gauge("1", flow=10), gauge("2", flow=1))
    asked: dict[str, Any] = {"q": "level>0;flow>5", "splitEntities": "true"}
    listed = await api.get("/entityMaps", params={"type": "Gauge"} | asked)
    assert [held for _, held in sorted(listed.json()["entityMap"].items())] == [
        ["@none", registered]
    ] * 2
    made = await page(api, **asked)
    assert made.json() == [gauge("1", level=1, flow=10)]
    assert list(await sources(api, made)) == ["1"]


async def test_temporal_maps(api: httpx.AsyncClient, register: Register, peer: Peer) -> None:
    registered = await register(peer.endpoint, **SINCE_2020)
    body = evolution("1", level=[point(1, 1)])
    assert (await api.post("/temporal/entities?local=true", json=body)).status_code == 201
    tells(peer, evolution("1", level=[point(2, 2)]), evolution("2", level=[point(3, 3)]))
    asked = {"type": "Gauge", **BETWEEN}
    made = await api.get("/temporal/entities", params=asked | {"entityMap": "true", "limit": 1})
    assert made.status_code == 201, made.text
    assert [one["value"] for one in made.json()[0]["level"]] == [1, 2]
    assert await sources(api, made) == {"1": ["@none", registered], "2": [registered]}
    rest = await api.get(
        "/temporal/entities", params=asked | {"offset": 1}, headers={HEADER: made.headers[HEADER]}
    )
    assert [one["id"] for one in rest.json()] == ["urn:ngsi-ld:Gauge:2"]


async def test_a_retrieve_names_the_relevant_registrations(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    registered = await register(peer.endpoint)
    await create(api, gauge("1", level=1))
    peer.has(gauge("1", flow=1), gauge("2", level=2))
    for number, held in (("1", ["@none", registered]), ("2", [registered])):
        answer = await api.get(
            f"/entities/urn:ngsi-ld:Gauge:{number}", params={"entityMap": "true"}
        )
        assert answer.status_code == 200, answer.text
        assert await sources(api, answer) == {number: held}


async def test_maps_of_sources_are_linked_and_used(
    api: httpx.AsyncClient, register: Register, other_broker: Peer, other_api: httpx.AsyncClient
) -> None:
    registered = await register(other_broker.endpoint)
    await create(other_api, gauge("1", level=1), gauge("2", level=2))
    made = await page(api, limit=1)
    assert other_broker.asked[0].params["entityMap"] == "true"
    map_id = made.headers[HEADER].rpartition("/")[2]
    linked = (await api.get(f"/entityMaps/{map_id}")).json()["linkedMaps"]
    theirs = (await other_api.get(f"/entityMaps/{linked[registered]}")).json()
    assert sorted(theirs["entityMap"]) == ["urn:ngsi-ld:Gauge:1", "urn:ngsi-ld:Gauge:2"]
    assert names((await page(api, made, limit=1, offset=1)).json()) == ["2"]
    assert other_broker.last.headers["ngsild-entitymap"].endswith(linked[registered])
    await other_api.delete(f"/entityMaps/{linked[registered]}")
    assert names((await page(api, made)).json()) == ["1", "2"]
    again = (await api.get(f"/entityMaps/{map_id}")).json()["linkedMaps"]
    assert again.keys() == linked.keys()
    assert again != linked


async def test_a_source_without_maps_is_not_asked_for_one(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, operations=["queryEntity"])
    peer.has(gauge("1", level=1))
    made = await page(api)
    assert names(made.json()) == ["1"]
    assert all("entityMap" not in one.params for one in peer.asked)


async def test_a_retrieve_by_a_map_asks_its_sources_only(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    await register(peer.endpoint)
    peer.has(gauge("1", level=1))
    path = "/entities/urn:ngsi-ld:Gauge:1"
    made = await api.get(path, params={"entityMap": "true"})
    await register(other_peer.endpoint)
    other_peer.has(gauge("1", flow=1))
    by_map = await api.get(path, headers={HEADER: made.headers[HEADER]})
    assert by_map.json() == gauge("1", level=1)
    assert other_peer.asked == []
    assert (await api.get(path)).json() == gauge("1", level=1, flow=1)


@pytest.mark.parametrize("default", [False, True])
async def test_the_default_of_split_entities_is_a_setting(
    api: httpx.AsyncClient, broker: Broker, register: Register, peer: Peer, default: bool
) -> None:
    broker.settings = msgspec.structs.replace(broker.settings, split_entities=default)
    await register(peer.endpoint)
    await create(api, gauge("1", level=1))
    peer.has(gauge("1", flow=9))
    asked = {"type": "Gauge", "q": "level>0;flow>5"}
    await api.get("/entities", params=asked)
    assert ("q" in peer.last.params) is not default
    for said in ("true", "false"):
        await api.get("/entities", params=asked | {"splitEntities": said})
        assert ("q" in peer.last.params) is (said == "false")
