"""Previous values of each kind of attribute (clauses 4.5.2 to 4.5.24, 5.2.14.1, 5.8.6)."""

from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker
from tests.context.notifications.conftest import notifying, subscribe
from tests.context.notifications.receiver import Receiver

POINTS = [{"type": "Point", "coordinates": [134.0 + n, 34.3]} for n in range(2)]
#: Kind → member, its values one after the other as normalized answers show them, and its Null.
KINDS: dict[str, tuple[str, Any, Any, Any]] = {
    "Property": ("value", {"a": 1}, [2], "urn:ngsi-ld:null"),
    "GeoProperty": ("value", POINTS[0], POINTS[1], "urn:ngsi-ld:null"),
    "Relationship": ("object", "urn:a", ["urn:b", "urn:c"], "urn:ngsi-ld:null"),
    "LanguageProperty": (
        "languageMap", {"ja": "川"}, {"en": "river"}, {"@none": "urn:ngsi-ld:null"},
    ),
    "VocabProperty": ("vocab", "Wet", ["Dry", "Cold"], "urn:ngsi-ld:null"),
    "ListProperty": ("valueList", [1, 1], ["x"], ["urn:ngsi-ld:null"]),
    "ListRelationship": (
        "objectList", [{"object": "urn:a"}], [{"object": "urn:b"}], ["urn:ngsi-ld:null"],
    ),
    "JsonProperty": ("json", {"id": [1]}, {"type": None}, "urn:ngsi-ld:null"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_change_and_deletion(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver, kind: str
) -> None:
    member, before, after, null = KINDS[kind]
    previous = f"previous{member[0].upper()}{member[1:]}"
    await subscribe(
        api,
        receiver.url,
        notificationTrigger=["attributeUpdated", "attributeDeleted"],
        notification={"showChanges": True},
    )
    entity = {"id": "urn:x:1", "type": "Room", "thing": {"type": kind, member: before}}
    async with notifying(broker):
        assert (await api.post("/entities", json=entity)).status_code == 201
        new = {"thing": {"type": kind, member: after}}
        assert (await api.patch("/entities/urn:x:1/attrs", json=new)).status_code == 204
        assert (await api.delete("/entities/urn:x:1/attrs/thing")).status_code == 204
        changed, removed = await receiver.wait_for(2)
    assert changed.entity["thing"] == {"type": kind, member: after, previous: before}
    gone = removed.entity["thing"]
    assert gone[previous] == after
    if kind != "ListRelationship":
        assert gone[member] == null
    assert gone["type"] == kind
