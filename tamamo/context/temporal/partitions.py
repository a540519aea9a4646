"""The month partitions of the history: made ahead, and made for the months of an import."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from psycopg import sql as compose
from psycopg.errors import LockNotAvailable

from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.errors import Unavailable

_SQL = sql.load(__package__)

#: Rows of one month that make a partition of its own worth its cost in planning.
WORTH_A_PARTITION = 500
#: Any constant will do as long as nothing else in Tamamo locks it.
_LOCK = 0x74617274


class Partitions:
    """Which months have a partition, and making those that are missing."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: set[date] = set()

    async def cover(self, moments: Iterable[datetime]) -> list[date]:
        """Make a partition for each month that many of these moments fall in; return new ones.

        Months with few rows stay in the default partition: a wrong date in a file must not make
        a table.
        """
        counts = Counter(month_of(moment) for moment in moments)
        wanted = {month for month, count in counts.items() if count >= WORTH_A_PARTITION}
        return await self.ensure(wanted - self._known)

    async def ensure(self, months: Iterable[date]) -> list[date]:
        """Make the partitions of these months where they are missing and return the new ones.

        Rows of such a month that already lie in the default partition move over in the same
        transaction, so a reader sees every row exactly once. When the history is too busy for the
        short lock this needs, nothing is made: the rows wait in the default partition and the
        housekeeping tries again.
        """
        wanted = sorted(set(months))
        if not wanted:
            return []
        try:
            async with transaction(self._pool) as connection:
                await connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
                there = await _existing(connection)
                missing = [month for month in wanted if month not in there]
                if missing:
                    await lock_history(connection)
                for month in missing:
                    await _make(connection, month)
        except Unavailable as error:
            if isinstance(error.__cause__, LockNotAvailable):
                return []
            raise
        self._known |= there | set(missing)
        return missing

    async def crowded(self) -> list[date]:
        """Return the months that have outgrown the default partition."""
        async with single(self._pool) as connection:
            cursor = await connection.execute(_SQL["crowded_months"], {"worth": WORTH_A_PARTITION})
            return [month for (month,) in await cursor.fetchall()]


async def existing(pool: Pool) -> list[date]:
    """Return the months that have a partition, the oldest first."""
    async with single(pool) as connection:
        return sorted(await _existing(connection))


async def lock_history(connection: Connection) -> None:
    """Keep everyone from the history until the transaction ends, which must be soon.

    Raises LockNotAvailable when it is too busy for that.
    """
    await connection.execute(_SQL["lock_history"])


def month_of(moment: datetime | date) -> date:
    """Return the first day of the month, UTC."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC)
    return date(moment.year, moment.month, 1)


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def months_between(first: date, last: date) -> Iterator[date]:
    """Yield the months from that of `first` to that of `last`, both included."""
    month = month_of(first)
    while month <= last:
        yield month
        month = next_month(month)


def table_name(month: date) -> str:
    """Return the name of a month's partition."""
    return f"attribute_history_{month:%Y_%m}"


async def _existing(connection: Connection) -> set[date]:
    cursor = await connection.execute(_SQL["month_partitions"])
    names = {name for (name,) in await cursor.fetchall()}
    return {datetime.strptime(n, "attribute_history_%Y_%m").date() for n in names}


async def _make(connection: Connection, month: date) -> None:
    # Made beside the history and attached filled, so that each row is checked once.
    names = {
        "table": compose.Identifier(table_name(month)),
        "start": compose.Literal(datetime(month.year, month.month, 1, tzinfo=UTC)),
        "end": compose.Literal(
            datetime(next_month(month).year, next_month(month).month, 1, tzinfo=UTC)
        ),
    }
    for block in ("make_partition", "move_rows", "attach_partition"):
        await connection.execute(compose.SQL(_SQL[block]).format(**names))
