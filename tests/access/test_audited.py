"""What the audit log says of acts through the APIs: writes of people, and personal data."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.context.notifications.service import Notifier
from tamamo.kernel import audit, log
from tamamo.kernel.audit import chain
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.identity import Role, organisation
from tamamo.kernel.settings import Settings
from tests.access.world import LD, Answer, application_of, call
from tests.kernel.identity.conftest import Accounts

KEY = "k" * 43
CORE = "https://uri.etsi.org/ngsi-ld/default-context/"
PERSON = f"{CORE}WatchedPerson"
WHO = ("user", "client", "installation")
TIMES = "timerel=after&timeAt=2020-01-01T00:00:00Z"
Row = tuple[str, str, str, Any, Any]


class World:
    """A town with a register of persons, and those who ask."""

    def __init__(self, broker: Broker, accounts: Accounts) -> None:
        self.broker, self.run = broker, accounts.run
        self.app = application_of(broker)
        self.user = ""
        self.after = 0

    async def ask(
        self, who: str, method: str, path: str, body: Any = None, seconds: float | None = None
    ) -> Answer:
        key = KEY if who == "installation" else f"t-{who}"
        headers = {"authorization": f"Bearer {key}"} if who else {}
        return await call(self.app, method, path, headers, body, seconds)

    async def done(self, who: str, method: str, path: str, body: Any = None) -> Answer:
        answer = await self.ask(who, method, path, body)
        assert answer.status < 300, answer.text
        return answer

    async def log(self) -> list[Row]:
        """Return the events since the last look: actor, action, object, before, after."""
        async with transaction(self.broker.pool) as connection:
            cursor = await connection.execute(
                "select actor, action, object, before, after, seq from audit_event"
                " where tenant = 'default' and seq > %s order by seq",
                [self.after],
            )
            rows = await cursor.fetchall()
        self.after = rows[-1][5] if rows else self.after
        return [row[:5] for row in rows]

    def verify(self) -> None:
        """See that the chains are whole, as `tamamo audit verify` does."""
        assert self.broker.settings.database_url is not None
        with psycopg.connect(self.broker.settings.database_url) as connection:
            report = chain.verify_database(connection)
        assert not report.faults

    async def acts(self) -> list[tuple[str, str, str]]:
        """Return actor, action and object of the events since the last look."""
        return [row[:3] for row in await self.log()]


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    (tmp_path / "home").mkdir()
    settings = Settings(home=tmp_path / "home", database_url=database_url, log_level="warning")
    log.configure(settings)
    async with open_broker(settings) as broker:
        broker.identity.key = KEY

        async def run(statement: str, *values: Any) -> Any:
            async with transaction(broker.pool) as connection:
                cursor = await connection.execute(statement.encode(), values)
                return await cursor.fetchone() if cursor.description else None

        accounts = Accounts(run)
        world = World(broker, accounts)
        async with transaction(broker.pool) as connection:
            await organisation.declare(connection, "default", PERSON, "care", personal=True)
        await broker.towns.refresh()
        for name, kind in (("g", "Gauge"), ("p", "WatchedPerson")):
            await world.done("installation", "POST", f"{LD}/entities", entity(name, kind))
        client, user = await accounts.client("firm"), await accounts.user()
        world.user = f"user:{user}"
        for subject in ("client:firm", world.user):
            await accounts.grant(subject, "default", Role.OPERATOR)
        await accounts.token(client, "read write subscribe administer", text="t-client")
        await accounts.token(client, "read write subscribe administer", user=user, text="t-user")
        await world.log()
        yield world


def entity(name: str, kind: str = "Gauge", level: Any = 1) -> dict[str, Any]:
    return {
        "id": f"urn:x:{name}",
        "type": kind,
        "level": {"type": "Property", "value": level, "observedAt": "2026-01-01T00:00:00Z"},
    }


Write = tuple[str, str, Any, str]
G, P = "urn:x:g", "urn:x:p"
LEVEL = {"level": {"type": "Property", "value": 5}}


def writes(one: str, kind: str) -> list[Write]:
    """Return each kind of write of an entity that is there: method, path, body, action."""
    new = f"{one}-new"
    whole = {"id": one, "type": kind, **LEVEL}
    at = {"level": [{"type": "Property", "value": 9, "observedAt": "2026-02-01T00:00:00Z"}]}
    v2 = {"id": f"{new}2", "type": kind, "level": {"type": "Number", "value": 1}}
    return [
        ("PATCH", f"{LD}/entities/{one}/attrs", LEVEL, "entity.change"),
        ("PATCH", f"{LD}/entities/{one}", {"level": {"type": "Property", "value": 6}},
         "entity.change"),
        ("POST", f"{LD}/entities/{one}/attrs", {"name": {"type": "Property", "value": "a"}},
         "entity.change"),
        ("PATCH", f"{LD}/entities/{one}/attrs/name", {"value": "b"}, "entity.change"),
        ("DELETE", f"{LD}/entities/{one}/attrs/name", None, "entity.change"),
        ("PUT", f"{LD}/entities/{one}", whole, "entity.change"),
        ("POST", f"{LD}/entityOperations/upsert", [{**whole, "x": {"value": 1}}], "entity.change"),
        ("POST", f"{LD}/entityOperations/create", [{**whole, "id": new}], "entity.create"),
        ("POST", f"{LD}/entityOperations/delete", [new], "entity.delete"),
        ("POST", "/v2/entities", v2, "entity.create"),
        ("PUT", f"/v2/entities/{new}2/attrs/level/value", {"x": 4}, "entity.change"),
        ("POST", "/v2/op/update", {"actionType": "delete", "entities": [{"id": f"{new}2"}]},
         "entity.delete"),
        ("POST", f"{LD}/temporal/entities", {"id": one, "type": kind, **at}, "evolution.change"),
        ("POST", f"{LD}/temporal/entities/{one}/attrs", at, "evolution.change"),
        ("DELETE", f"{LD}/temporal/entities/{one}/attrs/level", None, "evolution.change"),
        ("DELETE", f"{LD}/temporal/entities/{one}", None, "evolution.delete"),
        ("DELETE", f"{LD}/entities?type={kind}", None, "entity.delete"),
    ]  # fmt: skip


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(("one", "kind"), [(G, "Gauge"), (P, "WatchedPerson")])
async def test_each_kind_of_write(world: World, who: str, one: str, kind: str) -> None:
    actor = {"user": world.user, "client": "client:firm"}.get(who, who)
    for method, path, body, action in writes(one, kind):
        await world.done(who, method, path, body)
        rows = await world.log()
        if who != "user" and kind == "Gauge":
            assert rows == [], (method, path)
            continue
        assert [row[:2] for row in rows] == [(actor, action)], (method, path, rows)
        assert rows[0][2].startswith(one)
        if kind == "WatchedPerson" and action != "evolution.delete":
            assert rows[0][3] is None
            assert rows[0][4]["types"] == [PERSON]
            assert "value" not in orjson.dumps(rows[0][4]).decode()
    world.verify()


async def test_before_and_after_are_what_changed(world: World) -> None:
    body = {**LEVEL, "password": {"type": "Property", "value": "hush"}}
    await world.done("user", "POST", f"{LD}/entities/{G}/attrs", body)
    ((_, _, about, before, after),) = await world.log()
    assert about == G
    assert before.keys() == {f"{CORE}level"}
    assert before[f"{CORE}level"][0]["value"] == 1
    assert after[f"{CORE}level"][0]["value"] == 5
    assert after[f"{CORE}password"] == "***"


READS = [
    ("GET", f"{LD}/entities/urn:x:p", None),
    ("GET", f"{LD}/entities/urn:x:p?options=keyValues&pick=level", None),
    ("GET", f"{LD}/entities?type=WatchedPerson,Gauge", None),
    ("GET", f"{LD}/entities?id=urn:x:p,urn:x:g&local=true", None),
    ("POST", f"{LD}/entityOperations/query",
     {"type": "Query", "entities": [{"type": "WatchedPerson"}]}),
    ("GET", f"{LD}/temporal/entities/urn:x:p", None),
    ("GET", f"{LD}/temporal/entities?type=WatchedPerson&{TIMES}", None),
    ("GET", "/v2/entities?type=WatchedPerson", None),
    ("GET", "/v2/entities/urn:x:p", None),
    ("GET", "/v2/entities/urn:x:p/attrs", None),
    ("GET", "/v2/entities/urn:x:p/attrs/level", None),
    ("GET", "/v2/entities/urn:x:p/attrs/level/value", None),
]  # fmt: skip


@pytest.mark.parametrize("who", WHO)
async def test_each_kind_of_read(world: World, who: str) -> None:
    actor = {"user": world.user, "client": "client:firm"}.get(who, who)
    for method, path, body in READS:
        await world.done(who, method, path, body)
        rows = await world.log()
        assert len(rows) == 1, (path, rows)
        subject, action, about, before, after = rows[0]
        assert (subject, action, about, before) == (actor, "personal.read", P, None)
        purpose = f"{method} {path.partition('?')[0]}"
        assert after == {"purpose": purpose, "count": 1, "ids": [P]}
        # Of others nothing is said.
        other = path.replace("urn:x:p", G).replace("WatchedPerson,", "").replace(",urn:x:g", "")
        other = other.replace("WatchedPerson", "Gauge")
        query = orjson.loads(orjson.dumps(body).replace(b"WatchedPerson", b"Gauge"))
        await world.done(who, method, other, query)
        assert await world.log() == []


async def test_a_read_of_many_is_one_row(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tamamo.context.acting.MOST", 3)
    people = [entity(f"q{n}", "WatchedPerson") for n in range(5)]
    await world.done("installation", "POST", f"{LD}/entityOperations/create", people)
    assert [row[1] for row in await world.log()] == ["entity.create"] * 5
    await world.done("user", "GET", f"{LD}/entities?type=WatchedPerson&limit=50")
    ((_, _, about, _, after),) = await world.log()
    assert (about, after["count"], len(after["ids"])) == ("entities", 6, 3)


async def test_what_is_refused_is_no_act(world: World) -> None:
    await world.run("delete from role_grant")
    await world.run("update tenant set public_types = %s", [f"{CORE}Gauge", PERSON])
    world.broker.identity.forget()
    for who in ("", "user", "client"):
        for method, path, body in READS:
            answer = await world.ask(who, method, path, body)
            assert b'"id":"urn:x:p"' not in answer.body
        for method, path, body, _ in writes(P, "WatchedPerson"):
            assert (await world.ask(who, method, path, body)).status in {207, 400, 401, 403, 404}
    for method, path, given in (
        ("POST", "entities", entity("g")),
        ("DELETE", "entities/urn:x:none", None),
        ("POST", "subscriptions", {"type": "Subscription"}),
    ):
        answer = await world.ask("installation", method, f"{LD}/{path}", given)
        assert answer.status >= 400
    assert await world.log() == []


async def test_rollback_leaves_no_row(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = audit.append_many

    async def fails(connection: Connection, events: Any) -> None:
        await real(connection, events)
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(audit, "append_many", fails)
    answer = await world.ask("user", "PATCH", f"{LD}/entities/{G}/attrs", LEVEL)
    assert answer.status == 500
    monkeypatch.undo()
    assert await world.log() == []
    shown = await world.done("user", "GET", f"{LD}/entities/{G}?options=keyValues")
    assert orjson.loads(shown.body)["level"] == 1


async def test_no_answer_without_its_row(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(audit, "append", fails)
    answer = await world.ask("user", "GET", f"{LD}/entities/{P}")
    assert answer.status == 500
    assert b"level" not in answer.body


async def test_writers_at_once(world: World) -> None:
    async def change(who: str, number: int) -> None:
        value = {"level": {"type": "Property", "value": number}}
        await world.done(who, "PATCH", f"{LD}/entities/{G}/attrs", value)

    await asyncio.gather(
        *(change("user", n) for n in range(100, 115)),
        *(change("client", n) for n in range(200, 215)),
        *(change("installation", n) for n in range(300, 315)),
    )
    acts = await world.acts()
    assert acts == [(world.user, "entity.change", G)] * 15
    world.verify()


async def test_subscriptions_sources_contexts_and_snapshots(world: World) -> None:
    receiver = [{"key": "Authorization", "value": "Bearer hush"}]
    endpoint = {"uri": "http://me:hush@127.0.0.1:9/path?hush", "receiverInfo": receiver}
    sub = {"id": "urn:x:s", "type": "Subscription", "entities": [{"type": "Gauge"}],
           "q": 'name=="hush"', "notification": {"endpoint": endpoint}}  # fmt: skip
    source = {"id": "urn:x:r", "type": "ContextSourceRegistration", "endpoint": "http://h.test/x",
              "information": [{"entities": [{"type": "Road"}]}],
              "contextSourceInfo": receiver}  # fmt: skip
    snapshot = {"id": "urn:x:n", "type": "Snapshot",
                "snapshotQueries": [{"type": "Query", "entities": [{"type": "Gauge"}]}],
                }  # fmt: skip
    for who, actor in (("user", world.user), ("installation", "installation")):
        for path, body, change, matter in (
            ("subscriptions", sub, {"isActive": False}, "subscription"),
            ("csourceRegistrations", source, {"description": "x"}, "registration"),
            ("snapshots", snapshot, {"snapshotPriority": 2}, "snapshot"),
        ):
            one = f"{LD}/{path}/{body['id']}"
            await world.done(who, "POST", f"{LD}/{path}", body)
            await world.ask(who, "PATCH", one, change)
            await world.done(who, "DELETE", one)
            rows = await world.log()
            kinds = [f"{matter}.{act}" for act in ("create", "change", "delete")]
            assert [row[:3] for row in rows] == [(actor, kind, body["id"]) for kind in kinds]
            assert all(side["members"] for side in (rows[0][4], *rows[1][3:5], rows[2][3]))
            assert "hush" not in repr(rows)
        added = await world.done(who, "POST", f"{LD}/jsonldContexts", {"@context": {"a": "urn:a"}})
        await world.done(who, "DELETE", added.header("location"))
        assert [row[:2] for row in await world.log()] == [
            (actor, "context.create"), (actor, "context.delete")
        ]  # fmt: skip


async def test_what_subscribers_are_told(world: World) -> None:
    for name, kind in (("a", "Gauge"), ("b", "WatchedPerson")):
        sub = {"id": f"urn:x:{name}", "type": "Subscription", "entities": [{"type": kind}],
               "notification": {"endpoint": {"uri": "http://127.0.0.1:9/"}}}  # fmt: skip
        await world.done("client", "POST", f"{LD}/subscriptions", sub)
    await world.log()
    task = asyncio.create_task(Notifier(world.broker).run())
    try:
        async with asyncio.timeout(20):
            for one in (G, P):
                await world.done("installation", "PATCH", f"{LD}/entities/{one}/attrs", LEVEL)
            rows: list[Row] = []
            while len(rows) < 2:
                await asyncio.sleep(0.1)
                rows += await world.log()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [row[:3] for row in rows] == [
        ("installation", "entity.change", P), ("client:firm", "personal.read", P)
    ]  # fmt: skip
    assert rows[1][4]["purpose"] == "notification urn:x:b"


async def test_what_streams_tell(world: World) -> None:
    reading = asyncio.create_task(world.ask("user", "GET", "/sse", seconds=3))
    await asyncio.sleep(1)
    for one in (G, P):
        await world.done("installation", "PATCH", f"{LD}/entities/{one}/attrs", LEVEL)
    told = (await reading).body
    assert b"urn:x:p" in told
    assert b"urn:x:g" in told
    acts = await world.acts()
    assert acts == [("installation", "entity.change", P), (world.user, "personal.read", P)]


async def test_what_is_declared_counts_within_seconds(world: World) -> None:
    async with transaction(world.broker.pool) as connection:
        await organisation.declare(connection, "default", f"{CORE}Gauge", "x", personal=True)
    await asyncio.sleep(2)
    await world.done("client", "GET", f"{LD}/entities/{G}")
    assert await world.acts() == [("client:firm", "personal.read", G)]


async def test_open_installations_note_nothing(world: World) -> None:
    world.broker.identity.key = None
    await world.done("", "GET", f"{LD}/entities/{P}")
    await world.done("", "PATCH", f"{LD}/entities/{P}/attrs", LEVEL)
    assert await world.log() == []
