"""The one statement by which changes are written: its rows, gathered column by column."""

from operator import itemgetter
from typing import Final

import orjson
from psycopg import AsyncRawCursor
from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from tamamo.context.entities import store
from tamamo.context.entities.columns import Columns, Row, random_uuids
from tamamo.context.entities.mutations import (
    BEGUN,
    CHANGED,
    Change,
    ChangedMeanwhile,
    HistoryItem,
    Mutation,
    Written,
)
from tamamo.context.model import merge
from tamamo.context.model.entity import Entity
from tamamo.context.temporal.marks import mark, rolled_up
from tamamo.context.temporal.rows import number_of
from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import PayloadTooLarge, Problem
from tamamo.kernel.time import from_text
from tamamo.kernel.towns.quota import Guard

#: Bytes of an entity's attributes in stored form: what is added bit by bit must stay readable, too.
MAX_BYTES = 16 * 1024 * 1024


class Batch:
    """The rows of one statement: what has been applied, until it is flushed."""

    def __init__(
        self,
        now: str,
        stored: "dict[store.Key, Entity] | store.Seen",
        guard: Guard | None = None,
        *,
        once: bool = False,
    ) -> None:
        """stored: what there is, locked or only seen. once: no entity is changed twice.

        What a change took and made is put away as text at once, and what nobody asks for any more
        is let go: while memory holds a few entities, not a thousand, the processor finds them in
        its cache, which halves the time (docs/performance.md).
        """
        self._now = now
        self._guard = guard
        self._stored = stored
        self._seen = stored if isinstance(stored, store.Seen) else None
        self._once = once
        #: What was made of entities that may be changed again, and what stood before all changes.
        self._current: dict[store.Key, tuple[Entity | None, Entity | None]] = {}
        self._touched: dict[store.Key, Row] = {}
        #: The version of the rows it has written.
        self.version: str | None = None
        self._told: set[store.Key] = set()
        self._history: list[Row] = []
        self._outbox: list[Row] = []

    def apply(self, mutation: Mutation) -> Written | Problem:
        """Work out a change and gather its rows; a Problem gathers nothing."""
        key = (mutation.tenant, mutation.entity_id)
        if key in self._current:
            before, stored = self._current[key]
        else:
            stored = self._stored.get(key)
            before = None if stored is None or self._is_over(stored) else stored
        try:
            change = mutation.apply(before, self._now)
        except Problem as problem:
            return problem
        if change is not None:
            attrs = _attrs_of(change)
            if attrs is not None and len(attrs) > MAX_BYTES:
                return PayloadTooLarge(
                    f"{mutation.entity_id} would take {len(attrs)} bytes, at most {MAX_BYTES} are"
                    " kept of an entity"
                )
            if self._guard is not None and (refused := self._refused(mutation, before, change)):
                return refused
            for item in change.history:
                self._history.append(_history_row(key, item))
            if change.write_state:
                self._set_state(key, stored, before, change, attrs)
                if not self._once:
                    self._current[key] = change.after, stored
        if mutation.brief and mutation.by is None and (change is None or change.result is None):
            return BEGUN if before is None else CHANGED
        return Written(before, change)

    def _is_over(self, entity: Entity) -> bool:
        """Whether an entity has expired: it is no more, although its row still stands (4.22)."""
        expiry = entity.expires_at
        return expiry is not None and from_text(expiry) <= from_text(self._now)

    def _refused(self, mutation: Mutation, before: Entity | None, change: Change) -> Problem | None:
        """Return why the limits of its tenant do not allow a change."""
        assert self._guard is not None
        existed = before is not None
        exists = change.after is not None if change.write_state else existed
        return self._guard.refuses(mutation.tenant, existed=existed, exists=exists)

    def _set_state(
        self,
        key: store.Key,
        stored: Entity | None,
        before: Entity | None,
        change: Change,
        attrs: bytes | None,
    ) -> None:
        entity, operation, previous = change.after, "create", None
        if entity is None:
            assert before is not None
            entity, operation = before, "delete"
            attrs, kind = orjson.dumps(entity.attrs), _UNDONE if stored is None else _GONE
        else:
            assert attrs is not None
            kind = self._kind(key, stored, entity)
            if before is not None:
                operation, previous = "update", _previous(before, change)
        shared = store.kind_of(entity)
        row = (
            *key,
            kind,
            entity.types[0],
            shared.types,
            shared.scopes,
            attrs,
            store.bounds(entity),
            entity.created_at,
            entity.modified_at,
            entity.expires_at,
            _first_expiry(entity, attrs),
            None if self._seen is None else self._seen.version(key),
            operation,
            store.array_literal(tuple(change.changed)),
            store.document_head(entity, shared),
            previous,
            str(len(self._touched)),
        )
        earlier = self._touched.get(key)
        if earlier is not None or change.after is None:
            # The state's row tells of one change, and of none that left no row.
            if earlier is not None and key not in self._told:
                self._outbox.append(_outbox_row(earlier))
            self._outbox.append(_outbox_row(row))
            self._told.add(key)
        self._touched[key] = row

    def _kind(self, key: store.Key, stored: Entity | None, entity: Entity) -> str:
        """Return what a row of the state is compared with the one that stands."""
        if stored is None:
            return _FIRST if self._seen is not None and self._seen.is_first(key) else _NEW
        same = stored.types == entity.types and stored.scopes == entity.scopes
        return _SAME if same and stored.expires_at is None else _OTHER

    def attrs_of(self, key: store.Key) -> bytes | None:
        """Return the JSON of an entity's attributes as they are written; None: it is not."""
        row = self._touched.get(key)
        return None if row is None else row[_ATTRS]

    async def flush(self, connection: Connection) -> None:
        """Write to rows that are locked. Raises ChangedMeanwhile when one was created."""
        if self._touched or self._history:
            closed_until = await self._write(connection, None)
            await mark(connection, map(_measured, self._history), closed_until)

    async def flush_at_once(self, connection: Connection, closed_until: str) -> None:
        """Write in one statement. Raises ChangedMeanwhile, also where days are to be marked."""
        if any(rolled_up(map(_measured, self._history), closed_until)):
            raise ChangedMeanwhile
        if self._touched or self._history:
            await self._write(connection, closed_until)

    async def _write(self, connection: Connection, closed_until: str | None) -> str:
        # In order, as rows are locked: two batches that create the same entities do not deadlock.
        rows = sorted(self._touched.values(), key=_key_of)
        state = [self._state_row(row) for row in rows if row[_KIND] not in _ENDS]
        ended = [row for row in rows if row[_KIND] in _ENDS]
        gone = [_version_of(row) for row in ended if row[_KIND] == _GONE]
        given = {
            **_STATE.of(state),
            **_HISTORY.of(self._history),
            "h_id": random_uuids(len(self._history)),
            "rows": len(state) + len(gone),
            "closed_until": closed_until,
        }
        if closed_until and state and not ended and not self._outbox and _only_values(state):
            statement = _VALUES
        else:
            statement = _CHANGES
            given |= _DELETED.of(gone)
            given |= _ENDED.of([(*_evolved(row), self._now) for row in ended])
            given |= _OUTBOX.of(self._outbox)
        try:
            cursor = await AsyncRawCursor(connection).execute(
                statement.text, statement.in_order(given)
            )
        except (SerializationFailure, DeadlockDetected, UniqueViolation) as error:
            raise ChangedMeanwhile from error
        answer = await cursor.fetchone()
        assert answer is not None
        day: str
        day, self.version = answer
        return day

    def _state_row(self, row: Row) -> Row:
        if _key_of(row) in self._told:
            return (*row[:_HEAD], None, None, None)
        return row


def _own(*names: str) -> Columns:
    """Return the columns of rows that are few: nothing is looked for that is the same."""
    return Columns(names, own=frozenset(names), json=frozenset({"o_document", "o_previous"}))


_STATE: Final = Columns(
    (
        "tenant", "id", "kind", "type", "types", "scopes", "attrs", "bounds", "created",
        "modified", "expires", "attrs_expire", "version", "operation", "changed", "head",
        "previous", "place",
    ),
    own=frozenset({"id", "attrs", "previous", "place"}),
    json=frozenset({"attrs", "head", "previous"}),
)  # fmt: skip
_DELETED: Final = _own("gone_tenant", "gone_id", "gone_version")
_ENDED: Final = _own(
    "e_tenant", "e_id", "e_type", "e_types", "e_scopes", "e_created", "e_deleted"
)  # fmt: skip
_HISTORY: Final = Columns(
    (
        "h_tenant", "h_entity", "h_attr", "h_dataset", "h_at", "h_observed", "h_created",
        "h_modified", "h_deleted", "h_number", "h_instance",
    ),
    own=frozenset({"h_instance"}),
    json=frozenset({"h_instance"}),
)  # fmt: skip
_OUTBOX: Final = _own(
    "o_tenant", "o_entity", "o_operation", "o_types", "o_changed", "o_bounds", "o_document",
    "o_previous",
)  # fmt: skip


_SQL: Final = sql.load("tamamo.context.entities", "changes.sql")


class _Statement:
    """A statement of parts of changes.sql, and what takes its parameters in their order."""

    def __init__(self, *parts: str, answer: str) -> None:
        """parts: the blocks it consists of. answer: the last one."""
        within = ",\n".join(f"{part} as (\n{_SQL[part]}\n)" for part in parts)
        self.text, names = sql.numbered(f"with {within}\n{_SQL[answer]}")
        self.in_order = itemgetter(*names)


_CHANGES: Final = _Statement(
    "state", "inserted", "updated", "deleted", "begun", "evolution", "history", "told",
    "told_apart", answer="answer",
)  # fmt: skip
#: Where nothing but values change, as in most statements: each part costs, also where it finds
#: nothing to do.
_VALUES: Final = _Statement("state", "updated", "history", "told", answer="answer_of_values")

#: Parts of a row of the state.
_KIND, _ATTRS, _HEAD = 2, 6, 15
_key_of, _version_of = itemgetter(0, 1), itemgetter(0, 1, 12)
_kind_of = itemgetter(_KIND)
_evolved = itemgetter(0, 1, 3, 4, 5, 8)
#: Tenant, entity id, attribute and observedAt of a row of the history; a deletion has none.
_measured = itemgetter(0, 1, 2, 5)


def _only_values(state: list[Row]) -> bool:
    """Whether all of them stand, and keep their types and scopes."""
    return set(map(_kind_of, state)) == {_SAME}


def _outbox_row(row: Row) -> Row:
    """Return the row of the outbox for a row of the state."""
    *key, _, _, types, _, attrs, bounds, _, _, _, _, _, operation, changed, head, previous, _ = row
    return (*key, operation, types, changed, bounds, b"%b%b}" % (head, attrs), previous)


def _first_expiry(entity: Entity, attrs: bytes) -> str | None:
    """Return when the first of its attribute instances is over (clause 4.22)."""
    if b'"expiresAt"' not in attrs:
        return None
    found = [
        item["expiresAt"]
        for items in entity.attrs.values()
        for item in items
        if "expiresAt" in item
    ]
    return min(found, key=from_text, default=None)


#: What a row of the state is compared with the one that stands: the first of its entity, ever or
#: now; of the same types and scopes; of others; the end of it; the end of what never stood.
_FIRST, _NEW, _SAME, _OTHER, _GONE, _UNDONE = "f", "n", "s", "o", "g", "u"
_ENDS: Final = frozenset({_GONE, _UNDONE})


def _attrs_of(change: Change) -> bytes | None:
    """Return the JSON of the new state's attributes, where there is one."""
    if change.after is None or not change.write_state:
        return None
    return orjson.dumps(change.after.attrs)


def _previous(before: Entity, change: Change) -> bytes:
    """Return what the attributes changed were; null for those that say the same again."""
    again, attrs = change.again, before.attrs
    values = {
        attr: None if attr in again else attrs[attr] for attr in change.changed if attr in attrs
    }
    return orjson.dumps(values)


def _history_row(key: store.Key, item: HistoryItem | merge.Written) -> Row:
    instance = item.instance
    observed, deleted = instance.get("observedAt"), instance.get("deletedAt")
    modified = instance["modifiedAt"]
    number = None if deleted else number_of(instance)
    return (
        *key,
        item.attr,
        instance.get("datasetId"),
        deleted or observed or modified,
        observed,
        instance["createdAt"],
        modified,
        deleted,
        None if number is None else repr(number),
        orjson.dumps(instance),
    )
