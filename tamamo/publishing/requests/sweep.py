"""The service of `tamamo work` that forgets addresses nobody confirmed."""

import asyncio
from typing import Final

from tamamo.context.broker import Broker
from tamamo.kernel.tasks import wanted
from tamamo.publishing.requests.service import Requests

_PAUSE: Final = 3600.0


async def run(broker: Broker) -> None:
    """Sweep every hour until cancelled."""
    while wanted():
        await Requests(broker).sweep()
        await asyncio.sleep(_PAUSE)
