"""The organisation of a tenant: units with the days on which they are valid.

A unit's id is the path of names (総務局/危機管理課). Lists are imported whole, in the order of
their days: what a list does not name any more ends on its day.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.kernel.identity.errors import InvalidInput, NotThere
from tamamo.kernel.identity.model import Actor, require_operator

_SQL = sql.load(__package__)

#: Between the names of a path.
SEPARATOR: Final = "/"


@dataclass(frozen=True, slots=True)
class Listed:
    """A unit as a list names it. kind: what the list calls the level (局, 部, 課)."""

    path: tuple[str, ...]
    kind: str = ""

    @property
    def id(self) -> str:
        """Return the path as one text."""
        return SEPARATOR.join(self.path)

    @property
    def parent(self) -> str | None:
        """Return the id of the unit above, None for the highest."""
        return SEPARATOR.join(self.path[:-1]) or None


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit with the days of its life: from `valid_from` until the day before `valid_to`."""

    id: str
    parent: str | None
    name: str
    kind: str
    position: int
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a list changes: ids in the order of the list."""

    added: tuple[str, ...]
    ended: tuple[str, ...]
    kept: tuple[str, ...]
    #: Grants, and types of entities, that hang on units which end and that nobody moved.
    bound_grants: int = 0
    bound_types: int = 0


async def units(connection: Connection, tenant: str, on: date | None = None) -> list[Unit]:
    """Return the units valid on a day, in the order of the list; None: all there ever were."""
    cursor = await connection.execute(_SQL["list_units"], {"tenant": tenant, "on": on})
    return [Unit(*row) for row in await cursor.fetchall()]


async def install(
    connection: Connection,
    by: Actor,
    tenant: str,
    listed: Sequence[Listed],
    *,
    on: date,
    moved: Mapping[str, str] | None = None,
) -> Change:
    """Make a list the organisation from a day on; return what it changed.

    moved: id that ends → id that takes its place: grants and types of the one, and of those under
    it, go over to the other. To see what would change, roll the transaction back. Raises Forbidden,
    NotThere, InvalidInput: an empty list, a unit twice or without the one above it, an older list.
    """
    require_operator(by, tenant)
    check(listed)
    cursor = await connection.execute(_SQL["lock_units"], {"tenant": tenant})
    if await cursor.fetchone() is None:
        raise NotThere(f"There is no tenant {tenant!r}")
    cursor = await connection.execute(_SQL["last_change_of_units"], {"tenant": tenant})
    row = await cursor.fetchone()
    newest: date | None = None if row is None else row[0]
    if newest is not None and on < newest:
        raise InvalidInput(
            f"There is a list from {newest} already: older ones cannot be put before it", field="on"
        )
    known = {unit.id: unit for unit in await units(connection, tenant, on)}
    change = _difference(known, listed)
    successors = _successors(change.ended, {unit.id for unit in listed}, moved or {})
    await _write(connection, tenant, change, listed, on)
    await _hand_over(connection, by, tenant, successors, on)
    left = [identifier for identifier in change.ended if identifier not in successors]
    cursor = await connection.execute(_SQL["count_bound"], {"tenant": tenant, "ids": left})
    grants, types = await cursor.fetchone() or (0, 0)
    if change.added or change.ended:
        before = {"ended": list(change.ended)}
        after = {"from": on, "added": list(change.added), "moved": successors}
        event = Event(tenant, by.subject, "organisation.import", f"tenant:{tenant}", before, after)
        await append(connection, event)
    return replace(change, bound_grants=grants, bound_types=types)


def check(listed: Sequence[Listed]) -> None:
    """Raise InvalidInput unless a list is a whole organisation."""
    if not listed:
        raise InvalidInput("The list names no unit", field="list")
    seen: set[str] = set()
    for unit in listed:
        if not all(
            name and name == name.strip() and name.isprintable() and SEPARATOR not in name
            for name in unit.path
        ):
            raise InvalidInput(f"{unit.id!r} is not the path of a unit", field="list")
        if unit.id in seen:
            raise InvalidInput(f"{unit.id} stands twice in the list", field="list")
        seen.add(unit.id)
    for unit in listed:
        if unit.parent is not None and unit.parent not in seen:
            raise InvalidInput(f"{unit.id}: the unit above it is not in the list", field="list")


def _difference(known: Mapping[str, Unit], listed: Sequence[Listed]) -> Change:
    named = {unit.id for unit in listed}
    return Change(
        tuple(unit.id for unit in listed if unit.id not in known),
        tuple(identifier for identifier in known if identifier not in named),
        tuple(unit.id for unit in listed if unit.id in known),
    )


def _successors(
    ended: Sequence[str], listed: Collection[str], moved: Mapping[str, str]
) -> dict[str, str]:
    """Return the unit that takes the place of each one that ends, where there is one."""
    for old, new in moved.items():
        if old not in ended:
            raise InvalidInput(f"{old} does not end with this list", field="moved")
        if new not in listed:
            raise InvalidInput(f"{new} is not in the list", field="moved")
    found: dict[str, str] = {}
    # The longest path last: what is said of a unit itself goes before what is said of those above.
    for old in sorted(moved, key=len):
        for identifier in ended:
            if identifier == old or identifier.startswith(old + SEPARATOR):
                successor = moved[old] + identifier[len(old) :]
                if successor in listed:
                    found[identifier] = successor
    return found


async def _hand_over(
    connection: Connection, by: Actor, tenant: str, successors: Mapping[str, str], on: date
) -> None:
    """Let grants and types of units that end go on for those that take their places."""
    if not successors:
        return
    values = {
        "tenant": tenant,
        "old": list(successors),
        "new": list(successors.values()),
        "on": on,
        "by": by.subject,
    }
    await connection.execute(_SQL["copy_grants"], values)
    await connection.execute(_SQL["move_types"], values)


async def _write(
    connection: Connection, tenant: str, change: Change, listed: Sequence[Listed], on: date
) -> None:
    places = {unit.id: (number, unit) for number, unit in enumerate(listed)}
    added = [places[identifier] for identifier in change.added]
    values = {"tenant": tenant, "on": on, "ids": list(change.ended)}
    await connection.execute(_SQL["forget_units"], values)
    await connection.execute(_SQL["end_units"], values)
    await connection.execute(
        _SQL["add_units"],
        {
            "tenant": tenant,
            "on": on,
            "ids": [unit.id for _, unit in added],
            "parents": [unit.parent for _, unit in added],
            "names": [unit.path[-1] for _, unit in added],
            "kinds": [unit.kind for _, unit in added],
            "positions": [number for number, _ in added],
        },
    )
    await connection.execute(
        _SQL["place_units"],
        {
            "tenant": tenant,
            "ids": list(change.kept),
            "positions": [places[identifier][0] for identifier in change.kept],
            "kinds": [places[identifier][1].kind for identifier in change.kept],
        },
    )


async def declare(
    connection: Connection, tenant: str, type_: str, unit: str | None, *, personal: bool = False
) -> None:
    """Say which unit answers for a type of entities (an IRI), and whether it is personal data."""
    await connection.execute(
        _SQL["declare_type"], {"tenant": tenant, "type": type_, "unit": unit, "personal": personal}
    )
