"""Removes what is over: sessions, tokens, codes, counted failures. A service of `tamamo work`."""

import asyncio
from typing import Final

import structlog

from tamamo.context.broker import Broker
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.tasks import wanted

_SQL = sql.load("tamamo.accounts", "sweep.sql")
#: Seconds between two rounds.
_PAUSE: Final = 3600.0

logger = structlog.get_logger()


async def run(broker: Broker) -> None:
    """Sweep once an hour, for ever."""
    while wanted():
        try:
            await sweep(broker.pool)
        except Unavailable:
            logger.warning("accounts_not_swept")
        await asyncio.sleep(_PAUSE)


async def sweep(pool: Pool) -> dict[str, int]:
    """Remove everything that is over, each kind in a transaction of its own; return how many."""
    counts = {}
    for name, statement in _SQL.items():
        async with transaction(pool) as connection:
            counts[name] = (await connection.execute(statement)).rowcount
    return counts
