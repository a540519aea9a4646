"""Doing the jobs: the library's worker, brought up when there is one to do.

At rest this costs one small statement a second; the library is imported, and its worker registered
in the database, at the first job, and put away a minute after the last.
"""

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from psycopg.types.json import Jsonb

from tamamo.kernel import sql
from tamamo.kernel.database import Pool, single, transaction
from tamamo.kernel.errors import Problem, SetupError
from tamamo.kernel.jobs import queue
from tamamo.kernel.jobs.run import Handler, Kind, Run
from tamamo.kernel.tasks import beside, wanted

if TYPE_CHECKING:
    from procrastinate import App, JobContext

_SQL = sql.load(__package__)
_log = structlog.get_logger(__name__)

#: Jobs this process does at the same time.
TOGETHER: Final = 2
#: Seconds between two looks at the queue; for which a worker without work is kept; that a job may
#: still run when the process is asked to stop.
LOOK, REST, GRACE = 1.0, 60.0, 5.0
#: A worker tells every 10 s that it is there. One that did not for this long has died.
SILENCE: Final = timedelta(seconds=45)
#: Ended jobs are kept for the console this long.
KEPT: Final = timedelta(days=30)
#: Longest text of an error that is kept, in characters.
_LONGEST: Final = 500


async def work(pool: Pool, broker: Any, kinds: Mapping[str, Kind]) -> None:
    """Do the jobs of these kinds, of all tenants, until cancelled."""
    async with beside(_tend(pool, kinds), name="jobs tended"):
        while wanted():
            if (await _look(pool))[0]:
                await _drain(pool, broker, kinds)
            await asyncio.sleep(LOOK)


async def _look(pool: Pool) -> tuple[bool, bool]:
    async with single(pool) as connection:
        return await queue.busy(connection)


async def _drain(pool: Pool, broker: Any, kinds: Mapping[str, Kind]) -> None:
    """Run the library's worker until there has been nothing to do for a while."""
    loop = asyncio.get_running_loop()
    async with _working(pool, broker, kinds) as worker:
        last = loop.time()
        while wanted() and loop.time() - last < REST and not worker.done():
            await asyncio.sleep(min(LOOK * 2, REST))
            if any(await _look(pool)):
                last = loop.time()


@asynccontextmanager
async def _working(
    pool: Pool, broker: Any, kinds: Mapping[str, Kind]
) -> AsyncIterator[asyncio.Task[None]]:
    app = application(pool, broker, kinds)
    async with app.open_async(pool):
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=TOGETHER,
                fetch_job_polling_interval=LOOK,
                abort_job_polling_interval=LOOK,
                # A connection of its own for notices would cost more than looking.
                listen_notify=False,
                shutdown_graceful_timeout=GRACE,
                install_signal_handlers=False,
                stalled_worker_timeout=SILENCE.total_seconds(),
            ),
            name="jobs",
        )
        try:
            yield worker
        finally:
            worker.cancel()
            # Not awaited as such: it ends cancelled, which is not this task's own.
            await asyncio.wait([worker])
        if not worker.cancelled() and (error := worker.exception()) is not None:
            raise error


def application(pool: Pool, broker: Any, kinds: Mapping[str, Kind]) -> "App":
    """Return the library's application with a task for each kind of job."""
    import procrastinate  # noqa: PLC0415  (2 MB that a process without jobs can do without)

    app = procrastinate.App(connector=procrastinate.PsycopgConnector())
    for name, kind in kinds.items():
        perform = _performing(pool, broker, kind)
        app.task(name=name, pass_context=True, retry=_strategy(kind))(perform)
    return app


def _performing(pool: Pool, broker: Any, kind: Kind) -> Any:
    from procrastinate.exceptions import JobAborted  # noqa: PLC0415

    async def perform(
        context: "JobContext", *, tenant: str, actor: str, args: dict[str, Any]
    ) -> None:
        job = context.job
        assert job.id is not None
        run = Run(pool, broker, tenant, actor, job.id, job.task_name, args)
        await run.note("started")
        try:
            result = await load(kind.where)(run)
        except asyncio.CancelledError:
            if not _is_cancelled(context):
                raise  # the process stops
            await run.note("ended")
            raise JobAborted from None
        except Exception as error:
            await run.note("failed", error=explain(error))
            raise
        await run.note("succeeded", result=None if result is None else Jsonb(result))

    return perform


def _is_cancelled(context: "JobContext") -> bool:
    from procrastinate.job_context import AbortReason  # noqa: PLC0415

    return context.abort_reason() is AbortReason.USER_REQUEST


def load(where: str) -> Handler:
    """Return the handler a `module:function` text names."""
    module, _, name = where.partition(":")
    handler: Handler = getattr(importlib.import_module(module), name)
    return handler


def explain(error: BaseException) -> str:
    """Return what people are told of an error."""
    if isinstance(error, Problem):
        text = f"{error.title}: {error.detail}" if error.detail else error.title
    elif isinstance(error, SetupError):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    text = text.replace("\0", "")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _strategy(kind: Kind) -> Any:
    from procrastinate import BaseRetryStrategy, RetryDecision  # noqa: PLC0415
    from procrastinate.jobs import Job  # noqa: PLC0415

    class Again(BaseRetryStrategy):
        def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
            if isinstance(exception, asyncio.CancelledError):
                # The process stops: another, or this one when it is back, begins anew.
                return RetryDecision(retry_in={"seconds": 0}) if job.attempts < 100 else None
            if job.attempts + 1 >= kind.tries or _is_final(exception):
                return None
            return RetryDecision(retry_in={"seconds": 10 * 2**job.attempts})

    return Again()


def _is_final(error: BaseException) -> bool:
    if isinstance(error, Problem):
        return error.status < 500
    return isinstance(error, SetupError | ValueError | TypeError)


async def _tend(pool: Pool, kinds: Mapping[str, Kind]) -> None:
    """Take up what dead workers left, and clear away what ended long ago."""
    rounds = 0
    while wanted():
        try:
            await mend(pool, kinds)
            if rounds % 240 == 0:
                await clear(pool)
        except Problem as error:
            _log.warning("jobs_not_tended", message=error.detail)
        rounds += 1
        await asyncio.sleep(15)


async def mend(pool: Pool, kinds: Mapping[str, Kind]) -> int:
    """Put jobs whose worker has died back into the queue; return how many there were.

    One that was tried often enough has failed: it may be what its worker dies of.
    """
    async with transaction(pool) as connection:
        cursor = await connection.execute(_SQL["abandoned"], {"silence": SILENCE})
        rows = await cursor.fetchall()
        for number, tenant, name, attempts, stopping in rows:
            key = {"id": number, "tenant": tenant}
            if stopping:
                await connection.execute(_SQL["give_up"], key | {"status": "aborted"})
                await connection.execute(_SQL["ended"], key)
            elif attempts + 1 < (kinds[name].tries if name in kinds else 1):
                await connection.execute(_SQL["retry"], key)
            else:
                error = "The process that worked on it ended before it was done."
                await connection.execute(_SQL["give_up"], key | {"status": "failed"})
                await connection.execute(_SQL["failed"], key | {"error": error})
    if rows:
        _log.warning("jobs_taken_up", jobs=[row[0] for row in rows])
    return len(rows)


async def clear(pool: Pool) -> int:
    """Remove jobs that ended long ago; return how many."""
    async with transaction(pool) as connection:
        return (await connection.execute(_SQL["clear"], {"kept": KEPT})).rowcount
