"""Changes of entities held against what may be written, at the moment they are made.

A mutation is a pure function of the entity before it, run under the lock of its row. The guard
stands around that function: what it refuses is a Problem of this mutation alone and nothing of it
is written, in a batch as anywhere.
"""

from collections.abc import Iterable, Sequence

from tamamo.context.entities.write import Change, Mutation
from tamamo.context.errors import AlreadyExists
from tamamo.context.model.entity import Entity
from tamamo.context.temporal.rows import SCOPE
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity.model import Access
from tamamo.kernel.identity.reach import ALL


def guarded(mutation: Mutation, access: Access) -> Mutation:
    """Return the mutation as somebody with this access may make it.

    What may be neither read nor written is as if it were not there. Raises Forbidden, when it is
    applied, for what may not be written as it is or as it would become.
    """
    if access.write.everything and access.read.everything:
        return mutation

    def apply(before: Entity | None, now: str) -> Change | None:
        if before is not None:
            if not is_known(access, before.types, before.scopes):
                if mutation.apply(None, now) is not None:  # raises what is missing then
                    raise AlreadyExists(f"{mutation.entity_id} exists already")
                return None
            check(access, mutation.entity_id, before.types, before.scopes)
        change = mutation.apply(before, now)
        if change is not None:
            _check_change(access, mutation.entity_id, before, change)
        return change

    return Mutation(mutation.tenant, mutation.entity_id, apply)


def is_known(access: Access, types: Sequence[str], scopes: Iterable[str]) -> bool:
    """Whether somebody may know that an entity of these types and scopes is there."""
    held = tuple(scopes)
    return access.read.allows(types, held) or access.write.allows(types, held)


def check(access: Access, entity_id: str, types: Sequence[str], scopes: Iterable[str]) -> None:
    """Raise Forbidden, naming the types, when such an entity may not be written."""
    if not access.write.allows(types, scopes):
        raise forbidden(entity_id, types)


def forbidden(entity_id: str, types: Iterable[str]) -> Forbidden:
    """Return the refusal to write an entity of these types."""
    kinds = ", ".join(types)
    return Forbidden(f"You may not write {entity_id}, an entity of type {kinds}", types=list(types))


def check_attrs(
    access: Access, entity_id: str, entity: Entity, touched: Iterable[str], *, whole: bool = False
) -> None:
    """Raise Forbidden when attributes of an entity are touched that may not be written.

    whole: the entity itself comes or goes with all it has.
    """
    allowed = access.write.attrs_of(entity.types, entity.scopes)
    if allowed is ALL:
        return
    beyond = sorted(set(touched) - allowed - {SCOPE})
    if beyond or whole:
        names = ", ".join(beyond) or "all of it"
        raise Forbidden(f"You may not write {names} of {entity_id}", attributes=beyond)


def check_scopes(
    access: Access, entity_id: str, types: Sequence[str], given: Iterable[str]
) -> None:
    """Raise Forbidden for a scope that somebody may not put an entity of these types into."""
    for scope in given:
        if not access.write.covers(types, scope):
            raise Forbidden(f"You may not put {entity_id} into the scope {scope}", scope=scope)


def _check_change(access: Access, entity_id: str, before: Entity | None, change: Change) -> None:
    after = change.after
    if after is None:
        if before is not None:
            check_attrs(access, entity_id, before, (), whole=True)
        return
    check(access, entity_id, after.types, after.scopes)
    known = () if before is None else before.scopes
    check_scopes(access, entity_id, after.types, set(after.scopes).difference(known))
    touched = {item.attr for item in change.history} | set(change.changed)
    for entity in (after,) if before is None else (before, after):
        check_attrs(access, entity_id, entity, touched, whole=before is None)
