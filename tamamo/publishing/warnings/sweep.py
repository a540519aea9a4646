"""The service of `tamamo work` that forgets addresses nobody confirmed, and browsers gone."""

import asyncio
from typing import Final

from tamamo.context.broker import Broker
from tamamo.kernel import time
from tamamo.kernel.database import transaction
from tamamo.kernel.tasks import wanted
from tamamo.publishing.warnings import subscriptions

_PAUSE: Final = 3600.0


async def run(broker: Broker) -> None:
    """Sweep every hour until cancelled."""
    while wanted():
        async with transaction(broker.pool) as connection:
            await subscriptions.sweep(connection, time.now())
        await asyncio.sleep(_PAUSE)
