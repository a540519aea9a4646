"""How a process ends: with the one that started it, even a killed one; and warned before."""

import asyncio
import contextlib
import multiprocessing
import multiprocessing.process
import os
import signal
import threading
from collections.abc import Awaitable, Callable

from tamamo.kernel.supervise import ANNOUNCEMENT, LIFELINE


def follow_supervisor() -> None:
    """End this process (SIGTERM) when the supervisor's end of the standard input pipe closes."""
    if os.environ.pop(LIFELINE, None):
        threading.Thread(target=_until_closed, name="lifeline", daemon=True).start()


def follow_parent() -> None:
    """End this process when the one that forked it as a worker dies."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_until_dead, args=[parent], name="lifeline", daemon=True).start()


def when_stopping(close: Callable[[], Awaitable[None]]) -> None:
    """Call `close` once the supervisor announces the stop, before it asks for it.

    A web worker waits for its connections to end, and an event stream never ends by itself.
    """
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Future[None]] = []
    # Only a process's main thread hears signals: an application under test may run in another.
    with contextlib.suppress(RuntimeError, ValueError):
        loop.add_signal_handler(ANNOUNCEMENT, lambda: tasks.append(asyncio.ensure_future(close())))


def ignore_announcement() -> None:
    """Live on at the announcement; forked workers do so too until they call when_stopping."""
    signal.signal(ANNOUNCEMENT, signal.SIG_IGN)


def _until_dead(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    _end()


def _until_closed() -> None:
    while os.read(0, 1024):
        pass
    _end()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
