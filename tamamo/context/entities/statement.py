"""The one statement by which changes are written: its rows, gathered column by column."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from os import urandom
from typing import cast

import orjson
from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from tamamo.context.entities import store
from tamamo.context.entities.mutations import (
    Change,
    ChangedMeanwhile,
    HistoryItem,
    Mutation,
    Written,
)
from tamamo.context.errors import BadRequestData
from tamamo.context.model.entity import Entity
from tamamo.context.temporal.marks import mark, rolled_up
from tamamo.context.temporal.rows import number_of
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import PayloadTooLarge, Problem
from tamamo.kernel.time import from_text
from tamamo.kernel.towns.quota import Guard

#: A row as the statement takes it: every value as text.
Row = tuple[str | None, ...]
#: Bytes of an entity's attributes in stored form: what is added bit by bit must stay readable, too.
MAX_BYTES = 16 * 1024 * 1024


class Batch:
    """The rows of one statement: what has been applied, until it is flushed."""

    def __init__(
        self,
        now: str,
        stored: dict[store.Key, Entity],
        guard: Guard | None = None,
        seen: store.Seen | None = None,
    ) -> None:
        """stored: what there is; seen: what is known of it, where its rows are not locked."""
        self._now = now
        self._guard = guard
        self._stored = stored
        self._versions = {} if seen is None else seen.versions
        self._fresh = set() if seen is None else seen.fresh
        # An expired entity is no more, although its row still stands (clause 4.22).
        self._current = {
            key: entity
            for key, entity in stored.items()
            if entity.expires_at is None or from_text(entity.expires_at) > from_text(now)
        }
        self._touched: dict[store.Key, _Touched] = {}
        self._history: list[Row] = []
        self._outbox: list[Row] = []

    def apply(self, mutation: Mutation) -> Written | Problem:
        """Work out a change and gather its rows; a Problem gathers nothing."""
        key = (mutation.tenant, mutation.entity_id)
        before = self._current.get(key)
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
                self._set_state(key, before, change, attrs)
        return Written(before, change)

    def _refused(self, mutation: Mutation, before: Entity | None, change: Change) -> Problem | None:
        """Return why the limits of its tenant do not allow a change."""
        assert self._guard is not None
        existed = before is not None
        exists = change.after is not None if change.write_state else existed
        return self._guard.refuses(mutation.tenant, existed=existed, exists=exists)

    def _set_state(
        self, key: store.Key, before: Entity | None, change: Change, attrs: bytes | None
    ) -> None:
        previous = None
        if change.after is None:
            assert before is not None
            operation, subject = "delete", before
            del self._current[key]
        else:
            operation, subject = ("create" if before is None else "update"), change.after
            previous = None if before is None else _previous(before, change.changed)
            self._current[key] = subject
        types, bounds = store.array_literal(tuple(subject.types)), store.bounds(subject)
        self._touched[key] = _Touched(subject, attrs, types, bounds)
        self._outbox.append(
            (
                *key,
                operation,
                types,
                store.array_literal(tuple(change.changed)),
                bounds,
                store.to_document(subject, attrs).decode(),
                previous,
            )
        )

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
        touched = sorted(self._touched.items(), key=itemgetter(0))
        state = [self._state_row(*item) for item in touched if item[1].attrs is not None]
        gone = [
            (*key, self._versions.get(key))
            for key, last in touched
            if last.attrs is None and key in self._stored
        ]
        evolution = [self._evolution_row(*item) for item in touched if self._kind(*item) != _SAME]
        history = [
            (*row, identifier)
            for row, identifier in zip(
                self._history, _instance_ids(len(self._history)), strict=True
            )
        ]
        try:
            cursor = await connection.execute(
                store.SQL["write_changes"],
                {
                    **_columns(_STATE_COLUMNS, state),
                    **_columns(_GONE_COLUMNS, gone),
                    **_columns(_EVOLUTION_COLUMNS, evolution),
                    **_columns(_HISTORY_COLUMNS, history),
                    **_columns(_OUTBOX_COLUMNS, self._outbox),
                    "rows": len(state) + len(gone),
                    "closed_until": closed_until,
                },
            )
        except (SerializationFailure, DeadlockDetected, UniqueViolation) as error:
            raise ChangedMeanwhile from error
        answer = await cursor.fetchone()
        assert answer is not None
        day: str = answer[0]
        return day

    def _state_row(self, key: store.Key, last: "_Touched") -> Row:
        entity, attrs = last.entity, last.attrs
        assert attrs is not None
        return (
            *key,
            self._kind(key, last),
            entity.types[0],
            last.types,
            store.array_literal(tuple(entity.scopes)),
            attrs.decode(),
            last.bounds,
            entity.created_at,
            entity.modified_at,
            entity.expires_at,
            _first_expiry(entity, attrs),
            self._versions.get(key),
        )

    def _evolution_row(self, key: store.Key, last: "_Touched") -> Row:
        entity, deleted = last.entity, last.attrs is None
        return (
            *key,
            entity.types[0],
            last.types,
            store.array_literal(tuple(entity.scopes)),
            entity.created_at,
            self._now if deleted else entity.modified_at,
            self._now if deleted else None,
            "f" if key in self._fresh else None,
        )

    def _kind(self, key: store.Key, last: "_Touched") -> str:
        """Return whether the row is new, or of the same types and scopes, or of others or gone."""
        before, entity = self._stored.get(key), last.entity
        if before is None:
            return _NEW
        same = before.types == entity.types and before.scopes == entity.scopes
        return _SAME if same and last.attrs is not None and before.expires_at is None else _OTHER


@dataclass(slots=True)
class _Touched:
    """The last state seen of an entity; attrs: its JSON, None when the entity is gone."""

    entity: Entity
    attrs: bytes | None
    types: str
    bounds: str | None


_STATE_COLUMNS = (
    "tenant", "id", "kind", "type", "types", "scopes", "attrs", "bounds", "created", "modified",
    "expires", "attrs_expire", "version",
)  # fmt: skip
_GONE_COLUMNS = ("gone_tenant", "gone_id", "gone_version")
_EVOLUTION_COLUMNS = (
    "e_tenant", "e_id", "e_type", "e_types", "e_scopes", "e_created", "e_modified", "e_deleted",
    "e_first",
)  # fmt: skip
_HISTORY_COLUMNS = (
    "h_tenant", "h_entity", "h_attr", "h_dataset", "h_at", "h_observed", "h_created",
    "h_modified", "h_deleted", "h_number", "h_instance", "h_id",
)  # fmt: skip
_OUTBOX_COLUMNS = (
    "o_tenant", "o_entity", "o_operation", "o_types", "o_changed", "o_bounds", "o_document",
    "o_previous",
)  # fmt: skip


#: Tenant, entity id, attribute and observedAt of a row of the history; a deletion has none.
_measured = itemgetter(0, 1, 2, 5)


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


#: What a row of the state is compared with the one before it.
_NEW, _SAME, _OTHER = "n", "s", "o"
#: Between two rows of a column, and for null. No JSON, URI or name contains them.
_SEPARATOR, _NULL = "\x1f", "\x1e"


def _columns(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> dict[str, str]:
    """Return each column as one text. Raises BadRequestData on a text with a control character."""
    if not rows:
        return dict.fromkeys(names, "")
    columns = {}
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        try:
            text = _SEPARATOR.join(cast(tuple[str, ...], column))
        except TypeError:  # a null among them
            text = _SEPARATOR.join([_NULL if part is None else part for part in column])
        if text.count(_SEPARATOR) != len(rows) - 1:
            raise BadRequestData("A name contains a control character")
        columns[name] = text
    return columns


def _instance_ids(count: int) -> list[str]:
    """Return random UUIDs (version 4), several times cheaper than the database makes them."""
    digits = urandom(16 * count).hex()
    return [
        f"{digits[at : at + 12]}4{digits[at + 13 : at + 16]}a{digits[at + 17 : at + 32]}"
        for at in range(0, 32 * count, 32)
    ]


def _attrs_of(change: Change) -> bytes | None:
    """Return the JSON of the new state's attributes, where there is one."""
    if change.after is None or not change.write_state:
        return None
    return orjson.dumps(change.after.attrs)


def _previous(before: Entity, changed: Sequence[str]) -> str:
    values = {attr: before.attrs[attr] for attr in changed if attr in before.attrs}
    return orjson.dumps(values).decode()


def _history_row(key: store.Key, item: HistoryItem) -> Row:
    instance = item.instance
    observed = instance.get("observedAt")
    deleted = instance.get("deletedAt")
    number = None if deleted else number_of(instance)
    return (
        *key,
        item.attr,
        instance.get("datasetId"),
        deleted or observed or instance["modifiedAt"],
        observed,
        instance["createdAt"],
        instance["modifiedAt"],
        deleted,
        None if number is None else repr(number),
        orjson.dumps(instance).decode(),
    )
