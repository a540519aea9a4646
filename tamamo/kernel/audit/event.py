"""One thing somebody did, and how it gets into the log: in the transaction of the act itself."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson

from tamamo.kernel import sql
from tamamo.kernel.database import Connection

_SQL = sql.load("tamamo.kernel.audit")
#: Members whose values never reach the log, whatever hands them over.
_SECRET: Final = re.compile(
    r"(?:^|[_/#-])(?:password|passwd|passphrase|secret|token|cookie|authorization|otp|totp)s?$"
    r"|(?:^|[/#])(?:api|private|device)[_-]?key$",
    re.IGNORECASE,
)
_HIDDEN: Final = "***"


@dataclass(frozen=True, slots=True)
class Event:
    """Who did what to which object, with what was there before and after.

    actor: a subject (`user:17`, `client:…`, `system:backup`). action: dotted words, the subject
    matter first (`register.edit`, `user.create`). object: what it was done to, as an id that stays
    (`urn:ngsi-ld:…`, `user:17`, `backup:<file>`). before, after: only what changed, as JSON values;
    members named like a secret are masked. Never put a secret there.
    """

    tenant: str
    actor: str
    action: str
    object: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


class Cursor(Protocol):
    """What a Django cursor, a psycopg cursor and a psycopg connection have in common."""

    def execute(self, query: Any, params: Any = ..., /) -> Any:
        """Run one statement."""


async def append(connection: Connection, event: Event) -> None:
    """Note an event in the transaction of `connection`: it is there exactly if that commits.

    The row can be read once the transaction has committed. Raises psycopg.errors.CheckViolation
    for an action that is not dotted words or an empty actor.
    """
    await connection.execute(_SQL["append"], _parameters(event))


async def append_many(connection: Connection, events: Iterable[Event]) -> None:
    """Note many events, in their order, with one statement; for bulk edits."""
    rows = [_parameters(event) for event in events]
    if rows:
        await connection.execute(
            _SQL["append_many"], [list(column) for column in zip(*rows, strict=True)]
        )


def append_sync(cursor: Cursor, event: Event) -> None:
    """Like `append`, for a Django cursor (`django.db.connection.cursor()`) or a plain psycopg one.

    Call it inside `transaction.atomic()`, together with the act.
    """
    cursor.execute(_SQL["append"], _parameters(event))


async def personal_read(
    connection: Connection,
    *,
    tenant: str,
    actor: str,
    objects: Sequence[str],
    purpose: str,
    fields: Sequence[str] = (),
) -> None:
    """Note that somebody has read personal data: whose, which fields, what for; never the values.

    objects: ids of the persons or records shown, one event each, so that a person can be told who
    has looked (個人情報保護法 第76条: 開示請求). purpose: the page or service, in dotted words or a
    sentence. Call it before the data are sent, and send nothing when it fails.
    """
    said = {"purpose": purpose, "fields": list(fields)}
    await append_many(
        connection,
        [Event(tenant, actor, "personal.read", one, after=said) for one in objects],
    )


def _parameters(event: Event) -> tuple[str | None, ...]:
    return (
        event.tenant,
        _text(event.actor),
        event.action,
        _text(event.object),
        _document(event.before),
        _document(event.after),
    )


def _document(members: Mapping[str, Any] | None) -> str | None:
    if members is None:
        return None
    return orjson.dumps(_kept(members), default=str).decode()


def _kept(value: Any) -> Any:
    """Return what the log keeps of a value: no secrets, and nothing that PostgreSQL cannot hold.

    The act must not fail because somebody typed a character that has no place in jsonb.
    """
    if isinstance(value, Mapping):
        return {
            _text(str(key)): _HIDDEN if one and _SECRET.search(str(key)) else _kept(one)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_kept(one) for one in value]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int) and value.bit_length() > 53:
        return str(value)
    return value


def _text(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
