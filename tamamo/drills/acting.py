"""What people do to a running drill beside its clock: events put in, decisions noted, comments."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from tamamo.context.broker import Broker
from tamamo.drills import events
from tamamo.drills.catalogue import find
from tamamo.drills.events import Note, Played
from tamamo.drills.playing import player_of
from tamamo.drills.review import Verdict
from tamamo.drills.script import Reading, Script
from tamamo.kernel import time
from tamamo.kernel.audit import Event, append_many
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.drills import State
from tamamo.kernel.drills.entry import Entry
from tamamo.kernel.drills.errors import DrillRefused, Fault, InvalidDrill
from tamamo.kernel.drills.service import require_leader
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity.model import Actor, Role

#: Characters of what is put in or said at most.
LONGEST: Final = 2000
#: What may be put in as a text.
KINDS: Final = ("call", "news")
#: Who may say something of a drill of their town.
_REVIEWERS: Final = (Role.EDITOR, Role.APPROVER, Role.OPERATOR)
_NOW_OPEN: Final = (State.RUNNING, State.PAUSED)


class Acts:
    """Puts things into a drill and keeps what people say of it."""

    def __init__(self, broker: Broker, clock: Callable[[], datetime] = time.now) -> None:
        """clock: what other clocks show."""
        self._broker = broker
        self._clock = clock

    async def say(self, actor: Actor, entry: Entry, kind: str, text: str) -> None:
        """Put in a call or a report, now. Raises Forbidden, DrillRefused, InvalidDrill."""
        _require_running(actor, entry)
        text = _checked(text, "text")
        if kind not in KINDS:
            raise InvalidDrill([Fault("kind", "kind", "It is a call or a report.")])
        key = f"by-hand-{uuid4().hex[:12]}"
        body = {"text": {"ja": text, "en": text}}
        row = Played(key, self._position(entry), kind, body, actor.subject)
        async with transaction(self._broker.pool) as connection:
            await events.note(connection, entry.drill.tenant, row)
            await _note(connection, actor, entry, "inject", {"kind": kind, "text": text})

    async def bring_forward(self, actor: Actor, entry: Entry, key: str) -> None:
        """Let an event of the script happen now; it will not happen again at its time.

        Raises Forbidden, DrillRefused, InvalidDrill.
        """
        _require_running(actor, entry)
        script = _script(entry)
        event = script.event(key)
        if event is None:
            raise InvalidDrill([Fault("event", "event", "The script has no such event.")])
        player = await player_of(self._broker, entry.drill, script)
        if not await player.event(event, actor=actor.subject, position=self._position(entry)):
            raise DrillRefused("That event has happened already")
        async with transaction(self._broker.pool) as connection:
            said = {"event": key, "text": event.text.ja}
            await _note(connection, actor, entry, "inject", said)

    async def measure(self, actor: Actor, entry: Entry, place: str, value: float) -> None:
        """Let a place of the script read a value, now. Raises as `bring_forward`."""
        _require_running(actor, entry)
        script = _script(entry)
        series = next((one for one in script.readings if one.place == place), None)
        if series is None or not abs(value) <= 10_000:  # what is no number is not below either
            raise InvalidDrill([Fault("value", "value", "A place of the script and a number.")])
        position = self._position(entry)
        player = await player_of(self._broker, entry.drill, script)
        reading = Reading(position, place, series.attribute, value, series.unit)
        await self._broker.observations.record(entry.drill.tenant, player.observed([reading]))
        name = script.place(place).name
        shown = {"ja": f"{name.ja}: {value:g}", "en": f"{name.en}: {value:g}"}
        row = Played(
            f"by-hand-{uuid4().hex[:12]}", position, "value", {"text": shown}, actor.subject
        )
        async with transaction(self._broker.pool) as connection:
            await events.note(connection, entry.drill.tenant, row)
            await _note(connection, actor, entry, "inject", {"place": place, "value": value})

    async def decide(self, actor: Actor, entry: Entry, key: str, comment: str = "") -> None:
        """Note that an expected decision is taken, now.

        For those who take part and who lead. Raises Forbidden, DrillRefused, InvalidDrill.
        """
        if actor.subject not in entry.people:
            require_leader(actor, entry.drill.town)
        _require_state(entry)
        _require_expected(entry, key)
        position = self._position(entry)
        said = Note(key, comment.strip()[:LONGEST], actor.subject, Verdict.DONE.value, position)
        await self._keep(actor, entry, said)

    async def judge(
        self,
        actor: Actor,
        entry: Entry,
        about: str,
        *,
        comment: str,
        verdict: str | None = None,
    ) -> None:
        """Keep what a reviewer says of an entry, of a decision or of the whole drill.

        about: the key of an entry, of an expected decision, or empty: the whole drill. verdict:
        done or missed, of a decision. Raises Forbidden, InvalidDrill.
        """
        if not actor.speaks(entry.drill.town, *_REVIEWERS):
            raise Forbidden(f"This needs a role in the tenant {entry.drill.town!r}")
        if verdict is None:
            comment = _checked(comment, "comment")
        elif verdict not in (Verdict.DONE, Verdict.MISSED):
            raise InvalidDrill([Fault("verdict", "verdict", "It was done, or it was not.")])
        else:
            _require_expected(entry, about)
        note = Note(about, comment.strip()[:LONGEST], actor.subject, verdict)
        await self._keep(actor, entry, note)

    async def _keep(self, actor: Actor, entry: Entry, note: Note) -> None:
        said: dict[str, Any] = {"about": note.about, "text": note.comment}
        if note.verdict is not None:
            said["verdict"] = note.verdict
        async with transaction(self._broker.pool) as connection:
            await events.comment(connection, entry.drill.tenant, note)
            await _note(connection, actor, entry, "decide" if note.verdict else "comment", said)

    def _position(self, entry: Entry) -> float:
        return entry.drill.clock.position_at(self._clock())


def _require_running(actor: Actor, entry: Entry) -> None:
    require_leader(actor, entry.drill.town)
    _require_state(entry)


def _require_state(entry: Entry) -> None:
    state = entry.drill.state
    if state not in _NOW_OPEN:
        raise DrillRefused(f"The drill is {state.value}", state=state.value)


def _script(entry: Entry) -> Script:
    script = find(entry.drill.scenario)
    if script is None:
        raise InvalidDrill([Fault("scenario", "scenario", "The drill has no script.")])
    return script


def _require_expected(entry: Entry, key: str) -> None:
    if key not in {one.key for one in _script(entry).expected}:
        raise InvalidDrill([Fault("about", "about", "There is no such decision.")])


def _checked(text: str, field: str) -> str:
    text = text.strip()
    if text and len(text) <= LONGEST and text.replace("\n", "").replace("\r", "").isprintable():
        return text
    raise InvalidDrill([Fault(field, "text", f"A text of at most {LONGEST} characters.")])


async def _note(
    connection: Connection, actor: Actor, entry: Entry, act: str, said: dict[str, Any]
) -> None:
    drill = entry.drill
    subject = f"drill:{drill.tenant}"
    await append_many(
        connection,
        [
            Event(log, actor.subject, f"drill.{act}", subject, after=said)
            for log in (drill.town, drill.tenant)
        ],
    )
