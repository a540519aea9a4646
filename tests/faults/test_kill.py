"""`kill -9` of any process at a random moment of a load of writes loses nothing."""

import asyncio
import os
import random
import signal
from collections.abc import Callable

from tamamo.kernel import embedded
from tests.context.notifications.receiver import Receiver
from tests.faults.conftest import ROUNDS, Counts
from tests.faults.installation import Installation
from tests.faults.load import Load, judge, subscribe

WRITERS = 8


async def test_killed_at_any_moment_nothing_is_lost(
    embedded_server: Installation, receiver: Receiver, chance: random.Random, counts: Counts
) -> None:
    server = embedded_server
    load = Load([server.api])
    await subscribe(load, receiver.url)
    victims = {
        "web worker": server.workers,
        "web master": server.web_master,
        "work": server.work,
        "database backend": server.backends,
        "database helper": server.database_helpers,
        "postmaster": server.postmaster,
    }
    order = [*victims] * ROUNDS
    chance.shuffle(order)
    async with load.running(WRITERS):
        await load.more(100)
        for victim in order:
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            os.kill(chance.choice(await there(victims[victim])), signal.SIGKILL)
            await load.more(100)
        for number in range(ROUNDS):
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            await asyncio.to_thread(server.kill if number % 2 else server.kill_all)
            await asyncio.to_thread(server.start)
            await load.more(100)
    found = await judge(load, embedded.locate(server.home).dsn, server, receiver)
    counts(
        f"{len(order)} kills of {', '.join(victims)}, {-(-ROUNDS // 2)} of all at once,"
        f" {ROUNDS // 2} of the supervisor: {found.line()}"
    )


async def there(find: Callable[[], list[int]], seconds: float = 30) -> list[int]:
    """Return the processes once there are any: the one killed before may yet be on its way."""
    async with asyncio.timeout(seconds):
        while not (found := find()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found
