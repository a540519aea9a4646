"""Schema changes: plain SQL files applied once each, in order, under an advisory lock."""

from collections.abc import Callable
from importlib.resources import files

import psycopg

# Any constant will do as long as nothing else in Tamamo locks it.
_LOCK = 0x74616D61
_FOLDER = files("tamamo.kernel").joinpath("migrations")


def known() -> list[str]:
    """Return the names of all migrations of this version, in order."""
    return sorted(f.name.removesuffix(".sql") for f in _FOLDER.iterdir() if f.name.endswith(".sql"))


def pending(connection: psycopg.Connection) -> list[str]:
    """Return the migrations that this database has not seen."""
    connection.execute(
        "create table if not exists schema_migration ("
        " name text primary key, applied_at timestamptz not null default now())"
    )
    applied = {row[0] for row in connection.execute("select name from schema_migration")}
    return [name for name in known() if name not in applied]


def migrate(dsn: str, report: Callable[[str], None] = lambda _: None) -> list[str]:
    """Bring the database to this version and return the names applied.

    Each file is one transaction. Several processes may call this at once: one works, the others
    wait and find nothing left to do. report: called with each name before it is applied.
    """
    done: list[str] = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        for name in pending(connection):
            report(name)
            with connection.transaction():
                connection.execute(_FOLDER.joinpath(f"{name}.sql").read_bytes())
                connection.execute("insert into schema_migration (name) values (%s)", [name])
            done.append(name)
    return done
