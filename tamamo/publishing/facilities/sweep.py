"""The service of `tamamo work` that forgets what was decided on long ago."""

import asyncio
from typing import Final

from tamamo.context.broker import Broker
from tamamo.kernel import time
from tamamo.kernel.database import transaction
from tamamo.kernel.tasks import wanted
from tamamo.publishing.facilities import corrections

_PAUSE: Final = 3600.0


async def run(broker: Broker) -> None:
    """Sweep every hour until cancelled."""
    while wanted():
        async with transaction(broker.pool) as connection:
            await corrections.sweep(connection, time.now())
        await asyncio.sleep(_PAUSE)
