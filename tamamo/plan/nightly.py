"""The service of `tamamo work` that keeps each day's computed figures and writes the entities."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import structlog

from tamamo.context.broker import Broker
from tamamo.kernel import time
from tamamo.kernel.tasks import wanted
from tamamo.kernel.towns import DEFAULT

#: When in Japan: the day's data is in, and nobody waits.
_AT: Final = timedelta(hours=23, minutes=40)
_logger = structlog.get_logger()


async def run(broker: Broker) -> None:
    """Keep and publish once a day until cancelled. Several processes at once do no harm."""
    while wanted():
        await asyncio.sleep((due(time.now()) - time.now()).total_seconds())
        await once(broker)


def due(now: datetime) -> datetime:
    """Return the next time of day at which figures are kept, later than now."""
    local = now.astimezone(time.JST)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + _AT
    return at if at > local else at + timedelta(days=1)


async def once(broker: Broker) -> None:
    """Keep what is computed now and write all indicators as entities."""
    # Not kept in memory all day for a minute at night.
    from tamamo.plan import live  # noqa: PLC0415
    from tamamo.plan.catalog import the_plan  # noqa: PLC0415
    from tamamo.plan.values.publishing import publish_all  # noqa: PLC0415

    plan = the_plan()
    failed = await live.keep(broker, plan)
    stored, _ = await publish_all(broker, DEFAULT, plan)
    _logger.info("plan_published", stored=stored, failed=len(failed))
