"""Which backups there are and how old the newest is, for the console and the schedule."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg

from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append_sync
from tamamo.kernel.backup.make import Made, Progress, make
from tamamo.kernel.database import Pool, single
from tamamo.kernel.errors import SetupError
from tamamo.kernel.settings import Settings
from tamamo.kernel.time import now

_SQL = sql.load("tamamo.kernel.backup")
#: Any constant will do as long as nothing else in Tamamo locks it.
_LOCK: Final = 0x6261636B


@dataclass(frozen=True, slots=True)
class Attempt:
    """One backup: under way (ended_at None), made, or failed (error). size in bytes.

    checked_at: when it was last restored for trial; check_error: what that found, None nothing.
    removed_at: when it went to make room for later ones.
    """

    id: int
    file: str
    trigger: str
    actor: str
    started_at: datetime
    ended_at: datetime | None
    size: int | None
    sha256: str | None
    rows: int | None
    secrets: bool
    error: str | None
    checked_at: datetime | None
    check_error: str | None
    removed_at: datetime | None

    @property
    def there(self) -> bool:
        """Whether its file lies where it was written, as seen from this machine."""
        return self.removed_at is None and Path(self.file).is_file()


@dataclass(frozen=True, slots=True)
class State:
    """How the installation stands with its backups. attempts: the newest first."""

    newest: Attempt | None
    attempts: list[Attempt]
    #: The schedule by setting, such as "03:30"; None: nobody makes any by itself.
    daily_at: str | None

    @property
    def age(self) -> timedelta | None:
        """Since the moment the newest backup shows; None: there is none."""
        return None if self.newest is None else now() - self.newest.started_at


async def state(pool: Pool, settings: Settings, limit: int = 20) -> State:
    """Return how old the newest backup is, and the newest attempts."""
    async with single(pool) as connection:
        made = await (await connection.execute(_SQL["newest_made"])).fetchone()
        rows = await (await connection.execute(_SQL["newest"], {"limit": limit})).fetchall()
    newest = None if made is None else Attempt(*made)
    return State(newest, [Attempt(*row) for row in rows], settings.backup_at or None)


def folder(settings: Settings) -> Path:
    """Return where backups go that name no file."""
    return Path(settings.backup_folder) if settings.backup_folder else settings.home / "backups"


def perform(
    settings: Settings,
    *,
    trigger: str,
    actor: str,
    file: Path | None = None,
    secrets: bool = False,
    progress: Progress = lambda share, text: None,
) -> Made:
    """Make a backup, note it, and remove those that later ones replace.

    trigger: command, console or schedule. file: where to; none: a new name in `folder`, and only
    such files are ever removed again. Raises SetupError, also while another one is being made.
    """
    assert settings.database_url is not None
    chosen = file or folder(settings) / f"tamamo-{now():%Y%m%dT%H%M%SZ}.tar"
    said = {"file": str(chosen), "trigger": trigger, "actor": actor, "secrets": secrets}
    with (
        psycopg.connect(settings.database_url, autocommit=True) as connection,
        _alone(connection),
    ):
        connection.execute(_SQL["broken_off"])
        row = connection.execute(_SQL["begin"], said).fetchone()
        assert row is not None
        try:
            made = make(settings, chosen, secrets=secrets, progress=progress)
        except BaseException as error:
            reason = str(error) or type(error).__name__
            connection.execute(_SQL["fail"], {"id": row[0], "error": reason[:1000]})
            raise
        told = {"size": made.size, "sha256": made.sha256, "rows": made.manifest.rows}
        with connection.transaction():
            connection.execute(_SQL["end"], {"id": row[0], **told})
            about = {"file": str(chosen), "secrets": secrets, **told}
            event = Event("default", actor, "backup.make", "installation", None, about)
            append_sync(connection, event)
        if file is None:
            _make_room(connection, settings.backup_keep)
    return made


def note_check(settings: Settings, sha256: str, faults: list[str]) -> None:
    """Note that a backup was restored for trial, and what that found."""
    assert settings.database_url is not None
    error = "; ".join(faults)[:1000] or None
    with psycopg.connect(settings.database_url) as connection:
        connection.execute(_SQL["checked"], {"sha256": sha256, "error": error})
        about = {"sha256": sha256, "error": error}
        event = Event("default", "system:backup", "backup.check", "installation", None, about)
        append_sync(connection, event)


@contextmanager
def _alone(connection: psycopg.Connection[Any]) -> Iterator[None]:
    row = connection.execute("select pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
    if not (row and row[0]):
        raise SetupError("Another backup is being made now: wait for it to end.")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", [_LOCK])


def _make_room(connection: psycopg.Connection[Any], keep: int) -> None:
    spare = connection.execute(_SQL["spare"], {"keep": keep}).fetchall()
    for _, file in spare:
        Path(file).unlink(missing_ok=True)
    connection.execute(_SQL["removed"], {"ids": [number for number, _ in spare]})
