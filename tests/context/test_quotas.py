"""Limits of entities and storage hold for every way of writing, and leave the rest alone."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker
from tamamo.context.model.entity import Entity
from tamamo.kernel.errors import Problem
from tamamo.kernel.identity.model import INSTALLATION
from tamamo.kernel.time import now
from tamamo.kernel.towns import Limits, Towns, quota, usage
from tamamo.kernel.towns.errors import QuotaExceeded
from tamamo.kernel.towns.quota import Quotas, guard_of

HEADERS = {"NGSILD-Tenant": "ayagawa"}
TITLES = {"ja": "綾川町", "en": "Ayagawa"}


def gauge(number: int) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:Gauge:{number}",
        "type": "Gauge",
        "level": {"type": "Property", "value": number},
    }


@pytest.fixture
async def town(api: httpx.AsyncClient, broker: Broker) -> httpx.AsyncClient:
    """A client of a tenant that has two entities and may have three."""
    for number in (1, 2):
        answer = await api.post("/entities", json=gauge(number), headers=HEADERS)
        assert answer.status_code == 201
    await limit(broker, entities=3)
    return api


async def limit(broker: Broker, **limits: int) -> None:
    service = broker.town_service
    await service.change(INSTALLATION, "ayagawa", titles=TITLES, limits=Limits(**limits))


async def test_creation_ends_at_the_limit_and_changing_does_not(town: httpx.AsyncClient) -> None:
    third = await town.post("/entities", json=gauge(3), headers=HEADERS)
    assert third.status_code == 201
    refused = await town.post("/entities", json=gauge(4), headers=HEADERS)
    assert refused.status_code == 403
    body = refused.json()
    assert body["type"].endswith("/quota-exceeded")
    assert (body["tenant"], body["quota"], body["limit"], body["used"]) == (
        "ayagawa", "entities", 3, 3,
    )  # fmt: skip
    change = {"level": {"type": "Property", "value": 9}}
    path = "/entities/urn:ngsi-ld:Gauge:1/attrs"
    assert (await town.patch(path, json=change, headers=HEADERS)).status_code == 204
    # What another tenant has does not count.
    assert (await town.post("/entities", json=gauge(4))).status_code == 201


async def test_room_that_is_made_can_be_used(town: httpx.AsyncClient) -> None:
    assert (await town.post("/entities", json=gauge(3), headers=HEADERS)).status_code == 201
    assert (await town.post("/entities", json=gauge(4), headers=HEADERS)).status_code == 403
    gone = await town.delete("/entities/urn:ngsi-ld:Gauge:2", headers=HEADERS)
    assert gone.status_code == 204
    assert (await town.post("/entities", json=gauge(4), headers=HEADERS)).status_code == 201


@pytest.mark.parametrize("operation", ["create", "upsert"])
async def test_of_a_batch_what_there_is_room_for_is_made(
    town: httpx.AsyncClient, operation: str
) -> None:
    numbers = (3, 4, 5) if operation == "create" else (1, 3, 4, 5)
    answer = await town.post(
        f"/entityOperations/{operation}", json=[gauge(n) for n in numbers], headers=HEADERS
    )
    assert answer.status_code == 207
    body = answer.json()
    assert [error["entityId"][-1] for error in body["errors"]] == ["4", "5"]
    assert all(error["error"]["quota"] == "entities" for error in body["errors"])
    count = await town.get("/entities?type=Gauge&count=true&limit=0", headers=HEADERS)
    assert count.headers["NGSILD-Results-Count"] == "3"


async def test_ngsiv2_says_it_in_its_own_shape(town: httpx.AsyncClient) -> None:
    base = str(town.base_url).removesuffix("/ngsi-ld/v1/").removesuffix("/ngsi-ld/v1")
    for number, status in ((3, 201), (4, 403)):
        answer = await town.post(
            f"{base}/v2/entities",
            json={"id": f"v{number}", "type": "Gauge"},
            headers={"Fiware-Service": "ayagawa"},
        )
        assert answer.status_code == status, answer.text
    assert "3 entities" in answer.json()["description"]


async def test_feeds_are_told_and_what_is_known_is_stored(
    town: httpx.AsyncClient, broker: Broker
) -> None:
    level = "https://uri.etsi.org/ngsi-ld/default-context/level"
    kind = "https://uri.etsi.org/ngsi-ld/default-context/Gauge"

    def reading(number: int) -> Entity:
        seen = {"type": "Property", "value": 5, "observedAt": "2026-01-01T00:00:00Z"}
        return Entity(f"urn:ngsi-ld:Gauge:{number}", [kind], {level: [seen]})

    with pytest.raises(QuotaExceeded):
        await broker.observations.record("ayagawa", [reading(n) for n in (1, 3, 4)])
    found = await broker.entities.find("ayagawa", "urn:ngsi-ld:Gauge:1")
    assert found is not None
    assert found.attrs[level][0]["value"] == 5


async def test_two_processes_learn_of_each_other(town: httpx.AsyncClient, broker: Broker) -> None:
    """The other process has a pool, and a picture of what is used, of its own."""
    towns = Towns(broker.pool)
    await towns.refresh()
    other = Quotas(broker.pool, towns)
    async with broker.pool.connection() as connection:
        assert await other.guard(connection, ["default"]) is None
        guard = await other.guard(connection, ["ayagawa"])
    assert guard is not None
    assert guard.refuses("ayagawa", existed=True, exists=True) is None
    assert guard.refuses("ayagawa", existed=False, exists=True) is None
    refused = guard.refuses("ayagawa", existed=False, exists=True)
    assert isinstance(refused, Problem)
    guard.written()
    await usage.count_now(broker.pool)
    await other.exchange()
    entry = await broker.town_service.entry("ayagawa")
    assert entry.use("entities").used == 2 + 1  # what the other said it had created


async def test_storage_that_is_used_up_stops_writing_but_not_deleting(
    town: httpx.AsyncClient, broker: Broker
) -> None:
    await usage.measure_now(broker.pool)
    used = (await broker.town_service.entry("ayagawa")).use("storage").used
    assert used > 0
    await limit(broker, storage=used)
    await _told(broker)
    change = {"level": {"type": "Property", "value": 9}}
    path = "/entities/urn:ngsi-ld:Gauge:1/attrs"
    refused = await town.patch(path, json=change, headers=HEADERS)
    assert refused.status_code == 507
    assert (refused.json()["quota"], refused.json()["limit"]) == ("storage", used)
    assert (await town.post("/entities", json=gauge(3), headers=HEADERS)).status_code == 507
    gone = await town.delete("/entities/urn:ngsi-ld:Gauge:2", headers=HEADERS)
    assert gone.status_code == 204
    await limit(broker, storage=used * 10)
    await _told(broker)
    assert (await town.patch(path, json=change, headers=HEADERS)).status_code == 204


async def _told(broker: Broker) -> None:
    """Let this process learn what is used, as it does every other second."""
    await quota._BY_POOL[broker.pool].exchange()


async def test_counts_and_sizes_are_those_of_the_rows(
    town: httpx.AsyncClient, broker: Broker
) -> None:
    await town.post("/entities", json=gauge(7))
    await usage.count_now(broker.pool)
    entries = {entry.town.name: entry for entry in await broker.town_service.listed()}
    assert entries["ayagawa"].use("entities").used == 2
    assert entries["default"].use("entities").used == 1
    sizes = await usage.storage(broker.pool)
    assert sizes["ayagawa"] > sizes["default"] > 0


async def test_a_tenant_without_limits_costs_no_look(broker: Broker) -> None:
    async with broker.pool.connection() as connection:
        assert await guard_of(connection, ["default"] * 100) is None


async def test_requests_are_written_down_once_their_minute_is_over(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas = quota._BY_POOL[broker.pool]
    broker.limits.counter.requests, broker.limits.counter.refused = {"default": 7}, {"default": 2}
    await quotas.write_down()
    assert broker.limits.counter.requests == {"default": 7}
    quotas._minute = now().replace(second=0, microsecond=0) - timedelta(minutes=1)
    await quotas.write_down()
    assert broker.limits.counter.requests == {}
    entry = await broker.town_service.entry("default")
    assert (entry.use("requests").used, entry.refused) == (7, 2)
    monkeypatch.setattr(quotas, "_minute", now() - timedelta(days=2))
    broker.limits.counter.requests = {"default": 1}
    await quotas.write_down()
    assert await usage.trim(broker.pool) == 1
