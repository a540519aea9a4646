"""What a process knows of the subscriptions, and of their @contexts."""

from typing import Any

from tamamo.context.broker import Broker
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
