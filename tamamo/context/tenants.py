"""Tenants (clauses 4.14, 5.5.10): each sees only its own entities."""

from tamamo.context.errors import BadRequestData, NonexistentTenant
from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, transaction

_SQL = sql.load("tamamo.context", "tenants.sql")
#: Longest name of a tenant, in characters.
MAX_NAME = 200


class Tenants:
    """The tenants of this installation. Names once seen are remembered: tenants never vanish."""

    def __init__(self, pool: Pool) -> None:
        """Use `pool` to look names up."""
        self._pool = pool
        self._known = {DEFAULT_TENANT}

    async def require(self, name: str, *, create: bool = False) -> None:
        """See that the tenant exists; create: make it when it does not.

        Raises NonexistentTenant, and BadRequestData for a name that cannot be one.
        """
        if name in self._known:
            return
        if len(name) > MAX_NAME or not name.isprintable():
            raise BadRequestData("This cannot be the name of a tenant", field="NGSILD-Tenant")
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(_SQL["find_tenant"], {"name": name})
            if await cursor.fetchone() is None:
                if not create:
                    raise NonexistentTenant(f"There is no tenant {name!r}")
                await connection.execute(_SQL["insert_tenant"], {"name": name})
        self._known.add(name)

    async def names(self) -> list[str]:
        """Return the names of all tenants, in order."""
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(_SQL["list_tenants"])
            return [row[0] for row in await cursor.fetchall()]
