"""Calls: begun by alerts, escalated by the clock. Every step is one transaction on a locked row.

So that of two processes one acts and the other finds it done: nobody is called twice for a step,
and what a dead process had begun is either committed or not there.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
import structlog

from tamamo.calling import call as calls
from tamamo.calling import duty, links, store, texts
from tamamo.calling.alarms import Alarms
from tamamo.calling.call import Call, State
from tamamo.calling.contact import Contact
from tamamo.calling.errors import NotThere
from tamamo.calling.links import Answerer
from tamamo.calling.matching import CallRule, chosen, rank
from tamamo.calling.texts import Text
from tamamo.calling.tree import Step, Target, Tree, move, to_document
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.settings import Settings
from tamamo.messaging import Channel, Message, cancel, push, send

if TYPE_CHECKING:
    from tamamo.rules.events import AlertEvent

_log = structlog.get_logger(__name__)

#: An alarm whose event lies further back than this by the town's clock calls nobody: it is of a
#: recording that is loaded, not of now.
TOO_OLD: Final = timedelta(hours=6)
#: Where a whole round has found nobody to call, the next one begins after this time.
NOBODY: Final = timedelta(minutes=5)
_LIFETIME: Final = timedelta(hours=1)

#: tenant → how late it is there.
Clock = Callable[[str], datetime]


@dataclass(slots=True)
class Calling:
    """The calls of one process; several share a database."""

    pool: Pool
    settings: Settings
    alarms: Alarms
    clock: Clock

    async def follow(self) -> int:
        """Take in what happened to alerts since the last time; return how many events that were."""
        async with transaction(self.pool) as connection:
            heads = await self.alarms.heads(connection)
            known = {
                row["tenant"]: row["position"]
                for row in await calls.rows(connection, "cursors", {})
            }
        news = [tenant for tenant, head in heads.items() if head > known.get(tenant, 0)]
        return sum([await _kept_going(self._take_in(tenant), tenant) for tenant in sorted(news)])

    async def _take_in(self, tenant: str) -> int:
        async with transaction(self.pool) as connection:
            await connection.execute(calls.SQL["cursor"], {"tenant": tenant})
            [row] = await calls.rows(connection, "lock_cursor", {"tenant": tenant})
            events = await self.alarms.after(connection, tenant, row["position"])
            for event in events:
                await self._apply(connection, event)
            if events:
                values = {"tenant": tenant, "position": events[-1].position}
                await connection.execute(calls.SQL["move_cursor"], values)
        return len(events)

    async def _apply(self, connection: Connection, event: "AlertEvent") -> None:
        firing = event.after == "firing" and event.silenced_until is None
        if event.kind in ("state", "silence_expired", "unsilenced") and firing:
            await self._begin(connection, event)
        elif event.kind == "state" and event.after == "normal":
            await self._close(connection, event, "over")
        elif event.kind in ("acknowledged", "silenced"):
            await self._close(connection, event, "acknowledged")

    async def _begin(self, connection: Connection, event: "AlertEvent") -> None:
        now = self.clock(event.tenant)
        if event.at < now - TOO_OLD:
            return
        values = {"tenant": event.tenant, "alert": event.alert, "episode": event.episode}
        if await calls.rows(connection, "is_called", values):
            return
        kept = await store.rules(connection, event.tenant)
        if not kept:
            return
        alarm = await self.alarms.alarm(connection, event)
        for rule in chosen([one for one, _ in kept], alarm):
            try:
                tree, _ = await store.tree_of(connection, event.tenant, rule.tree)
            except NotThere:
                continue
            await self._join_or_call(connection, event, rule, tree, now)

    async def _join_or_call(
        self,
        connection: Connection,
        event: "AlertEvent",
        rule: CallRule,
        tree: Tree,
        now: datetime,
    ) -> None:
        since = now - timedelta(minutes=tree.gather)
        values = {"tenant": event.tenant, "rule": rule.id, "since": since}
        found = await calls.rows(connection, "open_call", values)
        if not found:
            call = await begin(connection, event.tenant, tree, event.severity, now, rule=rule.id)
            await self._add(connection, call, event, now)
            return
        call = calls.of_columns(found[0])
        await self._add(connection, call, event, now)
        graver = rank(event.severity) > rank(call.severity)
        if graver or call.state is State.UNANSWERED:
            # Nobody is told of it by a call whose rounds are over.
            severity = event.severity if graver else call.severity
            values = {**call.key, "severity": severity, "now": now}
            await connection.execute(calls.SQL["raise"], values)
            kind = "raised" if graver else "again"
            await calls.log(connection, call, kind, now, severity=event.severity)
        elif call.state is State.ACKNOWLEDGED:
            told = texts.Told(event.severity, event.text or {})
            await self._tell_answerer(connection, call, event, told)

    async def _add(
        self, connection: Connection, call: Call, event: "AlertEvent", now: datetime
    ) -> None:
        values = {
            **call.key,
            "alert": event.alert,
            "episode": event.episode,
            "severity": event.severity,
            "text": orjson.dumps(dict(event.text or {})).decode(),
            "now": now,
        }
        await connection.execute(calls.SQL["add_alert"], values)
        await calls.log(connection, call, "alert", now, alert=event.alert)

    async def _tell_answerer(
        self, connection: Connection, call: Call, event: "AlertEvent", told: texts.Told
    ) -> None:
        kind, _, number = (call.answered_by or "").partition(":")
        people = await store.contacts_by_id(connection, call.tenant, [number])
        if kind != "contact":
            found = await store.contact_of(connection, call.tenant, call.answered_by or "")
            people = {found.id: found} if found else {}
        for person in people.values():
            text = texts.joined(told, await _town(connection, call.tenant, person), person.language)
            dedupe = f"{call.about}:joined:{event.alert}:{event.episode}"
            await self._send(connection, call, person, text, dedupe)

    async def _close(self, connection: Connection, event: "AlertEvent", state: str) -> None:
        values = {"tenant": event.tenant, "alert": event.alert, "episode": event.episode}
        closed = await calls.rows(connection, "close_alert", values | {"state": state})
        if not closed:
            return
        now = self.clock(event.tenant)
        ids = [row["call"] for row in closed]
        for row in await calls.rows(connection, "settled", {"tenant": event.tenant, "ids": ids}):
            call = calls.of_columns(row)
            taken = state == "acknowledged"
            by, via = (event.actor, "alert") if taken else (None, None)
            ended = State.ACKNOWLEDGED if taken else State.OVER
            await end(connection, call, ended, now, by=by, via=via)

    async def advance(self) -> int:
        """Call whoever is due; return how many calls went on."""
        async with transaction(self.pool) as connection:
            running = await calls.rows(connection, "running", {})
        due = [
            row for row in running if row["hopeless"] or row["next_at"] <= self.clock(row["tenant"])
        ]
        return sum(
            [await _kept_going(self._go_on(r["tenant"], str(r["id"])), r["tenant"]) for r in due]
        )

    async def _go_on(self, tenant: str, number: str) -> int:
        async with transaction(self.pool) as connection:
            call = await calls.lock(connection, tenant, number)
            if call is None or call.state is not State.RUNNING or call.next_at is None:
                return 0
            now = self.clock(tenant)
            if call.next_at > now:
                # Another process may have gone on meanwhile; then somebody can be reached again.
                again = await calls.rows(connection, "running", {})
                if not any(str(row["id"]) == number and row["hopeless"] for row in again):
                    return 0
                await calls.log(connection, call, "unreachable", now)
            await self._call_next(connection, call, now)
        return 1

    async def _call_next(self, connection: Connection, call: Call, now: datetime) -> None:
        """Go through the steps until somebody is called, or the call is unanswered."""
        begun = call.position
        position = begun
        while True:
            call = replace(call, position=position)
            if call.is_done or not call.tree.steps:
                await calls.log(connection, call, "unanswered", now)
                await end(connection, call, State.UNANSWERED, now)
                return
            people = await self._people(connection, call, now)
            found = move(call.tree, position, tuple(one.id for one in people), now)
            chosen_ids = set(found.people)
            await self._call(connection, call, [p for p in people if p.id in chosen_ids], now)
            position, next_at = found.then, found.next_at
            if not found.people:
                await calls.log(connection, call, "nobody", now, step=found.position.step)
                if found.then.round == begun.round:
                    continue
                # Nobody in what was left of the round: somebody may come on duty meanwhile.
                next_at = now + NOBODY
            elif position.round > begun.round and not call.tree.rounds:
                # Steps of no minutes must not call the same people without end at once.
                next_at = max(next_at, now + NOBODY)
            values = {
                **call.key,
                "round": position.round,
                "step": position.step,
                "place": position.place,
                "next_at": next_at,
            }
            await connection.execute(calls.SQL["step_to"], values)
            return

    async def _people(self, connection: Connection, call: Call, now: datetime) -> list[Contact]:
        """Return whom the step at hand calls now: without those who have declined."""
        called = await calls.people(connection, call)
        declined = {one.contact for one in called if one.answer == "declined"}
        step = call.tree.steps[call.position.step]
        found = await step_people(connection, call.tenant, step, now)
        return [one for one in found if one.id not in declined]

    async def _call(
        self, connection: Connection, call: Call, people: Sequence[Contact], now: datetime
    ) -> None:
        alerts = [one.told for one in await calls.alerts(connection, call) if one.state == "open"]
        for person in people:
            town = await _town(connection, call.tenant, person)
            text = texts.calling(alerts, town, person.language, test=call.test)
            at = call.position
            dedupe = f"{call.about}:{at.round}:{at.step}:{person.id}"
            sent = await self._send(connection, call, person, text, dedupe)
            values = {
                **call.key,
                "round": at.round,
                "step": at.step,
                "contact": person.id,
                "now": now,
                "messages": sent,
            }
            await connection.execute(calls.SQL["add_person"], values)
            await calls.log(
                connection, call, "called", now,
                contact=person.id, step=at.step, round=at.round, messages=len(sent),
            )  # fmt: skip

    async def _send(
        self, connection: Connection, call: Call, person: Contact, text: Text, dedupe: str
    ) -> list[str]:
        """Send to all addresses of somebody; return the messages' ids."""
        answerer = Answerer(call.tenant, call.id, person.id)
        url = links.url_of(self.settings, answerer, person.language)
        places = [(one.channel, one.to) for one in person.addresses]
        browsers = await push.of(connection, call.tenant, person.push_owner)
        places += [(Channel.WEBPUSH, one.id) for one in browsers]
        messages = [
            Message(
                call.tenant, channel, to, text.subject, text.text,
                url=url, about=call.about, dedupe=f"{dedupe}:{number}",
                language=person.language, lifetime=_LIFETIME, urgent=not call.test,
            )
            for number, (channel, to) in enumerate(places)
        ]  # fmt: skip
        return await send(connection, messages)

    async def tell_taken(self, connection: Connection, call: Call, but: str) -> None:
        """Tell all who were called, but one, that somebody has answered. Once."""
        called = {one.contact for one in await calls.people(connection, call)} - {but}
        alerts = [one.told for one in await calls.alerts(connection, call)]
        people = await store.contacts_by_id(connection, call.tenant, called)
        for person in people.values():
            town = await _town(connection, call.tenant, person)
            text = texts.taken(alerts, town, person.language)
            await self._send(connection, call, person, text, f"{call.about}:taken:{person.id}")

    async def test(
        self, connection: Connection, tenant: str, person: Contact, *, actor: str
    ) -> Call:
        """Begin a call that calls one person once, and says it is a test; it is audited."""
        made = Tree("", "test", (Step((Target(contact=person.id),), 60.0),), rounds=1)
        now = self.clock(tenant)
        call = await begin(connection, tenant, made, "informational", now, test=True)
        await calls.log(connection, call, "test", now, actor=actor)
        await append(connection, Event(tenant, actor, "call.test", f"contact:{person.id}"))
        await self._call_next(connection, call, now)
        return call


async def _kept_going(work: Coroutine[Any, Any, int], tenant: str) -> int:
    """Do one town's or call's part: what is wrong with it must not hold up the others."""
    try:
        return await work
    except Unavailable:
        raise
    except Exception:
        _log.exception("calling_failed", tenant=tenant)
        return 0


async def begin(
    connection: Connection,
    tenant: str,
    tree: Tree,
    severity: str,
    now: datetime,
    *,
    rule: str | None = None,
    test: bool = False,
) -> Call:
    """Make a call; whoever is first in the tree is called at the next step."""
    values = {
        "tenant": tenant,
        "rule": rule,
        "tree": tree.id or None,
        "tree_name": tree.name,
        "document": orjson.dumps(to_document(tree)).decode(),
        "severity": severity,
        "test": test,
        "now": now,
    }
    [row] = await calls.rows(connection, "begin", values)
    call = calls.of_columns(row)
    await calls.log(connection, call, "began", now, severity=severity)
    return call


async def end(
    connection: Connection,
    call: Call,
    state: State,
    now: datetime,
    *,
    by: str | None = None,
    via: str | None = None,
) -> None:
    """End a call: nobody else is called, and what still waits is not sent."""
    values = {**call.key, "state": state.value, "now": now, "by": by, "via": via}
    await connection.execute(calls.SQL["end"], values)
    if state is not State.UNANSWERED:
        await calls.log(connection, call, state.value, now, actor=by, via=via)
        await cancel(connection, call.tenant, call.about)


async def step_people(
    connection: Connection, tenant: str, step: Step, now: datetime
) -> list[Contact]:
    """Return whom a step of a tree calls at a moment, in order; contacts that are gone are not."""
    wanted: list[str] = []
    for target in step.targets:
        if target.contact is not None:
            wanted.append(target.contact)
        elif target.roster is not None:
            wanted += await people_on_duty(connection, tenant, target.roster, now)
    found = await store.contacts_by_id(connection, tenant, wanted)
    return [found[one] for one in dict.fromkeys(wanted) if one in found]


async def people_on_duty(
    connection: Connection, tenant: str, number: str, now: datetime
) -> tuple[str, ...]:
    """Return who is on duty by a roster; nobody where there is no such roster any more."""
    try:
        roster, _ = await store.roster_of(connection, tenant, number)
    except NotThere:
        return ()
    later = now + timedelta(seconds=1)
    changes = await store.changes(connection, tenant, number, now, later)
    return duty.on_duty(roster, changes, now)


async def _town(connection: Connection, tenant: str, person: Contact) -> str:
    found = await calls.rows(connection, "town", {"tenant": tenant})
    title = (found[0]["title"] if found else None) or {}
    return title.get(person.language) or title.get("ja") or tenant
