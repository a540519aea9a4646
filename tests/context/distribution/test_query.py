"""Query Entities over several sources: pages, counts, filters, and who is asked for what."""

from typing import Any

import httpx
import pytest

from tests.context.distribution.conftest import Register, gauge
from tests.context.distribution.peer import Asked, Peer, Says


async def query(api: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    answer = await api.get("/entities", params={"type": "Gauge"} | params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def names(entities: list[dict[str, Any]]) -> list[str]:
    return [entity["id"].rpartition(":")[2] for entity in entities]


async def create(api: httpx.AsyncClient, *entities: dict[str, Any]) -> None:
    for entity in entities:
        answer = await api.post("/entities", json=entity, params={"local": "true"})
        assert answer.status_code == 201, answer.text


async def test_entities_of_all_sources_come_together_in_order_of_ids(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    await create(api, gauge("2", level=2), gauge("4", level=4))
    peer.has(gauge("3", level=3), gauge("2", flow=2))
    other_peer.has(gauge("1", level=1))
    await register(peer.endpoint)
    await register(other_peer.endpoint)
    found = await query(api)
    assert names(found) == ["1", "2", "3", "4"]
    assert found[1] == gauge("2", level=2, flow=2)


async def test_pages_over_sources_neither_overlap_nor_leave_gaps(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    await create(api, *(gauge(f"{n:02}", level=n) for n in range(0, 20, 2)))
    peer.has(*(gauge(f"{n:02}", flow=n) for n in reversed(range(0, 20, 3))))
    other_peer.has(*(gauge(f"{n:02}", depth=n) for n in range(15, 25)))
    await register(peer.endpoint)
    await register(other_peer.endpoint)
    expected = sorted({*range(0, 20, 2), *range(0, 20, 3), *range(15, 25)})
    met: list[str] = []
    for offset in range(0, 30, 4):
        answer = await api.get(
            "/entities", params={"type": "Gauge", "limit": 4, "offset": offset, "count": "true"}
        )
        assert answer.headers["NGSILD-Results-Count"] == str(len(expected))
        assert ('rel="next"' in answer.headers["Link"]) == (offset + 4 < len(expected))
        met += names(answer.json())
    assert met == [f"{n:02}" for n in expected]


async def test_a_source_is_read_page_by_page_to_its_end(
    api: httpx.AsyncClient, register: Register
) -> None:
    everything = [gauge(f"{n:03}", level=n) for n in range(45)]

    async def small_pages(asked: Asked) -> Says:
        if "limit" in asked.params:
            return Says(403, {"title": "too many"})
        offset = int(asked.params.get("offset", "0"))
        link = {"Link": '</entities?offset=20>; rel="next"'} if offset < 40 else {}
        return Says(body=everything[offset : offset + 20], headers=link)

    async with Peer(small_pages) as peer:
        await register(peer.endpoint)
        assert len(await query(api, limit=1000)) == 45


async def test_filters_travel_to_sources_that_hold_whole_entities(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint)
    await create(api, gauge("1", level=1), gauge("2", level=30))
    peer.has(gauge("3", level=40))
    sent = {
        "q": "level>20",
        "scopeQ": "/harbour",
        "georel": "near;maxDistance==2000",
        "geometry": "Point",
        "coordinates": "[134,34]",
    }
    assert names(await query(api, **sent)) == ["3"]
    assert sent.items() <= peer.last.params.items()


async def test_filters_of_split_entities_are_for_what_comes_together(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint)
    await create(api, *(gauge(n, level=30, name=n) for n in "1234"))
    peer.has(gauge("1", flow=5), gauge("2", flow=9), gauge("3", depth=1), gauge("5", flow=9))
    found = await query(api, splitEntities="true", q="level>20;flow>8", attrs="name", count="true")
    assert found == [gauge("2", name="2")]
    assert "q" not in peer.last.params
    answer = await api.get(
        "/entities",
        params={"type": "Gauge", "splitEntities": "true", "q": "level>20|flow>8", "count": "true"},
    )
    assert names(answer.json()) == ["1", "2", "3", "4", "5"]
    assert answer.headers["NGSILD-Results-Count"] == "5"


async def test_a_source_is_spoken_to_in_its_own_names(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    """With jsonldContext (4.3.6.6) parameters are compacted anew, and q is tested here."""
    vocabulary = "https://uri.etsi.org/ngsi-ld/default-context/"
    context = {"@context": {"Pegel": f"{vocabulary}Gauge", "Stand": f"{vocabulary}level"}}
    other_peer.answers["GET", "/context"] = Says(body=context)
    address = f"{other_peer.endpoint}/context"
    await register(peer.endpoint, contextSourceInfo=[{"key": "jsonldContext", "value": address}])
    peer.has(
        {"id": "urn:a", "type": "Pegel", "Stand": {"type": "Property", "value": 30}},
        {"id": "urn:b", "type": "Pegel", "Stand": {"type": "Property", "value": 3}},
    )
    found = await query(api, q="level>20", attrs="level")
    assert found == [{"id": "urn:a", "type": "Gauge", "level": {"type": "Property", "value": 30}}]
    assert peer.last.params["type"] == "Pegel"
    assert peer.last.params["attrs"] == "Stand"
    assert "q" not in peer.last.params
    assert address in peer.last.headers["link"]


async def test_a_query_by_post_reaches_sources_that_only_take_the_other_kind(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    await register(peer.endpoint, operations=["queryEntity"])
    await register(other_peer.endpoint, operations=["queryBatch"])
    peer.has(gauge("1", level=30))
    other_peer.answers["POST", "/entityOperations/query"] = Says(body=[gauge("2", level=40)])
    body = {
        "type": "Query",
        "entities": [{"type": "Gauge", "idPattern": "Gauge"}],
        "q": "level>20",
        "geoQ": {"georel": "near;maxDistance==9", "geometry": "Point", "coordinates": [1, 2]},
        "attrs": ["level"],
    }
    answer = await api.post("/entityOperations/query", json=body)
    assert names(answer.json()) == ["1", "2"]
    assert peer.last.params["idPattern"] == "Gauge"
    assert peer.last.params["coordinates"] == "[1,2]"
    assert other_peer.last.body == body


async def test_only_the_types_and_ids_registered_are_asked_for(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(
        peer.endpoint,
        {
            "entities": [
                {"type": "Gauge", "id": "urn:ngsi-ld:Gauge:1"},
                {"type": "Gauge", "id": "urn:ngsi-ld:Gauge:2"},
            ],
            "propertyNames": ["level"],
        },
    )
    peer.has(gauge("1", level=1, secret=1), gauge("9", level=9), {"id": "urn:x", "type": "Other"})
    assert await query(api, type="Gauge,River") == [gauge("1", level=1)]
    asked = peer.last.params
    assert asked["type"] == "Gauge"
    assert asked["id"] == "urn:ngsi-ld:Gauge:1,urn:ngsi-ld:Gauge:2"
    assert asked["attrs"] == "level"


_MAY_HAVE: list[tuple[dict[str, Any], dict[str, str], bool]] = [
    ({"scope": "/harbour"}, {"scopeQ": "/harbour"}, True),
    ({"scope": "/harbour"}, {"scopeQ": "/hills"}, False),
    ({"datasetId": ["urn:d:1"]}, {"datasetId": "urn:d:1,urn:d:2"}, True),
    ({"datasetId": ["urn:d:1"]}, {"datasetId": "urn:d:2"}, False),
    ({"sourceType": "sensor"}, {"csf": 'sourceType=="sensor"'}, True),
    ({"sourceType": {"type": "Property", "value": "sensor"}}, {"csf": "sourceType==1"}, False),
    ({}, {"type": "*"}, False),
    ({}, {"id": "urn:ngsi-ld:Gauge:1"}, True),
]


async def test_a_source_is_asked_only_if_it_may_have_something(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    peer.has(gauge("1", level=1))
    for members, params, is_asked in _MAY_HAVE:
        identifier = await register(peer.endpoint, **members)
        peer.asked.clear()
        await query(api, **params)
        assert bool(peer.asked) == is_asked, (members, params)
        await api.delete(f"/csourceRegistrations/{identifier}")


@pytest.mark.parametrize(("point", "is_asked"), [("[134.05,34.35]", True), ("[140.0,40.0]", False)])
async def test_a_space_registered_keeps_queries_for_other_places_away(
    api: httpx.AsyncClient, register: Register, peer: Peer, point: str, is_asked: bool
) -> None:
    ring = [[134.0, 34.3], [134.1, 34.3], [134.1, 34.4], [134.0, 34.4], [134.0, 34.3]]
    await register(peer.endpoint, location={"type": "Polygon", "coordinates": [ring]})
    geo = {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": point}
    await query(api, **geo)
    assert bool(peer.asked) == is_asked


async def test_order_needs_local(api: httpx.AsyncClient, register: Register, peer: Peer) -> None:
    await register(peer.endpoint)
    answer = await api.get("/entities", params={"type": "Gauge", "orderBy": "level"})
    assert answer.status_code == 400
    assert await query(api, orderBy="level", local="true") == []
    assert not peer.asked
    assert await query(api, type="River", orderBy="level") == []


async def test_an_answer_of_20_megabytes_is_not_taken(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    await register(peer.endpoint)
    await register(other_peer.endpoint)
    peer.has(gauge("1", level="x" * (20 * 1024 * 1024)))
    other_peer.has(gauge("2", level=2))
    answer = await api.get("/entities", params={"type": "Gauge"})
    assert answer.json() == [gauge("2", level=2)]
    assert answer.headers["NGSILD-Warning"].startswith("111 tamamo-")


async def test_a_page_too_far_behind_is_refused(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint)
    answer = await api.get("/entities", params={"type": "Gauge", "offset": 1_000_000})
    assert (answer.status_code, answer.json()["field"]) == (403, "offset")


async def test_linked_entities_of_other_sources_are_found_by_the_type_they_are_said_to_have(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    def leads_to(number: str, **members: Any) -> dict[str, Any]:
        return {"type": "Relationship", "object": f"urn:ngsi-ld:Gauge:{number}", **members}

    river = {"id": "urn:ngsi-ld:River:1", "type": "River"}
    await create(api, river | {"a": leads_to("1", objectType="Gauge"), "b": leads_to("2")})
    await create(api, gauge("1", name="Harbour"))
    await register(peer.endpoint)
    peer.has(gauge("1", level=1), gauge("2", level=2))
    answer = await api.get("/entities", params={"type": "River", "join": "inline"})
    (found,) = answer.json()
    assert found["a"]["entity"] == gauge("1", name="Harbour", level=1)
    assert "entity" not in found["b"]  # nothing says what to ask for
    retrieved = await api.get(f"/entities/{river['id']}", params={"join": "flat"})
    assert [one["id"] for one in retrieved.json()] == [river["id"], "urn:ngsi-ld:Gauge:1"]
    local = await api.get("/entities", params={"type": "River", "join": "inline", "local": "true"})
    assert local.json()[0]["a"]["entity"] == gauge("1", name="Harbour")
