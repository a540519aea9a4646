"""What a process knows of the subscriptions, and of their @contexts."""

from typing import Any

import orjson

from tamamo.context.broker import Broker
from tamamo.context.changes.change import Change, Operation, Position
from tamamo.context.jsonld import TermMap, resolve
from tamamo.context.jsonld.pack import pack, unpack
from tamamo.context.subscriptions.compiled import Snapshot
from tamamo.context.subscriptions.registry import Registry
from tamamo.kernel.database import single


def body(identifier: str, **members: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"endpoint": {"uri": "http://127.0.0.1:1/"}},
        **members,
    }


async def test_only_what_changed_is_compiled_again(broker: Broker) -> None:
    terms = resolve.default_map().terms
    for number in range(3):
        await broker.subscriptions.create("default", body(f"urn:x:{number}"), terms)
    registry = Registry()
    async with single(broker.pool) as connection:
        await registry.refresh(connection, 1)
    first = {subscription.id: subscription for subscription in registry}
    await broker.subscriptions.update("default", "urn:x:1", {"throttling": 5}, terms)
    await broker.subscriptions.delete("default", "urn:x:2")
    async with single(broker.pool) as connection:
        await registry.refresh(connection, 2)
    second = {subscription.id: subscription for subscription in registry}
    assert set(second) == {"urn:x:0", "urn:x:1"}
    assert second["urn:x:0"] is first["urn:x:0"]
    assert second["urn:x:1"].throttling == 5
    assert registry.get(("default", "urn:x:2")) is None
    assert registry.tenants == ["default"]
    assert registry.types == [terms.expand_type("Room")]


def test_a_context_survives_packing() -> None:
    context = [{"Room": "https://example.org/Room", "ex": "https://example.org/"}]
    terms = resolve.term_map(context, {})
    again = unpack(pack(terms))
    assert isinstance(again, TermMap)
    assert again.definitions == terms.definitions
    assert again.echo == terms.echo == context
    assert again.expand_type("Room") == "https://example.org/Room"
    assert again.compact_iri("https://example.org/Room") == "Room"
    assert again.expand_term("ex:warm") == "https://example.org/warm"
    assert again.compact_iri(terms.expand_term("location")) == "location"
    assert len(pack(resolve.default_map().terms)) < 200


def test_a_snapshot_knows_what_it_saw() -> None:
    snapshot = Snapshot.parse("10:20:12,15")
    assert [xid for xid in range(8, 23) if not snapshot.saw(xid)] == [12, 15, 20, 21, 22]
    assert not Snapshot.parse("10:10:").saw(10)


async def test_only_those_that_watch_what_changed_are_looked_at(broker: Broker) -> None:
    terms = resolve.default_map().terms
    watched = {"any": None, "level": ["level"], "both": ["level", "name"], "name": ["name"]}
    for name, attrs in watched.items():
        more = {} if attrs is None else {"watchedAttributes": attrs}
        await broker.subscriptions.create("default", body(f"urn:x:{name}", **more), terms)
    registry = Registry()
    async with single(broker.pool) as connection:
        await registry.refresh(connection, 1)

    def looked_at(operation: Operation, changed: list[str], attrs: list[str]) -> set[str]:
        document = {
            "types": [],
            "scopes": [],
            "createdAt": "",
            "modifiedAt": "",
            "attrs": {terms.expand_term(name): [] for name in attrs},
        }
        change = Change(
            Position(1, 1),
            "default",
            operation,
            "urn:x:1",
            [terms.expand_type("Room")],
            [terms.expand_term(name) for name in changed],
            None,
            orjson.dumps(document).decode(),
            None,
        )
        return {one.id[6:] for one in registry.candidates(change).subscriptions}

    both = ["level", "name"]
    assert looked_at("update", ["level"], both) == {"any", "level", "both"}
    assert looked_at("update", ["other"], both) == {"any"}
    assert looked_at("create", [], both) == {"any", "level", "both", "name"}
    assert looked_at("delete", [], ["name"]) == {"any", "both", "name"}


async def test_whom_a_kind_of_change_wakes_is_remembered_until_subscriptions_change(
    broker: Broker,
) -> None:
    terms = resolve.default_map().terms
    level = terms.expand_term("level")
    registry = Registry()

    async def subscribe(name: str, *triggers: str) -> None:
        wanted = body(f"urn:x:{name}", notificationTrigger=list(triggers))
        await broker.subscriptions.create("default", wanted, terms)
        async with single(broker.pool) as connection:
            await registry.refresh(connection, registry.version + 1)

    def woken(kind: str, xid: int) -> tuple[set[str], bool]:
        change = Change(
            Position(xid, 1), "default", "update", "urn:x:1", [terms.expand_type("Room")], [level],
            None, "", None,
        )  # fmt: skip
        events = {level: frozenset({kind})}
        found = registry.awake(change, events, registry.candidates(change))
        return {one.id[6:] for one in found.subscriptions}, xid >= found.newest

    await subscribe("updates", "attributeUpdated")
    await subscribe("deletions", "attributeDeleted")
    assert woken("attributeUpdated", 1) == ({"updates"}, False)
    assert woken("attributeDeleted", 10**9) == ({"deletions"}, True)
    assert woken("attributeCreated", 1)[0] == set()
    await subscribe("all", "entityUpdated")
    assert woken("attributeUpdated", 1)[0] == {"updates", "all"}
    assert woken("attributeCreated", 1)[0] == {"all"}
