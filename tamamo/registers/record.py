"""How an act enters the database: state, history, outbox, edits and audit in one transaction."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import orjson

from tamamo.context.broker import Broker
from tamamo.context.entities import service, write
from tamamo.context.entities.write import Change, HistoryItem, Mutation
from tamamo.context.model.entity import Attributes, Entity
from tamamo.kernel import audit, sql
from tamamo.kernel.audit import Event
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.errors import Problem, Unavailable
from tamamo.kernel.time import from_text
from tamamo.registers import values
from tamamo.registers.declaration import Register
from tamamo.registers.desk import Desk
from tamamo.registers.model import Edit, EditKind, Visitor

SQL: Final = sql.load("tamamo.registers", "edits.sql")
#: Records written with one statement.
STEP: Final = 500
#: Records up to which each has an event of its own in the audit log; of more, the batch has one
#: with the hash of what was done, which stands in register_edit.
_EVENTS: Final = 1_000
_ATTEMPTS: Final = 5

#: (entity before, present time) → the entity after; the very same when nothing is to be done.
Step = Callable[[Entity | None, str], Entity | None]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Act:
    """What all records of one act share. now: RFC 3339; becomes modifiedAt and the edit's time."""

    desk: Desk
    kind: EditKind
    now: str
    note: str = ""
    batch: str | None = None
    #: Entity → the edit that is taken back.
    undoes: Mapping[str, int] = field(default_factory=dict)

    @property
    def visitor(self) -> Visitor:
        """Who acts."""
        return self.desk.visitor

    @property
    def register(self) -> Register:
        """Where."""
        return self.desk.register


@dataclass(frozen=True, slots=True)
class Done:
    """What an act did to one record."""

    entity_id: str
    before: Entity | None
    after: Entity | None

    @property
    def changed(self) -> tuple[Attributes | None, Attributes | None]:
        """The attributes that differ, before and after; None: there was or is no record."""
        if self.before is None or self.after is None:
            return _attrs(self.before), _attrs(self.after)
        old, new = self.before.attrs, self.after.attrs
        names = [iri for iri in {**old, **new} if old.get(iri) != new.get(iri)]
        return (
            {iri: old[iri] for iri in names if iri in old},
            {iri: new[iri] for iri in names if iri in new},
        )


def _attrs(entity: Entity | None) -> Attributes | None:
    return None if entity is None else entity.attrs


async def in_transaction(broker: Broker, act: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Run an act in one transaction, again when another one created an entity meanwhile."""
    for _ in range(_ATTEMPTS):
        with suppress(write.ChangedMeanwhile):
            async with transaction(broker.pool) as connection:
                return await act(connection)
    raise Unavailable("The record is being created and deleted all the time. Try again.")


def mutation(tenant: str, entity_id: str, step: Step) -> Mutation:
    """Return a step as the broker's write path takes it."""

    def apply(before: Entity | None, now: str) -> Change | None:
        after = step(before, now)
        if after is before:
            return None
        if after is None:
            return service.deletion(tenant, entity_id).apply(before, now)
        if before is None:
            return service.creation(tenant, after).apply(before, now)
        rows = values.changed_instances(before.attrs, after.attrs, now)
        names = list(dict.fromkeys(row[0] for row in rows))
        return Change(after, [HistoryItem(*row) for row in rows], names)

    return Mutation(tenant, entity_id, apply)


async def carry_out(
    connection: Connection, act: Act, steps: Sequence[tuple[str, Step]]
) -> list[Done]:
    """Write the steps of an act inside an open transaction and return what was really changed.

    Raises the first Problem of any step; then the transaction must be rolled back.
    """
    tenant = act.visitor.tenant
    every: list[Done] = []
    for start in range(0, len(steps), STEP):
        part = [mutation(tenant, *one) for one in steps[start : start + STEP]]
        done = []
        for one, written in zip(
            part, await write.write(connection, part, None, act.now), strict=True
        ):
            if isinstance(written, Problem):
                raise written
            if written.change is not None:
                done.append(Done(one.entity_id, written.before, written.change.after))
        every += done
    return every


class Journal:
    """What an act did, noted bit by bit: for the history of records, and in the audit log."""

    def __init__(self, connection: Connection, act: Act) -> None:
        self._connection = connection
        self._act = act
        self._digest = hashlib.sha256()
        self._events: list[Event] = []
        self.records = 0

    async def add(self, done: Sequence[Done]) -> list[int]:
        """Note what was done to records; return the numbers of the edits, in their order."""
        numbers: list[int] = []
        for start in range(0, len(done), STEP):
            rows = [_columns(self._act, one) for one in done[start : start + STEP]]
            for row in rows:
                self._digest.update(orjson.dumps([row["entities"], row["befores"], row["afters"]]))
            columns = {name: [row[name] for row in rows] for name in rows[0]}
            cursor = await self._connection.execute(
                SQL["insert"], {**columns, **_common(self._act)}
            )
            numbers += [row[0] for row in await cursor.fetchall()]
        self.records += len(done)
        if self.records <= _EVENTS:
            self._events += [_event(self._act, one) for one in done]
        return numbers

    async def close(self) -> None:
        """Put the act into the audit log."""
        events = self._events if self.records <= _EVENTS else []
        await audit.append_many(self._connection, [*events, *self._of_batch()])

    def _of_batch(self) -> list[Event]:
        act = self._act
        if act.batch is None:
            return []
        said = {
            "register": act.register.id,
            "records": self.records,
            "sha256": self._digest.hexdigest(),
            **({"note": act.note} if act.note else {}),
        }
        actor, action = act.visitor.actor.subject, f"register.{act.kind}"
        return [Event(act.visitor.tenant, actor, action, f"batch:{act.batch}", after=said)]


async def note(connection: Connection, act: Act, done: Sequence[Done]) -> list[int]:
    """Note the whole of what an act did; return the numbers of the edits."""
    journal = Journal(connection, act)
    numbers = await journal.add(done)
    await journal.close()
    return numbers


def _common(act: Act) -> dict[str, Any]:
    return {
        "tenant": act.visitor.tenant,
        "register": act.register.id,
        "batch": act.batch,
        "kind": act.kind,
        "actor": act.visitor.actor.subject,
        "name": act.visitor.actor.name,
        "at": act.now,
        "note": act.note,
    }


def _columns(act: Act, one: Done) -> dict[str, Any]:
    before, after = one.changed
    shown = one.after or one.before
    assert shown is not None
    head = None
    if one.before is not None and one.after is None:
        head = orjson.dumps({"types": one.before.types, "scopes": one.before.scopes}).decode()
    return {
        "entities": one.entity_id,
        "titles": values.heading_of(act.register, shown),
        "heads": head,
        "befores": _document(before),
        "afters": _document(after),
        "undoes": act.undoes.get(one.entity_id),
    }


def _document(attrs: Attributes | None) -> str | None:
    return None if attrs is None else orjson.dumps(attrs).decode()


def _event(act: Act, one: Done) -> Event:
    old, new = (None if attrs is None else attrs for attrs in one.changed)
    changes = values.differences(act.register, old, new)
    if act.register.personal:
        # The log is kept longer than the data may be: it says what was touched, not what it says.
        fields = {"register": act.register.id, "fields": [change.field for change in changes]}
        return Event(
            act.visitor.tenant,
            act.visitor.actor.subject,
            f"register.{act.kind}",
            one.entity_id,
            after=fields,
        )
    before = {c.field: c.before.value for c in changes if c.before is not None}
    after = {c.field: c.after.value for c in changes if c.after is not None}
    return Event(
        act.visitor.tenant,
        act.visitor.actor.subject,
        f"register.{act.kind}",
        one.entity_id,
        before if old is not None else None,
        {**after, "note": act.note} if act.note else after if new is not None else None,
    )


def edit_of(act: Act, one: Done, number: int) -> Edit:
    """Return what was done to a record, as the history shows it."""
    shown = one.after or one.before
    assert shown is not None
    return Edit(
        id=number,
        batch=act.batch,
        kind=act.kind,
        actor=act.visitor.actor.subject,
        name=act.visitor.actor.name,
        at=from_text(act.now),
        register=act.register.id,
        entity_id=one.entity_id,
        title=values.heading_of(act.register, shown),
        changes=values.differences(act.register, *one.changed),
        note=act.note,
        undoes=act.undoes.get(one.entity_id),
        undoable=True,
    )
