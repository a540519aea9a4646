"""Entity maps of temporal queries (clauses 5.7.3.4, 5.7.4.4, 5.14.5, 6.35)."""

from typing import Any

import httpx
import pytest

from tamamo.context.entitymaps.service import id_of

HEADER = "NGSILD-EntityMap"
WINDOW = {"timerel": "after", "timeAt": "2026-01-01T00:00:00Z"}


async def fill(api: httpx.AsyncClient, **levels: list[int]) -> None:
    for name, values in levels.items():
        instances = [
            {"type": "Property", "value": value, "observedAt": f"2026-02-0{day}T00:00:00Z"}
            for day, value in enumerate(values, 1)
        ]
        body = {"id": f"urn:g:{name}", "type": "Gauge", "level": instances}
        assert (await api.post("/temporal/entities", json=body)).status_code == 201


def names(answer: httpx.Response) -> str:
    return "".join(entity["id"].rpartition(":")[2] for entity in answer.json())


@pytest.mark.parametrize("way", ["get", "post"])
async def test_a_map_of_a_temporal_query(api: httpx.AsyncClient, way: str) -> None:
    await fill(api, a=[1, 9], b=[2])
    if way == "get":
        params = {"type": "Gauge", "q": "level>5", **WINDOW}
        answer = await api.get("/temporal/entityMaps", params=params)
    else:
        body = {"type": "Query", "entities": [{"type": "Gauge"}], "q": "level>5"}
        answer = await api.post("/temporal/entityMaps", json=body | {"temporalQ": WINDOW})
    assert answer.status_code == 201
    assert answer.json()["entityMap"] == {"urn:g:a": ["@none"]}
    before = {"type": "Gauge", "timerel": "before", "timeAt": "2000-01-01T00:00:00Z"}
    empty = await api.get("/temporal/entityMaps", params=before)
    assert (empty.status_code, empty.json()["entityMap"]) == (201, {})


async def test_pages_of_a_temporal_query(api: httpx.AsyncClient) -> None:
    await fill(api, a=[1], b=[2], c=[3])
    params: dict[str, Any] = {"type": "Gauge", **WINDOW, "limit": 1}
    made = await api.get("/temporal/entities", params=params | {"entityMap": "true"})
    assert (made.status_code, names(made)) == (201, "a")
    await fill(api, aa=[4])
    await api.delete("/temporal/entities/urn:g:b")
    headers = {HEADER: made.headers[HEADER]}
    again = await api.get(
        "/temporal/entities", params=params | {"offset": 1, "count": "true"}, headers=headers
    )
    assert (again.status_code, names(again)) == (200, "c")
    assert again.headers["NGSILD-Results-Count"] == "2"
    assert again.json()[0]["level"][0]["value"] == 3
    kept = (await api.get(f"/entityMaps/{id_of(made.headers[HEADER])}")).json()["entityMap"]
    assert list(kept) == ["urn:g:a", "urn:g:c"]
    backwards = await api.get(
        "/temporal/entities", params=params | {"orderBy": "id;desc"}, headers=headers
    )
    assert names(backwards) == "c"


async def test_other_times_with_the_same_map(api: httpx.AsyncClient) -> None:
    await fill(api, a=[1, 9])
    made = await api.get(
        "/temporal/entities", params={"type": "Gauge", "entityMap": "true", **WINDOW}
    )
    late = {"type": "Gauge", "timerel": "after", "timeAt": "2026-02-02T00:00:00Z"}
    answer = await api.get(
        "/temporal/entities", params=late, headers={HEADER: made.headers[HEADER]}
    )
    assert answer.json()[0]["level"][0]["value"] == 9


async def test_a_map_of_one_evolution(api: httpx.AsyncClient) -> None:
    await fill(api, a=[1], b=[2])
    made = await api.get("/temporal/entities/urn:g:a", params={"entityMap": "true"})
    assert made.status_code == 200
    found = await api.get(f"/entityMaps/{id_of(made.headers[HEADER])}")
    assert found.json()["entityMap"] == {"urn:g:a": ["@none"]}
    dead = await api.get("/temporal/entities/urn:g:a", headers={HEADER: "urn:dead"})
    assert dead.headers[HEADER] not in ("urn:dead", made.headers[HEADER])
