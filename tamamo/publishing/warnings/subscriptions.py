"""Residents who want to be told: asking, confirming, leaving. An address is in no log.

Asking answers the same for every address; what is the case is told to the address alone.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tamamo import messaging
from tamamo.kernel import sql, time
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import Problem
from tamamo.kernel.settings import Settings, installation_url
from tamamo.messaging import Channel, InvalidMessage, Message
from tamamo.publishing.warnings.composing import Office
from tamamo.publishing.warnings.texts import said

_SQL: Final = sql.load("tamamo.publishing.warnings", "subscriptions.sql")
LANGUAGES: Final = ("ja", "en", "easy")
#: From which level on somebody wants to hear: everything, what calls for leaving, only the gravest.
LEAST_LEVELS: Final = (0, 3, 4)
#: How long a link that confirms holds, and how often an address is written to.
HOLDS: Final = timedelta(hours=24)
PAUSE: Final = timedelta(minutes=10)


class InvalidSubscription(Problem):
    """Some fields cannot be so (422). extra["fields"]: their names."""

    status = 422
    type = "https://tamamo.example/problems/invalid-subscription"
    title = "Invalid subscription"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to hear. places: ids of the town's list; none: of the whole town."""

    language: str = "ja"
    least_level: int = 0
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody to be told; for mail with the address, for Web Push with the ids of browsers."""

    id: UUID
    channel: Channel
    to: str
    language: str
    leaving: str


def check(wish: Wish, office: Office, address: str | None = None) -> None:
    """Raise InvalidSubscription naming the fields that cannot be so."""
    wrong = []
    if wish.language not in LANGUAGES:
        wrong.append("language")
    if wish.least_level not in LEAST_LEVELS:
        wrong.append("least_level")
    if not set(wish.places) <= {place.id for place in office.setup.places}:
        wrong.append("places")
    if address is not None:
        try:
            messaging.model.check_address(Channel.MAIL, address)
        except InvalidMessage:
            wrong.append("address")
    if wrong:
        raise InvalidSubscription(", ".join(wrong), fields=wrong)


async def ask(
    connection: Connection, office: Office, settings: Settings, address: str, wish: Wish
) -> None:
    """Send a mail that asks its reader to confirm, or says that the address is known.

    Nothing is sent to an address that was written to in the last ten minutes. Raises
    InvalidSubscription.
    """
    address = address.strip()
    check(wish, office, address)
    tenant, token, moment = office.town.name, secrets.token_urlsafe(32), time.now()
    await connection.execute(_SQL["sweep"], {"before": moment - HOLDS})
    values = _values(tenant, wish) | {
        "address": address,
        "asked": _hash(token),
        "leaving": secrets.token_urlsafe(32),
        "pause": moment - PAUSE,
        "now": moment,
    }
    row = await (await connection.execute(_SQL["ask"], values)).fetchone()
    if row is None:
        return
    known, leaving = row[1] is not None, str(row[2])
    kind = "known" if known else "confirm"
    facts = {"town": office.title.get(_speaks(wish.language))}
    link = _link(settings, office, wish.language, "confirm", token)
    leave = _link(settings, office, wish.language, "unsubscribe", leaving)
    text = said(wish.language, f"{kind}_text", **facts).strip()
    if known:
        text += "\n\n" + said(wish.language, "leave", leave=leave)
    mail = Message(
        tenant,
        Channel.MAIL,
        address,
        said(wish.language, f"{kind}_subject", **facts),
        text,
        url="" if known else link,
        about="warning-subscription",
        language=_speaks(wish.language),
        lifetime=HOLDS,
    )
    await messaging.send(connection, [mail])


async def confirm(connection: Connection, tenant: str, token: str, by: str) -> bool:
    """Confirm an address; return whether the link was good. by: the subject for the audit log."""
    values = {"tenant": tenant, "asked": _hash(token), "since": time.now() - HOLDS}
    row = await (await connection.execute(_SQL["confirm"], values)).fetchone()
    if row is None:
        return False
    told = {"channel": "mail"}
    await append(connection, Event(tenant, by, "warning.subscribe", _name(row[0]), after=told))
    return True


async def add_push(
    connection: Connection, office: Office, document: str, wish: Wish, by: str
) -> str:
    """Keep a browser that its user allowed to be told; return what its page needs to leave again.

    Raises InvalidSubscription, InvalidMessage.
    """
    check(wish, office)
    tenant, leaving = office.town.name, secrets.token_urlsafe(32)
    row = await (
        await connection.execute(_SQL["add_push"], _values(tenant, wish) | {"leaving": leaving})
    ).fetchone()
    assert row is not None
    owner, language = f"resident:{row[0]}", _speaks(wish.language)
    await messaging.push.subscribe(connection, tenant, owner, document, language=language)
    await connection.execute(_SQL["same_browser"], {"tenant": tenant, "id": row[0]})
    told = {"channel": "webpush"}
    await append(connection, Event(tenant, by, "warning.subscribe", _name(row[0]), after=told))
    return leaving


async def leave(connection: Connection, tenant: str, leaving: str, by: str) -> bool:
    """End a subscription and forget the address; return whether there was one."""
    values = {"tenant": tenant, "leaving": leaving}
    row = await (await connection.execute(_SQL["leave"], values)).fetchone()
    if row is None:
        return False
    if row[1] == Channel.WEBPUSH:
        await messaging.push.forget(connection, tenant, f"resident:{row[0]}")
    told = {"channel": row[1]}
    await append(connection, Event(tenant, by, "warning.unsubscribe", _name(row[0]), after=told))
    return True


async def there(connection: Connection, tenant: str, leaving: str) -> bool:
    """Whether what a mail holds still ends something."""
    values = {"tenant": tenant, "leaving": leaving}
    return await (await connection.execute(_SQL["there"], values)).fetchone() is not None


async def counts(connection: Connection, tenant: str) -> dict[str, int]:
    """Return channel → how many would be told."""
    cursor = await connection.execute(_SQL["counts"], {"tenant": tenant})
    return {str(channel): int(n) for channel, n in await cursor.fetchall()}


async def reached_by(
    connection: Connection, tenant: str, level: int, places: Sequence[str]
) -> dict[str, int]:
    """Return channel → how many a message would go to."""
    values = {"tenant": tenant, "level": level, "places": list(places)}
    cursor = await connection.execute(_SQL["count_reached"], values)
    return {str(channel): int(n) for channel, n in await cursor.fetchall()}


async def matching(
    connection: Connection,
    tenant: str,
    *,
    level: int,
    places: Sequence[str],
    after: UUID | None,
    limit: int,
) -> list[Subscriber]:
    """Return subscribers to be told, in the order of their ids, after one."""
    values = {
        "tenant": tenant,
        "level": level,
        "places": list(places),
        "after": after,
        "limit": limit,
    }
    cursor = await connection.execute(_SQL["matching"], values)
    return [
        Subscriber(row[0], Channel(row[1]), str(row[2]), str(row[3]), str(row[4]))
        for row in await cursor.fetchall()
    ]


async def sweep(connection: Connection, moment: datetime) -> int:
    """Remove what nobody confirmed in time, and browsers that are gone; return how many."""
    cursor = await connection.execute(_SQL["sweep"], {"before": moment - HOLDS})
    gone = await connection.execute(_SQL["sweep_push"], {"before": moment - HOLDS})
    return cursor.rowcount + gone.rowcount


def leave_url(settings: Settings, office: Office, subscriber: Subscriber) -> str:
    """Return the address that ends a subscription by one POST."""
    return _link(settings, office, subscriber.language, "unsubscribe", subscriber.leaving)


def _link(settings: Settings, office: Office, language: str, what: str, token: str) -> str:
    return installation_url(settings) + office.path(f"/warnings/{what}/{token}/", language)


def _speaks(language: str) -> str:
    return "en" if language == "en" else "ja"


def _values(tenant: str, wish: Wish) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "language": wish.language,
        "least_level": wish.least_level,
        "places": list(wish.places),
    }


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _name(number: UUID) -> str:
    """What the audit log calls a subscription: never by its address."""
    return f"warning-subscription:{number}"
