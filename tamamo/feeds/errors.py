"""What can go wrong upstream: every error of a source becomes one of three."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import ClassVar, Literal

from tamamo.kernel.errors import Problem, Unavailable
from tamamo.kernel.outgoing import AddressRefused, AnswerTooLarge, ErrorAnswer, OutgoingError

Kind = Literal["not_authorised", "not_ready", "update_failed"]

_LONGEST_MESSAGE = 500
_USER_IN_URL = re.compile(r"(?<=://)[^/@\s]+@")
_QUERY_IN_URL = re.compile(r"(?P<address>\w+://[^\s?'\"]*)\?[^\s'\"]*")
_NAMED_SECRET = re.compile(
    r"(?i)(?P<name>authorization|bearer|api[-_]?key|token|secret|password)"
    r"(?P<between>['\"]?\s*[=:]\s*(?:bearer\s+|basic\s+)?['\"]?|\s+)[^\s'\",;&]+"
)


class FeedError(Exception):
    """A run of a feed did not bring its data. `ja` and `en` name the kind for people."""

    kind: ClassVar[Kind]
    ja: ClassVar[str]
    en: ClassVar[str]


class NotAuthorised(FeedError):
    """The source wants a key, or another one: a person must act."""

    kind, ja, en = "not_authorised", "認証されていません", "not authorised"


class NotReady(FeedError):
    """The source does not answer now: it is tried again."""

    kind, ja, en = "not_ready", "準備ができていません", "not ready"


class UpdateFailed(FeedError):
    """The source answered with something that cannot be used."""

    kind, ja, en = "update_failed", "更新できませんでした", "update failed"


KINDS: dict[str, type[FeedError]] = {c.kind: c for c in (NotAuthorised, NotReady, UpdateFailed)}


def classify(error: Exception) -> FeedError:
    """Return the one of the three kinds that an upstream error is."""
    if isinstance(error, FeedError):
        return error
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, ErrorAnswer):
        return _of_status(error.status)
    if isinstance(error, AddressRefused | AnswerTooLarge):
        return UpdateFailed(text)
    if isinstance(error, PermissionError):
        return NotAuthorised(text)
    if isinstance(error, OutgoingError | ConnectionError | TimeoutError | Unavailable):
        return NotReady(text)
    if isinstance(error, FileNotFoundError):
        return NotReady(text)
    if isinstance(error, Problem):
        return UpdateFailed(f"{error.title}: {error.detail}")
    return UpdateFailed(text)


def _of_status(status: int) -> FeedError:
    named = {known.value: known.phrase for known in HTTPStatus}
    text = f"HTTP {status} {named.get(status, '')}".rstrip()
    if status in {401, 403, 407}:
        return NotAuthorised(text)
    if status in {408, 425, 429} or status >= 500:
        return NotReady(text)
    return UpdateFailed(text)


def scrub(text: str, secrets: Iterable[str] = (), longest: int = _LONGEST_MESSAGE) -> str:
    """Return the text without secrets, for tables and pages.

    secrets: the feed's own keys, removed wherever they stand. User names and query strings of
    addresses and what follows words such as "token" go too.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    text = _USER_IN_URL.sub("***@", text)
    text = _QUERY_IN_URL.sub(r"\g<address>?***", text)
    text = _NAMED_SECRET.sub(r"\g<name>\g<between>***", text)
    text = text.replace("\0", "")
    return text if len(text) <= longest else text[: longest - 1] + "…"
