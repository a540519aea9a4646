"""Taking a message to its receiver: one sender a channel, each behind the same protocol."""

import base64
import hashlib
import hmac
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import orjson

from tamamo.kernel import drills, time
from tamamo.kernel.home import secret
from tamamo.kernel.outgoing import AddressRefused, Outgoing, OutgoingError
from tamamo.kernel.settings import Settings
from tamamo.messaging.model import Channel, Item, Reason, State

#: Statuses that say "not now" rather than "not this".
LATER: Final = frozenset({408, 421, 425, 429})
_MAX_ANSWER: Final = 64 * 1024


class Later(Exception):
    """The receiver cannot take it now; `host`: nor anything else.

    The text is kept: it names no address. seconds: when to come back, as the receiver says.
    """

    def __init__(self, text: str, *, host: bool = True, seconds: float | None = None) -> None:
        super().__init__(text)
        self.host = host
        self.seconds = seconds


class Never(Exception):
    """It will not arrive, and why. The text is kept: it names no address."""

    def __init__(self, reason: Reason, text: str = "") -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class From:
    """Who a town's messages come from: its name by language, its mail address or none."""

    names: Mapping[str, str]
    address: str = ""

    def name(self, language: str) -> str:
        """Return what the town is called in a language."""
        return self.names.get(language) or self.names.get("ja") or ""


class Sender(Protocol):
    """Takes messages of one channel to their receivers. An adapter for LINE or SMS is one."""

    #: Whether there is anything to send by: what the pages show.
    connected: bool

    async def send(self, item: Item, address: str, sender: From, now: datetime) -> State:
        """Return SENT, or DELIVERED where the receiver has it. Raises Later, Never.

        address: where it goes, checked: never another one.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class NullTwin:
    """Stands where no provider is connected (LINE, SMS). Says so of every message; sends none."""

    connected = False

    async def send(self, item: Item, address: str, sender: From, now: datetime) -> State:
        """Never sends."""
        raise Never(Reason.NOT_CONNECTED)

    async def close(self) -> None:
        """Do nothing."""


def subject_of(item: Item) -> str:
    """Return the subject, with the drill's mark where it belongs to one."""
    return drills.mark(item.subject, item.language) if item.drill else item.subject


def text_of(item: Item) -> str:
    """Return the text, which says of a drill in its first line what it is."""
    if not item.drill:
        return item.text
    ja = "これは訓練です。実際の災害ではありません。"
    said = ja if item.language == "ja" else "This is a drill. There is no real emergency."
    return f"{drills.mark(said, item.language)}\n\n{item.text}"


def webhook_secret(settings: Settings, tenant: str, url: str) -> str:
    """Return what webhooks of a tenant to a host are signed with (whsec_…, Standard Webhooks).

    Made from the installation's own secret: nothing is stored, and each host has another one.
    """
    seed = secret(settings.home, "webhook-seed").encode()
    host = urllib.parse.urlsplit(url).netloc.rpartition("@")[2].lower()
    digest = hmac.new(seed, f"{tenant}\n{host}".encode(), hashlib.sha256).digest()
    return "whsec_" + base64.b64encode(digest).decode()


class WebhookSender:
    """Posts JSON, signed as Standard Webhooks 1.0 says: a receiver's 2xx means it has it."""

    connected = True

    def __init__(self, outgoing: Outgoing, settings: Settings, *, seconds: float = 10.0) -> None:
        self._outgoing = outgoing
        self._settings = settings
        self._seconds = seconds

    async def send(self, item: Item, address: str, sender: From, now: datetime) -> State:
        """Return DELIVERED once the receiver has answered 2xx. Raises Later, Never."""
        body = orjson.dumps(
            {
                "type": "tamamo.message",
                "id": item.id,
                "town": item.tenant,
                "from": sender.name(item.language),
                "about": item.about,
                "subject": subject_of(item),
                "text": text_of(item),
                "url": item.url,
                "drill": item.drill,
                "created": time.to_text(item.created_at),
                "expires": time.to_text(item.expires_at),
            }
        )
        headers = {
            "Content-Type": "application/json",
            **signature(webhook_secret(self._settings, item.tenant, address), item.id, now, body),
        }
        if item.drill:
            headers[drills.HEADER] = "?1"
        status, wait = await post(self._outgoing, address, headers, body, self._seconds)
        if 200 <= status < 300:
            return State.DELIVERED
        refuse(status, wait)
        raise Never(Reason.GONE if status in (404, 410) else Reason.REFUSED, f"HTTP {status}")

    async def close(self) -> None:
        """Do nothing: the client is shared."""


def signature(secret_text: str, number: str, now: datetime, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver knows the sender (Standard Webhooks 1.0)."""
    moment = str(int(now.timestamp()))
    key = base64.b64decode(secret_text.removeprefix("whsec_"))
    signed = hmac.new(key, b".".join((number.encode(), moment.encode(), body)), hashlib.sha256)
    return {
        "webhook-id": number,
        "webhook-timestamp": moment,
        "webhook-signature": "v1," + base64.b64encode(signed.digest()).decode(),
    }


async def post(
    outgoing: Outgoing, url: str, headers: Mapping[str, str], body: bytes, seconds: float
) -> tuple[int, float | None]:
    """Post to an address; return the status and after how many seconds to come back, if said.

    Raises Later, Never for what is no answer at all.
    """
    try:
        answer = await outgoing.request(
            "POST",
            url,
            headers=headers,
            body=body,
            max_bytes=_MAX_ANSWER,
            seconds=seconds,
            follow_redirects=False,
        )
    except AddressRefused as error:
        raise Never(Reason.ADDRESS) from error
    except OutgoingError as error:
        # Its text may name the address.
        raise Later(type(error.__cause__ or error).__name__) from error
    wait = answer.headers.get("Retry-After", "")
    return answer.status, float(wait) if wait.isascii() and wait.isdecimal() else None


def refuse(status: int, wait: float | None) -> None:
    """Raise Later for a status that says "not now"."""
    if status >= 500 or status in LATER:
        raise Later(f"HTTP {status}", seconds=min(wait, 3600.0) if wait is not None else None)


def channels(settings: Settings) -> dict[Channel, bool]:
    """Return which channels can send here; the others say 未接続 wherever they are shown."""
    return {
        Channel.MAIL: settings.mail_server is not None,
        Channel.WEBHOOK: True,
        Channel.WEBPUSH: True,
        Channel.LINE: NullTwin.connected,
        Channel.SMS: NullTwin.connected,
    }
