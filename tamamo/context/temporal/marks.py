"""Saying which days' rollups no longer hold (docs/adr/0014): what every writer of history does.

A day before `closed_until` whose measurements change is marked in the same transaction; later days
are looked at as a whole when they are closed, so that writing what happens now costs nothing here.
"""

from collections.abc import Iterable, Iterator

from tamamo.kernel import sql
from tamamo.kernel.database import Connection

_SQL = sql.load(__package__, "rollups.sql")
#: Tenant, entity id, attribute IRI, observedAt (RFC 3339 in UTC; None: no measurement).
Measured = tuple[str | None, ...]


async def mark(connection: Connection, measured: Iterable[Measured], closed_until: str) -> None:
    """Mark the days of those measurements that are before `closed_until` (a date, YYYY-MM-DD).

    It must have been read in this transaction: whoever closes days waits for the transactions that
    may have read the date before.
    """
    days = set(rolled_up(measured, closed_until))
    if not days:
        return
    columns = zip(("tenants", "ids", "attrs", "days"), zip(*sorted(days), strict=True), strict=True)
    await connection.execute(_SQL["mark"], {name: list(values) for name, values in columns})


def rolled_up(measured: Iterable[Measured], closed_until: str) -> Iterator[Measured]:
    """Yield tenant, entity id, attribute and day of those measurements that are before a date."""
    for tenant, entity_id, attr, at in measured:
        # Nearly all are of today: one comparison. The year 999 is written with three digits.
        if at is not None and (at < closed_until or at[4] != "-"):
            day = at.partition("T")[0].zfill(10)
            if day < closed_until:
                yield tenant, entity_id, attr, day
