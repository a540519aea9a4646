"""The service of `tamamo work` that reads each catalogue of others once a day."""

import asyncio
from typing import Final

import structlog

from tamamo.context.broker import Broker
from tamamo.kernel.errors import Problem
from tamamo.kernel.tasks import wanted
from tamamo.publishing.catalogue.harvest.service import Harvests

#: Seconds between two looks at what is due.
_PAUSE: Final = 300.0
_ACTOR: Final = "system:harvest"
_logger = structlog.get_logger()


async def run(broker: Broker) -> None:
    """Read what is due until cancelled."""
    harvests = Harvests(broker)
    while wanted():
        for town, identifier in await harvests.due():
            try:
                read = await harvests.read(_ACTOR, town, identifier)
                _logger.info("catalogue_read", town=town, source=identifier, entries=read.total)
            except Problem as problem:
                _logger.warning("catalogue_not_read", town=town, source=identifier,
                                reason=problem.detail)  # fmt: skip
        await asyncio.sleep(_PAUSE)
