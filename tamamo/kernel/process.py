"""What a long-lived process asks of the interpreter and of the system."""

import asyncio
import gc
import os

from tamamo.kernel.tasks import wanted

#: Seconds between two collections of what is new, and how many of them one of everything follows.
_EVERY, _WHOLE = 1.0, 60
#: Objects that may gather meanwhile: beyond that the interpreter collects in the midst of work.
_MOST_NEW = 1_000_000


async def collect_between() -> None:
    """Let the cycle collector run once a second, and leave out what was there at start.

    A batch of entities is tens of thousands of dicts without a single cycle, all of them in use
    while it is worked on; by the interpreter's default every 700 of them start a collection, which
    costs as much as all the rest of an upsert. Between two requests next to nothing is in use.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_MOST_NEW, 20, 50)
    rounds = 0
    while wanted():
        await asyncio.sleep(_EVERY)
        rounds += 1
        gc.collect(2 if rounds % _WHOLE == 0 else 1)


def step_back() -> None:
    """Leave the processors to those who answer requests, as long as all of them are busy.

    With the least share still a third of theirs: what works in the background goes on.
    """
    os.nice(5)


def finish_first() -> None:
    """Let the threads that this process starts from now on finish what they do, one by one.

    A request goes through three threads of the web server. By the system's default each that wakes
    takes the processor from the one that woke it, for every single request; as a batch (sched(7))
    it works off all that came meanwhile. Only Linux knows it, and nobody has to allow it.
    """
    if hasattr(os, "SCHED_BATCH"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
