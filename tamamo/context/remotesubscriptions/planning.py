"""What sources should have, kept true: by what is subscribed to and who is registered now.

Everything is compared anew whenever a subscription or a registration changes, so that nothing
depends on having seen each change: a process that was away only looks again.
"""

from dataclasses import dataclass
from datetime import datetime

import orjson
import structlog
from psycopg.types.json import Json, Jsonb

from tamamo.context.distribution import Distribution
from tamamo.context.jsonld.pack import pack, unpack
from tamamo.context.remotesubscriptions.copies import Copy, Origin, copies_of, new_id
from tamamo.context.subscriptions.document import Document
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.errors import Problem

_SQL = sql.load(__package__)
_log = structlog.get_logger(__name__)

#: Tenant, subscription, registration.
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of one source and subscription. begun: the source may have it."""

    wanted: Document | None
    source: Document
    begun: bool


@dataclass(frozen=True, slots=True)
class _Planned:
    """What a subscription led to, and what it depended on."""

    modified_at: datetime
    version: int
    copies: dict[str, Copy]


class Planner:
    """Finds what sources should have, and keeps it for those who tell them."""

    def __init__(self, pool: Pool, distribution: Distribution) -> None:
        self._pool = pool
        self._distribution = distribution
        self._planned: dict[tuple[str, str], _Planned] = {}

    async def plan(self) -> bool:
        """Compare, and keep what differs. Returns False when some could not be planned now."""
        version = self._distribution.directory.version
        tenants = sorted(self._distribution.directory.tenants())
        async with single(self._pool) as connection:
            rows = await (
                await connection.execute(_SQL["going_on"], {"tenants": tenants})
            ).fetchall()
        whole = True
        planned: dict[tuple[str, str], _Planned] = {}
        for row in rows:
            key = (row[0], row[1])
            before = self._planned.get(key)
            if before is not None and (before.modified_at, before.version) == (row[2], version):
                planned[key] = before
                continue
            try:
                copies = await copies_of(self._distribution, _origin(row))
            except Problem as problem:
                # Its @context cannot be had now: what sources have stays as it is.
                _log.warning("not sent on", subscription=row[1], why=problem.detail)
                whole = False
                if before is not None:
                    planned[key] = before
                continue
            planned[key] = _Planned(row[2], version, {one.source.id: one for one in copies})
        self._planned = planned
        await self._keep({key: one.copies for key, one in planned.items()}, whole=whole)
        return whole

    async def _keep(self, planned: dict[tuple[str, str], dict[str, Copy]], *, whole: bool) -> None:
        async with transaction(self._pool) as connection:
            known = await _known(connection)
            for (tenant, subscription), copies in planned.items():
                for registration, copy in copies.items():
                    key = (tenant, subscription, registration)
                    if _differs(copy, known.pop(key, None)):
                        await _want(connection, key, copy)
            for key, one in known.items():
                gone = whole or key[:2] in planned
                if gone and one.wanted is not None:
                    await connection.execute(_SQL["unwant"], _named(key))


def _origin(row: tuple[object, ...]) -> Origin:
    tenant, identifier, _, document, terms, query_terms, callback, via = row
    assert isinstance(document, dict)
    assert isinstance(terms, bytes)
    assert isinstance(query_terms, bytes)
    hops = tuple(value for value in str(via).split(", ") if value)
    return Origin(
        str(tenant), str(identifier), document, unpack(terms), unpack(query_terms),
        str(callback), hops,
    )  # fmt: skip


async def _known(connection: Connection) -> dict[Key, Known]:
    cursor = await connection.execute(_SQL["known"])
    return {(row[0], row[1], row[2]): Known(*row[3:]) for row in await cursor.fetchall()}


def _differs(copy: Copy, known: Known | None) -> bool:
    return known is None or known.wanted != copy.body or known.source != copy.source.document


async def _want(connection: Connection, key: Key, copy: Copy) -> None:
    parameters = {
        **_named(key),
        "remote_id": new_id(),
        "source": Json(copy.source.document, orjson.dumps),
        "names": pack(copy.names),
        "wanted": Jsonb(copy.body, orjson.dumps),
    }
    await connection.execute(_SQL["want"], parameters)


def _named(key: Key) -> dict[str, str]:
    return {"tenant": key[0], "subscription": key[1], "registration": key[2]}
