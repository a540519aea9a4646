"""Sending: what callers use, in their own transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tamamo.kernel import sql, time
from tamamo.kernel.database import Connection
from tamamo.messaging.gate import Gate, endpoints, gate_of
from tamamo.messaging.model import (
    Channel,
    Message,
    Sent,
    State,
    check,
    check_address,
    from_columns,
    host_of,
)

_SQL = sql.load("tamamo.messaging")


async def send(
    connection: Connection, messages: Sequence[Message], *, now: datetime | None = None
) -> list[str]:
    """Queue messages in the caller's transaction; return their ids in the same order.

    They leave once the transaction has committed. In a drill what its list does not name is
    withheld at once. A message whose dedupe is there already is not made: its first one's id is
    returned. Raises InvalidMessage, and then nothing is queued.
    """
    for message in messages:
        check(message)
    if not messages:
        return []
    rows = await _rows(connection, messages)
    values: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    cursor = await connection.execute(_SQL["insert"], values | {"now": now or time.now()})
    made = await cursor.fetchall()
    fresh = iter([row[1] for row in made if row[2] is None])
    known = {(row[0], row[2]): row[1] for row in made if row[2] is not None}
    wanted = [(one.tenant, one.dedupe) for one in messages if one.dedupe is not None]
    if missing := [key for key in wanted if key not in known]:
        known |= await _known(connection, missing)
    return [
        next(fresh) if one.dedupe is None else known[one.tenant, one.dedupe] for one in messages
    ]


async def _rows(connection: Connection, messages: Sequence[Message]) -> list[dict[str, Any]]:
    gates: dict[str, Gate] = {}
    places: dict[tuple[str, str], str] = {}
    for tenant in {one.tenant for one in messages}:
        gates[tenant] = await gate_of(connection, tenant)
        pushed = [m.to for m in messages if m.tenant == tenant and m.channel == Channel.WEBPUSH]
        found = await endpoints(connection, tenant, pushed)
        places |= {(tenant, one): endpoint for one, endpoint in found.items()}
    return [
        _row(
            one,
            gates[one.tenant],
            places.get((one.tenant, one.to)) if one.channel == Channel.WEBPUSH else one.to,
        )
        for one in messages
    ]


def _row(message: Message, gate: Gate, address: str | None) -> dict[str, Any]:
    channel = Channel(message.channel)
    held = gate.refuses(address, made_in_drill=False)
    return {
        "tenant": message.tenant,
        "channel": channel.value,
        "recipient": message.to,
        "subject": " ".join(message.subject.split()),
        "body": message.text,
        "url": message.url,
        "unsubscribe": message.unsubscribe,
        "language": message.language,
        "about": message.about,
        "dedupe": message.dedupe,
        "urgent": message.urgent,
        "drill": gate.drill is not None,
        "host": host_of(channel, address or ""),
        "state": (State.QUEUED if held is None else State.WITHHELD).value,
        "reason": "" if held is None else held.value,
        "lifetime": message.lifetime.total_seconds(),
    }


async def _known(
    connection: Connection, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    values = {"tenants": [key[0] for key in keys], "dedupes": [key[1] for key in keys]}
    cursor = await connection.execute(_SQL["by_dedupe"], values)
    return {(row[0], row[1]): row[2] for row in await cursor.fetchall()}


async def about(connection: Connection, tenant: str, about: str) -> list[Sent]:
    """Return the messages that belong to something, the oldest first."""
    return await _listed(connection, "about", {"tenant": tenant, "about": about})


async def recent(
    connection: Connection, tenant: str, *, state: str | None = None, limit: int = 100
) -> list[Sent]:
    """Return the newest messages of a tenant. state: only those."""
    values = {"tenant": tenant, "state": state, "limit": limit}
    return await _listed(connection, "recent", values)


async def _listed(connection: Connection, name: str, values: Mapping[str, Any]) -> list[Sent]:
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(_SQL[name], values)
    return [from_columns(row) for row in await cursor.fetchall()]


async def counts(connection: Connection, tenant: str, about: str) -> dict[State, int]:
    """Return how many messages of something are in which state."""
    cursor = await connection.execute(_SQL["counts"], {"tenant": tenant, "about": about})
    return {State(row[0]): row[1] for row in await cursor.fetchall()}


async def mark(
    connection: Connection, tenant: str, number: str, state: State, *, now: datetime | None = None
) -> bool:
    """Note that a message was delivered or read; return whether that was news."""
    if state not in (State.DELIVERED, State.READ):
        raise ValueError(f"a message cannot be marked {state}")
    name = "mark_delivered" if state is State.DELIVERED else "mark_read"
    values = {"tenant": tenant, "id": number, "now": now or time.now()}
    cursor = await connection.execute(_SQL[name], values)
    return await cursor.fetchone() is not None


async def cancel(
    connection: Connection, tenant: str, about: str, *, now: datetime | None = None
) -> None:
    """Take back what still waits and is not needed any more."""
    values = {"tenant": tenant, "about": about, "now": now or time.now()}
    await connection.execute(_SQL["cancel"], values)


async def set_sender(
    connection: Connection, tenant: str, mail_from: str, names: Mapping[str, str]
) -> None:
    """Say who a town's mails come from. mail_from: empty for the installation's own address.

    names: by language; none: the town's title. Raises InvalidMessage for what is no address.
    """
    if mail_from:
        check_address(Channel.MAIL, mail_from)
    values = {"tenant": tenant, "mail_from": mail_from, "mail_name": Jsonb(dict(names))}
    await connection.execute(_SQL["set_sender"], values)
