"""The batch operations (clauses 5.5.11, 5.6.7 to 5.6.10, 5.6.20): who is written, who is not."""

from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker

ID = "urn:ngsi-ld:Gauge:"
LD = {"Content-Type": "application/ld+json"}
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"


def gauge(number: int, level: Any = 1, **attrs: Any) -> dict[str, Any]:
    return {"id": f"{ID}{number}", "type": "Gauge", "level": {"value": level}, **attrs}


async def levels(api: httpx.AsyncClient) -> dict[str, Any]:
    answer = await api.get("/entities?type=Gauge&format=simplified")
    return {entity["id"].removeprefix(ID): entity["level"] for entity in answer.json()}


async def counts(broker: Broker) -> dict[str, int]:
    """How many rows each table holds."""
    async with broker.pool.connection() as connection:
        found = {}
        for table in ("entity", "temporal_entity", "attribute_history", "outbox"):
            cursor = await connection.execute(f"select count(*) from {table}")  # type: ignore[arg-type]
            row = await cursor.fetchone()
            assert row is not None
            found[table] = row[0]
    return found


async def test_create(api: httpx.AsyncClient) -> None:
    answer = await api.post("/entityOperations/create", json=[gauge(1), gauge(2)])
    assert answer.status_code == 201
    assert sorted(answer.json()) == [f"{ID}1", f"{ID}2"]


async def test_a_failing_element_leaves_the_others_right(
    api: httpx.AsyncClient, broker: Broker
) -> None:
    """Wrong data, an id that is there already, one twice: the rest is written, in all tables."""
    await api.post("/entities", json=gauge(1, 0))
    batch = [
        gauge(1),
        gauge(2),
        {"id": f"{ID}3", "type": "Gauge", "level": {"type": "Relationship"}},
        {"type": "Gauge"},
        gauge(4),
        gauge(4, 9),
    ]
    answer = await api.post("/entityOperations/create", json=batch)
    assert answer.status_code == 207
    result = answer.json()
    assert result["success"] == [f"{ID}2", f"{ID}4"]
    failed = {error["entityId"]: error["error"]["type"] for error in result["errors"]}
    assert {entity_id: kind.rpartition("/")[2] for entity_id, kind in failed.items()} == {
        f"{ID}1": "AlreadyExists",
        f"{ID}3": "BadRequestData",
        "": "BadRequestData",
        f"{ID}4": "AlreadyExists",
    }
    assert await levels(api) == {"1": 0, "2": 1, "4": 1}
    assert await counts(broker) == dict.fromkeys(
        ("entity", "temporal_entity", "attribute_history", "outbox"), 3
    )


async def test_upsert_creates_and_replaces(api: httpx.AsyncClient) -> None:
    await api.post("/entities", json=gauge(1, 0, name={"value": "a"}))
    answer = await api.post("/entityOperations/upsert", json=[gauge(1, 5), gauge(2, 6)])
    assert answer.status_code == 201
    assert answer.json() == [f"{ID}2"]
    assert await levels(api) == {"1": 5, "2": 6}
    assert "name" not in (await api.get(f"/entities/{ID}1")).json()
    again = await api.post("/entityOperations/upsert", json=[gauge(1, 7)])
    assert (again.status_code, again.content) == (204, b"")


@pytest.mark.parametrize("operation", ["create", "upsert", "update", "merge"])
async def test_the_last_id_of_an_element_counts_and_one_without_is_refused(
    api: httpx.AsyncClient, operation: str
) -> None:
    if operation in {"update", "merge"}:
        await api.post("/entities", json=gauge(4, 0))
    wrong = [{"type": "Gauge"}, {"@id": 3, "type": "Gauge"}, 7]
    named = {**gauge(3, 1), "@id": f"{ID}4"}
    answer = await api.post(f"/entityOperations/{operation}", json=[*wrong, named])
    assert answer.status_code == 207
    assert [error["entityId"] for error in answer.json()["errors"]] == ["", "", ""]
    assert answer.json()["success"] == [f"{ID}4"]
    assert await levels(api) == {"4": 1}


async def test_upsert_may_update(api: httpx.AsyncClient) -> None:
    await api.post("/entities", json=gauge(1, 0, name={"value": "a"}))
    await api.post("/entityOperations/upsert?options=update", json=[gauge(1, 5)])
    shown = (await api.get(f"/entities/{ID}1?format=simplified")).json()
    assert shown == {"id": f"{ID}1", "type": "Gauge", "level": 5, "name": "a"}


async def test_who_listens_learns_what_was_also_of_what_is_said_again(
    api: httpx.AsyncClient, broker: Broker
) -> None:
    await api.post("/entities", json=gauge(1, 0, name={"value": "a"}))
    async with broker.changes.subscribe("default") as reader:
        await api.post("/entityOperations/upsert", json=[gauge(1, 5, name={"value": "a"}, x=1)])
        change = await reader.next(5)
    assert change is not None
    assert change.previous is not None
    previous = {attr.rpartition("/")[2]: was for attr, was in change.previous.items()}
    assert {attr: was[0]["value"] for attr, was in previous.items()} == {"level": 0, "name": "a"}
    assert change.previous_document is not None
    assert '/name":null' in change.previous_document


async def test_elements_of_one_entity_are_taken_in_order(
    api: httpx.AsyncClient, broker: Broker
) -> None:
    batch = [gauge(1, level) for level in (1, 2, 3)]
    assert (await api.post("/entityOperations/upsert", json=batch)).status_code == 201
    assert await levels(api) == {"1": 3}
    assert (await counts(broker))["attribute_history"] == 3
    assert (await counts(broker))["outbox"] == 3


async def test_update_appends_and_overwrites(api: httpx.AsyncClient) -> None:
    await api.post("/entities", json=gauge(1, 0))
    batch = [gauge(1, 5, name={"value": "a"}), gauge(2)]
    answer = await api.post("/entityOperations/update", json=batch)
    assert answer.status_code == 207
    assert answer.json()["success"] == [f"{ID}1"]
    assert answer.json()["errors"][0]["entityId"] == f"{ID}2"
    assert await levels(api) == {"1": 5}


async def test_update_without_overwriting_names_what_stayed(api: httpx.AsyncClient) -> None:
    await api.post("/entities", json=gauge(1, 0))
    path = "/entityOperations/update?options=noOverwrite"
    answer = await api.post(path, json=[gauge(1, 5, name={"value": "a"})])
    assert answer.status_code == 207
    assert "level" in answer.json()["errors"][0]["error"]["detail"]
    shown = (await api.get(f"/entities/{ID}1?format=simplified")).json()
    assert (shown["level"], shown["name"]) == (0, "a")
    fresh = {"id": f"{ID}1", "type": "Gauge", "river": {"value": "b"}}
    assert (await api.post(path, json=[fresh])).status_code == 204


async def test_merge(api: httpx.AsyncClient) -> None:
    await api.post("/entities", json=gauge(1, {"a": 1, "b": 2}))
    batch = [{"id": f"{ID}1", "level": {"value": {"b": "urn:ngsi-ld:null", "c": 3}}}]
    assert (await api.post("/entityOperations/merge", json=batch)).status_code == 204
    assert await levels(api) == {"1": {"a": 1, "c": 3}}


async def test_delete(api: httpx.AsyncClient) -> None:
    await api.post("/entityOperations/create", json=[gauge(1), gauge(2)])
    answer = await api.post("/entityOperations/delete", json=[f"{ID}1", f"{ID}1", "no uri"])
    assert answer.status_code == 207
    assert answer.json()["success"] == [f"{ID}1"]
    assert [error["entityId"] for error in answer.json()["errors"]] == ["no uri", f"{ID}1"]
    assert (await api.post("/entityOperations/delete", json=[f"{ID}2"])).status_code == 204


async def test_each_element_has_its_own_context(api: httpx.AsyncClient) -> None:
    batch = [
        {**gauge(1), "@context": CORE},
        {
            "id": f"{ID}2",
            "type": "Gauge",
            "niveau": {"value": 2},
            "@context": {"niveau": "https://uri.etsi.org/ngsi-ld/default-context/level"},
        },
        gauge(3),
    ]
    answer = await api.post("/entityOperations/create", json=batch, headers=LD)
    assert answer.status_code == 207
    assert [error["entityId"] for error in answer.json()["errors"]] == [f"{ID}3"]
    assert await levels(api) == {"1": 1, "2": 2}


@pytest.mark.parametrize("operation", ["create", "upsert", "update", "merge", "delete"])
@pytest.mark.parametrize(
    ("body", "kind"),
    [([], "BadRequestData"), ([None], "BadRequestData"), ({}, "InvalidRequest")],
)
async def test_what_is_no_batch(
    shared_api: httpx.AsyncClient, operation: str, body: Any, kind: str
) -> None:
    answer = await shared_api.post(f"/entityOperations/{operation}", json=body)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith(kind)


async def test_a_tenant_is_made_by_creating_only(api: httpx.AsyncClient) -> None:
    tenant = {"NGSILD-Tenant": "naoshima"}
    answer = await api.post("/entityOperations/update", json=[gauge(1)], headers=tenant)
    assert answer.status_code == 404
    answer = await api.post("/entityOperations/upsert", json=[gauge(1)], headers=tenant)
    assert answer.status_code == 201
    assert await levels(api) == {}
