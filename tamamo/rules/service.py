"""The service of `tamamo work`: every committed reading evaluated, every effect applied once.

A round reads the next changes in commit order (as notifications do), works out what they mean, and
writes it all in one transaction: where the rules stand, the alerts, their events, and how far the
changes are evaluated. That last row is compared before it is moved. So a process that is killed
leaves nothing half done, and of several processes one has its way: the others look on, and take
over where it ends.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import psycopg
import structlog
from prometheus_client import Counter, Gauge

from tamamo.context.changes import Change, Position, reading
from tamamo.context.entities import write
from tamamo.context.entities.write import ChangedMeanwhile, Mutation
from tamamo.context.model.entity import Entity
from tamamo.context.tenants import snapshot_of
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, searching, single, transaction
from tamamo.kernel.errors import Problem, Unavailable
from tamamo.kernel.tasks import wanted
from tamamo.rules import alert, events, memory, neighbours
from tamamo.rules.acts import expire_silence
from tamamo.rules.book import Book
from tamamo.rules.clocks import Clocks
from tamamo.rules.evaluator import close, evaluate, tick
from tamamo.rules.events import Draft
from tamamo.rules.gathering import Heard, gather, reading_of
from tamamo.rules.listing import subjects
from tamamo.rules.memory import Key, Standing, Standings
from tamamo.rules.rule import Rule
from tamamo.rules.state import Reading, State, Transition, moment, to_datetime

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

_SQL = sql.load("tamamo.rules")
_log = structlog.get_logger(__name__)

READINGS = Counter("tamamo_rule_readings_total", "Readings that rules were held against.")
CHANGES = Counter("tamamo_alert_changes_total", "Changes of alerts.", ["state"])
BEHIND = Gauge(
    "tamamo_rules_behind_seconds",
    "Age of the newest change that rules have yet to be held against; 0: none waits.",
    multiprocess_mode="livemax",
)

#: Seconds between looks for changes.
LOOK: Final = 0.15
#: Seconds between looks at the clock.
TICK: Final = 1.0
#: Seconds a process looks on after another one had its way.
STAND_BACK: Final = 1.0
#: Seconds after which the position is kept although nothing concerned a rule.
KEEP_POSITION: Final = 2.0
#: Seconds after the start in which nobody is taken for silent: feeds have to come back first.
GRACE: Final = 60.0
#: Subjects whose clock is looked at in one step.
_DUE: Final = 500
_ATTEMPTS: Final = 5


async def run(broker: "Broker") -> None:
    """Evaluate until cancelled."""
    await Evaluation(broker).run()


class Overtaken(Exception):
    """Another process took a step, or a rule was changed: what was worked out holds no more."""


@dataclass(slots=True)
class _Work:
    """What a round has worked out and is to be stored."""

    standings: dict[Key, Standing] = field(default_factory=dict)
    mutations: list[Mutation] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)


class Evaluation:
    """The evaluation in one process; several may share a database."""

    def __init__(
        self, broker: "Broker", *, grace: float = GRACE, clocks: Clocks | None = None
    ) -> None:
        """grace: seconds after the start in which nobody is taken for silent.

        clocks: what time it is in the towns, for tests.
        """
        self._broker = broker
        self._book = Book()
        self._clocks = clocks or Clocks(broker)
        self._standings = Standings()
        self._grace = grace
        #: Rules that were just saved: what is true already is still to be seen.
        self._new: list[tuple[str, Rule]] = []
        self._round: int | None = None
        #: The position in the database, and how far has been read.
        self._stored = self._position = Position(0, -1)
        self._kept_at = 0.0

    async def run(self) -> None:
        """Evaluate until cancelled, or until the database is lost."""
        began = ticked = time.monotonic()
        while wanted():
            try:
                again = await self.step()
                moment_now = time.monotonic()
                if not again and moment_now - ticked >= TICK:
                    ticked = moment_now
                    if moment_now - began >= self._grace:
                        await self.look_at_clock()
            except Overtaken:
                await asyncio.sleep(STAND_BACK)
                continue
            await asyncio.sleep(0 if again else LOOK)

    async def step(self) -> bool:
        """Evaluate the next committed changes; return whether there is more at once.

        Raises Overtaken.
        """
        async with single(self._broker.pool) as connection:
            await self._look(connection)
            # Of all towns: a new one's first readings come before this process knows of it.
            page = await reading.read(connection, self._position, None, self._book.types)
            heard = await gather(connection, self._concerned(page.changes))
            await neighbours.find(connection, heard)
            keys = list(dict.fromkeys(key for one in heard for key in one.keys))
            standings = await self._standings.load(connection, keys)
        if heard:
            work = _Work(standings)
            for one in heard:
                self._hear(work, one)
                await asyncio.sleep(0)
            try:
                await self._keep(work, page.position)
            except (psycopg.DataError, Problem) as error:
                if isinstance(error, Unavailable):
                    raise
                await self._one_by_one(heard, page.position)
        elif page.position > self._stored and time.monotonic() - self._kept_at > KEEP_POSITION:
            await self._keep(_Work(), page.position)
        self._position = page.position
        BEHIND.set(page.age if page.full else 0)
        READINGS.inc(sum(len(one.readings) for one in heard))
        if not page.full and self._new:
            await self._begin(*self._new[0])
            del self._new[0]
        return page.full or bool(self._new)

    async def _one_by_one(self, heard: Sequence[Heard], position: Position) -> None:
        """Store what cannot be stored together; a change of which nothing can is left out."""
        for one in heard:
            async with single(self._broker.pool) as connection:
                work = _Work(await self._standings.load(connection, one.keys))
            self._hear(work, one)
            try:
                await self._keep(work, one.change.at)
            except (psycopg.DataError, Problem) as error:
                if isinstance(error, Unavailable):
                    raise
                _log.exception("not evaluated", tenant=one.keys[0][0], subject=one.keys[0][1])
        await self._keep(_Work(), position)

    async def look_at_clock(self) -> None:
        """See who has fallen silent, and which silences of alarms are over. Raises Overtaken."""
        async with single(self._broker.pool) as connection:
            await self._look(connection)
            await self._clocks.refresh(connection)
            own = self._clocks.own
            found = await memory.due(connection, self._clocks.real(), _DUE, others=own)
            for tenant in own:
                clock = self._clocks.of(tenant)
                found |= await memory.due(connection, clock, _DUE, tenant=tenant)
        work = _Work(found)
        await self._pass_time(work)
        if work.standings:
            await self._keep(work, self._position)
        await self._end_silences()

    async def _begin(self, tenant: str, rule: Rule) -> None:
        """Hold a rule that was just saved against what is true already. Raises Overtaken."""
        if self._book.town(tenant).rules.get(rule.id) is not rule:
            return  # changed once more
        async with searching(self._broker.pool) as connection:
            entities = [one async for one in subjects(connection, tenant, rule)]
            others = [one async for one in neighbours.others(connection, tenant, rule)]
        for begin in range(0, len(entities), reading.PAGE):
            some = entities[begin : begin + reading.PAGE]
            async with single(self._broker.pool) as connection:
                keys = [(tenant, entity.id) for entity in some]
                work = _Work(await self._standings.load(connection, keys))
            for entity in some:
                readings = neighbours.readings_around(rule, entity, others)
                own = reading_of(entity, rule.attrs)
                self._take(work, tenant, [rule], [own, *readings])
            await self._keep(work, self._position)

    async def _look(self, connection: Connection) -> None:
        row = await (await connection.execute(_SQL["look"])).fetchone()
        assert row is not None
        generation, number = row[:2]
        if number != self._round:
            self._standings.clear()
            self._round = number
            self._stored = self._position = Position(int(row[2]), row[3])
        if generation != self._book.generation:
            self._new += await self._book.refresh(connection, generation)
            self._standings.clear()

    def _concerned(self, changes: Sequence[Change]) -> list[tuple[Change, list[Rule]]]:
        found = []
        for change in changes:
            if snapshot_of(change.tenant) is not None:
                continue  # a copy of what has been evaluated
            town, changed = self._book.town(change.tenant), set(change.changed)
            about = {rule.id: rule for rule in town.about(change.types, change.entity_id)}
            about |= {rule.id: rule for rule in town.looking_at(change.types)}
            rules = [
                rule
                for rule in about.values()
                if change.operation == "delete" or rule.hears_all or rule.concerns & changed
            ]
            if rules:
                found.append((change, rules))
        return found

    def _hear(self, work: _Work, heard: Heard) -> None:
        """Take the readings of one change in."""
        change = heard.change
        standing = work.standings[change.tenant, change.entity_id]
        town = self._book.town(change.tenant)
        if change.operation == "delete":
            at = moment(change.moment or self._clocks.real())
            for rule_id, state in standing.states.items():
                rule = town.rules.get(rule_id)
                if rule is not None:
                    _, moved = close(rule, state, change.entity_id, at)
                    self._tell(work, change.tenant, rule, change.entity, moved)
            # How many episodes there were stays known: should the subject come back, it goes on.
            standing.states = {
                rule_id: State(episode=state.episode)
                for rule_id, state in standing.states.items()
                if state.episode
            }
            standing.due = None
            return
        self._take(work, change.tenant, heard.rules, heard.readings)
        for rule, subject in heard.around:
            readings = [Reading(subject, one.at, one.entity) for one in heard.readings]
            self._take(work, change.tenant, [rule], readings)

    def _take(
        self, work: _Work, tenant: str, about: Sequence[Rule], readings: Sequence[Reading]
    ) -> None:
        """Hold rules against the readings of one subject, oldest first."""
        subject = readings[-1].entity
        standing = work.standings[tenant, subject.id]
        clock = moment(self._clocks.of(tenant))
        for one in readings:
            for rule in about:
                state = standing.states.get(rule.id) or State()
                try:
                    state, moved = evaluate(rule, state, one, clock)
                    self._tell(work, tenant, rule, one.entity, moved)
                except Exception:
                    # One rule or reading must not hold up all others.
                    _log.exception("not evaluated", rule=rule.id, tenant=tenant, subject=subject.id)
                    continue
                if not memory.is_blank(state):
                    standing.states[rule.id] = state
        memory.set_due(standing, self._book.town(tenant).about(subject.types, subject.id))

    async def _pass_time(self, work: _Work) -> None:
        """Let the clock say what it has to say to the subjects of `work`."""
        entities = await self._entities(list(work.standings))
        for (tenant, subject), standing in work.standings.items():
            clock = moment(self._clocks.of(tenant))
            town, entity = self._book.town(tenant), entities.get((tenant, subject))
            rules = [town.rules[one] for one in standing.states if one in town.rules]
            for rule in rules:
                state, moved = tick(rule, standing.states[rule.id], subject, clock)
                standing.states[rule.id] = state
                if entity is not None:
                    self._tell(work, tenant, rule, entity, moved)
            memory.set_due(standing, rules, looked=True)

    async def _entities(self, keys: Sequence[Key]) -> dict[Key, Entity]:
        found: dict[Key, Entity] = {}
        for tenant in {key[0] for key in keys}:
            ids = [subject for town, subject in keys if town == tenant]
            entities = await self._broker.entities.find_many(tenant, ids)
            found |= {(tenant, subject): entity for subject, entity in entities.items()}
        return found

    def _tell(
        self, work: _Work, tenant: str, rule: Rule, entity: Entity, moves: Sequence[Transition]
    ) -> None:
        clock = self._clocks.of_people(tenant)
        for moved in moves:
            silenced = self._book.silenced_until(tenant, rule.id, entity.id, clock)
            work.mutations.append(alert.mutation(tenant, rule, entity, moved, silenced))
            work.drafts.append(
                Draft(
                    tenant=tenant,
                    alert=alert.alert_id(rule.id, entity.id),
                    subject=entity.id,
                    rule=rule.id,
                    episode=moved.episode,
                    kind="state",
                    before=moved.before,
                    after=moved.after,
                    at=to_datetime(moved.at),
                    severity=rule.severity,
                    value=moved.value,
                    threshold=moved.threshold,
                    silenced_until=silenced,
                    text=alert.describe(rule, entity, moved),
                )
            )

    async def _keep(self, work: _Work, position: Position) -> None:
        """Store what was worked out and the position behind it, or nothing. Raises Overtaken."""
        for _ in range(_ATTEMPTS):
            with suppress(ChangedMeanwhile):
                async with transaction(self._broker.pool) as connection:
                    await self._store(connection, work, position)
                break
        else:
            raise Overtaken
        assert self._round is not None
        self._round += 1
        self._standings.keep(work.standings)
        for draft in work.drafts:
            CHANGES.labels(draft.after).inc()
        self._stored, self._kept_at = position, time.monotonic()

    async def _store(self, connection: Connection, work: _Work, position: Position) -> None:
        await memory.store(connection, work.standings)
        if work.mutations:
            for written in await write.write(connection, work.mutations):
                if isinstance(written, Problem):
                    # The town's quota is used up: the event is noted all the same.
                    _log.warning("alert not written", reason=written.detail)
            await events.add(connection, work.drafts)
        parameters = {
            "xid": str(position.xid),
            "seq": position.seq,
            "round": self._round,
            "generation": self._book.generation,
        }
        cursor = await connection.execute(_SQL["advance"], parameters)
        if await cursor.fetchone() is None:
            raise Overtaken

    async def _end_silences(self) -> None:
        for silence in self._book.silences():
            if silence.until <= self._clocks.of_people(silence.tenant):
                async with transaction(self._broker.pool) as connection:
                    await expire_silence(connection, silence)
