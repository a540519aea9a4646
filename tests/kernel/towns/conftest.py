"""Towns over a fresh database, and the people who act for them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.identity import Identity
from tamamo.kernel.identity.model import EVERY_TENANT, Actor, Grant, Role
from tamamo.kernel.towns import Town, Towns
from tamamo.kernel.towns.agreements import AgreementService
from tamamo.kernel.towns.reach import Shares
from tamamo.kernel.towns.service import TownService

ADMIN = Actor("user:1", "admin", (Grant("g", EVERY_TENANT, Role.OPERATOR),))


def person(
    number: int, tenant: str, role: Role = Role.APPROVER, **limits: tuple[str, ...]
) -> Actor:
    """Return somebody who holds one role in a town."""
    grant = Grant("g", tenant, role, types=limits.get("types"))
    return Actor(f"user:{number}", f"person {number}", (grant,), tenant)


@dataclass
class Office:
    """The services, and what they keep."""

    pool: Pool
    towns: Towns
    service: TownService
    agreements: AgreementService
    identity: Identity

    async def audited(self, tenant: str) -> list[tuple[str, str, str]]:
        """Return (actor, action, object) of a tenant's log, the oldest first."""
        async with transaction(self.pool) as connection:
            cursor = await connection.execute(
                "select actor, action, object from audit_event where tenant = %s order by seq",
                [tenant],
            )
            return list(await cursor.fetchall())


def titled(name: str, **more: object) -> Town:
    """Return a town with titles."""
    return Town(name, {"ja": f"{name}町", "en": f"{name} Town"}, **more)  # type: ignore[arg-type]


@pytest.fixture
async def office(pool: Pool) -> AsyncIterator[Office]:
    """The services on a fresh database that has only the default tenant."""
    towns = Towns(pool)
    await towns.refresh()
    identity = Identity(pool, "key")
    identity.shares = Shares(towns)
    yield Office(
        pool, towns, TownService(pool, towns), AgreementService(pool, towns, identity), identity
    )
