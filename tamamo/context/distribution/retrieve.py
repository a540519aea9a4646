"""Retrieve Entity over several sources (clause 5.7.1)."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from tamamo.context.broker import Broker
from tamamo.context.distribution import asking
from tamamo.context.distribution.caller import Caller
from tamamo.context.distribution.choice import Choice, Part, any_type
from tamamo.context.distribution.client import Reply, together
from tamamo.context.distribution.merge import merge
from tamamo.context.distribution.receive import read_entities
from tamamo.context.distribution.source import Source
from tamamo.context.distribution.warnings import NO_ANSWER, Warnings
from tamamo.context.errors import ResourceNotFound
from tamamo.context.http import Exchange
from tamamo.context.model.entity import Entity
from tamamo.context.query import typeq
from tamamo.context.query.plan import Selector
from tamamo.context.query.projection import Projection

#: Members that a projection may name and that are no attributes.
_PLAIN: Final = frozenset({"id", "type", "scope"})
#: Linked entities that one request asks a source for; their ids stand in its address.
_LINKED_AT_ONCE: Final = 100


async def retrieve(
    exchange: Exchange,
    entity_id: str,
    types: typeq.Node | None,
    shown: Projection,
    *,
    allowed: Collection[str] | None = None,
) -> Entity:
    """Return an entity as this broker and the sources registered for it know it together.

    allowed: the only registrations. What went wrong at sources goes to the answer's headers.
    Raises ResourceNotFound.
    """
    broker = exchange.broker
    caller = await broker.distribution.caller(
        exchange.tenant, exchange.terms, exchange.request.headers
    )
    choice = broker.distribution.choose(
        caller,
        asking.RETRIEVE,
        [Selector((entity_id,), None, types)],
        asked_attributes(shown),
        accepts=None if allowed is None else lambda source: source.id in allowed,
    )
    warnings = Warnings()
    warn_of_loops(choice, caller, warnings)
    local, found = await asyncio.gather(
        broker.entities.find(exchange.tenant, entity_id),
        gather(broker, caller, choice.parts, warnings),
    )
    warnings.note(exchange.echo)
    entity = combine(local, found, choice.parts)
    if entity is None or (types is not None and not typeq.matches(types, entity)):
        raise ResourceNotFound(f"There is no entity {entity_id}")
    return entity


async def find_linked(
    exchange: Exchange, targets: Mapping[str, Collection[str]]
) -> Mapping[str, Entity]:
    """Return those of the entities that are known, by id: what relationships lead to (4.5.23.1).

    targets: id → types the relationships name. Without a type an entity is only looked for here.
    """
    broker = exchange.broker
    local = await broker.entities.find_many(exchange.tenant, list(targets))
    typed = [target for target, types in targets.items() if types]
    if not typed or not broker.distribution.concerns(exchange.tenant, exchange.params):
        return local
    caller = await broker.distribution.caller(
        exchange.tenant, exchange.terms, exchange.request.headers
    )
    warnings = Warnings()
    parts: list[Part] = []
    for start in range(0, len(typed), _LINKED_AT_ONCE):
        chunk = typed[start : start + _LINKED_AT_ONCE]
        selectors = [
            Selector((target,), None, any_type(sorted(targets[target]))) for target in chunk
        ]
        ways = asking.RETRIEVE if len(chunk) == 1 else asking.QUERY
        parts += broker.distribution.choose(caller, ways, selectors).parts
    found: dict[str, list[tuple[Source, Entity]]] = defaultdict(list)
    for source, entity in await gather(broker, caller, parts, warnings):
        found[entity.id].append((source, entity))
    warnings.note(exchange.echo)
    known = {target: combine(local.get(target), found[target], parts) for target in targets}
    return {target: entity for target, entity in known.items() if entity is not None}


def asked_attributes(shown: Projection) -> frozenset[str]:
    """Return the attributes that are enough to show what was asked for; empty: all are needed."""
    if shown.attrs is not None:
        return frozenset(shown.attrs)
    named = frozenset(member.iri for member in shown.pick or ())
    return frozenset() if not _PLAIN.isdisjoint(named) else named


def warn_of_loops(choice: Choice, caller: Caller, warnings: Warnings) -> None:
    """Say which sources are left out since the request came from there (6.3.17)."""
    for source in choice.loops:
        warnings.add(NO_ANSWER, caller.alias, f"{source.id}: a loop of registrations")


async def gather(
    broker: Broker, caller: Caller, parts: Sequence[Part], warnings: Warnings
) -> list[tuple[Source, Entity]]:
    """Ask the sources at once and return what they know, in the order of the parts."""
    client, contexts = broker.distribution.client, broker.contexts

    def ask(part: Part) -> Awaitable[Reply]:
        # More than one is asked for only where relationships lead to several.
        page = {"limit": str(_LINKED_AT_ONCE)} if len(part.selectors) > 1 else {}
        return client.ask(caller, part.source, lambda terms: asking.request(part, terms, {}, page))

    found: list[tuple[Source, Entity]] = []
    for part, reply in zip(parts, await together(map(ask, parts)), strict=True):
        received = await read_entities(reply, caller, contexts, warnings)
        for entity in received.entities:
            if asking.matches_selectors(part.selectors, entity.id, entity.types):
                found.append((part.source, entity))
    return found


def combine(
    local: Entity | None, found: Collection[tuple[Source, Entity]], parts: Iterable[Part]
) -> Entity | None:
    """Return the entity that this broker and the sources know together; None when nobody does.

    parts: who was asked, whether anything came of it or not.
    """
    mine = None if local is None else without_proxied(local, [part.source for part in parts])
    equal = [] if mine is None else [mine]
    equal += [entity for source, entity in found if source.mode != "auxiliary"]
    return merge(equal, [entity for source, entity in found if source.mode == "auxiliary"])


def without_proxied(entity: Entity, sources: Iterable[Source]) -> Entity | None:
    """Return the entity without what only proxied sources may say (4.3.6.3)."""
    attrs = entity.attrs
    for source in sources:
        if not source.proxied:
            continue
        for info in source.infos:
            if info.has(entity.id, entity.types):
                if not info.attrs:
                    return None
                attrs = {name: items for name, items in attrs.items() if name not in info.attrs}
    return entity if attrs is entity.attrs else replace(entity, attrs=attrs)
