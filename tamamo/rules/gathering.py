"""From committed changes to readings: also those that one write brought beside the newest."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from tamamo.context.changes import Change
from tamamo.context.model.entity import Entity, Instance
from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.kernel.time import from_text
from tamamo.rules.leaves import default_instance
from tamamo.rules.rule import Rule
from tamamo.rules.state import Reading

_SQL = sql.load("tamamo.rules")
#: Readings of one attribute of one write that are looked at.
MOST: Final = 20_000
_EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(slots=True)
class Heard:
    """A change with the rules it concerns, and the readings it brought, oldest first.

    around: other subjects for which a rule looks at the changed one.
    """

    change: Change
    rules: list[Rule]
    readings: list[Reading]
    around: list[tuple[Rule, Entity]] = field(default_factory=list)

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Tenant and id of every subject it may move."""
        ids = [self.change.entity_id, *(subject.id for _, subject in self.around)]
        return [(self.change.tenant, one) for one in ids]


async def gather(
    connection: Connection, concerned: Sequence[tuple[Change, list[Rule]]]
) -> list[Heard]:
    """Return what changes brought. The state holds the newest reading of a write only."""
    asked: list[tuple[int, str, datetime, datetime]] = []
    for n, (change, rules) in enumerate(concerned):
        asked += [(n, *span) for span in _spans(change, rules)]
    between: dict[int, list[tuple[str, Instance]]] = defaultdict(list)
    if asked:
        cursor = await connection.execute(_SQL["between"], _parameters(concerned, asked))
        for n, attr, instance in await cursor.fetchall():
            between[n].append((attr, instance))
    return [
        Heard(change, rules, readings_of(change, _attrs(rules), between.get(n, ())))
        for n, (change, rules) in enumerate(concerned)
    ]


def readings_of(
    change: Change, attrs: frozenset[str], between: Sequence[tuple[str, Instance]] = ()
) -> list[Reading]:
    """Return the subject as of each moment at which one of the attributes was measured.

    attrs: those that anybody looks at. between: readings that the write brought beside the newest.
    """
    entity = change.entity
    moments: dict[float, dict[str, Instance]] = defaultdict(dict)
    newest = {attr: instance for attr, instance in _measured(change) if attr in attrs}
    for attr, instance in [*between, *newest.items()]:
        moments[_seconds(instance["observedAt"])][attr] = instance
    last = max((_seconds(one["observedAt"]) for _, one in _measured(change)), default=None)
    if last is None:
        last = _seconds(entity.modified_at)
    if len(moments) < 2:
        return [Reading(entity, last)]
    before = change.before
    values = dict(entity.attrs)
    for attr in newest:
        # As it was before; of a new entity nothing had been measured.
        values[attr] = [] if before is None else before.attrs.get(attr, [])
    found: list[Reading] = []
    for at, measured in sorted(moments.items()):
        values = {**values, **{attr: [instance] for attr, instance in measured.items()}}
        found.append(Reading(replace(entity, attrs=values), at))
    found[-1] = Reading(entity, last)
    return found


def reading_of(entity: Entity, attrs: frozenset[str]) -> Reading:
    """Return an entity as it stands as a reading: of when one of the attributes was last measured.

    attrs: those that anybody looks at; empty: all.
    """
    instances = (
        default_instance(entity, attr) or {} for attr in entity.attrs if not attrs or attr in attrs
    )
    moments = [_seconds(one["observedAt"]) for one in instances if "observedAt" in one]
    return Reading(entity, max(moments, default=None) or _seconds(entity.modified_at))


def _measured(change: Change) -> Iterator[tuple[str, Instance]]:
    for attr in change.changed:
        instance = default_instance(change.entity, attr)
        if instance is not None and "observedAt" in instance:
            yield attr, instance


def _spans(change: Change, rules: Sequence[Rule]) -> list[tuple[str, datetime, datetime]]:
    """Return the attributes of which there may be more readings, and between which moments."""
    if change.operation == "delete":
        return []
    attrs = _attrs(rules) & set(change.changed)
    previous = change.previous or {}
    found = []
    for attr in attrs:
        instance = default_instance(change.entity, attr)
        if instance is None or "observedAt" not in instance:
            continue
        old = default_instance(Entity("", [], {attr: previous.get(attr, [])}), attr)
        low = from_text(old["observedAt"]) if old and "observedAt" in old else _EARLIEST
        found.append((attr, low, from_text(instance["observedAt"])))
    return found


def _parameters(
    concerned: Sequence[tuple[Change, list[Rule]]],
    asked: Sequence[tuple[int, str, datetime, datetime]],
) -> dict[str, Any]:
    changes = [concerned[n][0] for n, *_ in asked]
    return {
        "tenants": [change.tenant for change in changes],
        "ids": [change.entity_id for change in changes],
        "attrs": [attr for _, attr, _, _ in asked],
        "lows": [low for _, _, low, _ in asked],
        "highs": [high for _, _, _, high in asked],
        "modified": [from_text(change.entity.modified_at or "") for change in changes],
        "ns": [n for n, *_ in asked],
        "limit": MOST,
    }


def _attrs(rules: Sequence[Rule]) -> frozenset[str]:
    return frozenset().union(*(rule.measured for rule in rules))


def _seconds(text: str | None) -> float:
    return from_text(text or "").timestamp()


__all__ = ["MOST", "Heard", "gather", "reading_of", "readings_of"]
