"""For CLI verbs: an installation whose database runs, beside a running server or without one."""

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
    with embedded.database(home) as dsn:
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
