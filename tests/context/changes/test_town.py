"""`GET /sse?town=`: what a town's page shows, its own and what others share with it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.kernel import time
from tamamo.kernel.database import transaction
from tamamo.kernel.identity.model import INSTALLATION, Actor, Grant, Role
from tamamo.kernel.towns import Town
from tamamo.kernel.towns.agreement import Agreement, Terms
from tests.context.changes.test_sse import Browser
from tests.people import settle

GAUGE = {"id": "urn:ngsi-ld:FloodMonitoring:1", "type": "FloodMonitoring"}
OWNER = Actor("user:1", "", (Grant("a", "ayagawa", Role.APPROVER),))
READER = Actor("user:2", "", (Grant("b", "default", Role.APPROVER),))
KIND = DEFAULT_VOCABULARY + "FloodMonitoring"
LEVEL = DEFAULT_VOCABULARY + "currentLevel"


@pytest.fixture(autouse=True)
async def _town(broker: Broker) -> AsyncIterator[None]:
    await broker.town_service.create(
        INSTALLATION, Town("ayagawa", {"ja": "綾川町", "en": "Ayagawa"})
    )
    yield


async def agreed(broker: Broker, kind: str = KIND) -> Agreement:
    terms = Terms(
        "ayagawa", "default", frozenset({kind}), frozenset({"read"}), time.now(),
        attrs=frozenset({LEVEL}),
    )  # fmt: skip
    async with transaction(broker.pool) as connection:
        await settle(connection, OWNER, READER)
    made = await broker.agreements.propose(OWNER, "ayagawa", terms)
    await broker.agreements.sign(OWNER, "ayagawa", made.id)
    return await broker.agreements.sign(READER, "default", made.id)


async def write(api: httpx.AsyncClient, tenant: str, **values: Any) -> None:
    entity = {**GAUGE, **{k: {"type": "Property", "value": v} for k, v in values.items()}}
    headers = {"NGSILD-Tenant": tenant} if tenant != "default" else {}
    answer = await api.post("/entityOperations/upsert", json=[entity], headers=headers)
    assert answer.status_code in {201, 204}, answer.text


async def test_what_is_shared_arrives_with_its_owner_and_nothing_beyond_it(
    broker: Broker, api: httpx.AsyncClient
) -> None:
    await agreed(broker)
    async with Browser(broker, "town=default&type=FloodMonitoring").watching() as browser:
        assert await browser.piece() == "retry: 2000"
        await write(api, "ayagawa", currentLevel=1.5, secret="x")
        name, position, data = await browser.event()
        expected = {**GAUGE, "currentLevel": 1.5, "changed": ["currentLevel"]}
        assert (name, data) == ("entity", {**expected, "tenant": "ayagawa"})
        assert position is not None
        # This is none of the reader's business.
        path = f"/entities/{GAUGE['id']}/attrs"
        body = {"secret": {"type": "Property", "value": "y"}}
        patched = await api.patch(path, json=body, headers={"NGSILD-Tenant": "ayagawa"})
        assert patched.status_code == 204
        await write(api, "default", currentLevel=2.5, note="own")
        name, _, data = await browser.event()
        assert (name, data["tenant"], data["note"]) == ("entity", "default", "own")
        gone = await api.delete(f"/entities/{GAUGE['id']}", headers={"NGSILD-Tenant": "ayagawa"})
        assert gone.status_code == 204
        assert (await browser.event())[::2] == ("gone", {**GAUGE, "tenant": "ayagawa"})


async def test_what_a_neighbour_shows_to_everybody_on_its_own_pages_is_not_shown_here(
    broker: Broker, api: httpx.AsyncClient
) -> None:
    await broker.town_service.change(INSTALLATION, "ayagawa", public_types=frozenset({"*"}))
    await agreed(broker)
    async with Browser(broker, "town=default").watching() as browser:
        await browser.piece()
        body = {"id": "urn:x:bench", "type": "Bench"}
        made = await api.post("/entities", json=body, headers={"NGSILD-Tenant": "ayagawa"})
        assert made.status_code == 201
        await write(api, "ayagawa", currentLevel=1.5, secret="x")
        _, _, data = await browser.event()
        assert data == {
            **GAUGE, "currentLevel": 1.5, "changed": ["currentLevel"], "tenant": "ayagawa",
        }  # fmt: skip


async def test_a_stream_ends_when_the_agreement_does_and_comes_back_without(
    broker: Broker, api: httpx.AsyncClient
) -> None:
    agreement = await agreed(broker)
    async with Browser(broker, "town=default").watching() as browser:
        await browser.piece()
        await broker.agreements.revoke(OWNER, "ayagawa", agreement.id, "over")
        assert (await browser.event())[::2] == ("end", {"reason": "access"})
        await browser.end()
    async with Browser(broker, "town=default").watching() as browser:
        await browser.piece()
        await write(api, "ayagawa", currentLevel=1.5)
        await write(api, "default", currentLevel=2.5)
        assert (await browser.event())[2]["tenant"] == "default"


async def test_it_ends_too_when_another_process_ends_one_of_two_agreements(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this process knows of the access is a moment old when it hears of the agreement."""
    monkeypatch.setattr("tamamo.kernel.identity.cache.monotonic", lambda: 1000.0)
    agreement, _ = await agreed(broker), await agreed(broker, DEFAULT_VOCABULARY + "Bench")
    async with (
        open_broker(broker.settings) as other,
        Browser(broker, "town=default").watching() as browser,
    ):
        await browser.piece()
        await other.agreements.revoke(OWNER, "ayagawa", agreement.id, "over")
        assert (await browser.event())[::2] == ("end", {"reason": "access"})


async def test_a_stream_ends_when_something_new_is_shared(broker: Broker) -> None:
    async with Browser(broker, "town=default").watching() as browser:
        await browser.piece()
        await agreed(broker)
        assert (await browser.event())[::2] == ("end", {"reason": "access"})


async def test_another_change_of_towns_leaves_streams_alone(
    broker: Broker, api: httpx.AsyncClient
) -> None:
    async with Browser(broker, "town=default").watching() as browser:
        await browser.piece()
        await broker.town_service.create(INSTALLATION, Town("third", {"ja": "三", "en": "3"}))
        await write(api, "default", currentLevel=2.5)
        assert (await browser.event())[0] == "entity"


async def test_a_browser_goes_on_where_it_was(broker: Broker, api: httpx.AsyncClient) -> None:
    await agreed(broker)
    async with Browser(broker, "town=default").watching() as browser:
        await browser.piece()
        await write(api, "default", currentLevel=1)
        _, position, _ = await browser.event()
    await write(api, "ayagawa", currentLevel=2)
    assert position is not None
    async with Browser(broker, "town=default", last_event_id=position).watching() as browser:
        await browser.piece()
        assert (await browser.event())[2]["tenant"] == "ayagawa"
    async with Browser(broker, "town=default", last_event_id="999999999-1").watching() as browser:
        await browser.piece()
        assert (await browser.event())[::2] == ("reset", {"reason": "unknown"})


@pytest.mark.parametrize(
    ("query", "status"), [("town=nowhere", 404), ("town=default&bbox=1,2,3,4", 400)]
)
async def test_bad_requests(broker: Broker, query: str, status: int) -> None:
    async with Browser(broker, query).watching() as browser:
        assert browser.status == status


async def test_a_town_that_shows_nothing_has_a_silent_stream(
    broker: Broker, api: httpx.AsyncClient
) -> None:
    broker.identity.key = "k"
    async with Browser(broker, "town=ayagawa").watching() as browser:
        assert await browser.piece() == "retry: 2000"
        key = {"Authorization": "Bearer k", "NGSILD-Tenant": "ayagawa"}
        answer = await api.post("/entities", json=GAUGE, headers=key)
        assert answer.status_code == 201
        with pytest.raises(TimeoutError):
            await browser.event()
