"""Web Push: which browsers take notifications, and taking one to them (RFC 8030)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson

from tamamo.kernel import drills, sql
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.outgoing import Outgoing
from tamamo.kernel.settings import Settings
from tamamo.messaging.model import InvalidMessage, Item, Reason, State, is_web
from tamamo.messaging.senders import From, Never, post, refuse, subject_of, text_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_SQL = sql.load("tamamo.messaging")
#: Longest body shown in a notification, in characters: systems cut longer ones.
_SHOWN: Final = 600
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
#: A point and a secret of the curve, in bytes.
_POINT, _SECRET = 65, 16


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser that takes notifications."""

    id: str
    owner: str
    language: str
    created_at: datetime
    #: When a push service last took something for it.
    last_ok_at: datetime | None


@lru_cache(maxsize=4)
def public_key(home: Path) -> str:
    """Return what a page hands to the browser as applicationServerKey (base64url)."""
    from tamamo.messaging import encryption  # noqa: PLC0415 - cryptography is heavy

    return encryption.public_text(encryption.vapid_key(home))


async def subscribe(
    connection: Connection,
    tenant: str,
    owner: str,
    document: str | bytes,
    language: str = "ja",
) -> str:
    """Keep a browser's PushSubscription (its toJSON()) and return its id; the same one again.

    owner: `contact:<id>`, `user:<id>`, `resident:<id>`. Raises InvalidMessage.
    """
    values = _checked(document)
    values |= {"tenant": tenant, "owner": owner, "language": "en" if language == "en" else "ja"}
    cursor = await connection.execute(_SQL["subscribe"], values)
    row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


def _checked(document: str | bytes) -> dict[str, Any]:
    from tamamo.messaging.encryption import encrypt, from_text  # noqa: PLC0415

    try:
        read = orjson.loads(document)
        endpoint, keys = read["endpoint"], read["keys"]
        p256dh, auth = from_text(keys["p256dh"]), from_text(keys["auth"])
        if len(p256dh) != _POINT or len(auth) != _SECRET:
            raise ValueError("keys of another length")
        # A key that is no point of the curve is refused here, not when something happens.
        encrypt(b"", p256dh, auth)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidMessage("This is no subscription of a browser", "subscription") from error
    if not isinstance(endpoint, str) or not is_web(endpoint) or len(endpoint) > 2000:
        raise InvalidMessage("The endpoint is no address", "subscription")
    parts = urlsplit(endpoint)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise InvalidMessage("The endpoint is no https address", "subscription")
    return {"endpoint": endpoint, "p256dh": keys["p256dh"], "auth": keys["auth"]}


async def unsubscribe(connection: Connection, tenant: str, number: str) -> bool:
    """Forget a browser; return whether it was known."""
    cursor = await connection.execute(_SQL["unsubscribe"], {"tenant": tenant, "id": number})
    return await cursor.fetchone() is not None


async def replace(connection: Connection, endpoint: str, document: str | bytes) -> None:
    """Put what a browser has subscribed to now in the place of an endpoint that only it knows.

    Raises InvalidMessage.
    """
    values = _checked(document)
    await connection.execute(_SQL["replace"], values | {"old": endpoint})


async def forget(connection: Connection, tenant: str, owner: str) -> None:
    """Forget all browsers of somebody."""
    await connection.execute(_SQL["unsubscribe_owner"], {"tenant": tenant, "owner": owner})


async def of(connection: Connection, tenant: str, owner: str) -> list[Subscription]:
    """Return somebody's browsers, the oldest first."""
    cursor = await connection.execute(_SQL["subscriptions"], {"tenant": tenant, "owner": owner})
    return [Subscription(*row) for row in await cursor.fetchall()]


class PushSender:
    """Sends to push services; what one says is gone is forgotten."""

    connected = True

    def __init__(
        self, outgoing: Outgoing, settings: Settings, pool: Pool, *, seconds: float = 10.0
    ) -> None:
        self._outgoing = outgoing
        self._settings = settings
        self._pool = pool
        self._seconds = seconds
        self._key: EllipticCurvePrivateKey | None = None

    async def send(self, item: Item, address: str, sender: From, now: datetime) -> State:
        """Return SENT once the push service has taken it. Raises Later, Never."""
        from tamamo.messaging import encryption as crypt  # noqa: PLC0415

        keys = await self._keys(item)
        if keys is None or keys["endpoint"] != address:
            raise Never(Reason.GONE)
        self._key = self._key or crypt.vapid_key(self._settings.home)
        p256dh, auth = crypt.from_text(keys["p256dh"]), crypt.from_text(keys["auth"])
        body = crypt.encrypt(payload(item, sender, crypt.room()), p256dh, auth)
        subject = self._settings.public_url or f"mailto:{self._settings.mail_from}"
        if not subject.startswith(("https:", "mailto:")):
            subject = f"mailto:{self._settings.mail_from}"
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(max(0, int((item.expires_at - now).total_seconds()))),
            "Urgency": "high" if item.urgent else "normal",
            # Tried again, it takes the place of the first one (RFC 8030, 5.4).
            "Topic": item.id.replace("-", "")[:32],
            "Authorization": crypt.authorization(self._key, address, subject, now),
        }
        status, wait = await post(self._outgoing, address, headers, body, self._seconds)
        if 200 <= status < 300:
            await self._note(item, "push_ok", {"now": now})
            return State.SENT
        refuse(status, wait)
        if status in (404, 410):
            await self._note(item, "unsubscribe", {})
            raise Never(Reason.GONE, f"HTTP {status}")
        raise Never(Reason.REFUSED, f"HTTP {status}")

    async def _keys(self, item: Item) -> Mapping[str, str] | None:
        async with transaction(self._pool) as connection:
            values = {"tenant": item.tenant, "id": item.to}
            cursor = await connection.execute(_SQL["push_keys"], values)
            row = await cursor.fetchone()
        return None if row is None else dict(zip(("endpoint", "p256dh", "auth"), row, strict=True))

    async def _note(self, item: Item, name: str, more: Mapping[str, Any]) -> None:
        async with transaction(self._pool) as connection:
            await connection.execute(_SQL[name], {"tenant": item.tenant, "id": item.to, **more})

    async def close(self) -> None:
        """Do nothing: the client is shared."""


def payload(item: Item, sender: From, most: int) -> bytes:
    """Return what the service worker gets, of at most so many bytes: texts are cut to fit."""
    text = text_of(item)[:_SHOWN]
    document: dict[str, Any] = {
        "title": subject_of(item),
        "body": text,
        "from": sender.name(item.language),
        "url": item.url,
        "lang": item.language,
        "tag": hashlib.sha256(f"{item.tenant}\n{item.about or item.id}".encode()).hexdigest()[:16],
        "urgent": item.urgent,
        "drill": item.drill,
        "receipt": receipt(item.tenant, item.id),
    }
    while len(found := orjson.dumps(document)) > most and document["body"]:
        document["body"] = document["body"][: -(len(found) - most) // 4 - 2] + "…"
        if len(document["body"]) < 8:
            document["body"] = ""
    return found if len(found) <= most else orjson.dumps(document | {"title": drills.MARKS["en"]})


def receipt(tenant: str, number: str) -> str:
    """Return what a browser sends back to say it has shown or opened a message.

    The id is as long as a password by chance: only who got the message knows it.
    """
    return f"{tenant}/{number}"
