"""The queue as its users see it: defer, list, retry, cancel. Imports nothing of the library."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from psycopg.types.json import Jsonb

from tamamo.kernel import audit, sql
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import Problem

_SQL = sql.load(__package__)

State = Literal["waiting", "running", "stopping", "succeeded", "failed", "cancelled"]

#: State → what the library calls it.
STATES: Final[Mapping[State, tuple[str, ...]]] = {
    "waiting": ("todo",),
    "running": ("doing",),
    "stopping": ("doing",),
    "succeeded": ("succeeded",),
    "failed": ("failed",),
    "cancelled": ("cancelled", "aborting", "aborted"),
}


class JobConflict(Problem):
    """The job's state does not allow what was asked (409)."""

    status = 409
    type = "https://tamamo.example/problems/job-state"
    title = "The job's state does not allow this"


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the console shows it.

    done, total: how far it is, in whatever it counts; total None: unknown. error: of the last
    attempt that failed; a job that waits with an error is tried again at `scheduled_at`.
    """

    tenant: str
    id: int
    actor: str
    name: str
    args: dict[str, Any]
    state: State
    attempts: int
    created_at: datetime
    scheduled_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    done: int
    total: int | None
    note: str
    result: Any
    error: str | None


async def defer(
    connection: Connection,
    name: str,
    *,
    tenant: str,
    actor: str,
    args: Mapping[str, Any] | None = None,
    once: bool = False,
    at: datetime | None = None,
) -> int:
    """Put a job into the queue in the caller's transaction and return its number.

    name: of a job that the worker knows. args: JSON; never a secret, they are shown. once: at most
    one of this name and tenant waits, and none runs beside another; the one waiting is returned.
    at: not before this moment.
    """
    values = {
        "tenant": tenant,
        "actor": actor,
        "name": name,
        "args": Jsonb(dict(args or {})),
        "once": once,
        "at": at,
    }
    row = await (await connection.execute(_SQL["defer"], values)).fetchone()
    assert row is not None
    return int(row[0])


async def listed(
    connection: Connection,
    *,
    tenants: Collection[str] | None = None,
    name: str | None = None,
    states: Collection[State] | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Job]:
    """Return jobs, newest first. tenants: None = of all. before: only older than this number."""
    return await _list(
        connection,
        tenants=None if tenants is None else sorted(tenants),
        name=name,
        statuses=None if states is None else [s for state in states for s in STATES[state]],
        before=before,
        limit=limit,
    )


async def find(connection: Connection, tenants: Collection[str] | None, number: int) -> Job | None:
    """Return one job of these tenants (None: of any), None where there is none."""
    of = None if tenants is None else sorted(tenants)
    found = await _list(connection, tenants=of, id=number)
    return found[0] if found else None


async def _list(connection: Connection, **values: Any) -> list[Job]:
    nothing = dict.fromkeys(("tenants", "id", "name", "statuses", "before"))
    cursor = await connection.execute(_SQL["list"], nothing | {"limit": 1} | values)
    return [Job(*row) for row in await cursor.fetchall()]


async def retry(connection: Connection, tenant: str, number: int, *, actor: str) -> None:
    """Put a failed job back into the queue; the log tells who did.

    Raises JobConflict for one that has not failed.
    """
    key = {"tenant": tenant, "id": number}
    status, name = await _held(connection, key)
    if status != "failed":
        raise JobConflict(f"Only a failed job is tried again; job {number} has not failed")
    await connection.execute(_SQL["retry"], key)
    await connection.execute(_SQL["forget_end"], key)
    await _note(connection, key, actor, "job.retry", name)


async def cancel(connection: Connection, tenant: str, number: int, *, actor: str) -> bool:
    """Cancel a job that waits, or ask one that runs to stop; return whether it had begun.

    The log tells who did. Raises JobConflict for one that has ended.
    """
    key = {"tenant": tenant, "id": number}
    status, name = await _held(connection, key)
    if status not in ("todo", "doing"):
        raise JobConflict(f"Job {number} has ended already")
    await connection.execute(_SQL["cancel"], key)
    if status == "todo":
        await connection.execute(_SQL["ended"], key)
    await _note(connection, key, actor, "job.cancel", name)
    return status == "doing"


async def _note(
    connection: Connection, key: dict[str, Any], actor: str, action: str, name: str
) -> None:
    event = audit.Event(key["tenant"], actor, action, f"job:{key['id']}", after={"name": name})
    await audit.append(connection, event)


async def _held(connection: Connection, key: dict[str, Any]) -> tuple[str, str]:
    row = await (await connection.execute(_SQL["lock"], key)).fetchone()
    if row is None:
        raise JobConflict(f"There is no job {key['id']}")
    return str(row[0]), str(row[1])


async def busy(connection: Connection) -> tuple[bool, bool]:
    """Return whether a job is due, and whether one is running anywhere."""
    row = await (await connection.execute(_SQL["due"])).fetchone()
    assert row is not None
    return bool(row[0]), bool(row[1])
