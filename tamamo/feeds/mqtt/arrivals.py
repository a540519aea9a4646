"""When the messages under way came: what is sent again has not come twice.

A message with a time of its own is found in the history when the broker sends it again. One
without would be a new reading each time, if its first arrival were not known.
"""

from collections.abc import Sequence
from datetime import datetime

from tamamo.feeds.mqtt.arrived import Arrived
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, transaction

_SQL = sql.load(__package__)
#: Batches noted; the broker can send none before these again.
_KEPT_BATCHES = 3


class Arrivals:
    """The arrivals of one connection; one process has it at a time."""

    def __init__(self, pool: Pool, connection: str) -> None:
        self._pool = pool
        self._connection = connection
        self._batch: int | None = None

    async def settle(self, messages: Sequence[Arrived]) -> dict[int, datetime]:
        """Return the moment that counts for each of them by packet identifier, and note it.

        messages: those with QoS 1 without a time of their own. Raises Unavailable.
        """
        moments = {message.packet: message.at for message in messages}
        digests = {message.packet: message.digest for message in messages}
        again = [message.packet for message in messages if message.again]
        key = {"connection": self._connection}
        async with transaction(self._pool) as connection:
            if self._batch is None:
                cursor = await connection.execute(_SQL["last_batch"], key)
                row = await cursor.fetchone()
                self._batch = row[0] if row is not None else 0
            if again:
                cursor = await connection.execute(_SQL["known_arrivals"], {**key, "packets": again})
                for packet, digest, at in await cursor.fetchall():
                    if bytes(digest) == digests[packet]:
                        moments[packet] = at
            batch = self._batch + 1
            await connection.execute(
                _SQL["note_arrivals"],
                {
                    **key,
                    "batch": batch,
                    "packets": list(moments),
                    "digests": [digests[packet] for packet in moments],
                    "ats": list(moments.values()),
                },
            )
            await connection.execute(_SQL["drop_arrivals"], {**key, "batch": batch - _KEPT_BATCHES})
        self._batch = batch
        return moments
