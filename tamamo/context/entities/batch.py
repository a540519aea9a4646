"""The batch operations (clauses 5.6.7 to 5.6.10, 5.6.20, 6.14 to 6.17, 6.23, 6.31).

A batch is one transaction. An element that fails does so alone: it is named among the errors,
and the others are written. Elements with the same id are taken in the order they stand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from tamamo.context import http
from tamamo.context.distribution import writes
from tamamo.context.distribution.batches import distributed
from tamamo.context.entities import service
from tamamo.context.entities.elements import check_batch
from tamamo.context.entities.write import Change, Mutation, Written
from tamamo.context.errors import AlreadyExists, BadRequestData
from tamamo.context.http import Exchange, Operation, Resource
from tamamo.context.jsonld import TermMap
from tamamo.context.model import merge, parse
from tamamo.context.model.entity import Entity
from tamamo.context.model.parse import Fragment
from tamamo.context.model.values import Fault, check_uri
from tamamo.context.negotiation import LD_JSON
from tamamo.kernel.errors import Problem

#: (element, meaning of its names, entity before, present time) → change, None when nothing is to be
#: done. Raises the Problem of an element that is wrong.
Work = Callable[[Any, TermMap, Entity | None, str], Change | None]


@dataclass(slots=True)
class Outcome:
    """What came of a batch: ids of the elements done, of those created, and the errors."""

    done: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def fail(self, entity_id: Any, problem: Problem) -> None:
        """Note the failure of an element (clause 5.2.17)."""
        shown = entity_id if isinstance(entity_id, str) else ""
        self.errors.append({"entityId": shown, "error": problem.body()})


async def create(exchange: Exchange) -> Response:
    """Batch Entity Creation (clause 6.14.3.1)."""

    def work(element: Any, terms: TermMap, before: Entity | None, now: str) -> Change | None:
        entity = parse.parse_entity(element, terms)
        return service.creation(exchange.tenant, entity).apply(before, now)

    outcome = await _run(exchange, work)
    if outcome.errors:
        return _partial(exchange, outcome)
    return http.plain(exchange, outcome.done, 201)


async def upsert(exchange: Exchange) -> Response:
    """Batch Entity Creation or Update (clause 6.15.3.1)."""
    update = "update" in exchange.options

    def work(element: Any, terms: TermMap, before: Entity | None, now: str) -> Change | None:
        if before is None:
            after = merge.create(parse.parse_entity(element, terms), now)
        elif update:
            after = merge.update(before, _as_fragment(parse.parse_entity(element, terms)), now)
        else:
            new = parse.parse_entity(element, terms, known=before.attrs)
            after = merge.replace_entity(before, new, now)
        return service.outcome(before, *after, now)

    outcome = await _run(exchange, work)
    if outcome.errors:
        return _partial(exchange, outcome)
    if outcome.created:
        return http.plain(exchange, outcome.created, 201)
    return http.no_content(exchange)


async def update(exchange: Exchange) -> Response:
    """Batch Entity Update (clause 6.16.3.1): append with or without overwriting."""
    overwrite = "noOverwrite" not in exchange.options

    def work(element: Any, terms: TermMap, before: Entity | None, now: str) -> Change | None:
        fragment = parse.parse_fragment(element, terms, parse.UPDATE)
        mutation = service.appending(exchange.tenant, _id_of(fragment), fragment, overwrite)
        return mutation.apply(before, now)

    return _done(exchange, await _run(exchange, work))


async def merge_batch(exchange: Exchange) -> Response:
    """Batch Entity Merge (clause 6.31.3.1)."""

    def work(element: Any, terms: TermMap, before: Entity | None, now: str) -> Change | None:
        fragment = parse.parse_fragment(element, terms, parse.MERGE)

        def step(before: Entity, now: str) -> tuple[Entity, merge.Change]:
            return merge.merge_patch(before, fragment, now, terms=terms)

        return service.changing(exchange.tenant, _id_of(fragment), step).apply(before, now)

    return _done(exchange, await _run(exchange, work))


async def delete(exchange: Exchange) -> Response:
    """Batch Entity Delete (clause 6.17.3.1): the body is an array of ids."""
    check_batch(exchange)
    outcome = Outcome()
    mutations = []
    for element in exchange.body:
        try:
            mutations.append(service.deletion(exchange.tenant, check_uri(element)))
        except Fault as fault:
            outcome.fail(element, fault.problem())
    await _write(exchange, outcome, mutations)
    return _done(exchange, outcome)


def _done(exchange: Exchange, outcome: Outcome) -> Response:
    return _partial(exchange, outcome) if outcome.errors else http.no_content(exchange)


def _partial(exchange: Exchange, outcome: Outcome) -> Response:
    """Return 207 with a BatchOperationResult (clause 5.2.16)."""
    result = {"success": list(dict.fromkeys(outcome.done)), "errors": outcome.errors}
    return http.plain(exchange, result, 207)


def _as_fragment(entity: Entity) -> Fragment:
    return Fragment(entity.id, entity.types, entity.attrs, entity.scopes or None, entity.expires_at)


def _id_of(fragment: Fragment) -> str:
    if fragment.id is None:
        raise BadRequestData("/id: an entity needs an id", field="/id")
    return fragment.id


async def _run(exchange: Exchange, work: Work) -> Outcome:
    check_batch(exchange)
    outcome = Outcome()
    elements = await _with_terms(exchange, outcome)
    await _write(exchange, outcome, _prepare(exchange.tenant, outcome, elements, work))
    return outcome


async def _with_terms(exchange: Exchange, outcome: Outcome) -> list[tuple[Any, TermMap]]:
    """Pair the elements with the meaning of their names (clause 6.3.5).

    In JSON-LD every element carries its own @context; one without is an error of its own.
    """
    headers = exchange.request.headers
    embedded = headers.get("content-type", "").startswith(LD_JSON)
    known: dict[bytes, TermMap] = {}
    elements: list[tuple[Any, TermMap]] = []
    for element in exchange.body:
        terms = exchange.terms
        if isinstance(element, dict) and embedded != ("@context" in element):
            missing = "A body in JSON-LD needs a @context in every element"
            misplaced = "A body in JSON names its @context in a Link header"
            problem: Problem = BadRequestData(missing if embedded else misplaced, field="/@context")
            outcome.fail(element.get("id"), problem)
            continue
        if embedded and isinstance(element, dict):
            try:
                terms = await _resolve(exchange, element.pop("@context"), known)
            except Problem as failure:
                outcome.fail(element.get("id"), failure)
                continue
        elements.append((element, terms))
    return elements


async def _resolve(exchange: Exchange, context: Any, known: dict[bytes, TermMap]) -> TermMap:
    key = orjson.dumps(context)
    if key not in known:
        known[key] = await exchange.broker.contexts.resolve(exchange.tenant, context)
    return known[key]


def _prepare(
    tenant: str, outcome: Outcome, elements: Sequence[tuple[Any, TermMap]], work: Work
) -> list[Mutation]:
    mutations = []
    for element, terms in elements:
        entity_id = _glance(element)
        if entity_id is not None:
            apply = partial(_apply, work, element, terms)
            mutations.append(Mutation(tenant, entity_id, apply, brief=True))
            continue
        try:
            work(element, terms, None, "")  # which tells what is wrong with it
            raise AssertionError("An element without an id was read")
        except Problem as problem:
            outcome.fail(element.get("id") if isinstance(element, dict) else element, problem)
    return mutations


def _glance(element: Any) -> str | None:
    """Return the id of an element, None where it says none."""
    if type(element) is not dict:
        return None
    entity_id = element.get("id")
    if "@id" in element:
        entity_id = [value for name, value in element.items() if name in {"id", "@id"}][-1]
    return entity_id if type(entity_id) is str else None


def _apply(
    work: Work, element: Any, terms: TermMap, before: Entity | None, now: str
) -> Change | None:
    """Read an element only when it is its turn: what is made of it is still in the cache."""
    change = work(element, terms, before, now)
    if change is not None and not change.result.not_updated:
        change.result = None  # nobody asks for it
    return change


async def _write(exchange: Exchange, outcome: Outcome, mutations: Sequence[Mutation]) -> None:
    if not mutations:
        return
    results = await exchange.broker.entities.run(mutations)
    for mutation, result in zip(mutations, results, strict=True):
        if isinstance(result, Written):
            refused = _refused(result)
            if refused is not None:
                outcome.fail(mutation.entity_id, refused)
                continue
            outcome.done.append(mutation.entity_id)
            if result.before is None:
                outcome.created.append(mutation.entity_id)
        else:
            outcome.fail(mutation.entity_id, result)


def _refused(written: Written) -> Problem | None:
    """Return why some attributes were left as they are (options=noOverwrite), None if none."""
    change = written.change.result if written.change is not None else None
    if not isinstance(change, merge.Change) or not change.not_updated:
        return None
    reasons = ", ".join(f"{attr} {why}" for attr, why in change.not_updated)
    return AlreadyExists(f"Not everything was written: {reasons}")


def _batch(handler: http.Handler, *options: str, creates_tenant: bool = False) -> Resource:
    return Resource(
        POST=Operation(
            handler=handler,
            params=frozenset({"options"} if options else ()),
            options=frozenset(options),
            body=list,
            writes=True,
            creates_tenant=creates_tenant,
        )
    )


routes = [
    Route(
        "/entityOperations/upsert",
        _batch(distributed(upsert, writes.UPSERT_BATCH), "replace", "update", creates_tenant=True),
    ),
    Route(
        "/entityOperations/create",
        _batch(distributed(create, writes.CREATE_BATCH), creates_tenant=True),
    ),
    Route(
        "/entityOperations/update",
        _batch(distributed(update, writes.UPDATE_BATCH), "noOverwrite", "replace"),
    ),
    Route("/entityOperations/merge", _batch(distributed(merge_batch, writes.MERGE_BATCH))),
    Route("/entityOperations/delete", _batch(distributed(delete, writes.DELETE_BATCH))),
]
