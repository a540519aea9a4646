"""What was played in a drill, kept so that nothing is played twice; notes of its reviewers."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from tamamo.kernel import sql
from tamamo.kernel.database import Connection

_SQL = sql.load(__package__)
#: Kind of the rows that say which entity stands for a place of the script; they are no events.
PLACE = "place"


@dataclass(frozen=True, slots=True)
class Played:
    """One thing that happened. position: the second of the drill's clock it was meant for."""

    key: str
    position: float
    kind: str
    body: dict[str, Any] = field(default_factory=dict)
    #: Who put it in by hand; None: the script.
    actor: str | None = None
    noted_at: datetime | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """What a reviewer says. about: the key of an entry; empty: the whole drill."""

    about: str
    comment: str
    by: str
    verdict: str | None = None
    done_position: float | None = None
    at: datetime | None = None
    number: int = 0


async def note(connection: Connection, tenant: str, played: Played) -> bool:
    """Note that something was played; return whether it had not been."""
    row = {
        "tenant": tenant,
        "key": played.key,
        "position": played.position,
        "kind": played.kind,
        "body": Jsonb(played.body),
        "actor": played.actor,
    }
    return (await connection.execute(_SQL["note_event"], row)).rowcount > 0


async def played(connection: Connection, tenant: str) -> list[Played]:
    """Return all that was played, in the order in which it was."""
    cursor = connection.cursor(row_factory=class_row(Played))
    await cursor.execute(_SQL["events"], {"tenant": tenant, "place": PLACE})
    return await cursor.fetchall()


async def places(connection: Connection, tenant: str) -> dict[str, str]:
    """Return place of the script → id of the entity that stands for it."""
    cursor = await connection.execute(_SQL["places"], {"tenant": tenant, "place": PLACE})
    return {key.partition(":")[2]: body["id"] for key, body in await cursor.fetchall()}


async def comment(connection: Connection, tenant: str, said: Note) -> None:
    """Keep what a reviewer says; nothing said before is taken away."""
    row = {
        "tenant": tenant,
        "about": said.about,
        "comment": said.comment,
        "verdict": said.verdict,
        "done": said.done_position,
        "by": said.by,
    }
    await connection.execute(_SQL["comment"], row)


async def notes(connection: Connection, tenant: str) -> list[Note]:
    """Return what reviewers said, the oldest first."""
    cursor = connection.cursor(row_factory=class_row(Note))
    await cursor.execute(_SQL["notes"], {"tenant": tenant})
    return await cursor.fetchall()
