"""Deleting attributes of what is known by its evolution alone (clauses 5.6.5, 5.7.3.4)."""

from typing import Any

import httpx
import pytest

GAUGE = "urn:g:1"
DELETED = {"timeproperty": "deletedAt"}


async def fill(api: httpx.AsyncClient, **more: Any) -> None:
    level = [
        {"type": "Property", "value": value, "observedAt": f"2026-02-0{value}T00:00:00Z"}
        for value in (1, 2)
    ]
    body = {"id": GAUGE, "type": "Gauge", "level": level} | more
    assert (await api.post("/temporal/entities", json=body)).status_code == 201


async def test_the_deletion_enters_the_evolution(api: httpx.AsyncClient) -> None:
    await fill(api, scope=["/a"])
    for name in ("level", "scope"):
        assert (await api.delete(f"/entities/{GAUGE}/attrs/{name}")).status_code == 204
        assert (await api.delete(f"/entities/{GAUGE}/attrs/{name}")).status_code == 404
    shown = (await api.get(f"/temporal/entities/{GAUGE}", params=DELETED)).json()
    assert [item["value"] for item in shown["level"]] == ["urn:ngsi-ld:null"]
    assert shown["level"][0]["deletedAt"]
    assert [item["value"] for item in shown["scope"]] == [[]]
    everything = (await api.get(f"/temporal/entities/{GAUGE}")).json()
    assert [item["value"] for item in everything["level"]] == [1, 2, "urn:ngsi-ld:null"]
    assert (await api.get(f"/entities/{GAUGE}")).status_code == 404


@pytest.mark.parametrize(
    ("params", "left"),
    [({}, ["urn:d:1"]), ({"datasetId": "urn:d:1"}, [None]), ({"deleteAll": "true"}, [])],
)
async def test_which_instances_end(
    api: httpx.AsyncClient, params: dict[str, str], left: list[str | None]
) -> None:
    at = {"observedAt": "2026-02-01T00:00:00Z", "type": "Property"}
    await fill(api, level=[{"value": 1, **at}, {"value": 5, "datasetId": "urn:d:1", **at}])
    answer = await api.delete(f"/entities/{GAUGE}/attrs/level", params=params)
    assert answer.status_code == 204
    shown = (await api.get(f"/temporal/entities/{GAUGE}", params=DELETED)).json()
    ended = [item.get("datasetId") for item in shown["level"]]
    assert sorted(map(str, [*ended, *left])) == ["None", "urn:d:1"]


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (f"{GAUGE}/attrs/other", {}),
        (f"{GAUGE}/attrs/scope", {}),
        (f"{GAUGE}/attrs/level", {"datasetId": "urn:d:9"}),
        (f"{GAUGE}/attrs/level", {"type": "Pump"}),
        ("urn:g:2/attrs/level", {}),
    ],
)
async def test_what_is_not_there(api: httpx.AsyncClient, path: str, params: dict[str, str]) -> None:
    await fill(api)
    assert (await api.delete(f"/entities/{path}", params=params)).status_code == 404


async def test_an_evolution_that_has_ended_is_no_entity(api: httpx.AsyncClient) -> None:
    body = {"id": GAUGE, "type": "Gauge", "level": {"type": "Property", "value": 1}}
    assert (await api.post("/entities", json=body)).status_code == 201
    assert (await api.delete(f"/entities/{GAUGE}")).status_code == 204
    assert (await api.delete(f"/entities/{GAUGE}/attrs/level")).status_code == 404
