"""For CLI verbs: an installation whose database runs, beside a running server or without one."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import psycopg

from tamamo.kernel import embedded
from tamamo.kernel import home as homes
from tamamo.kernel.errors import SetupError
from tamamo.kernel.migrate import migrate
from tamamo.kernel.settings import Settings


@contextmanager
def attached(settings: Settings) -> Iterator[Settings]:
    """Yield the settings with database_url set and home absolute; start the embedded server if
    nobody has, and stop it at the end if nobody else uses it.
    """
    home = homes.prepare(settings.home)
    if settings.database_url is not None:
        yield msgspec.structs.replace(settings, home=home)
        return
    with terminated_in_order(), embedded.database(home) as dsn:
        yield msgspec.structs.replace(settings, home=home, database_url=dsn)


@contextmanager
def opened(settings: Settings) -> Iterator[Settings]:
    """Like `attached`, with every migration applied: what a verb needs to work on an empty home.

    Raises SetupError when the database cannot be reached.
    """
    with attached(settings) as ready:
        assert ready.database_url is not None
        try:
            migrate(ready.database_url)
        except psycopg.OperationalError as error:
            raise SetupError(f"The database cannot be reached: {error}") from error
        yield ready


@contextmanager
def terminated_in_order() -> Iterator[None]:
    """Let SIGTERM unwind like Ctrl-C does, so that the last one out still stops the server."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
