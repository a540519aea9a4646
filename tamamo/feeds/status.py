"""How each feed is doing, kept in the database: last success, errors by kind, counts, lag."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from psycopg.rows import dict_row

from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.context.observations import Recorded
from tamamo.feeds.errors import FeedError, Kind, scrub
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, transaction

_SQL = sql.load(__package__)
#: How much of the last raw record is kept, in characters.
LONGEST_RECORD = 2000

State = Literal["never", "ok", "late", "not_authorised", "not_ready", "update_failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a feed says of itself.

    interval: how often it should bring something, None for runs on demand. source: who publishes
    the data, a URI or a name. secrets: keys that must never be shown.
    """

    id: str
    name_ja: str
    name_en: str
    source: str
    licence: str
    interval: timedelta | None = None
    tenant: str = DEFAULT_TENANT
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """One kind of error a feed had. `message` tells the last one."""

    kind: Kind
    last_at: datetime
    count: int
    message: str


@dataclass(frozen=True, slots=True)
class Status:
    """A feed as the console shows it. Times are UTC, lag and interval in seconds."""

    tenant: str
    id: str
    name_ja: str
    name_en: str
    source: str
    licence: str
    interval_seconds: float | None
    #: How far apart its runs really were, the last ones counting most.
    actual_seconds: float | None
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    successes: int
    consecutive_failures: int
    stored: int
    repeated: int
    late: int
    rejected: int
    lag_seconds: float | None
    last_record: str | None
    errors: tuple[Failure, ...]

    def state(self, now: datetime) -> State:
        """Return what holds at `now`: an error of the last run, late, never run, or ok."""
        if self.consecutive_failures and self.errors:
            return self.errors[0].kind
        if self.last_success_at is None:
            return "never"
        if self.interval_seconds is not None:
            allowed = timedelta(seconds=max(2 * self.interval_seconds, 30))
            if now - self.last_success_at > allowed:
                return "late"
        return "ok"


class FeedStatuses:
    """The table of feeds."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def declare(self, feed: Declaration) -> None:
        """Make the feed known, or renew what it says of itself."""
        await self._run(
            "declare_feed",
            feed,
            name_ja=feed.name_ja,
            name_en=feed.name_en,
            source=scrub(feed.source, feed.secrets),
            licence=feed.licence,
            interval=feed.interval.total_seconds() if feed.interval else None,
        )

    async def succeeded(
        self,
        feed: Declaration,
        at: datetime,
        recorded: Recorded,
        *,
        rejected: int = 0,
        newest: datetime | None = None,
        record: str | None = None,
    ) -> None:
        """Note a run that went well. newest: the latest observation it brought."""
        await self._run(
            "feed_succeeded",
            feed,
            at=at,
            stored=recorded.stored,
            repeated=recorded.repeated,
            late=recorded.late,
            rejected=rejected,
            lag=(at - newest).total_seconds() if newest else None,
            record=scrub(record, feed.secrets, LONGEST_RECORD) if record else None,
        )

    async def failed(self, feed: Declaration, at: datetime, error: FeedError) -> None:
        """Note a run that failed, by its kind."""
        message = scrub(str(error), feed.secrets)
        await self._run("feed_failed", feed, at=at, kind=error.kind, message=message)

    async def all(self) -> list[Status]:
        """Return every feed, by tenant and id."""
        async with transaction(self._pool) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(_SQL["list_feeds"])
            return [_status(row) for row in await cursor.fetchall()]

    async def _run(self, name: str, feed: Declaration, **values: Any) -> None:
        async with transaction(self._pool) as connection:
            await connection.execute(_SQL[name], {"tenant": feed.tenant, "id": feed.id, **values})


def _status(row: dict[str, Any]) -> Status:
    errors = tuple(
        Failure(e["kind"], datetime.fromisoformat(e["last_at"]), e["count"], e["message"])
        for e in row.pop("errors")
    )
    return Status(**row, errors=errors)
