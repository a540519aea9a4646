"""Batch writes that concern other sources too (clauses 5.6.7 to 5.6.10, 5.6.20).

Each source gets the elements, and of them the attributes, that it is registered for: as one batch
where it takes batches, else one by one (see `ladder`). The rest is written here as one batch.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
from starlette.responses import Response

from tamamo.context import http
from tamamo.context.distribution import outcome as outcomes
from tamamo.context.distribution.client import together
from tamamo.context.distribution.ladder import Ask, Item, singles
from tamamo.context.distribution.limits import within
from tamamo.context.distribution.outcome import Outcome
from tamamo.context.distribution.provision import (
    Kind,
    also_of,
    depends_on_types,
    layered,
    not_asked,
    rest_here,
    sources_of_tenant,
    takes,
)
from tamamo.context.distribution.source import Source
from tamamo.context.distribution.split import (
    Split,
    Subject,
    cells,
    concerned,
    cut,
    split,
)
from tamamo.context.entities.elements import check_batch
from tamamo.context.http import Exchange, Handler
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import Entity
from tamamo.context.negotiation import LD_JSON
from tamamo.kernel.errors import Problem

#: Type of the error that something is not here (table 6.3.2-1).
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch operation as the layer sees it.

    operation: its name of 4.20. path: below /entityOperations. check: raises what is wrong with an
    element. creates: whether its answer lists what was created.
    """

    operation: str
    kind: Kind
    path: str
    check: Callable[[Any, TermMap], object]
    creates: bool = False


@dataclass(slots=True)
class _Element:
    """One element of the batch. place: its index."""

    place: int
    raw: Any
    terms: TermMap
    subject: Subject


@dataclass(slots=True)
class _Plan:
    """Who gets what. here: what is written here, by place. lenient: ids that may be missing."""

    asked: dict[str, tuple[Source, list[Item]]] = field(default_factory=dict)
    here: dict[int, Any] = field(default_factory=dict)
    lenient: set[str] = field(default_factory=set)

    def give(self, source: Source, item: Item) -> None:
        """Note that a source gets an item."""
        self.asked.setdefault(source.id, (source, []))[1].append(item)


def distributed(handler: Handler, batch: Batch) -> Handler:
    """Return the handler of a batch that goes to other sources too where some are concerned."""
    return layered(handler, lambda exchange: _distribute(exchange, handler, batch))


async def _distribute(exchange: Exchange, handler: Handler, batch: Batch) -> Response:
    check_batch(exchange)
    caller = await exchange.broker.distribution.caller(
        exchange.tenant, exchange.terms, exchange.request.headers
    )
    names = (batch.operation, *singles(batch.operation, exchange.options))
    sources = [
        source
        for source in sources_of_tenant(exchange, past=False)
        if source.proxied or takes(caller, source, *names)
    ]
    elements = await _elements(exchange, batch, sources)
    if not elements:
        return await handler(exchange)
    await _find_types(exchange, batch.kind, elements, sources)
    plan = await _plan(exchange, batch, elements, sources)
    if not plan.asked:
        return await handler(exchange)
    found: list[tuple[str, Outcome]] = []
    asks: list[Awaitable[list[tuple[str, Outcome]]]] = []
    for source, items in plan.asked.values():
        refused = not_asked(caller, source, (), *names)
        if refused is not None:
            found += [(item.id, refused) for item in items]
        else:
            asks.append(Ask(exchange, caller, source, batch.operation, batch.path).send(items))
    for answered in await together(asks):
        found += answered
    return _answer(exchange, batch, found, await _write_here(exchange, handler, plan))


async def _elements(exchange: Exchange, batch: Batch, sources: Sequence[Source]) -> list[_Element]:
    """Return the elements that a source may be concerned with and with which nothing is wrong."""
    embedded = exchange.request.headers.get("content-type", "").startswith(LD_JSON)
    found = []
    for place, raw in enumerate(exchange.body):
        terms = exchange.terms
        try:
            if isinstance(raw, dict):
                if embedded != ("@context" in raw):
                    continue
                if embedded:
                    contexts = exchange.broker.contexts
                    terms = await contexts.resolve(exchange.tenant, raw["@context"])
            subject = _glance(raw, terms)
            if subject is None or not any(source.has(subject.id) for source in sources):
                continue
            batch.check(raw, terms)
        except Problem:
            continue  # the handler names it among the errors
        found.append(_Element(place, raw, terms, subject))
    return found


def _glance(raw: Any, terms: TermMap) -> Subject | None:
    """Return what an element is about, as far as it can be seen; None when it cannot."""
    if isinstance(raw, str):
        return Subject(raw)
    if not isinstance(raw, dict):
        return None
    entity_id, types = raw.get("id", raw.get("@id")), raw.get("type", raw.get("@type", []))
    if not isinstance(entity_id, str):
        return None
    names = types if isinstance(types, list) else [types]
    expanded = tuple(terms.expand_type(name) for name in names if isinstance(name, str))
    return Subject(entity_id, expanded, cells(raw, terms))


async def _find_types(
    exchange: Exchange, kind: Kind, elements: Sequence[_Element], sources: Sequence[Source]
) -> None:
    """Give the elements that do not tell all their types those they have here."""
    open_ = [one for one in elements if depends_on_types(kind, one.subject, sources)]
    if not open_:
        return
    ids = sorted({element.subject.id for element in open_})
    known = await exchange.broker.entities.find_many(exchange.tenant, ids)
    for element in open_:
        entity = known.get(element.subject.id)
        if entity is not None:
            element.subject = also_of(element.subject, entity.types)


async def _plan(
    exchange: Exchange, batch: Batch, elements: Sequence[_Element], sources: Sequence[Source]
) -> _Plan:
    plan = _Plan(here=dict(enumerate(exchange.body)))
    replaced: list[tuple[_Element, Split]] = []
    for element in elements:
        subject = element.subject
        if batch.kind is Kind.DELETE:
            _plan_deletion(plan, element, concerned(subject, sources))
            continue
        found = split(subject, [one for one in sources if within(one, element.raw, element.terms)])
        for share in found.shares:
            body = cut(element.raw, share.part, element.terms)
            plan.give(share.source, Item(subject, body, element.terms))
        here, lenient = rest_here(batch.kind, element.raw, subject, found)
        if batch.kind is Kind.REPLACE and not found.rest.attrs and subject.attrs:
            replaced.append((element, found))
        if not here:
            del plan.here[element.place]
        elif any(share.source.proxied for share in found.shares):
            plan.here[element.place] = cut(element.raw, found.rest, element.terms)
            if lenient:
                plan.lenient.add(subject.id)
    await _leave_out_new(exchange, plan, replaced)
    return plan


def _plan_deletion(plan: _Plan, element: _Element, sources: Sequence[Source]) -> None:
    for source in sources:
        plan.give(source, Item(element.subject, None, element.terms))
    if any(source.proxied for source in sources):
        plan.lenient.add(element.subject.id)


async def _leave_out_new(
    exchange: Exchange, plan: _Plan, replaced: Sequence[tuple[_Element, Split]]
) -> None:
    """Where all attributes are elsewhere, an upsert empties the entity here, but makes none."""
    ids = [element.subject.id for element, _ in replaced if element.place in plan.here]
    known: dict[str, Entity] = {}
    if ids:
        known = await exchange.broker.entities.find_many(exchange.tenant, ids)
    for element, _ in replaced:
        if element.subject.id not in known:
            plan.here.pop(element.place, None)


async def _write_here(
    exchange: Exchange, handler: Handler, plan: _Plan
) -> tuple[list[tuple[str, Outcome]], list[dict[str, Any]]]:
    """Write the rest. Return what came of the elements, and the errors as the handler says them."""
    if not plan.here:
        return [], []
    body = [plan.here[place] for place in sorted(plan.here)]
    ids = [raw if isinstance(raw, str) else raw.get("id", raw.get("@id", "")) for raw in body]
    try:
        response = await handler(replace(exchange, body=body))
    except Problem as problem:
        return [(entity_id, outcomes.failed_here(problem)) for entity_id in ids], []
    told: Any = orjson.loads(response.body) if response.body else []
    if response.status_code != 207:
        created = set(told)
        return [(one, Outcome(done=True, created=one in created)) for one in ids], []
    errors = [error for error in told["errors"] if not _forgiven(error, plan)]
    return [(one, Outcome(done=True)) for one in told["success"]], errors


def _forgiven(error: dict[str, Any], plan: _Plan) -> bool:
    """Whether an entity need not be here, since somebody else has it."""
    return error["entityId"] in plan.lenient and error["error"]["status"] == _NOT_FOUND


def _answer(
    exchange: Exchange,
    batch: Batch,
    found: Sequence[tuple[str, Outcome]],
    here: tuple[list[tuple[str, Outcome]], list[dict[str, Any]]],
) -> Response:
    done, errors = here
    everything = [*found, *done]
    result = outcomes.batch_result(everything)
    result["errors"] += errors
    if result["errors"]:
        return http.plain(exchange, result, 207)
    if batch.operation == "createBatch":
        return http.plain(exchange, result["success"], 201)
    new = defaultdict[str, bool](lambda: True)
    for entity_id, outcome in everything:
        new[entity_id] &= outcome.created
    created = [entity_id for entity_id, is_new in new.items() if is_new]
    if batch.creates and created:
        return http.plain(exchange, created, 201)
    return http.no_content(exchange)
