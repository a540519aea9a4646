"""Saved views: a query of a register under a name, one's own or shared with the department."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg.rows import class_row

from tamamo.kernel import sql
from tamamo.kernel.database import Pool, single, transaction
from tamamo.kernel.identity import Actor

_SQL = sql.load(__package__)
#: Longest name and query of a view, in characters (held by the table too).
LONGEST_NAME: Final = 80
LONGEST_QUERY: Final = 2000


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view as it is stored. query: "?…" of the register's list, "" for the plain list."""

    id: int
    register: str
    name: str
    query: str
    owner: str
    shared: bool
    owner_name: str

    def is_of(self, actor: Actor) -> bool:
        """Whether somebody made it."""
        return self.owner == actor.subject


def units_of(actor: Actor, tenant: str) -> list[str] | None:
    """Return the units somebody works for in a town; None: for the whole of it."""
    units = [grant.unit for grant in actor.grants if grant.counts_in(tenant)]
    if not units or None in units:
        return None
    return [unit for unit in units if unit]


async def visible(
    pool: Pool, tenant: str, actor: Actor, register: str | None = None
) -> Sequence[SavedView]:
    """Return the views somebody sees of one register, or of all: their own first."""
    given = {
        "tenant": tenant,
        "register": register,
        "owner": actor.subject,
        "units": units_of(actor, tenant),
    }
    async with single(pool) as connection:
        cursor = connection.cursor(row_factory=class_row(SavedView))
        return await (await cursor.execute(_SQL["list_views"], given)).fetchall()


async def save(
    pool: Pool,
    tenant: str,
    actor: Actor,
    register: str,
    *,
    name: str,
    query: str,
    shared: bool,
) -> int:
    """Store a view and return its id; one of the same name and owner is replaced.

    Shared, it is seen by the owner's unit, or by the whole town where the owner has none.
    """
    units = units_of(actor, tenant)
    given = {
        "tenant": tenant,
        "register": register,
        "owner": actor.subject,
        "unit": units[0] if units else None,
        "shared": shared,
        "name": name,
        "query": query,
    }
    async with transaction(pool) as connection:
        row = await (await connection.execute(_SQL["save_view"], given)).fetchone()
    assert row is not None
    return int(row[0])


async def delete(pool: Pool, tenant: str, actor: Actor, register: str, view_id: int) -> bool:
    """Delete one's own view; False where there is none of that id."""
    given = {"tenant": tenant, "register": register, "id": view_id, "owner": actor.subject}
    async with transaction(pool) as connection:
        row = await (await connection.execute(_SQL["delete_view"], given)).fetchone()
    return row is not None
