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

#: How a feed is. late: behind its time. silent: so long that nothing is to be expected by itself.
#: invalid: the source answers with what cannot be used. unauthorised: a key is missing or wrong.
State = Literal["unauthorised", "invalid", "silent", "late", "never", "ok"]

#: Late after so many intervals without success, silent after so many; at least so long.
LATE_AFTER, SILENT_AFTER = 2, 10
LATE_AT_LEAST, SILENT_AT_LEAST = timedelta(seconds=30), timedelta(minutes=5)
#: A value so many times older than it may be is no late one any more.
STALE_FACTOR = 5
#: For so long a refused key is told, though others are fine.
REFUSAL_SHOWN = timedelta(minutes=30)
#: Runs in a row that brought rows and none usable: one may be an accident of the source.
UNUSABLE_RUNS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a feed says of itself.

    interval: how often it should bring something, None for runs on demand. source: who publishes
    the data, a URI or a name. secrets: keys that must never be shown. fresh_for: how old its newest
    value may be; None: no news is normal. kinds: what it brings (kinds.toml).
    """

    id: str
    name_ja: str
    name_en: str
    source: str
    licence: str
    interval: timedelta | None = None
    tenant: str = DEFAULT_TENANT
    secrets: tuple[str, ...] = field(default=(), repr=False)
    fresh_for: timedelta | None = None
    kinds: tuple[str, ...] = ()
    simulated: bool = False


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

    fresh_seconds: float | None = None
    newest_at: datetime | None = None
    suspect: int = 0
    unusable: int = 0
    unauthorised: int = 0
    last_unauthorised_at: datetime | None = None
    kinds: tuple[str, ...] = ()
    simulated: bool = False

    def state(self, now: datetime) -> State:
        """Return what holds at `now`, the worst first."""
        refused = self.last_unauthorised_at
        if self.error == "not_authorised" or (refused and now - refused < REFUSAL_SHOWN):
            return "unauthorised"
        if self.error == "update_failed" or self.unusable >= UNUSABLE_RUNS:
            return "invalid"
        if self.last_success_at is None:
            return "silent" if self.consecutive_failures else "never"
        if self.interval_seconds is None:
            return "ok"
        away, stale = now - self.last_success_at, self.stale_by(now)
        interval = timedelta(seconds=self.interval_seconds)
        if away > max(SILENT_AFTER * interval, SILENT_AT_LEAST) or stale > STALE_FACTOR:
            return "silent"
        late = away > max(LATE_AFTER * interval, LATE_AT_LEAST)
        return "late" if late or stale > 1 else "ok"

    @property
    def error(self) -> Kind | None:
        """The kind of error the last run had, None where it went well."""
        return self.errors[0].kind if self.consecutive_failures and self.errors else None

    def stale_by(self, now: datetime) -> float:
        """Return the age of the newest value against what it may be: 1 is just in time."""
        if self.fresh_seconds is None or self.newest_at is None:
            return 0.0
        return (now - self.newest_at).total_seconds() / self.fresh_seconds


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
            fresh=feed.fresh_for.total_seconds() if feed.fresh_for else None,
            kinds=list(feed.kinds),
            simulated=feed.simulated,
        )

    async def succeeded(
        self,
        feed: Declaration,
        at: datetime,
        recorded: Recorded,
        *,
        rejected: int = 0,
        suspects: int = 0,
        unauthorised: int = 0,
        newest: datetime | None = None,
        record: str | None = None,
    ) -> None:
        """Note a run that went well.

        newest: the latest observation it brought. suspects: values kept but marked. unauthorised:
        messages refused for their key.
        """
        came = recorded.stored + recorded.repeated + recorded.metadata
        await self._run(
            "feed_succeeded",
            feed,
            at=at,
            stored=recorded.stored,
            repeated=recorded.repeated,
            late=recorded.late,
            rejected=rejected,
            suspects=suspects,
            unauthorised=unauthorised,
            came=came > 0,
            newest=newest,
            lag=(at - newest).total_seconds() if newest else None,
            record=scrub(record, feed.secrets, LONGEST_RECORD) if record else None,
        )

    async def failed(self, feed: Declaration, at: datetime, error: FeedError) -> None:
        """Note a run that failed, by its kind."""
        message = scrub(str(error), feed.secrets)
        await self._run("feed_failed", feed, at=at, kind=error.kind, message=message)

    async def all(self, tenant: str | None = None) -> list[Status]:
        """Return every feed, or those of a tenant, by tenant and id."""
        async with transaction(self._pool) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(_SQL["list_feeds"], {"tenant": tenant})
            return [_status(row) for row in await cursor.fetchall()]

    async def _run(self, name: str, feed: Declaration, **values: Any) -> None:
        async with transaction(self._pool) as connection:
            await connection.execute(_SQL[name], {"tenant": feed.tenant, "id": feed.id, **values})


def _status(row: dict[str, Any]) -> Status:
    errors = tuple(
        Failure(e["kind"], datetime.fromisoformat(e["last_at"]), e["count"], e["message"])
        for e in row.pop("errors")
    )
    kinds = tuple(row.pop("kinds"))
    return Status(**row, errors=errors, kinds=kinds)
