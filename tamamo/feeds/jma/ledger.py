"""The telegrams a town has heard, kept in the database: a restart knows what the last run knew."""

import zlib
from datetime import datetime, timedelta
from typing import Final

from tamamo.feeds.readers.jma_xml import Telegram, read
from tamamo.feeds.readers.jma_xml_parts import LARGEST, UnreadableTelegram
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, transaction

_SQL = sql.load(__package__)
#: How long a telegram is kept, and how many are read at a start.
KEPT: Final = timedelta(days=60)
MOST: Final = 500


class Ledger:
    """The telegrams of one town. feed: by which they come."""

    def __init__(self, pool: Pool, tenant: str, feed: str = "") -> None:
        self._pool = pool
        self._tenant = tenant
        self._feed = feed

    async def keep(self, heard: list[tuple[str, bytes, Telegram]]) -> None:
        """Keep telegrams, each with the name or address it came by; a known one is kept once."""
        async with transaction(self._pool) as connection:
            for name, body, telegram in heard:
                values = {
                    "tenant": self._tenant,
                    "digest": telegram.digest,
                    "title": telegram.title,
                    "report_at": telegram.report_at,
                    "mode": telegram.mode,
                    "name": name,
                    "body": zlib.compress(body),
                }
                await connection.execute(_SQL["keep_telegram"], values)
            if heard:
                values = {"tenant": self._tenant, "kept": KEPT}
                await connection.execute(_SQL["drop_old_telegrams"], values)

    async def written_at(self) -> datetime | None:
        """Return when the feed last brought what it had, whole."""
        async with transaction(self._pool) as connection:
            values = {"tenant": self._tenant, "feed": self._feed}
            cursor = await connection.execute(_SQL["written_at"], values)
            row = await cursor.fetchone()
        return row[0] if row else None

    async def recent(self) -> list[Telegram]:
        """Return the newest telegrams, oldest first; what this version cannot read is left out."""
        async with transaction(self._pool) as connection:
            values = {"tenant": self._tenant, "most": MOST}
            cursor = await connection.execute(_SQL["recent_telegrams"], values)
            rows = await cursor.fetchall()
        found = []
        for (body,) in rows:
            try:
                found.append(read(zlib.decompressobj().decompress(body, LARGEST)))
            except UnreadableTelegram:
                continue
        return found
