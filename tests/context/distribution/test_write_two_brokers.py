"""Writes between two real brokers: an entity kept in both, and registrations that go round."""

import httpx

from tests.context.distribution.conftest import Register, gauge, registration
from tests.context.distribution.peer import Peer, as_broker

ID = "urn:ngsi-ld:Gauge:1"
ENTITY = f"/entities/{ID}"
LOCAL = {"local": "true"}
OPS = {"operations": ["redirectionOps", "createBatch", "upsertBatch", "deleteBatch"]}
LEVEL = {"entities": [{"type": "Gauge", "id": ID}], "propertyNames": ["level"]}


async def local(api: httpx.AsyncClient) -> dict[str, object] | None:
    """Return what a broker itself has of the gauge, as plain values."""
    answer = await api.get(ENTITY, params=LOCAL | {"options": "keyValues"})
    found: dict[str, object] = answer.json()
    return None if answer.status_code == 404 else {k: v for k, v in found.items() if k[0] != "@"}


def values(**attrs: object) -> dict[str, object]:
    return {"id": ID, "type": "Gauge", **attrs}


async def test_an_entity_lives_in_two_brokers_through_its_whole_life(
    api: httpx.AsyncClient, register: Register, other_api: httpx.AsyncClient, other_broker: Peer
) -> None:
    await register(other_broker.endpoint, LEVEL, mode="exclusive", **OPS)
    assert (await api.post("/entities", json=gauge("1", level=1, flow=1))).status_code == 201
    assert (await local(api), await local(other_api)) == (values(flow=1), values(level=1))
    both = {"level": gauge("", x=2)["x"], "flow": gauge("", x=2)["x"]}
    assert (await api.patch(f"{ENTITY}/attrs", json=both)).status_code == 204
    assert (await local(api), await local(other_api)) == (values(flow=2), values(level=2))
    assert (await api.patch(f"{ENTITY}/attrs/level", json={"value": 3})).status_code == 204
    assert (await api.get(ENTITY, params={"options": "keyValues"})).json() == values(
        level=3, flow=2
    )
    upserted = await api.post("/entityOperations/upsert", json=[gauge("1", level=4, flow=4)])
    assert upserted.status_code == 204
    assert (await local(api), await local(other_api)) == (values(flow=4), values(level=4))
    assert (await api.delete(f"{ENTITY}/attrs/level")).status_code == 204
    again = await api.delete(f"{ENTITY}/attrs/level")
    assert (again.status_code, again.json()["status"]) == (404, 404)
    assert (await local(api), await local(other_api)) == (values(flow=4), values())
    assert (await api.post("/entityOperations/delete", json=[ID])).status_code == 204
    assert (await local(api), await local(other_api)) == (None, None)


async def test_a_purge_takes_from_the_other_broker_only_what_is_registered(
    api: httpx.AsyncClient, register: Register, other_api: httpx.AsyncClient, other_broker: Peer
) -> None:
    await register(other_broker.endpoint, LEVEL, mode="exclusive", **OPS)
    for number in ("1", "2"):
        await other_api.post("/entities", json=gauge(number, level=1, flow=1))
    assert (await api.delete("/entities", params={"type": "Gauge"})).status_code == 204
    left = await other_api.get("/entities", params={"type": "Gauge", "options": "keyValues"})
    assert left.json() == [
        values(flow=1),
        values(level=1, flow=1) | {"id": "urn:ngsi-ld:Gauge:2"},
    ]


async def test_redirects_that_lead_back_are_a_loop_and_nothing_is_written(
    api: httpx.AsyncClient, register: Register, other_api: httpx.AsyncClient, other_broker: Peer
) -> None:
    async with Peer(as_broker(api)) as here:
        await register(other_broker.endpoint, mode="redirect", **OPS)
        back = registration(here.endpoint, mode="redirect", **OPS)
        assert (await other_api.post("/csourceRegistrations", json=back)).status_code == 201
        answer = await api.post("/entities", json=gauge("1", level=1))
        assert (answer.status_code, answer.json()["title"]) == (508, "Loop detected")
        assert [len(other_broker.asked), len(here.asked)] == [1, 1]
    assert (await local(api), await local(other_api)) == (None, None)


async def test_inclusive_brokers_that_know_each_other_each_write_once(
    api: httpx.AsyncClient, register: Register, other_api: httpx.AsyncClient, other_broker: Peer
) -> None:
    identity = (await api.get("/info/sourceIdentity")).json()
    async with Peer(as_broker(api)) as here:
        await register(other_broker.endpoint, mode="inclusive", **OPS)
        back = registration(
            here.endpoint,
            mode="inclusive",
            contextSourceAlias=identity["contextSourceAlias"],
            **OPS,
        )
        assert (await other_api.post("/csourceRegistrations", json=back)).status_code == 201
        assert (await api.post("/entities", json=gauge("1", level=1))).status_code == 201
        assert here.asked == []
    assert await local(api) == await local(other_api) == values(level=1)
