"""What could not be used, kept by topic and reason, so that whoever connects a device sees why."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tamamo.feeds.quality import Reason
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.identity.credentials import KEY_PREFIX

_SQL = sql.load(__package__)
#: Rows kept of each feed.
KEPT: Final = 500
_LONGEST_EXAMPLE: Final = 500
_KEY: Final = re.compile(re.escape(KEY_PREFIX) + r"[\w-]*")

UNMAPPED: Final = Reason(
    "unmapped", "どの対応表にもないトピックです", "no mapping is for this topic"
)
TOO_LARGE: Final = Reason(
    "too_large", "電文が大きすぎます", "the payload is larger than broker.largest allows"
)
BAD_TOPIC: Final = Reason(
    "bad_topic", "トピックがUTF-8ではありません", "the topic is not UTF-8 text"
)
NO_KEY: Final = Reason("no_key", "鍵がありません", "it shows no key")
WRONG_KEY: Final = Reason("wrong_key", "登録されていない鍵です", "its key is not known")
ENDED_KEY: Final = Reason(
    "ended_key",
    "鍵は失効しています（無効化・期限切れ・更新）",
    "its key has ended: revoked, expired or replaced by a newer one",
)
WRONG_TOPIC: Final = Reason(
    "wrong_topic", "この鍵は別の装置のものです", "its key is for another topic or town"
)
SESSION_LOST: Final = Reason(
    "session_lost",
    "ブローカーが購読を忘れていました。その間の電文は失われた可能性があります",
    "the broker had forgotten our subscription: what was sent meanwhile may be lost",
)
#: Reasons that concern keys: "unauthorised", not "invalid".
UNAUTHORISED: Final = frozenset({one.code for one in (NO_KEY, WRONG_KEY, ENDED_KEY, WRONG_TOPIC)})


def not_stored(detail: str) -> Reason:
    """Return the reason for what the history refused."""
    return Reason("not_stored", f"記録できませんでした：{detail}", f"it was not stored: {detail}")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that could not be used. example: the beginning of the payload, without a key."""

    tenant: str
    feed: str
    topic: str
    reason: Reason
    field: str = ""
    example: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What makes two of them the same."""
        return self.tenant, self.feed, self.topic, self.reason.code, self.field


@dataclass(frozen=True, slots=True)
class Known:
    """A row of the table. topic: without the device's key."""

    feed: str
    topic: str
    code: str
    field: str
    ja: str
    en: str
    count: int
    first_at: datetime
    last_at: datetime
    example: str

    @property
    def unauthorised(self) -> bool:
        """Whether a key is missing or wrong."""
        return self.code in UNAUTHORISED


def excerpt(payload: bytes) -> str:
    """Return the beginning of a payload as text, without anything that looks like a device key."""
    text = payload[:_LONGEST_EXAMPLE].decode("utf-8", "replace").replace("\0", "�")
    return _KEY.sub(f"{KEY_PREFIX}***", text)


async def note(pool: Pool, at: datetime, troubles: Iterable[Trouble]) -> None:
    """Count troubles. Raises Unavailable."""
    found = list(troubles)
    if not found:
        return
    counts = Counter(trouble.key for trouble in found)
    last = {trouble.key: trouble for trouble in found}
    # In order, so that two processes touch the same rows in the same order.
    rows = [last[key] for key in sorted(last)]
    feeds = sorted({(row.tenant, row.feed) for row in rows})
    values = {
        "at": at,
        "tenants": [row.tenant for row in rows],
        "feeds": [row.feed for row in rows],
        "topics": [row.topic for row in rows],
        "codes": [row.reason.code for row in rows],
        "fields": [row.field for row in rows],
        "jas": [row.reason.ja for row in rows],
        "ens": [row.reason.en for row in rows],
        "counts": [counts[row.key] for row in rows],
        "examples": [row.example for row in rows],
    }
    trim = {"tenants": [f[0] for f in feeds], "feeds": [f[1] for f in feeds], "kept": KEPT}
    async with transaction(pool) as connection:
        await connection.execute(_SQL["note_troubles"], values)
        await connection.execute(_SQL["trim_troubles"], trim)


async def listing(
    connection: Connection, tenant: str, feed: str | None = None, most: int = 100
) -> list[Known]:
    """Return what could not be used in a tenant, the newest first."""
    cursor = await connection.execute(
        _SQL["list_troubles"], {"tenant": tenant, "feed": feed, "most": most}
    )
    return [Known(*row) for row in await cursor.fetchall()]
