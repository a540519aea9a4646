"""Telling of registrations (clauses 5.3.2, 5.3.3, 5.11.7).

A notification is stored in the transaction that changes the registration, under the lock of the
tenant's registrations. Whoever subscribes takes the same lock, so that each registration is told of
either at first or as a change, and in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import orjson

from tamamo.context.jsonld.pack import unpack
from tamamo.context.negotiation import LD_JSON
from tamamo.context.notifications import outbox
from tamamo.context.notifications.outbox import Draft
from tamamo.context.registrations import document as registrations
from tamamo.context.registrations.document import Document
from tamamo.context.sourcesubscriptions.compiled import (
    SourceSubscription,
    compile_source_subscription,
)
from tamamo.context.subscriptions.message import Message
from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.kernel.time import now, to_text

_SQL = sql.load(__package__)
_REGISTRATIONS = sql.load("tamamo.context.registrations")

#: Registrations in one notification; more make several.
AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """A registration as it is told of."""

    id: str
    document: Document
    created_at: datetime
    modified_at: datetime


async def lock(connection: Connection, tenant: str) -> None:
    """Keep the registrations of a tenant, and who is told of them, as they are."""
    await connection.execute(_REGISTRATIONS["lock_registrations"], {"tenant": tenant})


async def of_change(
    connection: Connection, tenant: str, before: Told | None, after: Told | None
) -> None:
    """Tell of a registration that was made (before is None), changed or removed (after is None).

    To be called under the lock, last in the transaction.
    """
    cursor = await connection.execute(_SQL["subscribers"], {"tenant": tenant})
    drafts = []
    for identifier, document, terms, query_terms in await cursor.fetchall():
        subscription = compile_source_subscription(
            tenant, identifier, document, unpack(terms), unpack(query_terms)
        )
        draft = _draft(subscription, before, after)
        if draft is not None:
            drafts.append(draft)
    await outbox.hand_in(connection, drafts)


async def at_first(connection: Connection, subscription: SourceSubscription) -> None:
    """Tell of all registrations that match when somebody subscribes, or changes what to."""
    if subscription.active(now()):
        await outbox.hand_in(connection, await of_all(connection, subscription))


async def of_all(connection: Connection, subscription: SourceSubscription) -> list[Draft]:
    """Return the notifications of all registrations that match now; none when none does."""
    temporal = subscription.wanted.temporal.timerel is not None
    cursor = await connection.execute(
        _REGISTRATIONS["list_registrations"], {"tenant": subscription.tenant, "temporal": temporal}
    )
    shown = [
        _show(subscription, Told(row[0], relevant, *row[2:4]))
        for row in await cursor.fetchall()
        if (relevant := subscription.relevant(row[1])) is not None
    ]
    return [
        _notification(subscription, shown[at : at + AT_ONCE], "newlyMatching")
        for at in range(0, len(shown), AT_ONCE)
    ]


def _draft(
    subscription: SourceSubscription, before: Told | None, after: Told | None
) -> Draft | None:
    was = subscription.relevant(None if before is None else before.document)
    now_is = subscription.relevant(None if after is None else after.document)
    if now_is is not None and after is not None:
        if before is not None and was is not None:
            if before.document == after.document:
                return None
            reason = "updated"
        else:
            reason = "newlyMatching"
        told = Told(after.id, now_is, after.created_at, after.modified_at)
    elif was is not None and before is not None:
        reason = "noLongerMatching"
        told = Told(before.id, was, before.created_at, before.modified_at)
    else:
        return None
    return _notification(subscription, [_show(subscription, told)], reason)


def _show(subscription: SourceSubscription, told: Told) -> dict[str, Any]:
    shown = registrations.show(told.id, told.document, subscription.terms)
    for info in shown["information"]:
        for entity in info.get("entities", ()):
            # One form for receivers to read, of the two that table 5.2.8-1 allows.
            entity["type"] = [*entity["type"]] if isinstance(entity["type"], list) else [
                entity["type"]
            ]  # fmt: skip
    if subscription.sys_attrs:
        shown["createdAt"] = to_text(told.created_at)
        shown["modifiedAt"] = to_text(told.modified_at)
    return shown


def _notification(
    subscription: SourceSubscription, data: Sequence[dict[str, Any]], reason: str
) -> Draft:
    body: dict[str, Any] = {
        "id": f"urn:ngsi-ld:ContextSourceNotification:{uuid4()}",
        "type": "ContextSourceNotification",
        "subscriptionId": subscription.id,
        "notifiedAt": to_text(now()),
        "triggerReason": reason,
    }
    accept = subscription.endpoint.accept
    if accept == LD_JSON:
        body["@context"] = subscription.context
        data = [{**one, "@context": subscription.context} for one in data]
    body["data"] = data
    # About no single entity: so all notifications of a subscription keep their order.
    return Draft(subscription, "", Message(accept, orjson.dumps(body)))
