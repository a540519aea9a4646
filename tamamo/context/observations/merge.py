"""What a batch of readings does to one entity: pure, testable without a database."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tamamo.context.model.entity import Entity, Instance
from tamamo.context.temporal.rows import SCOPE, scope_instance
from tamamo.kernel.time import from_text

_SYSTEM_TIMES = frozenset({"createdAt", "modifiedAt"})
_METADATA_FIRST = datetime.min.replace(tzinfo=UTC)


class Key(NamedTuple):
    """What makes two readings the same one."""

    entity_id: str
    attr: str
    dataset_id: str
    observed_at: datetime


@dataclass(slots=True)
class Reading:
    """One attribute instance handed in; key is None for metadata (no observedAt)."""

    attr: str
    instance: Instance
    key: Key | None


@dataclass(slots=True)
class Batch:
    """Everything one call brings for one entity."""

    entity_id: str
    types: list[str] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    #: Readings that stood twice in the call itself.
    repeated: int = 0


@dataclass(slots=True)
class Counts:
    """What happened to a batch; the meaning of each is at `Recorded`."""

    stored: int = 0
    repeated: int = 0
    late: int = 0
    created: int = 0
    metadata: int = 0


@dataclass(slots=True)
class Outcome:
    """The entity after the batch, what enters the history, and what changed in the state."""

    after: Entity
    history: list[tuple[str, Instance]]
    changed: list[str]
    #: Types or scopes differ from before.
    nature_changed: bool
    counts: Counts

    @property
    def writes_state(self) -> bool:
        """Whether the state differs at all; late readings alone leave it untouched."""
        return bool(self.changed) or self.nature_changed or self.counts.created > 0


def merge(before: Entity | None, batch: Batch, known: Container[Key], now: str) -> Outcome:
    """Apply a batch to the state of its entity.

    known: readings the history has. now: RFC 3339, becomes createdAt and modifiedAt.
    Readings are taken in order of observedAt, whatever their order in the call.
    """
    after = _start(before, batch, now)
    counts = Counts(repeated=batch.repeated, created=int(before is None))
    history: list[tuple[str, Instance]] = []
    changed: dict[str, None] = {}
    for reading in sorted(batch.readings, key=_by_time):
        if reading.key is not None and reading.key in known:
            counts.repeated += 1
            continue
        instances = after.attrs.get(reading.attr, [])
        current = _same_dataset(instances, reading.instance)
        if reading.key is None:
            if current is not None and without_times(current) == without_times(reading.instance):
                continue
            counts.metadata += 1
        else:
            counts.stored += 1
        created = current.get("createdAt", now) if current else now
        instance = {**reading.instance, "createdAt": created, "modifiedAt": now}
        history.append((reading.attr, instance))
        if reading.key is not None and _is_late(reading.instance, current):
            counts.late += 1
            continue
        after.attrs[reading.attr] = [i for i in instances if i is not current] + [instance]
        changed[reading.attr] = None
    nature_changed = before is not None and (before.types, before.scopes) != (
        after.types,
        after.scopes,
    )
    if (before is None or before.scopes != after.scopes) and after.scopes:
        history.append((SCOPE, scope_instance(after.scopes, now)))
    if changed or nature_changed:
        after.modified_at = now
    return Outcome(after, history, list(changed), nature_changed, counts)


def collect(entities: Iterable[Entity], parse: "ParseTime") -> dict[str, Batch]:
    """Group what a call brings by entity; a reading that stands twice in it is counted, once kept.

    parse: text of observedAt → moment; raises ValueError for anything else.
    """
    batches: dict[str, Batch] = {}
    seen: set[Key] = set()
    for entity in entities:
        batch = batches.setdefault(entity.id, Batch(entity.id))
        batch.types.extend(t for t in entity.types if t not in batch.types)
        batch.scopes = list(entity.scopes) or batch.scopes
        for attr, instances in entity.attrs.items():
            for instance in instances:
                observed = instance.get("observedAt")
                if observed is None:
                    batch.readings.append(Reading(attr, instance, None))
                    continue
                key = Key(entity.id, attr, instance.get("datasetId") or "", parse(observed))
                if key in seen:
                    batch.repeated += 1
                    continue
                seen.add(key)
                batch.readings.append(Reading(attr, instance, key))
    return batches


class ParseTime:
    """Parses observedAt texts, each different one once: a replay has many rows a moment."""

    def __init__(self, parse: Callable[[str], datetime]) -> None:
        self._parse = parse
        self._known: dict[str, datetime] = {}

    def __call__(self, text: str) -> datetime:
        """Return the moment a text names."""
        moment = self._known.get(text)
        if moment is None:
            moment = self._known[text] = self._parse(text)
        return moment


def without_times(instance: Any) -> Any:
    """Return an instance without system times at any depth, to compare what was said."""
    if isinstance(instance, dict):
        return {k: without_times(v) for k, v in instance.items() if k not in _SYSTEM_TIMES}
    if isinstance(instance, list):
        return [without_times(v) for v in instance]
    return instance


def _start(before: Entity | None, batch: Batch, now: str) -> Entity:
    if before is None:
        return Entity(
            batch.entity_id, list(batch.types), {}, list(batch.scopes), created_at=now,
            modified_at=now,
        )  # fmt: skip
    return Entity(
        before.id,
        before.types + [t for t in batch.types if t not in before.types],
        dict(before.attrs),
        list(batch.scopes) or list(before.scopes),
        before.created_at,
        before.modified_at,
        before.expires_at,
    )


def _by_time(reading: Reading) -> datetime:
    return reading.key.observed_at if reading.key else _METADATA_FIRST


def _same_dataset(instances: list[Instance], instance: Instance) -> Instance | None:
    dataset = instance.get("datasetId")
    return next((i for i in instances if i.get("datasetId") == dataset), None)


def _is_late(instance: Instance, current: Instance | None) -> bool:
    state = current.get("observedAt") if current else None
    if state is None:
        return False
    return from_text(instance["observedAt"]) < from_text(state)
