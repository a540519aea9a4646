"""What somebody may read and write of their own town: by type, attribute and scope."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel import log
from tamamo.kernel.database import transaction
from tamamo.kernel.identity import Role, devices, system
from tamamo.kernel.settings import Settings
from tests.access.world import GAUGE, LD, Answer, application_of, call
from tests.kernel.identity.conftest import Accounts

KEY = "k" * 43
CORE = "https://uri.etsi.org/ngsi-ld/default-context/"
Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture
async def broker(tmp_path: Path, database_url: str) -> AsyncIterator[Broker]:
    (tmp_path / "home").mkdir()
    settings = Settings(home=tmp_path / "home", database_url=database_url, log_level="warning")
    log.configure(settings)
    async with open_broker(settings) as opened:
        opened.identity.key = KEY
        yield opened


@pytest.fixture
async def accounts(broker: Broker) -> Accounts:
    async def run(statement: str, *values: Any) -> Any:
        async with transaction(broker.pool) as connection:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchone() if cursor.description else None

    await run("update tenant set public_types = %s where name = 'default'", [f"{CORE}Bench"])
    return Accounts(run)


@pytest.fixture
async def ask(broker: Broker, accounts: Accounts) -> Ask:
    """Ask as somebody: `await ask(who, method, path, body)`; who: a client, or the installation."""
    app = application_of(broker)
    keys = {"installation": f"Bearer {KEY}", "": ""}
    at = "2026-01-01T00:00:00Z"
    reading = {"type": "Property", "value": 1, "observedAt": at}

    async def one(who: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        if who not in keys:
            keys[who] = f"Bearer t-{who}"
        given = {"authorization": keys[who]} if keys[who] else {}
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return await call(app, method, path, {**given, **names}, body)

    for name, kind, scope in (
        ("n1", "Gauge", "/north"), ("n2", "Gauge", "/north/b"), ("s1", "Gauge", "/south"),
        ("r1", "Road", "/north"), ("b1", "Bench", "/south"),
    ):  # fmt: skip
        body = {"id": f"urn:x:{name}", "type": kind, "scope": scope, "level": reading,
                "owner": {"type": "Property", "value": "Sato"}}  # fmt: skip
        assert (await one("installation", "POST", f"{LD}/entities", body)).status == 201
    for who, role, more in (
        ("editor", Role.EDITOR, {"types": [GAUGE], "scopes": ["/north"]}),
        ("developer", Role.DEVELOPER, {"types": [GAUGE]}),
        ("auditor", Role.AUDITOR, {}),
        ("operator", Role.OPERATOR, {}),
        ("resident", Role.RESIDENT, {}),
    ):
        client = await accounts.client(who)
        await accounts.grant(f"client:{who}", "default", role, **more)
        await accounts.token(client, "read write subscribe administer", text=f"t-{who}")
    async with transaction(broker.pool) as connection:
        _, key = await devices.create(connection, system("test"), "default", "d", type=GAUGE)
    keys["device"] = f"Bearer {key}"
    return one


def value(number: float = 2) -> dict[str, Any]:
    return {"type": "Property", "value": number}


async def ids(answer: Answer) -> set[str]:
    assert answer.status == 200, answer.text
    return {one["id"].removeprefix("urn:x:") for one in orjson.loads(answer.body)}


ALL = {"n1", "n2", "s1", "r1", "b1"}
SEES = {
    "": {"b1"},
    "resident": {"b1"},
    "device": {"b1"},
    "developer": {"n1", "n2", "s1", "b1"},
    "editor": ALL,
    "auditor": ALL,
    "operator": ALL,
    "installation": ALL,
}


@pytest.mark.parametrize("who", SEES)
async def test_what_each_sees_in_every_way_of_reading(ask: Ask, who: str) -> None:
    seen = SEES[who]
    times = "timerel=after&timeAt=2020-01-01T00:00:00Z"
    for path in (f"{LD}/entities", "/v2/entities", f"{LD}/temporal/entities"):
        extra = f"&{times}" if "temporal" in path else ""
        kinds = "" if path == "/v2/entities" else "type=Gauge,Road,Bench&"
        assert await ids(await ask(who, "GET", f"{path}?{kinds}limit=50{extra}")) == seen
    counted = await ask(who, "GET", f"{LD}/entities?type=Gauge,Road,Bench&count=true&limit=0")
    assert counted.header("ngsild-results-count") == str(len(seen))
    counted = await ask(who, "GET", "/v2/entities?options=count&limit=1")
    assert counted.header("fiware-total-count") == str(len(seen))
    for name in ALL:
        v2 = f"/v2/entities/urn:x:{name}"
        for path in (f"{LD}/entities/urn:x:{name}", f"{LD}/temporal/entities/urn:x:{name}",
                     v2, f"{v2}/attrs/level/value"):  # fmt: skip
            known = await ask(who, "GET", path)
            assert known.status == (200 if name in seen else 404), (path, known.text)
            if name not in seen:
                absent = await ask(who, "GET", path.replace(name, "zz"))
                assert absent.text.replace("zz", name) == known.text
    listed = orjson.loads((await ask(who, "GET", f"{LD}/types")).body)["typeList"]
    kinds = {"n": "Gauge", "s": "Gauge", "r": "Road", "b": "Bench"}
    assert set(listed) == {kinds[name[0]] for name in seen}
    query = {"type": "Query", "entities": [{"type": "Gauge"}, {"type": "Road"}]}
    found = await ids(await ask(who, "POST", f"{LD}/entityOperations/query", query))
    assert found == seen - {"b1"}


async def test_an_editor_writes_the_types_and_scopes_of_the_grant_and_no_others(ask: Ask) -> None:
    north = f"{LD}/entities/urn:x:n1/attrs"
    assert (await ask("editor", "PATCH", north, {"level": value()})).status == 204
    for name in ("s1", "r1", "b1"):
        place = f"{LD}/entities/urn:x:{name}"
        for method, path, body in (
            ("PATCH", f"{place}/attrs", {"level": value()}),
            ("POST", f"{place}/attrs", {"level": value()}),
            ("PATCH", place, {"level": value()}),
            ("PUT", place, {"type": "Gauge", "scope": "/north"}),
            ("DELETE", place, None),
            ("DELETE", f"{place}/attrs/level", None),
            ("PUT", f"{place}/attrs/level", value()),
            ("PATCH", f"{place}/attrs/level", value()),
            ("DELETE", f"{LD}/temporal/entities/urn:x:{name}", None),
            ("POST", f"{LD}/temporal/entities/urn:x:{name}/attrs",
             {"level": [value() | {"observedAt": "2026-03-01T00:00:00Z"}]}),
            ("DELETE", f"{LD}/temporal/entities/urn:x:{name}/attrs/level", None),
            ("PATCH", f"/v2/entities/urn:x:{name}/attrs", {"level": {"value": 3}}),
            ("PUT", f"/v2/entities/urn:x:{name}/attrs/level", {"value": 3}),
            ("DELETE", f"/v2/entities/urn:x:{name}", None),
        ):  # fmt: skip
            before = await ask("installation", "GET", f"{place}?options=sysAttrs")
            answer = await ask("editor", method, path, body)
            assert answer.status == 403, (method, path, answer.text)
            after = await ask("installation", "GET", f"{place}?options=sysAttrs")
            assert after.body == before.body
    refused = await ask("editor", "PATCH", f"{LD}/entities/urn:x:r1/attrs", {"level": value()})
    assert orjson.loads(refused.body)["types"] == [f"{CORE}Road"]


async def test_nobody_carries_an_entity_into_or_out_of_reach(ask: Ask) -> None:
    place = f"{LD}/entities/urn:x:n1"
    for method, path, body in (
        ("POST", f"{place}/attrs", {"type": "Road"}),
        ("PATCH", place, {"type": "Road"}),
        ("PUT", place, {"type": "Road", "scope": "/north"}),
        ("PUT", place, {"type": "Gauge", "scope": "/south"}),
        ("PUT", place, {"type": "Gauge"}),
        ("POST", f"{place}/attrs", {"scope": ["/north", "/south"]}),
        ("DELETE", f"{place}/attrs/scope", None),
        ("POST", f"{LD}/temporal/entities", {"id": "urn:x:n1", "type": "Road"}),
    ):
        answer = await ask("editor", method, path, body)
        assert answer.status == 403, (method, path, answer.text)
    for body, status in (
        ({"id": "urn:x:new", "type": "Gauge", "scope": "/north/new"}, 201),
        ({"id": "urn:x:new2", "type": "Gauge", "scope": "/south"}, 403),
        ({"id": "urn:x:new3", "type": "Gauge"}, 403),
        ({"id": "urn:x:new4", "type": ["Gauge", "Road"], "scope": "/north"}, 403),
        ({"id": "urn:x:new5", "type": "Road", "scope": "/north"}, 403),
    ):
        assert (await ask("editor", "POST", f"{LD}/entities", body)).status == status
    whole = await ids(await ask("installation", "GET", f"{LD}/entities?type=*&local=true"))
    assert whole == {*ALL, "new"}


async def test_a_batch_names_what_it_may_not_write_and_writes_the_rest(ask: Ask) -> None:
    batch = [
        {"id": "urn:x:n1", "type": "Gauge", "level": value(5)},
        {"id": "urn:x:r1", "type": "Road", "level": value(5)},
        {"id": "urn:x:s1", "type": "Gauge", "level": value(5)},
        {"id": "urn:x:n2", "type": "Gauge", "level": value(5)},
    ]
    for verb in ("update", "merge", "upsert?options=update"):
        answer = await ask("editor", "POST", f"{LD}/entityOperations/{verb}", batch)
        result = orjson.loads(answer.body)
        assert answer.status == 207 and sorted(result["success"]) == ["urn:x:n1", "urn:x:n2"]
        assert {one["entityId"]: one["error"]["status"] for one in result["errors"]} == {
            "urn:x:r1": 403, "urn:x:s1": 403,
        }  # fmt: skip
    deleted = [one["id"] for one in batch]
    answer = await ask("editor", "POST", f"{LD}/entityOperations/delete", deleted)
    assert sorted(orjson.loads(answer.body)["success"]) == ["urn:x:n1", "urn:x:n2"]
    body = {"actionType": "append", "entities": [{"id": "urn:x:r1", "type": "Road"}]}
    assert (await ask("editor", "POST", "/v2/op/update", body)).status in {403, 422}


async def test_a_purge_of_what_may_not_go_deletes_nothing(ask: Ask) -> None:
    for query in ("type=Gauge", "type=Gauge,Road", "type=Gauge&drop=level"):
        assert (await ask("editor", "DELETE", f"{LD}/entities?{query}")).status == 403
    assert await ids(await ask("installation", "GET", f"{LD}/entities?type=Gauge,Road,Bench")) == (
        ALL
    )
    answer = await ask("editor", "DELETE", f"{LD}/entities?type=Gauge&scopeQ=/north/%23")
    assert answer.status == 204
    left = await ids(await ask("installation", "GET", f"{LD}/entities?type=Gauge,Road,Bench"))
    assert left == {"s1", "r1", "b1"}


async def test_what_cannot_be_seen_cannot_be_written_and_is_as_if_it_were_not(ask: Ask) -> None:
    """A device writes its type; what else there is it cannot tell from what there is not."""
    for method, path, body in (
        ("PATCH", f"{LD}/entities/urn:x:r1/attrs", {"level": value()}),
        ("DELETE", f"{LD}/entities/urn:x:r1", None),
        ("DELETE", f"{LD}/temporal/entities/urn:x:r1", None),
        ("DELETE", f"{LD}/entities/urn:x:r1/attrs/level", None),
        ("PATCH", "/v2/entities/urn:x:r1/attrs", {"level": {"value": 1}}),
    ):
        known = await ask("device", method, path, body)
        absent = await ask("device", method, path.replace("r1", "zz"), body)
        assert known.status == 404 and absent.text.replace("zz", "r1") == known.text
    assert (await ask("device", "PATCH", f"{LD}/entities/urn:x:s1/attrs", {"level": value()})
            ).status == 204  # fmt: skip
    taken = await ask("device", "POST", f"{LD}/entities", {"id": "urn:x:r1", "type": "Gauge"})
    assert taken.status == 409
    assert "Road" not in taken.text
    upsert = [{"id": "urn:x:r1", "type": "Gauge"}, {"id": "urn:x:d1", "type": "Gauge"}]
    answer = await ask("device", "POST", f"{LD}/entityOperations/upsert", upsert)
    assert answer.status == 207
    assert orjson.loads(answer.body)["success"] == ["urn:x:d1"]
    for who in ("auditor", "developer", "resident"):
        answer = await ask(who, "PATCH", f"{LD}/entities/urn:x:s1/attrs", {"level": value()})
        assert answer.status == 403


async def test_maps_and_subscriptions_are_their_makers(ask: Ask) -> None:
    made = await ask("editor", "GET", f"{LD}/entityMaps?type=Road")
    place = f"{LD}/entityMaps/{orjson.loads(made.body)['id']}"
    assert (await ask("editor", "GET", place)).status == 200
    for who in ("developer", "auditor", "resident", ""):
        assert (await ask(who, "GET", place)).status == 404
    assert (await ask("developer", "DELETE", place)).status == 404
    assert (await ask("", "DELETE", place)).status == 401
    body = {"type": "Subscription", "entities": [{"type": "Gauge"}],
            "notification": {"endpoint": {"uri": "http://127.0.0.1:9/hook"}}}  # fmt: skip
    made = await ask("developer", "POST", f"{LD}/subscriptions", body)
    place = made.header("location")
    assert made.status == 201
    for method, sent in (("GET", None), ("PATCH", {"isActive": False}), ("DELETE", None)):
        assert (await ask("editor", method, place, sent)).status == 404
        assert (await ask("", method, place, sent)).status == 401
    assert await ids(await ask("editor", "GET", f"{LD}/subscriptions")) == set()
    for who in ("developer", "installation"):
        assert (await ask(who, "GET", place)).status == 200
    roads = body | {"entities": [{"type": "Road"}]}
    assert (await ask("developer", "POST", f"{LD}/subscriptions", roads)).status == 403
    assert (await ask("", "POST", f"{LD}/subscriptions", body)).status == 401


async def test_a_token_without_the_scope_makes_no_subscription(
    ask: Ask, broker: Broker, accounts: Accounts
) -> None:
    """What it is told goes by its maker's rights: a token to write would read all of theirs."""
    for scope in ("read", "write", "read write administer"):
        who = scope.replace(" ", "-")
        client = await accounts.client(who)
        await accounts.grant(f"client:{who}", "default", Role.EDITOR)
        await accounts.token(client, scope, text=f"t-{who}")
        body = {"type": "Subscription", "entities": [{"type": "Gauge"}],
                "notification": {"endpoint": {"uri": "http://127.0.0.1:9/hook"}}}  # fmt: skip
        assert (await ask(who, "POST", f"{LD}/subscriptions", body)).status == 403
        # It names no type: what the maker may be told is looked at as it is told.
        loose = {"type": "Subscription", "watchedAttributes": ["level"]} | {
            "notification": body["notification"]
        }
        assert (await ask(who, "POST", f"{LD}/subscriptions", loose)).status == 403
        body = {"subject": {"entities": [{"idPattern": ".*", "type": "Gauge"}]},
                "notification": {"http": {"url": "http://127.0.0.1:9/hook"}}}  # fmt: skip
        assert (await ask(who, "POST", "/v2/subscriptions", body)).status == 403
        assert (await ask(who, "GET", f"{LD}/subscriptions")).status == 403


async def test_what_concerns_all_needs_a_role(ask: Ask) -> None:
    context = {"@context": {"a": "https://a.example/a"}}
    snapshot = {"type": "Snapshot", "snapshotQueries": [
        {"type": "Query", "entities": [{"type": "Gauge"}]}]}  # fmt: skip
    source = {"type": "ContextSourceRegistration", "endpoint": "http://127.0.0.1:9/x",
              "information": [{"entities": [{"type": "Far"}]}]}  # fmt: skip
    for path, body, allowed in (
        ("/jsonldContexts", context, {"editor", "developer", "operator"}),
        ("/snapshots", snapshot, {"editor", "operator"}),
        ("/csourceRegistrations", source, {"operator"}),
    ):
        for who in ("editor", "developer", "auditor", "operator", "resident", "device"):
            answer = await ask(who, "POST", f"{LD}{path}", body)
            assert (answer.status == 201) == (who in allowed), (path, who, answer.text)
            assert answer.status in {201, 403}
        assert (await ask("", "POST", f"{LD}{path}", body)).status == 401
