"""The pictures of the rain nowcast a town shows, in the database: any process of any machine.

A cache (unlogged tables): what a run of the feed brought, and nothing older.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tamamo.feeds.readers.nowcast import Frame, Tile
from tamamo.kernel import sql
from tamamo.kernel.database import Connection

_SQL = sql.load(__package__)


@dataclass(frozen=True, slots=True)
class Stored:
    """A picture that can be shown. fetched_at: when its tiles came."""

    frame: Frame
    fetched_at: datetime


async def stored(connection: Connection, tenant: str) -> list[Stored]:
    """Return the pictures of a town, by moment."""
    cursor = await connection.execute(_SQL["list_frames"], {"tenant": tenant})
    return [Stored(Frame(valid, base), at) for valid, base, at in await cursor.fetchall()]


async def zoom_of(connection: Connection, tenant: str) -> int | None:
    """Return the zoom of a town's tiles, None where it has none."""
    cursor = await connection.execute(_SQL["find_zoom"], {"tenant": tenant})
    row = await cursor.fetchone()
    return row[0] if row else None


async def tile(connection: Connection, tenant: str, frame: Frame, place: Tile) -> bytes | None:
    """Return a tile, None where it is not there (any more)."""
    values = {"tenant": tenant, "valid": frame.valid_at, "base": frame.base_at}
    values |= {"z": place.z, "x": place.x, "y": place.y}
    cursor = await connection.execute(_SQL["find_tile"], values)
    row = await cursor.fetchone()
    return row[0] if row else None


async def keep(
    connection: Connection,
    tenant: str,
    shown: Collection[Frame],
    fresh: Mapping[Frame, Sequence[tuple[Tile, bytes]]],
    at: datetime,
) -> None:
    """Let a town show these pictures; fresh: the tiles of those that are new. Others go."""
    valid = [frame.valid_at for frame in shown]
    bases = [frame.base_at for frame in shown]
    kept = {"tenant": tenant, "valid": valid, "bases": bases}
    await connection.execute(_SQL["drop_frames"], kept)
    for frame, tiles in fresh.items():
        key = {"tenant": tenant, "valid": frame.valid_at, "base": frame.base_at, "at": at}
        await connection.execute(_SQL["add_frame"], key)
        for place, body in tiles:
            values = key | {"z": place.z, "x": place.x, "y": place.y, "body": body}
            await connection.execute(_SQL["add_tile"], values)
