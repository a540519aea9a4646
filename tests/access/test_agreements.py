"""What one town shares with the people of another: its types and attributes, as long as agreed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel import log
from tamamo.kernel.database import transaction
from tamamo.kernel.identity import Actor, Grant, Role
from tamamo.kernel.settings import Settings
from tamamo.kernel.time import now
from tamamo.kernel.towns.agreement import Terms
from tests.access.world import GAUGE, LD, Answer, application_of, call
from tests.context.notifications.conftest import notifying
from tests.context.notifications.receiver import Receiver
from tests.kernel.identity.conftest import Accounts
from tests.people import settle

KEY = "k" * 43
LEVEL = "https://uri.etsi.org/ngsi-ld/default-context/level"
LOCATION = "https://uri.etsi.org/ngsi-ld/location"
AT = "2026-01-01T00:00:00Z"
Ask = Callable[..., Awaitable[Answer]]


def _approver(number: int, town: str) -> Actor:
    return Actor(f"user:{number}", town, (Grant(town, town, Role.APPROVER),), town)


OWNER, READER = _approver(1, "beta"), _approver(2, "alpha")


@pytest.fixture
def closed(tmp_path: Path, database_url: str) -> Settings:
    (tmp_path / "home").mkdir()
    settings = Settings(home=tmp_path / "home", database_url=database_url, log_level="error",
                        outgoing_allow=("127.0.0.1",))  # fmt: skip
    log.configure(settings)
    return settings


@pytest.fixture
async def broker(closed: Settings) -> AsyncIterator[Broker]:
    async with open_broker(closed) as opened:
        opened.identity.key = KEY
        yield opened


@pytest.fixture
async def ask(broker: Broker) -> Ask:
    """Ask as somebody in a town: `await ask(who, method, path, body)`; in Beta by default."""
    app = application_of(broker)

    async def run(statement: str, *values: Any) -> Any:
        async with transaction(broker.pool) as connection:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchone() if cursor.description else None

    async def one(who: str, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        key = KEY if who == "installation" else f"t-{who}"
        town = more.pop("town", "beta")
        headers = {"NGSILD-Tenant": town, "Fiware-Service": town}
        if who:
            headers["authorization"] = f"Bearer {key}"
        return await call(app, method, path, headers, body, **more)

    for town in ("alpha", "beta"):
        for name, kind in (("g1", "Gauge"), ("p1", "Person")):
            body = {"id": f"urn:x:{name}", "type": kind, "level": _value(1),
                    "owner": _value("Sato")}  # fmt: skip
            answer = await one("installation", "POST", f"{LD}/entities", body, town=town)
            assert answer.status == 201, answer.text
    accounts = Accounts(run)
    for who, home in (("neighbour", "alpha"), ("stranger", "gamma")):
        client = await accounts.client(who, home=home)
        await accounts.token(client, "read write subscribe administer", text=f"t-{who}")
    return one


def _value(value: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": AT}


async def agree(
    broker: Broker,
    *actions: str,
    seconds: float | None = None,
    attrs: frozenset[str] = frozenset({LEVEL}),
) -> UUID:
    """Have both sides sign; what is shared are the levels of Beta's gauges."""
    begun = now() - timedelta(seconds=1)
    ends = None if seconds is None else now() + timedelta(seconds=seconds)
    terms = Terms("beta", "alpha", frozenset({GAUGE}), frozenset(actions), begun, ends,
                  attrs, "floods know no borders")  # fmt: skip
    async with transaction(broker.pool) as connection:
        await settle(connection, OWNER, READER)
    made = await broker.agreements.propose(READER, "alpha", terms)
    await broker.agreements.sign(OWNER, "beta", made.id)
    await broker.agreements.sign(READER, "alpha", made.id)
    broker.identity.forget()
    return made.id


async def test_the_people_of_the_reader_see_the_types_and_attributes_shared(
    broker: Broker, ask: Ask
) -> None:
    assert (await ask("neighbour", "GET", f"{LD}/entities?type=Gauge")).status == 404
    await agree(broker, "read")
    for path in (f"{LD}/entities?type=Gauge,Person&count=true", f"{LD}/entities/urn:x:g1",
                 "/v2/entities", "/v2/entities/urn:x:g1", f"{LD}/types?details=true",
                 f"{LD}/attributes", f"{LD}/temporal/entities/urn:x:g1",
                 f"{LD}/temporal/entities?type=Gauge,Person&timerel=after&timeAt={AT[:4]}-01-01"
                 "T00:00:00Z&timeproperty=createdAt", f"{LD}/entityMaps?type=Gauge,Person",
                 f"{LD}/types/Gauge"):  # fmt: skip
        answer = await ask("neighbour", "GET", path)
        assert answer.status in {200, 201}, (path, answer.text)
        text = answer.body.decode()
        assert "g1" in text or "level" in text, path
        assert not any(word in text for word in ("owner", "Sato", "Person", "p1")), (path, text)
    for path in (f"{LD}/entities/urn:x:p1", f"{LD}/entities/urn:x:g1?attrs=owner",
                 f"{LD}/types/Person", f"{LD}/attributes/owner", "/v2/entities/urn:x:p1",
                 "/v2/entities/urn:x:g1/attrs/owner", f"{LD}/temporal/entities/urn:x:p1",
                 f"{LD}/temporal/entities/urn:x:g1?attrs=owner"):  # fmt: skip
        assert (await ask("neighbour", "GET", path)).status == 404, path
    for query in ('type=Gauge&q=owner=="Sato"', "type=Gauge&attrs=owner", "q=owner"):
        answer = await ask("neighbour", "GET", f"{LD}/entities?{query}&count=true")
        assert (answer.body, answer.header("ngsild-results-count")) == (b"[]", "0"), query
    for who in ("stranger", ""):
        refused = await ask(who, "GET", f"{LD}/entities?type=Gauge")
        assert refused.status == (404 if who else 401)
    for method, path, body in (
        ("PATCH", f"{LD}/entities/urn:x:g1/attrs", {"level": _value(2)}),
        ("DELETE", f"{LD}/entities/urn:x:g1", None),
        ("POST", f"{LD}/entities", {"id": "urn:x:new", "type": "Gauge"}),
        ("POST", f"{LD}/snapshots", {"type": "Snapshot", "snapshotQueries": []}),
        ("POST", f"{LD}/subscriptions", {"type": "Subscription"}),
    ):
        assert (await ask("neighbour", method, path, body)).status == 403, path


async def test_features_and_tiles_hold_what_is_shared_and_end_with_it(
    broker: Broker, ask: Ask
) -> None:
    place = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [134, 34]}}
    body = {"id": "urn:x:g2", "type": "Gauge", "level": _value(1), "owner": _value("Sato"),
            "location": place}  # fmt: skip
    assert (await ask("installation", "POST", f"{LD}/entities", body)).status == 201
    gauges = "/t/beta/ogc/collections/Gauge"
    paths = (gauges, f"{gauges}/items", f"{gauges}/items/urn:x:g2",
             f"{gauges}/tiles/WebMercatorQuad/0/0/0")  # fmt: skip
    for path in paths:
        assert (await ask("neighbour", "GET", path)).status == 404, path
    made = await agree(broker, "read", attrs=frozenset({LEVEL, LOCATION}))
    for path in paths:
        answer = await ask("neighbour", "GET", path)
        assert answer.status == 200, (path, answer.text)
        text = answer.body.decode("utf-8", "replace")
        assert not any(word in text for word in ("owner", "Sato")), (path, text)
        assert (await ask("stranger", "GET", path)).status == 404
    await broker.agreements.revoke(READER, "alpha", made, "over")
    for path in paths:
        assert (await ask("neighbour", "GET", path)).status == 404, path


async def test_a_revoked_agreement_ends_reading_within_five_seconds(
    broker: Broker, ask: Ask, closed: Settings
) -> None:
    """Another process revokes it."""
    made = await agree(broker, "read")
    async with open_broker(closed) as other:
        await other.agreements.revoke(OWNER, "beta", made, "no longer")
    began = time.monotonic()
    while (await ask("neighbour", "GET", f"{LD}/entities/urn:x:g1")).status == 200:
        assert time.monotonic() - began < 5
        await asyncio.sleep(0.1)


async def test_an_agreement_ends_on_its_day(broker: Broker, ask: Ask) -> None:
    await agree(broker, "read", seconds=1.5)
    assert (await ask("neighbour", "GET", f"{LD}/entities/urn:x:g1")).status == 200
    began = time.monotonic()
    while (await ask("neighbour", "GET", f"{LD}/entities/urn:x:g1")).status == 200:
        assert time.monotonic() - began < 6.5
        await asyncio.sleep(0.1)


async def test_streams_tell_what_is_shared(broker: Broker, ask: Ask) -> None:
    await agree(broker, "subscribe")
    listening = asyncio.create_task(ask("neighbour", "GET", "/sse?tenant=beta", seconds=2))
    await asyncio.sleep(0.5)
    for body in ({"owner": _value("Suzuki")}, {"level": _value(7)}):
        await ask("installation", "PATCH", f"{LD}/entities/urn:x:g1/attrs", body)
    await ask("installation", "PATCH", f"{LD}/entities/urn:x:p1/attrs", {"level": _value(9)})
    heard = (await listening).body.decode()
    assert heard.count("event: entity") == 1
    assert '"level":7' in heard and '"changed":["level"]' in heard
    assert not any(word in heard for word in ("Suzuki", "Sato", "owner", "p1"))


async def subscribed(ask: Ask, receiver: Receiver) -> None:
    body = {"type": "Subscription", "entities": [{"type": "Gauge"}],
            "notification": {"format": "keyValues", "endpoint": {"uri": receiver.url}}}  # fmt: skip
    answer = await ask("neighbour", "POST", f"{LD}/subscriptions", body)
    assert answer.status == 201, answer.text


async def change(ask: Ask, value: int) -> None:
    place = f"{LD}/entities/urn:x:g1/attrs"
    body = {"level": {"type": "Property", "value": value}}
    assert (await ask("installation", "PATCH", place, body)).status == 204


async def test_notifications_hold_what_is_shared_and_stop_when_it_no_longer_is(
    broker: Broker, ask: Ask, closed: Settings
) -> None:
    made = await agree(broker, "subscribe")
    async with Receiver() as receiver, notifying(broker):
        await subscribed(ask, receiver)
        place = f"{LD}/entities/urn:x:g1/attrs"
        await ask("installation", "PATCH", place, {"owner": _value("Suzuki")})
        await change(ask, 2)
        (told,) = await receiver.wait_for(1)
        assert told.data == [{"id": "urn:x:g1", "type": "Gauge", "level": 2}]
        async with open_broker(closed) as other:
            await other.agreements.revoke(READER, "alpha", made, "enough")
        began, last = time.monotonic(), 0.0
        for value in range(3, 80):
            before = len(receiver.received)
            await change(ask, value)
            await asyncio.sleep(0.1)
            if len(receiver.received) > before:
                last = time.monotonic() - began
        assert time.monotonic() - began > 7
        assert last < 5


async def test_what_waits_is_not_delivered_once_it_may_not_be_told(
    broker: Broker, ask: Ask
) -> None:
    made = await agree(broker, "subscribe")
    async with Receiver() as receiver, notifying(broker):
        await subscribed(ask, receiver)
        receiver.status = 503
        await change(ask, 2)
        await receiver.wait_attempts(1)
        await broker.agreements.revoke(OWNER, "beta", made, "no longer")
        await asyncio.sleep(3)
        receiver.received.clear()
        receiver.status = 200
        await asyncio.sleep(1)
        assert not receiver.received
    async with transaction(broker.pool) as connection:
        cursor = await connection.execute(
            "select last_error, dead_at is not null from notification"
        )
        ((error, dead),) = await cursor.fetchall()
    assert dead and "may not be told" in error
