"""What the operations of NGSIv2 make of an entity: steps for the broker's one write path."""

from collections.abc import Mapping

from tamamo.context.entities import service, write
from tamamo.context.entities.service import Step
from tamamo.context.model import merge
from tamamo.context.model.entity import Entity, Instance
from tamamo.context.model.parse import Fragment
from tamamo.context.ngsiv2.attributes import keep_metadata
from tamamo.context.ngsiv2.entities import Draft
from tamamo.context.ngsiv2.errors import NotFound, Unprocessable
from tamamo.context.query import scopeq

Outcome = tuple[Entity, merge.Change]
EXISTS = "exists already"
MISSING = "does not exist"


def default_instance(entity: Entity, iri: str) -> Instance | None:
    """Return the instance NGSIv2 writes: the one without a datasetId."""
    found = (item for item in entity.attrs.get(iri, ()) if "datasetId" not in item)
    return next(found, None)


def check_place(entity: Entity, scope: scopeq.Node | None) -> None:
    """Raise NotFound for an entity that is not in the service path."""
    if scope is not None and not scopeq.matches(scope, entity):
        raise NotFound("There is no such entity in this service path")


def append(
    draft: Draft, scope: scopeq.Node | None, *, strict: bool = False, override: bool = False
) -> Step:
    """Return the step that updates or appends; strict: what is there already is left as it is."""

    def step(before: Entity, now: str) -> Outcome:
        check_place(before, scope)
        fragment = _fragment(draft, before, override)
        present = [iri for iri in fragment.attrs if strict and iri in before.attrs]
        for iri in present:
            del fragment.attrs[iri]
        after, change = merge.append(before, fragment, now)
        change.not_updated += [(iri, EXISTS) for iri in present]
        return after, change

    return step


def create_or_append(
    draft: Draft, scope: scopeq.Node | None, *, strict: bool = False, override: bool = False
) -> Step:
    """Return the same step for the entity that is there where one was to be created."""
    inner = append(draft, scope, strict=strict, override=override)

    def step(before: Entity, now: str) -> Outcome:
        _check_same(before, draft, scope)
        return inner(before, now)

    return step


def update(draft: Draft, scope: scopeq.Node | None, *, override: bool = False) -> Step:
    """Return the step that updates what is there; what is not is not updated."""

    def step(before: Entity, now: str) -> Outcome:
        check_place(before, scope)
        fragment = _fragment(draft, before, override)
        absent = [iri for iri in fragment.attrs if iri not in before.attrs]
        for iri in absent:
            del fragment.attrs[iri]
        after, change = merge.append(before, fragment, now)
        change.not_updated += [(iri, MISSING) for iri in absent]
        return after, change

    return step


def replace(draft: Draft, scope: scopeq.Node | None) -> Step:
    """Return the step that puts these attributes in the place of all."""

    def step(before: Entity, now: str) -> Outcome:
        check_place(before, scope)
        new = draft.entity(before.scopes)
        new.id, new.types = before.id, before.types
        new.expires_at = draft.expires_at or before.expires_at
        return merge.replace_entity(before, new, now)

    return step


def remove(iris: Mapping[str, str], scope: scopeq.Node | None) -> Step:
    """Return the step that deletes attributes. iris: with the names to tell of when missing."""

    def step(before: Entity, now: str) -> Outcome:
        check_place(before, scope)
        for iri, name in iris.items():
            if iri not in before.attrs:
                raise NotFound(f"The entity has no attribute {name}")
        entity, total = before, merge.Change()
        for iri in iris:
            entity, change = merge.delete_attribute(entity, iri, now, delete_all=True)
            total.written += change.written
        return entity, total

    return step


def deletion(
    tenant: str, uri: str, scope: scopeq.Node | None, types: service.TypeSelector = None
) -> write.Mutation:
    """Return the mutation that deletes an entity, or fails with ResourceNotFound."""
    inner = service.deletion(tenant, uri, types)

    def apply(before: Entity | None, now: str) -> write.Change | None:
        if before is not None:
            check_place(before, scope)
        return inner.apply(before, now)

    return write.Mutation(tenant, uri, apply)


def _fragment(draft: Draft, before: Entity, override: bool) -> Fragment:
    fragment = draft.fragment()
    if override:
        return fragment
    for iri, instances in fragment.attrs.items():
        known = default_instance(before, iri)
        if known is not None:
            fragment.attrs[iri] = [keep_metadata(instance, known) for instance in instances]
    return fragment


def _check_same(before: Entity, draft: Draft, scope: scopeq.Node | None) -> None:
    """Refuse what is meant for another entity of the same id: here an id names one."""
    if draft.types and not set(draft.types) & set(before.types):
        raise Unprocessable("An entity with this id and another type exists; an id names one")
    if scope is not None and not scopeq.matches(scope, before):
        raise Unprocessable("An entity with this id exists in another service path")
