"""The service of `tamamo work` that keeps the database at the declarations."""

import asyncio
from typing import Final

import structlog

from tamamo.context.broker import Broker
from tamamo.kernel.database import transaction
from tamamo.kernel.tasks import wanted
from tamamo.registers import catalogue
from tamamo.registers.imports.store import forget_old
from tamamo.registers.projection import own_types, sync

#: Seconds between looks for new towns, whose types need an owner, and for imports to forget.
_PAUSE: Final = 60.0
_logger = structlog.get_logger()


async def run(broker: Broker) -> None:
    """Bring declarations and rows into the database, then see to new towns and old imports."""
    registers = catalogue.declared()
    made = await sync(broker.pool, registers)
    if made:
        _logger.info("registers_made", rows=made)
    while wanted():
        async with transaction(broker.pool) as connection:
            await own_types(connection, registers)
        await forget_old(broker.pool)
        await asyncio.sleep(_PAUSE)
