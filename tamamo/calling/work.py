"""The service of `tamamo work` that follows alerts and escalates calls."""

import asyncio
from typing import TYPE_CHECKING, Final

from tamamo.calling.alarms import OfRules
from tamamo.calling.engine import Calling
from tamamo.kernel.tasks import wanted

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

#: Seconds between looks.
_LOOK: Final = 1.0


async def run(broker: "Broker") -> None:
    """Follow alerts and go on with calls until cancelled."""
    calling = calling_of(broker)
    while wanted():
        busy = await calling.follow() + await calling.advance()
        await asyncio.sleep(0 if busy else _LOOK)


def calling_of(broker: "Broker") -> Calling:
    """Return the calls of a broker: by each tenant's own clock, with the rules' alerts."""
    return Calling(broker.pool, broker.settings, OfRules(), broker.towns.clock)
