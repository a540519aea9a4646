"""Backups without anybody at the terminal: the daily schedule, and the console's job."""

import asyncio
import threading
from datetime import datetime, timedelta
from datetime import time as clock
from typing import TYPE_CHECKING, Any, Final

import structlog

from tamamo.kernel import sql
from tamamo.kernel.audit.heads import Host
from tamamo.kernel.database import Pool, single
from tamamo.kernel.errors import SetupError
from tamamo.kernel.settings import Settings
from tamamo.kernel.tasks import wanted
from tamamo.kernel.time import JST, now

if TYPE_CHECKING:
    from tamamo.kernel.backup.make import Made
    from tamamo.kernel.jobs import Run

_SQL = sql.load("tamamo.kernel.backup")
_log = structlog.get_logger(__name__)
_LOOK_SECONDS: Final = 60.0


async def run(host: Host) -> None:
    """Service of `tamamo work`: one backup a day at the time that is set, whoever is first.

    One that was missed because nothing ran then is made up for within the day.
    """
    at = _daily(host.settings)
    if at is None:
        await asyncio.Event().wait()
        return
    from tamamo.kernel.backup.state import perform  # noqa: PLC0415 - not kept in memory for nothing

    while wanted():
        if not await _scheduled_since(host.pool, due(at, now())):
            try:
                made = await asyncio.to_thread(
                    perform, host.settings, trigger="schedule", actor="system:backup"
                )
                _log.info("backup", file=str(made.file), size=made.size, seconds=made.seconds)
            except SetupError as error:
                # Noted, and shown on the console; the next one is tried tomorrow.
                _log.error("backup failed", reason=str(error))
        await asyncio.sleep(_LOOK_SECONDS)


def due(at: clock, moment: datetime) -> datetime:
    """Return when the last scheduled backup should have been made."""
    today = datetime.combine(moment.astimezone(JST).date(), at, JST)
    return today if today <= moment else today - timedelta(days=1)


async def handle(job: "Run") -> dict[str, Any]:
    """Job `backup.make`: a backup into the usual folder. Raises SetupError."""
    from tamamo.kernel.backup.state import perform  # noqa: PLC0415 - not kept in memory for nothing

    settings: Settings = job.broker.settings
    far = _Far()
    work = asyncio.create_task(
        asyncio.to_thread(perform, settings, trigger="console", actor=job.actor, progress=far.note)
    )
    while not work.done():
        share, text = far.told
        await job.progress(round(share * 100), 100, text)
        await asyncio.wait([work], timeout=1.0)
    return summary(await work)


def summary(made: "Made") -> dict[str, Any]:
    """Return what people want to know of a backup, as JSON."""
    return {
        "file": str(made.file),
        "size": made.size,
        "sha256": made.sha256,
        "rows": made.manifest.rows,
        "secrets": made.manifest.secrets,
        "seconds": round(made.seconds, 1),
    }


class _Far:
    """How far the thread is, for the loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told = (0.0, "")

    def note(self, share: float, text: str) -> None:
        with self._lock:
            self._told = (share, text)

    @property
    def told(self) -> tuple[float, str]:
        with self._lock:
            return self._told


async def _scheduled_since(pool: Pool, since: datetime) -> bool:
    async with single(pool) as connection:
        row = await (await connection.execute(_SQL["scheduled_since"], {"since": since})).fetchone()
    return bool(row and row[0])


def _daily(settings: Settings) -> clock | None:
    if not settings.backup_at:
        return None
    try:
        return clock.fromisoformat(settings.backup_at)
    except ValueError as error:
        raise SetupError(
            f"TAMAMO_BACKUP_AT={settings.backup_at!r} is no time of day such as 03:30."
        ) from error
