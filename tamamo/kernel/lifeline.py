"""How a process ends with the one that started it, even when that one is killed."""

import multiprocessing
import multiprocessing.process
import os
import signal
import threading

from tamamo.kernel.supervise import LIFELINE


def follow_supervisor() -> None:
    """End this process (SIGTERM) when the supervisor's end of the standard input pipe closes."""
    if os.environ.pop(LIFELINE, None):
        threading.Thread(target=_until_closed, name="lifeline", daemon=True).start()


def follow_parent() -> None:
    """End this process when the one that forked it as a worker dies."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_until_dead, args=[parent], name="lifeline", daemon=True).start()


def _until_dead(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    _end()


def _until_closed() -> None:
    while os.read(0, 1024):
        pass
    _end()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
