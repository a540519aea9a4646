"""What a message is, before and after it was sent. Pure values."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from tamamo.kernel.errors import Problem

#: Longest texts, in characters.
LONGEST_SUBJECT: Final = 300
LONGEST_TEXT: Final = 20_000
_LONGEST_ADDRESS: Final = 2_000
_MAILBOX: Final = re.compile(r"[^\s@<>\"(),:;\\\[\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250})\Z")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 -]{6,20}\Z")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


class Channel(StrEnum):
    """A way to reach somebody. The texts are what is stored."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    WEBPUSH = "webpush"
    LINE = "line"
    SMS = "sms"


class State(StrEnum):
    """What has become of a message. The texts are what is stored."""

    #: Waits, or is tried again.
    QUEUED = "queued"
    #: The channel has taken it; whether it arrived cannot be known, or is not known yet.
    SENT = "sent"
    #: The receiver has it.
    DELIVERED = "delivered"
    #: Somebody has opened or answered it.
    READ = "read"
    #: It will not arrive; `reason` says why.
    FAILED = "failed"
    #: A drill does not reach that address: nothing has left.
    WITHHELD = "withheld"


#: The states of messages that have left this installation.
REACHED: Final = frozenset({State.SENT, State.DELIVERED, State.READ})


class Reason(StrEnum):
    """Why a message failed or was withheld. The texts are what is stored."""

    EXPIRED = "expired"
    #: The receiver does not want it.
    REFUSED = "refused"
    #: There is no such mailbox, page or browser (any more).
    GONE = "gone"
    #: The address may not be reached from here.
    ADDRESS = "address"
    #: No server or provider for the channel is connected.
    NOT_CONNECTED = "not_connected"
    #: Not needed any more when its turn came.
    NOT_NEEDED = "not_needed"
    #: The drill's list does not name the address.
    DRILL = "drill"
    #: The drill it was made in is over.
    DRILL_OVER = "drill_over"
    #: The tenant is suspended or gone.
    NO_TOWN = "no_town"


class InvalidMessage(Problem):
    """A message that cannot be (422). extra["field"]: which part of it."""

    status = 422
    type = "https://tamamo.example/problems/invalid-message"
    title = "Invalid message"

    def __init__(self, detail: str, field: str) -> None:
        super().__init__(detail, field=field)


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one address.

    to: mail address, URL, id of a push subscription, LINE id or telephone number. text: plain.
    url: where the reader goes, absolute; mails have it at their end, a notification's click opens
    it. about: what it belongs to. dedupe: within the tenant a second one is not made. lifetime:
    after it, it is not sent any more. urgent: goes before others. unsubscribe: an address that ends
    such mails by POST (RFC 8058).
    """

    tenant: str
    channel: Channel | str
    to: str
    subject: str
    text: str
    url: str = ""
    about: str = ""
    dedupe: str | None = None
    language: str = "ja"
    lifetime: timedelta = timedelta(hours=1)
    urgent: bool = False
    unsubscribe: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message and what has become of it."""

    id: str
    channel: Channel
    to: str
    subject: str
    state: State
    reason: str
    attempts: int
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    ended_at: datetime | None

    @property
    def reached(self) -> bool:
        """Whether it has left for its receiver, as far as is known."""
        return self.state in REACHED

    @property
    def connected(self) -> bool:
        """Whether there is anything that could have sent it."""
        return self.reason != Reason.NOT_CONNECTED


@dataclass(frozen=True, slots=True)
class Item:
    """A message whose turn has come, as a sender gets it."""

    tenant: str
    id: str
    channel: Channel
    to: str
    subject: str
    text: str
    url: str
    unsubscribe: str
    language: str
    about: str
    urgent: bool
    drill: bool
    host: str
    attempts: int
    created_at: datetime
    expires_at: datetime


def check(message: Message) -> None:
    """Raise InvalidMessage naming the field that cannot be so."""
    if message.channel not in Channel.__members__.values():
        raise InvalidMessage(f"There is no channel {message.channel!r}", "channel")
    check_address(Channel(message.channel), message.to)
    for name, most in (("subject", LONGEST_SUBJECT), ("text", LONGEST_TEXT)):
        text = getattr(message, name)
        if len(text) > most or "\0" in text or (name == "subject" and not text.strip()):
            raise InvalidMessage(f"A {name} has at most {most} characters", name)
    for name in ("url", "unsubscribe"):
        if (text := getattr(message, name)) and not is_web(text):
            raise InvalidMessage(f"{name} is an absolute http or https address", name)
    if message.lifetime <= timedelta():
        raise InvalidMessage("The lifetime is longer than nothing", "lifetime")


def check_address(channel: Channel, address: str) -> None:
    """Raise InvalidMessage unless an address can be one of a channel."""
    fits = {
        Channel.MAIL: lambda: bool(_MAILBOX.match(address)) and address.isascii(),
        Channel.WEBHOOK: lambda: is_web(address),
        Channel.WEBPUSH: lambda: bool(_UUID.match(address)),
        Channel.LINE: lambda: bool(address.strip()) and address.isprintable(),
        Channel.SMS: lambda: bool(_PHONE.match(address)),
    }[channel]()
    if not fits or len(address) > _LONGEST_ADDRESS:
        raise InvalidMessage(f"This is no address of the channel {channel}", "to")


def is_web(text: str) -> bool:
    """Return whether a text is an absolute http or https address."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and text.isprintable()
    except ValueError:
        return False


def host_of(channel: Channel, address: str) -> str:
    """Return what shares a limit: the receiver's host and port, or the channel's one provider."""
    if channel in (Channel.WEBHOOK, Channel.WEBPUSH):
        return urlsplit(address).netloc.rpartition("@")[2].lower()
    return str(channel)


def from_columns(row: dict[str, Any]) -> Sent:
    """Return a message of a row."""
    return Sent(**row | {"channel": Channel(row["channel"]), "state": State(row["state"])})
