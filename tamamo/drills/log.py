"""The log of a drill: all that was played, alarmed, sent and done, in the order of its clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tamamo import rules
from tamamo.context.broker import Broker
from tamamo.drills import events
from tamamo.drills.events import Played
from tamamo.kernel.audit import listing as audit
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.drills.clock import Turn, position_of
from tamamo.kernel.drills.entry import Entry
from tamamo.kernel.time import to_text
from tamamo.messaging import Sent
from tamamo.messaging.service import recent

#: Rows of one kind that a review shows; a drill makes some hundred.
MOST: Final = 5_000
#: Acts of the platform itself that a review need not show.
_SYSTEM: Final = "system:"
#: Acts that say nothing of the night, or stand in the log as what they put in.
_ELSEWHERE: Final = frozenset({"drill.inject", "grant.give"})
#: States of an alert that are told; what lies between them is not.
_TOLD: Final = frozenset({"firing", "noData", "error"})


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened.

    kind: script, injected, alert, message, act. what: for script and injected the event's kind, for
    alerts and messages the state, for acts the action. position: seconds of the drill's clock.
    """

    key: str
    position: float
    kind: str
    what: str
    ja: str
    en: str
    actor: str = ""
    about: str = ""
    source: str = ""
    noted_at: datetime | None = None

    def text(self, language: str) -> str:
        """Return what happened, in a language."""
        return self.en if language == "en" else self.ja


async def lines(
    broker: Broker, entry: Entry, most: int = MOST, *, addresses: bool = False
) -> list[Line]:
    """Return the log of a drill, in the order of its clock.

    addresses: whether it says where messages went, for who may read the town's contacts.
    """
    drill = entry.drill
    turns = await broker.drills.turns(drill.tenant)
    async with transaction(broker.pool) as connection:
        played = await events.played(connection, drill.tenant)
        alerts = await _alerts(connection, drill.tenant, most)
        sent = await recent(connection, drill.tenant, limit=most)
    chosen = audit.Filter(tenants=(drill.tenant,))
    acts = (await audit.page(broker.pool, chosen, limit=most)).entries
    clock = _Clock(turns, drill.clock.length, drill.clock.begins_at)
    found = [_played(one) for one in played]
    found += [_alert(one, clock) for one in alerts if _told(one)]
    found += [_message(one, clock, addresses=addresses) for one in sent]
    found += [_act(one, clock) for one in acts if _is_told(one)]
    found.sort(key=lambda line: (line.position, line.noted_at is not None and line.noted_at))
    return found


@dataclass(frozen=True, slots=True)
class _Clock:
    """Tells moments in the drill's time: those of its readings and those of other clocks."""

    turns: Sequence[Turn]
    length: float
    begins_at: datetime

    def of_reading(self, at: datetime) -> float:
        return (at - self.begins_at).total_seconds()

    def of_act(self, at: datetime) -> float:
        return position_of(self.turns, at, self.length)


async def _alerts(connection: Connection, tenant: str, most: int) -> list[rules.AlertEvent]:
    found: list[rules.AlertEvent] = []
    while len(found) < most:
        position = found[-1].position if found else 0
        more = await rules.events_after(connection, tenant, position, limit=500)
        found += more
        if len(more) < 500:
            break
    return found


def _is_told(one: audit.Entry) -> bool:
    """Return whether an act belongs in the log: of people, and what became of the drill itself."""
    if one.action in _ELSEWHERE:
        return False
    return one.action.startswith("drill.") or not one.actor.startswith(_SYSTEM)


def _told(event: rules.AlertEvent) -> bool:
    if event.kind != "state":
        return False  # acknowledging and silencing are acts, and stand among them
    begins = event.after in _TOLD and event.before != event.after
    return begins or (event.after == "normal" and event.before != "pending")


def _played(one: Played) -> Line:
    text = one.body.get("text", {})
    return Line(
        f"event:{one.key}",
        one.position,
        "script" if one.actor is None else "injected",
        one.kind,
        text.get("ja", ""),
        text.get("en", ""),
        one.actor or "",
        one.key,
        one.body.get("source", ""),
        one.noted_at,
    )


def _alert(one: rules.AlertEvent, clock: _Clock) -> Line:
    text = one.text or {}
    return Line(
        f"alert:{one.position}",
        clock.of_reading(one.at),
        "alert",
        one.after,
        text.get("ja", one.alert),
        text.get("en", one.alert),
        about=one.alert,
        noted_at=one.noted_at,
    )


def _message(one: Sent, clock: _Clock, *, addresses: bool) -> Line:
    to = f" → {one.to}" if addresses else ""
    text = f"{one.subject}{to} ({one.channel})"
    return Line(
        f"message:{one.id}",
        clock.of_act(one.created_at),
        "message",
        str(one.state),
        text,
        text,
        about=one.to if addresses else "",
        noted_at=one.created_at,
    )


def _act(one: audit.Entry, clock: _Clock) -> Line:
    said = one.became
    texts = said.get("text") if isinstance(said, dict) else None
    plain = texts if isinstance(texts, str) else ""
    return Line(
        f"act:{one.seq}",
        clock.of_act(one.at),
        "act",
        one.action,
        plain,
        plain,
        one.actor,
        f"{one.object} {one.after or ''}",
        noted_at=one.at,
    )


def moment_text(moment: datetime | None) -> str:
    """Return a moment for a file, empty for none."""
    return "" if moment is None else to_text(moment)
