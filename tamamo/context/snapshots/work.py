"""What snapshots need without being asked: filling, notifying, ending. A service of `tamamo work`.

Several may run on one database: a snapshot is filled by whoever holds its lock, from the start
again when a process dies over it.
"""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Final

import structlog
from psycopg import OperationalError

from tamamo.context.errors import InternalError
from tamamo.context.jsonld.pack import unpack
from tamamo.context.snapshots import filling, notices
from tamamo.context.snapshots import service as snapshots
from tamamo.context.snapshots.document import DETAILS, QUERIES, TEMPORAL_QUERIES, Document
from tamamo.context.snapshots.filling import Target
from tamamo.context.snapshots.running import Runner
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, single, transaction
from tamamo.kernel.errors import Problem, Unavailable
from tamamo.kernel.outgoing import Outgoing
from tamamo.kernel.tasks import wanted

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

_SQL = sql.load(__package__)
_log = structlog.get_logger(__name__)

#: The status of a snapshot that was filled, and the results of its queries; None: as they are.
_Outcome = tuple[str, Document | None]
#: Seconds between looks at what there is to do.
INTERVAL: Final = 0.25


async def run(broker: "Broker") -> None:
    """Do what is due until cancelled."""
    async with Outgoing(broker.settings) as outgoing, asyncio.TaskGroup() as group:
        group.create_task(_fill_all(broker), name="snapshots fill")
        group.create_task(_tend_all(broker.pool, outgoing), name="snapshots tend")


async def _fill_all(broker: "Broker") -> None:
    while wanted():
        try:
            preparing, *_ = await _due(broker.pool)
            if preparing:
                await fill(broker)
        except Exception:
            # The database may be restarting; what was begun is begun again.
            _log.exception("snapshots cannot be filled")
        await asyncio.sleep(INTERVAL)


async def _tend_all(pool: Pool, outgoing: Outgoing) -> None:
    while wanted():
        try:
            await tend(pool, outgoing)
        except Exception:
            _log.exception("snapshots cannot be tended")
        await asyncio.sleep(INTERVAL)


async def _due(pool: Pool) -> tuple[bool, bool, bool, bool]:
    async with single(pool) as connection:
        row = await (await connection.execute(_SQL["anything_due"])).fetchone()
    assert row is not None
    return bool(row[0]), bool(row[1]), bool(row[2]), bool(row[3])


async def tend(pool: Pool, outgoing: Outgoing) -> None:
    """End what has expired, deliver notifications, remove what deleted snapshots held."""
    _, expired, noticed, remaining = await _due(pool)
    if expired:
        async with transaction(pool) as connection:
            cursor = await connection.execute(_SQL["expired_snapshots"])
            for tenant, ids in await cursor.fetchall():
                await snapshots.delete(connection, tenant, ids)
    if noticed or expired:
        await notices.deliver(pool, outgoing)
    if remaining or expired:
        await filling.remove_remains(pool)


async def fill(broker: "Broker") -> int:
    """Fill the snapshots that are being prepared, but for those others fill; return how many."""
    async with single(broker.pool) as connection:
        rows = await (await connection.execute(_SQL["preparing_snapshots"])).fetchall()
    if rows:
        # A source registered just before belongs to it; this process may not know of it yet.
        await broker.distribution.directory.refresh()
    done = 0
    for tenant, snapshot_id, data_tenant, document, terms, source in rows:
        async with filling.locked(broker.pool, data_tenant) as mine:
            if not mine:
                continue
            target = Target(broker.pool, data_tenant)
            outcome: _Outcome | None
            if source is not None:
                outcome = await _clone(broker.pool, source, target)
            else:
                runner = Runner(broker, tenant, unpack(bytes(terms)))
                outcome = await _run_all(runner, document, target)
            if outcome is None:
                continue
            async with transaction(broker.pool) as connection:
                kept = await snapshots.finish(connection, tenant, data_tenant, *outcome)
            _log.info("snapshot", id=snapshot_id, tenant=tenant, status=outcome[0], kept=kept)
            done += 1
    return done


async def _clone(pool: Pool, source: str, target: Target) -> _Outcome | None:
    """Copy the source; None while it is itself being filled."""
    async with single(pool) as connection:
        row = await (await connection.execute(_SQL["find_source"], {"source": source})).fetchone()
    if row is None:
        return "failure", None
    if row[0] == "preparing":
        return None
    await filling.empty(pool, target.tenant)
    await filling.copy(pool, source, target.tenant)
    return "success", None


async def _run_all(runner: Runner, document: Document, target: Target) -> _Outcome:
    """Run all queries; return the status and the details (5.16.1.4)."""
    await filling.empty(target.pool, target.tenant)  # of an attempt that was broken off
    details: Document = {}
    results: list[str] = []
    for name, run_one in ((QUERIES, runner.run), (TEMPORAL_QUERIES, runner.run_temporal)):
        if name not in document:
            continue
        shown = details[DETAILS[name]] = []
        for body in document[name]:
            result = await _result(run_one(body, target))
            shown.append(result)
            results.append(result["resultStatus"])
    return _status(results), details


async def _result(running: Awaitable[int]) -> Document:
    """Return what came of a query (5.2.42). Raises Unavailable, OperationalError: try again."""
    try:
        return {"resultStatus": "success" if await running else "empty"}
    except (Unavailable, OperationalError):
        raise
    except Problem as error:
        problem = error
    except Exception:
        _log.exception("query of a snapshot failed")
        problem = InternalError("See the log.")
    return {"resultStatus": "failure", "problemDetails": problem.body()}


def _status(results: list[str]) -> str:
    kinds = set(results)
    if kinds == {"success"}:
        return "success"
    if "success" in kinds:
        return "partial"
    return "empty" if "empty" in kinds else "failure"
