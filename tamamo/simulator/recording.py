"""A recording played on its own clock: its observations keep the time at which they were made."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import structlog

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.feeds.rejects import RejectsFile
from tamamo.feeds.replay import REPLAY_ID, Plan, Progress, replay
from tamamo.kernel import time

_logger = structlog.get_logger()


def player(file: Path, begin: datetime, speed: float) -> Callable[[Broker], Awaitable[None]]:
    """Return a service that plays a recording.

    What is before `begin`, or before the clock at which an earlier run stopped, is written at
    once; the rest at `speed` times real time. At the end it stands still: the city stays at the
    recording's last moment.
    """

    async def run(broker: Broker) -> None:
        ahead = max(begin, await _stopped_at(broker) or begin)
        plan = Plan(path=file, tenant=DEFAULT_TENANT, speed=speed, announce=True, ahead=ahead)
        progress = Progress()
        with RejectsFile(broker.settings.home, file, time.now()) as rejects:
            await replay(broker, plan, rejects, progress)
        _logger.info("recording_finished", summary=str(progress))
        await asyncio.Event().wait()

    return run


async def _stopped_at(broker: Broker) -> datetime | None:
    """Return the clock of an earlier run, None before the first."""
    entity = await broker.entities.find(DEFAULT_TENANT, REPLAY_ID)
    if entity is None:
        return None
    terms = await broker.contexts.resolve(DEFAULT_TENANT, None)
    instances = entity.attrs.get(terms.expand_term("clock"), [])
    return time.from_text(instances[0]["value"]) if instances else None
