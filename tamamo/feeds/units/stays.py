"""The table of stays: which unit stood where, from when to when (to itself left out)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.kernel.identity.errors import InvalidInput
from tamamo.kernel.time import now, to_text

_SQL = sql.load(__package__)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Stay:
    """A unit at a place (entity id), from_at ≤ t < to_at; to_at None: it stands there now."""

    unit: str
    place: str
    from_at: datetime
    to_at: datetime | None

    def holds(self, at: datetime) -> bool:
        """Whether the unit stood there at a moment."""
        return self.from_at <= at and (self.to_at is None or at < self.to_at)


def place_at(stays: Sequence[Stay], at: datetime) -> str | None:
    """Return the place where a unit with these stays stood at a moment."""
    return next((stay.place for stay in stays if stay.holds(at)), None)


async def of_units(
    connection: Connection, tenant: str, units: Collection[str]
) -> dict[str, list[Stay]]:
    """Return the stays of some units, oldest first; units without any have no entry."""
    cursor = await connection.execute(
        _SQL["stays_of_units"], {"tenant": tenant, "units": list(units)}
    )
    found: dict[str, list[Stay]] = {}
    for row in await cursor.fetchall():
        stay = Stay(*row)
        found.setdefault(stay.unit, []).append(stay)
    return found


async def listing(connection: Connection, tenant: str) -> list[Stay]:
    """Return all stays of a tenant, unit by unit, the newest first."""
    cursor = await connection.execute(_SQL["all_stays"], {"tenant": tenant})
    return [Stay(*row) for row in await cursor.fetchall()]


async def move(
    connection: Connection,
    by: str,
    tenant: str,
    unit: str,
    *,
    place: str | None,
    at: datetime,
    present: datetime | None = None,
) -> Stay | None:
    """Note that a unit stands at a place from `at` on; None: at no place. Return where it stood.

    by: who moved it, a subject. present: now, by the clock that counts. The stay before ends at
    `at`. Raises InvalidInput for a moment before the last move or ahead of the clock, and where it
    stands there already.
    """
    if not 1 <= len(unit) <= _LONGEST or not unit.isprintable():
        raise InvalidInput(
            f"A unit has between 1 and {_LONGEST} printable characters", field="unit"
        )
    if at > (present or now()):
        raise InvalidInput("The move lies in the future", field="at")
    key = {"tenant": tenant, "unit": unit}
    await connection.execute(_SQL["lock_unit"], key)
    row = await (await connection.execute(_SQL["open_stay"], key)).fetchone()
    before = None if row is None else Stay(unit, row[0], row[1], at)
    if place == (None if before is None else before.place):
        raise InvalidInput("The unit is there already", field="place")
    row = await (await connection.execute(_SQL["last_end"], key)).fetchone()
    last: datetime | None = None if row is None else row[0]
    if last is not None and (at < last or (before is not None and at == last)):
        raise InvalidInput(
            f"The unit was moved on {to_text(last)}: a move lies after the one before", field="at"
        )
    if before is not None:
        await connection.execute(_SQL["end_stay"], {**key, "at": at})
    if place is not None:
        values = {**key, "place": place, "at": at, "by": by}
        await connection.execute(_SQL["begin_stay"], values)
    await append(
        connection,
        Event(
            tenant,
            by,
            "unit.move",
            f"unit:{unit}",
            before={"place": None if before is None else before.place},
            after={"place": place, "at": to_text(at)},
        ),
    )
    return before
