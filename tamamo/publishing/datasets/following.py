"""The service of `tamamo work` that keeps live datasets at their declarations, and sweeps."""

import asyncio
from typing import Final

import structlog

from tamamo.context.broker import Broker
from tamamo.kernel.database import single, transaction
from tamamo.kernel.tasks import wanted
from tamamo.publishing.datasets import copying, store
from tamamo.publishing.datasets.live.declaration import declared
from tamamo.publishing.datasets.live.sync import sync

#: Seconds between two looks; at first, while a new town fills, they are closer together.
_PAUSE: Final = 60.0
_FIRST_PAUSE: Final = 10.0
_FIRST: Final = 12
#: Looks between two sweeps: about an hour.
_SWEEP: Final = 60
_logger = structlog.get_logger()


async def run(broker: Broker) -> None:
    """Keep all towns' live datasets until cancelled."""
    looks = 0
    while wanted():
        made = await sync(broker, declared())
        if made:
            _logger.info("live_datasets_made", number=made)
        if looks % _SWEEP == 0:
            await sweep(broker)
        looks += 1
        await asyncio.sleep(_FIRST_PAUSE if looks < _FIRST else _PAUSE)


async def sweep(broker: Broker) -> None:
    """Drop the files of uploads that were cut off, and the rows of what was put aside long ago."""
    async with transaction(broker.pool) as connection:
        await store.execute(connection, "forget_orphans")
    async with single(broker.pool) as connection:
        cursor = await connection.execute(store.SQL["put_aside"])
        found = await cursor.fetchall()
    for tenant, version in found:
        await copying.forget(broker.pool, tenant, version)
        async with transaction(broker.pool) as connection:
            await store.execute(connection, "emptied", tenant=tenant, version=version)
