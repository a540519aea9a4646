"""Storing notifications that are to be delivered, in the transaction that gives rise to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from tamamo.context.acting import Act, read_event
from tamamo.context.notifications.buckets import bucket_of
from tamamo.context.notifications.policy import Policy
from tamamo.context.subscriptions.compiled import Subscriber
from tamamo.context.subscriptions.message import Message
from tamamo.kernel import audit, sql
from tamamo.kernel.database import Connection
from tamamo.kernel.identity.reach import EVERYTHING, Reach

_SQL = sql.load(__package__)
_BUCKETS: Final = Policy().buckets


@dataclass(frozen=True, slots=True)
class Draft:
    """A notification that is to be delivered.

    entity_id: its order is kept among those of the same entity; "" for one about no single entity.
    reach: what its subscriber may be told of; it is not delivered once that is less.
    """

    subscription: Subscriber
    entity_id: str
    message: Message
    reach: Reach = EVERYTHING
    #: In whose act, with the personal data it tells.
    act: Act | None = None


async def store(connection: Connection, drafts: Sequence[Draft], buckets: int = _BUCKETS) -> int:
    """Store what its subscription lets through, in order; return how many.

    Personal data that a notification tells are noted with it, before it can leave.
    """
    drafts = await _throttled(connection, await _not_cooling(connection, drafts))
    if not drafts:
        return 0
    subscriptions = [draft.subscription for draft in drafts]
    messages = [draft.message for draft in drafts]
    await connection.execute(
        _SQL["store"],
        {
            "tenants": [s.tenant for s in subscriptions],
            "subscriptions": [s.id for s in subscriptions],
            "entities": [draft.entity_id for draft in drafts],
            "buckets": [bucket_of(s.tenant, s.id, buckets) for s in subscriptions],
            "medias": [message.media for message in messages],
            "bodies": [message.body.decode() for message in messages],
            "requests": [m.sending and m.sending.to_text() for m in messages],
            "reaches": [reach_text(draft.reach) for draft in drafts],
        },
    )
    acts = [draft.act for draft in drafts if draft.act is not None and draft.act.read]
    await audit.append_many(connection, map(read_event, acts))
    return len(drafts)


def reach_text(reach: Reach) -> str | None:
    """Return a reach as it is stored; None for one that knows everything."""
    return None if reach.everything else orjson.dumps(reach.to_document()).decode()


async def hand_in(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Store notifications that another hand than the matcher's made, and have them looked at.

    To be called last in a transaction: it locks the one row all processes look at.
    """
    if await store(connection, drafts):
        await connection.execute(_SQL["queued"])


async def _not_cooling(connection: Connection, drafts: Sequence[Draft]) -> Sequence[Draft]:
    """Leave out what comes within the cooldown after a failure (5.2.15)."""
    wanted = {_key(draft): draft.subscription.endpoint.cooldown for draft in drafts}
    wanted = {key: seconds for key, seconds in wanted.items() if seconds}
    if not wanted:
        return drafts
    cursor = await connection.execute(
        _SQL["cooling"],
        {
            "tenants": [key[0] for key in wanted],
            "ids": [key[1] for key in wanted],
            "seconds": list(wanted.values()),
        },
    )
    cooling = {(row[0], row[1]) for row in await cursor.fetchall()}
    return [draft for draft in drafts if _key(draft) not in cooling]


async def _throttled(connection: Connection, drafts: Sequence[Draft]) -> Sequence[Draft]:
    """Leave out what comes too soon after the last notification of its subscription."""
    first: dict[tuple[str, str], Draft] = {}
    for draft in drafts:
        if draft.subscription.throttling is not None:
            first.setdefault(_key(draft), draft)
    if not first:
        return drafts
    cursor = await connection.execute(
        _SQL["throttle"],
        {
            "tenants": [key[0] for key in first],
            "ids": [key[1] for key in first],
            "seconds": [draft.subscription.throttling for draft in first.values()],
        },
    )
    through = {(row[0], row[1]) for row in await cursor.fetchall()}
    return [
        draft
        for draft in drafts
        if draft.subscription.throttling is None
        or (_key(draft) in through and first[_key(draft)] is draft)
    ]


def _key(draft: Draft) -> tuple[str, str]:
    return draft.subscription.tenant, draft.subscription.id
