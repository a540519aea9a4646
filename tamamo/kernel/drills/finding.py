"""Whether a tenant is a drill, asked of the database in the transaction of the act."""

from psycopg.rows import dict_row

from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.kernel.drills.drill import Drill, from_columns

_SQL = sql.load("tamamo.kernel.drills", "finding.sql")


async def of(connection: Connection, tenant: str) -> Drill | None:
    """Return the drill a tenant is, None for a town.

    For whatever sends or decides: exact, and of the caller's transaction. Pages and answers ask
    `broker.towns.drill(tenant)`, which is in memory and at most half a second old.
    """
    cursor = connection.cursor(row_factory=dict_row)
    row = await (await cursor.execute(_SQL["find"], {"tenant": tenant})).fetchone()
    return None if row is None else from_columns(row)
