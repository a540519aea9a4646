"""Removing a drill: everything under its tenant but the audit log, which is for ever."""

from typing import Final

from tamamo.context.broker import Broker
from tamamo.context.snapshots import filling
from tamamo.kernel import sql
from tamamo.kernel.database import transaction

_SQL = sql.load(__package__)
#: Tables whose rows stay: the audit log, and the drill itself until all else is gone.
_KEPT: Final = frozenset({"audit_event", "audit_head", "audit_pending", "drill", "tenant_usage"})


async def remove(broker: Broker, tenant: str) -> None:
    """Remove what a drill held, in small transactions, and then the drill; again is no harm."""
    await filling.empty(broker.pool, tenant, keep=_KEPT)
    async with transaction(broker.pool) as connection:
        await connection.execute(_SQL["remove"], {"tenant": tenant})
        await connection.execute(_SQL["changed"])
    await broker.towns.refresh()
