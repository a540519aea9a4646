"""One attempt at a job: what its handler is given, and how it tells how far it is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from tamamo.kernel import sql
from tamamo.kernel.database import Pool, transaction

_SQL = sql.load(__package__)
#: Seconds between two notes of how far a job is.
_EVERY: Final = 1.0


@dataclass(slots=True)
class Run:
    """An attempt. `broker` is the open broker of the working process.

    Whatever the handler did may have been done before by an attempt that was cut
    off: it must stand being done twice.
    """

    pool: Pool
    broker: Any
    tenant: str
    actor: str
    id: int
    name: str
    args: dict[str, Any]
    _told: float = field(default=float("-inf"), init=False)

    async def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        """Tell how far it is. Written at most once a second; call it as often as you like."""
        if monotonic() - self._told < _EVERY and done != total:
            return
        self._told = monotonic()
        await self.note("progress", done=done, total=total, note=note[:500])

    async def note(self, statement: str, **values: Any) -> None:
        """Keep what is known of the job (a statement of queries.sql)."""
        async with transaction(self.pool) as connection:
            key = {"tenant": self.tenant, "id": self.id}
            await connection.execute(_SQL[statement], key | values)


#: Does the work and returns what came of it, as JSON; raises where it failed.
Handler = Callable[[Run], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: where its handler stands (`module:function`), how often it is tried.

    An error the caller must mend (a Problem below 500, a SetupError, a ValueError) is not tried
    again.
    """

    where: str
    tries: int = 3
