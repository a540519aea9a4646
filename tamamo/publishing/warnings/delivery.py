"""Telling those who subscribed, by a job after the publication; and how many were reached.

The portal does not wait for it, and does not notice when it fails.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tamamo import messaging
from tamamo.context.broker import Broker
from tamamo.kernel import drills, sql
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.jobs import Run
from tamamo.kernel.settings import Settings, installation_url
from tamamo.messaging import Channel, Message
from tamamo.publishing.warnings import composing, store, subscriptions
from tamamo.publishing.warnings.composing import Office
from tamamo.publishing.warnings.content import Content
from tamamo.publishing.warnings.model import Draft, Published
from tamamo.publishing.warnings.service import Warnings
from tamamo.publishing.warnings.subscriptions import Subscriber
from tamamo.publishing.warnings.texts import moment_words, said

_SQL: Final = sql.load("tamamo.publishing.warnings", "subscriptions.sql")
#: Subscribers told in one transaction.
_SLICE: Final = 500
#: A mail that could not be sent for so long says nothing new any more.
_LIFETIME: Final = timedelta(hours=6)
_GRAVE: Final = 4


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a message came by one channel, in persons.

    asked: messages made. reached: taken by the mail server or push service. failed: with the
    reason most often given. withheld: not on the drill's list. waiting: still to be sent.
    """

    channel: str
    asked: int = 0
    reached: int = 0
    failed: int = 0
    withheld: int = 0
    waiting: int = 0
    reason: str = ""


def about(message: UUID) -> str:
    """Return under which key the messages of a published warning stand."""
    return f"warning-message:{message}"


async def handle(run: Run) -> dict[str, int]:
    """Make the messages of a published warning; may be done twice: nobody is told twice."""
    broker: Broker = run.broker
    made: dict[str, int] = {}
    after: UUID | None = None
    while True:
        async with transaction(broker.pool) as connection:
            published = await store.message(connection, run.tenant, UUID(run.args["message"]))
            office = await Warnings(broker).office(connection, run.tenant)
            found = await subscriptions.matching(
                connection,
                run.tenant,
                level=published.level,
                places=published.places,
                after=after,
                limit=_SLICE,
            )
            messages = [message_to(one, published, office, broker.settings) for one in found]
            await messaging.send(connection, messages)
        for one in found:
            made[one.channel] = made.get(one.channel, 0) + 1
        if len(found) < _SLICE:
            return made
        after = found[-1].id
        await run.progress(sum(made.values()))


def message_to(
    subscriber: Subscriber, published: Published, office: Office, settings: Settings
) -> Message:
    """Return what a subscriber is sent: the same words as on the portal."""
    speaks = "en" if subscriber.language == "en" else "ja"
    mail = subscriber.channel == Channel.MAIL
    page = office.path(f"/warnings/{published.warning}/", speaks)
    leave = subscriptions.leave_url(settings, office, subscriber)
    text = published.content.instruction.get(subscriber.language)
    if mail:
        ends = said(subscriber.language, "leave", leave=leave), said(subscriber.language, "more")
        text = "\n\n".join([body(published, office, subscriber.language), *ends])
    return Message(
        office.town.name,
        subscriber.channel,
        subscriber.to,
        subject(published, office, subscriber.language),
        text,
        url=installation_url(settings) + page,
        about=about(published.id),
        dedupe=f"{published.id}:{subscriber.id}:{subscriber.to if not mail else ''}",
        language=speaks,
        lifetime=_LIFETIME,
        urgent=published.content.level >= _GRAVE,
        unsubscribe=leave if mail else "",
    )


#: How a message that is not meant is marked; drills are marked by tamamo.messaging.
MARKS: Final = {
    "test": {"ja": "【試験】", "en": "[TEST] "},
    "simulated": {"ja": "【模擬】", "en": "[SIMULATED] "},
}


def mark(content: Content, language: str) -> str:
    """Return what stands before the words of a message that is not meant, "" for one that is."""
    for name in ("simulated", "test"):
        if getattr(content, name):
            return MARKS[name]["en" if language == "en" else "ja"]
    return ""


def subject(published: Published, office: Office, language: str) -> str:
    """Return the first line of a message."""
    return _subject(published.content, office, language)


def _subject(content: Content, office: Office, language: str) -> str:
    title = office.title.get("en" if language == "en" else "ja")
    return f"{mark(content, language)}{content.headline.get(language)} ({title})"


def body(published: Published, office: Office, language: str) -> str:
    """Return the text of a mail."""
    return _body(published.content, office, language, published.sent, published.type == "Cancel")


def preview_subject(draft: Draft, office: Office, language: str) -> str:
    """Return the first line a draft's mail would have."""
    text = _subject(composing.resolved(draft.content, office), office, language)
    return text if office.drill is None else drills.mark(text, "en" if language == "en" else "ja")


def preview_body(draft: Draft, office: Office, now: datetime, language: str) -> str:
    """Return the text of the mail a draft would be, if it were published at a moment."""
    content = composing.resolved(draft.content, office)
    return _body(content, office, language, now, draft.purpose == "cancel")


def _body(content: Content, office: Office, language: str, sent: datetime, ending: bool) -> str:
    speaks = "en" if language == "en" else "ja"
    town = office.title.get(speaks)
    lines = [said(language, "issued", town=town, at=moment_words(sent, speaks))]
    if content.level:
        name = content.event.get(language)
        lines.append(f"{said(language, 'level', level=content.level)} {name}")
    lines.append(said(language, "area", area=composing.area_words(content, office).get(speaks)))
    if not ending and content.valid_to is not None:
        lines.append(said(language, "until", until=moment_words(content.valid_to, speaks)))
    parts = ["\n".join(lines), content.description.get(language), content.instruction.get(language)]
    if content.contact:
        parts.append(content.contact)
    return "\n\n".join(part for part in parts if part)


async def reach(connection: Connection, tenant: str, message: UUID) -> list[Reach]:
    """Return how far a message came, channel by channel."""
    values = {"tenant": tenant, "about": about(message)}
    cursor = await connection.execute(_SQL["reach"], values)
    found: dict[str, dict[str, Any]] = {
        channel: {"channel": channel, "reasons": {}} for channel in ("mail", "webpush")
    }
    for channel, state, reason, count in await cursor.fetchall():
        one = found.setdefault(channel, {"channel": channel, "reasons": {}})
        name = {"queued": "waiting", "failed": "failed", "withheld": "withheld"}.get(
            state, "reached"
        )
        one[name] = one.get(name, 0) + count
        one["asked"] = one.get("asked", 0) + count
        if name == "failed":
            one["reasons"][reason] = one["reasons"].get(reason, 0) + count
    return [_reach(one) for one in found.values()]


def _reach(values: dict[str, Any]) -> Reach:
    reasons = values.pop("reasons")
    return Reach(**values, reason=max(reasons, key=reasons.get, default=""))
