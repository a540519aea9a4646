"""Tenants (clauses 4.14, 5.5.10): each sees only its own entities."""

from tamamo.context.errors import BadRequestData, NonexistentTenant
from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.towns import Town, Towns
from tamamo.kernel.towns.errors import TenantSuspended

_SQL = sql.load("tamamo.context", "tenants.sql")
TENANT_HEADER = "NGSILD-Tenant"
SNAPSHOT_HEADER = "NGSILD-Snapshot"
#: Longest name of a tenant, in characters.
MAX_NAME = 200
#: Between the parts of the name under which a snapshot's data stand; in no name a client gives.
_MARK = "\x01"


def snapshot_tenant(owner: str, snapshot_id: str, number: str) -> str:
    """Return the tenant under which the data of a snapshot stand (clause 4.3.7).

    number: tells it from an earlier snapshot of the same id.
    """
    return _MARK.join((owner, snapshot_id, number))


def owner_of(tenant: str) -> str:
    """Return the tenant as clients name it; of a snapshot's data, the tenant of the snapshot."""
    return tenant.partition(_MARK)[0]


def snapshot_of(tenant: str) -> str | None:
    """Return the id of the snapshot whose data stand under a tenant, None where it is none."""
    _, mark, rest = tenant.partition(_MARK)
    return rest.rpartition(_MARK)[0] if mark else None


def headers_of(tenant: str) -> dict[str, str]:
    """Return the headers by which a request or notification names a tenant and its snapshot.

    Clauses 6.3.14 and 6.3.22; none for the default tenant.
    """
    owner, snapshot = owner_of(tenant), snapshot_of(tenant)
    headers = {} if owner == DEFAULT_TENANT else {TENANT_HEADER: owner}
    return headers if snapshot is None else headers | {SNAPSHOT_HEADER: snapshot}


class Tenants:
    """The tenants of this installation, as requests name them."""

    def __init__(self, pool: Pool, towns: Towns | None = None) -> None:
        """towns: what this process knows of them; without it, only what is asked for here."""
        self._pool = pool
        self._towns = towns or Towns(pool)

    async def require(self, name: str, *, create: bool = False, by: str = "system:broker") -> None:
        """See that the tenant exists; create: make it when it does not, on behalf of `by`.

        One made so shows nothing to everybody and has no limits: that is for its operators to
        change. Raises NonexistentTenant, TenantSuspended, and BadRequestData for a name that
        cannot be one.
        """
        town = self._towns.get(name)
        if town is None:
            town = await self._find(name, by if create else None)
        if town.suspended:
            raise TenantSuspended(f"The tenant {name!r} is suspended")

    async def _find(self, name: str, creator: str | None) -> Town:
        if len(name) > MAX_NAME or not name.isprintable():
            raise BadRequestData("This cannot be the name of a tenant", field="NGSILD-Tenant")
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(_SQL["find_tenant"], {"name": name})
            if await cursor.fetchone() is None:
                if creator is None:
                    raise NonexistentTenant(f"There is no tenant {name!r}")
                await _make(connection, name, creator)
        await self._towns.refresh()
        return self._towns.get(name) or Town(name)

    async def names(self) -> list[str]:
        """Return the names of all tenants, in order."""
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(_SQL["list_tenants"])
            return [row[0] for row in await cursor.fetchall()]


async def _make(connection: Connection, name: str, creator: str) -> None:
    cursor = await connection.execute(_SQL["insert_tenant"], {"name": name, "by": creator})
    if await cursor.fetchone() is not None:
        await connection.execute(_SQL["towns_changed"])
        await append(
            connection,
            Event(name, creator, "tenant.create", f"tenant:{name}", None, {"name": name}),
        )
