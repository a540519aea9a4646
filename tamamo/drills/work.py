"""The service of `tamamo work` that prepares, plays, ends and removes drills.

Several may run on one database: each drill is tended by whoever holds its lock. Where there is no
drill it does not ask the database.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog

from tamamo.context.broker import Broker
from tamamo.kernel import sql, time
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.drills import Drill, State
from tamamo.kernel.tasks import wanted

_SQL = sql.load(__package__)
_log = structlog.get_logger(__name__)

#: Seconds between looks at what is due.
INTERVAL: Final = 0.5
#: A clock that nobody looked at for longer stood still meanwhile: the process had ended.
LAPSE: Final = timedelta(seconds=10)
_TENDED: Final = (State.MAKING, State.RUNNING, State.PAUSED, State.DELETING)
#: Paused drill → where its clock stands, once all up to there was played.
_SETTLED: dict[str, float] = {}


async def run(broker: Broker) -> None:
    """Tend all drills until cancelled."""
    while wanted():
        await tend(broker)
        await asyncio.sleep(INTERVAL)


async def tend(broker: Broker, clock: Callable[[], datetime] = time.now) -> None:
    """Do what is due now for every drill; one that fails holds up no other."""
    drills = list(broker.towns.drills().values())
    if any(drill.open and drill.expires_at <= clock() for drill in drills):
        await broker.drills.expire()
    for drill in drills:
        if drill.state not in _TENDED or _is_settled(drill):
            continue
        try:
            async with _mine(broker.pool, drill.tenant) as mine:
                if mine:
                    await _tend(broker, drill, clock)
        except Exception:
            _log.exception("a drill cannot be tended", drill=drill.tenant, state=drill.state.value)


async def _tend(broker: Broker, drill: Drill, clock: Callable[[], datetime]) -> None:
    # Imported with the first drill: a process that has none to tend stays small.
    from tamamo.drills import making, removing  # noqa: PLC0415

    if drill.state is State.MAKING:
        made = await making.make(broker, drill)
        _log.info("drill made", drill=drill.tenant, copied=made)
    elif drill.state is State.DELETING:
        await removing.remove(broker, drill.tenant)
        _log.info("drill removed", drill=drill.tenant)
    else:
        await _play(broker, drill, clock)


async def _play(broker: Broker, drill: Drill, clock: Callable[[], datetime]) -> None:
    from tamamo.drills.catalogue import find  # noqa: PLC0415
    from tamamo.drills.playing import player_of  # noqa: PLC0415

    script, moment = find(drill.scenario), clock()
    entry = await broker.drills.entry(drill.town, drill.tenant)
    running = entry.drill.state is State.RUNNING
    if not running and entry.drill.state is not State.PAUSED:
        return
    if running and entry.beat_at is not None and moment - entry.beat_at > LAPSE:
        await broker.drills.resume(drill.tenant)
        entry = await broker.drills.entry(drill.town, drill.tenant)
    if script is None:
        async with transaction(broker.pool) as connection:
            row = {"tenant": drill.tenant, "played": -1, "at": moment}
            await connection.execute(_SQL["beat"], row)
        return
    position = entry.drill.clock.position_at(moment)
    player = await player_of(broker, entry.drill, script)
    played = entry.played
    while played < position:
        played = await player.play(played, position, moment)
    if position <= entry.played:
        await player.play(entry.played, position, moment)
    if not running:
        _SETTLED[drill.tenant] = position


def _is_settled(drill: Drill) -> bool:
    """Return whether a clock stands and all up to there was played by this process."""
    return drill.state is State.PAUSED and _SETTLED.get(drill.tenant) == drill.clock.position


@asynccontextmanager
async def _mine(pool: Pool, tenant: str) -> AsyncIterator[bool]:
    """Yield whether this process may tend a drill; nobody else may until the block ends."""
    async with pool.connection() as connection, connection.transaction():
        cursor = await connection.execute(_SQL["try_lock"], {"tenant": tenant})
        row = await cursor.fetchone()
        yield bool(row and row[0])
