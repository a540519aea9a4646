"""A page of the outbox, in the order all readers share."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from tamamo.context.changes.change import Change, Position
from tamamo.kernel import sql
from tamamo.kernel.database import Connection

_SQL = sql.load(__package__)

#: Changes read at once.
PAGE = 500


@dataclass(frozen=True, slots=True)
class Page:
    """Changes, the position behind them, the age of the newest in seconds (0 without any)."""

    changes: list[Change]
    position: Position
    age: float

    @property
    def full(self) -> bool:
        """Whether there may be more at once."""
        return len(self.changes) == PAGE


async def read(
    connection: Connection,
    behind: Position,
    tenants: Collection[str] | None,
    types: Collection[str] | None,
) -> Page:
    """Return the next changes behind a position; of these tenants and types (IRIs); None: all."""
    parameters = {
        "xid": str(behind.xid),
        "seq": behind.seq,
        "tenants": None if tenants is None else list(tenants),
        "types": None if types is None else list(types),
        "limit": PAGE,
    }
    rows = await (await connection.execute(_SQL["after"], parameters)).fetchall()
    changes = [_change(row) for row in rows if row[1] is not None]
    if len(changes) == PAGE:
        return Page(changes, changes[-1].at, rows[-1][-1])
    # All below the horizon has been seen: nothing else can appear there.
    position = max(behind, Position(int(rows[0][0]), -1))
    return Page(changes, position, rows[-1][-1] or 0.0)


def _change(row: tuple[Any, ...]) -> Change:
    bounds = row[8]
    return Change(
        at=Position(int(row[1]), row[2]),
        tenant=row[3],
        operation=row[4],
        entity_id=row[5],
        types=row[6],
        changed=row[7],
        bounds=None if bounds[0] is None else tuple(bounds),
        document=row[9],
        previous_document=row[10],
        moment=row[11],
    )
