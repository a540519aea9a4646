"""The queue in the database: what waits, and what came of it."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from tamamo.context.notifications.buckets import bucket_of
from tamamo.context.notifications.outbound import Begun, Outbound, Outcome
from tamamo.context.notifications.outbox import reach_text
from tamamo.context.notifications.policy import Clock
from tamamo.context.subscriptions.message import Sending
from tamamo.context.subscriptions.registry import Key
from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append_many
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.identity.reach import EVERYTHING, Reach

_SQL = sql.load(__package__)

#: Notifications read at once.
PAGE = 500


class Records:
    """Reads what waits and keeps what became of it."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def waiting(
        self, buckets: Collection[int], behind: int, full: Iterable[Key]
    ) -> list[Outbound]:
        """Return what waits in the buckets behind a sequence number, except for full queues."""
        parameters = {
            "buckets": sorted(buckets),
            "behind": behind,
            "full": [" ".join(key) for key in full],
            "limit": PAGE,
        }
        async with single(self._pool) as connection:
            rows = await (await connection.execute(_SQL["waiting"], parameters)).fetchall()
        now = self._clock.now()
        return [
            Outbound(
                tenant=row[0],
                subscription_id=row[1],
                entity_id=row[2],
                seq=row[3],
                media=row[4],
                body=row[5],
                attempts=row[6],
                born=now - row[7].total_seconds(),
                sending=None if row[8] is None else Sending.parse(row[8]),
                reach=EVERYTHING if row[9] is None else Reach.of_document(row[9]),
            )
            for row in rows
        ]

    async def settle(self, begun: Sequence[Begun], outcomes: Sequence[Outcome]) -> None:
        """Keep what was begun and what came of it: what was delivered goes, failures are noted."""
        delivered = [outcome.item for outcome in outcomes if outcome.error is None]
        failed = [outcome for outcome in outcomes if outcome.error is not None]
        async with transaction(self._pool) as connection:
            # First the subscriptions, then their notifications: the order of their deletion.
            await connection.execute(_SQL["counted"], counts(begun, outcomes))
            if delivered:
                await connection.execute(_SQL["delivered"], _keys(delivered))
            await note_failures(connection, failed, [outcome.item.seq for outcome in failed])

    async def listed(
        self, tenant: str | None, subscription: str | None, *, dead: bool, limit: int
    ) -> list[dict[str, Any]]:
        """Return notifications that wait, or the dead letters only."""
        parameters = {"tenant": tenant, "subscription": subscription, "dead": dead, "limit": limit}
        async with single(self._pool) as connection:
            rows = await (await connection.execute(_SQL["list"], parameters)).fetchall()
        return [dict(zip(_COLUMNS, map(_plain, row), strict=True)) for row in rows]

    async def shown(self, seq: int) -> dict[str, Any] | None:
        """Return one notification with its body, None when there is none of this number.

        Of the headers of one that is sent in its own way only the names: they may hold secrets.
        """
        async with single(self._pool) as connection:
            row = await (await connection.execute(_SQL["show"], {"seq": seq})).fetchone()
        if row is None:
            return None
        found = dict(zip((*_COLUMNS, "body"), map(_plain, row[:-1]), strict=True))
        if row[-1] is not None:
            how = Sending.parse(row[-1])
            found["sending"] = {
                "method": how.method,
                "url": how.url,
                "topic": how.topic,
                "headers": sorted(how.headers),
            }
        return found

    async def replay(
        self, tenant: str | None, subscription: str | None, seqs: Sequence[int] | None
    ) -> int:
        """Put dead letters back into their queues; return how many."""
        async with transaction(self._pool) as connection:
            return await replay_dead(connection, tenant, subscription, seqs)

    async def drop(
        self, tenant: str | None, subscription: str | None, seqs: Sequence[int] | None
    ) -> int:
        """Delete dead letters; return how many."""
        async with transaction(self._pool) as connection:
            return await drop_dead(connection, tenant, subscription, seqs)


async def note_failures(
    connection: Connection, failed: Sequence[Outcome], seqs: Sequence[int]
) -> None:
    """Note failures where their notifications wait. seqs: the places of these."""
    if failed:
        await connection.execute(
            _SQL["failed"],
            {
                **_keys([outcome.item for outcome in failed]),
                "seqs": list(seqs),
                "attempts": [outcome.item.attempts for outcome in failed],
                "errors": [outcome.error for outcome in failed],
                "dead": [outcome.dead for outcome in failed],
            },
        )


async def store_waiting(
    connection: Connection, items: Sequence[Outbound], buckets: int
) -> list[tuple[str, str, int]]:
    """Store notifications that are under way already, in order.

    Return tenant, subscription and sequence number of each; none of subscriptions that are gone.
    """
    parameters = {
        "tenants": [item.tenant for item in items],
        "subscriptions": [item.subscription_id for item in items],
        "entities": [item.entity_id for item in items],
        "buckets": [bucket_of(*item.key, buckets) for item in items],
        "medias": [item.media for item in items],
        "bodies": [item.body for item in items],
        "requests": [item.sending and item.sending.to_text() for item in items],
        "reaches": [reach_text(item.reach) for item in items],
    }
    return await (await connection.execute(_SQL["store"], parameters)).fetchall()


#: As whom the verbs of the command line act.
_VERB = "system:notifications"


async def replay_dead(
    connection: Connection,
    tenant: str | None,
    subscription: str | None,
    seqs: Sequence[int] | None,
    *,
    actor: str = _VERB,
) -> int:
    """Put dead letters back into their queues in the caller's transaction; return how many.

    None: of any tenant, subscription, number. The audit log tells who did.
    """
    return await _on_dead(connection, "replay", (tenant, subscription, seqs), actor)


async def drop_dead(
    connection: Connection,
    tenant: str | None,
    subscription: str | None,
    seqs: Sequence[int] | None,
    *,
    actor: str = _VERB,
) -> int:
    """Delete dead letters in the caller's transaction; return how many. Otherwise the same."""
    return await _on_dead(connection, "drop", (tenant, subscription, seqs), actor)


async def _on_dead(
    connection: Connection,
    verb: str,
    which: tuple[str | None, str | None, Sequence[int] | None],
    actor: str,
) -> int:
    tenant, subscription, seqs = which
    parameters = {
        "tenant": tenant,
        "subscription": subscription,
        "seqs": None if seqs is None else list(seqs),
    }
    rows = await (await connection.execute(_SQL[verb], parameters)).fetchall()
    counted = Counter((row[0], row[1]) for row in rows)
    await append_many(
        connection,
        [
            Event(of, actor, f"notification.{verb}", about, after={"count": count})
            for (of, about), count in sorted(counted.items())
        ],
    )
    return len(rows)


_COLUMNS = (
    "tenant", "number", "subscription", "entity", "created", "attempts", "error", "dead",
)  # fmt: skip


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _keys(items: Sequence[Outbound]) -> dict[str, list[Any]]:
    return {
        "tenants": [item.tenant for item in items],
        "entities": [item.entity_id for item in items],
        "subscriptions": [item.subscription_id for item in items],
        "seqs": [item.seq for item in items],
    }


def counts(begun: Sequence[Begun], outcomes: Sequence[Outcome]) -> dict[str, list[Any]]:
    """Return by subscription what began and what came of it, in which order.

    A notification that is tried again counts once: as sent, and as failed.
    """
    tried = Counter(one.item.key for one in begun)
    sent = Counter(one.item.key for one in begun if not one.again)
    fresh = Counter(o.item.key for o in outcomes if o.error is not None and not o.again)
    came: dict[Key, list[str | None]] = {}
    for outcome in outcomes:
        came.setdefault(outcome.item.key, []).append(outcome.error)
    keys = list(dict.fromkeys([*tried, *came]))
    errors = [came.get(key, []) for key in keys]
    results = [[error is not None for error in of_key] for of_key in errors]
    return {
        "tenants": [key[0] for key in keys],
        "ids": [key[1] for key in keys],
        "tried": [tried[key] for key in keys],
        "sent": [sent[key] for key in keys],
        "fresh": [fresh[key] for key in keys],
        "failed": [sum(failures) for failures in results],
        "ok": [len(failures) - sum(failures) for failures in results],
        "last_failed": [bool(failures and failures[-1]) for failures in results],
        "in_row": [len(list(takewhile(bool, reversed(failures)))) for failures in results],
        "errors": [next(filter(None, reversed(of_key)), None) for of_key in errors],
    }
