"""Drills as they are kept, with what only lists and their own pages show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.rows import dict_row

from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.kernel.drills.drill import Drill, from_columns
from tamamo.kernel.drills.errors import NoSuchDrill
from tamamo.kernel.identity.model import Role

_SQL = sql.load("tamamo.kernel.drills")
_PLAIN: Final = (
    "created_at", "created_by", "started_at", "ended_at", "ended_by", "speed", "played", "beat_at"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A drill as lists and its own page show it."""

    drill: Drill
    created_at: datetime
    created_by: str
    started_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    #: How fast its clock goes, or went before it was stopped.
    speed: float
    #: Up to this second all of the script was played.
    played: float
    #: When a process last looked at it while it was running.
    beat_at: datetime | None
    people: Mapping[str, tuple[Role, ...]]
    #: As they were given.
    recipients: tuple[str, ...]


async def find(connection: Connection, tenant: str, *, lock: bool = False) -> Entry:
    """Return one drill; lock: held until the transaction ends. Raises NoSuchDrill."""
    if lock:
        await connection.execute(_SQL["lock"], {"tenant": tenant})
    found = await listed(connection, town=None, tenant=tenant)
    if not found:
        raise missing(tenant)
    return found[0]


async def listed(connection: Connection, *, town: str | None, tenant: str | None) -> list[Entry]:
    """Return the drills of a town, or one, the newest first."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(_SQL["listed"], {"town": town, "tenant": tenant})
    return [_shown(row) for row in await cursor.fetchall()]


def _shown(row: dict[str, Any]) -> Entry:
    people = {
        subject: tuple(Role(role) for role in roles) for subject, roles in row["people"].items()
    }
    return Entry(
        drill=from_columns(row),
        people=people,
        recipients=tuple(row["recipients"]),
        **{name: row[name] for name in _PLAIN},
    )


def missing(tenant: str) -> NoSuchDrill:
    """Return the refusal."""
    return NoSuchDrill(f"There is no drill {tenant!r}")
