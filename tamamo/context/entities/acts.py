"""What the audit log says of changes of entities that somebody made through an API."""

from collections.abc import Iterable, Sequence
from typing import Any

from tamamo.context.acting import Act, bounded
from tamamo.context.entities.mutations import Change, Mutation, Written
from tamamo.context.model.entity import Entity
from tamamo.context.temporal.rows import SCOPE
from tamamo.kernel.audit import Event
from tamamo.kernel.errors import Problem


def events_of(mutations: Sequence[Mutation], results: Sequence[Written | Problem]) -> list[Event]:
    """Return an event for each change that is to be noted, in order."""
    found = []
    for mutation, result in zip(mutations, results, strict=True):
        act = mutation.by
        if act is None or isinstance(result, Problem) or result.change is None:
            continue
        event = _event(act, mutation.entity_id, result.before, result.change)
        if event is not None:
            found.append(event)
    return found


def _event(act: Act, entity_id: str, before: Entity | None, change: Change) -> Event | None:
    if not (change.write_state or change.history):
        return None
    after = change.after
    personal = any(act.is_personal(one.types) for one in (before, after) if one is not None)
    if not (personal or act.by_person):
        return None
    touched = list(dict.fromkeys([*change.changed, *(item.attr for item in change.history)]))
    action = "change"
    if before is None:
        action = "create"
    elif after is None:
        action = "delete"
    event_of = (act.tenant, act.subject, f"entity.{action}", entity_id)
    if personal:
        # The log is kept longer than the data may be: it says what was touched, not what it says.
        kinds = (after or before or Entity(entity_id, [], {})).types
        return Event(*event_of, after={"types": kinds, "attributes": touched})
    return Event(*event_of, _side(before, after, touched), _side(after, before, touched))


def _side(
    one: Entity | None, other: Entity | None, touched: Iterable[str]
) -> dict[str, Any] | None:
    """Return what an entity has of what was touched, and its types where they changed."""
    if one is None:
        return None
    said: dict[str, Any] = {}
    if other is None or one.types != other.types:
        said["types"] = one.types
    for attr in touched:
        if attr == SCOPE:
            said[SCOPE] = one.scopes
        elif attr in one.attrs:
            said[attr] = one.attrs[attr]
    return bounded(said)
