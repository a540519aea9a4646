"""Types and attributes that other sources may have (clause 5.7.11).

They are taken from the registrations, without a request to anybody: what is registered is possibly
available. Whether it is there now, and how often, only the sources know; such a list is asked for
often and by many, and would otherwise be as slow as the slowest of all sources.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tamamo.context.discovery.service import AttributeInfo, TypeInfo
from tamamo.context.distribution.source import Info
from tamamo.context.errors import ResourceNotFound
from tamamo.context.http import Exchange
from tamamo.kernel.identity import Access
from tamamo.kernel.time import now

#: Type IRI → its attributes, or attribute IRI → its types.
Lists = dict[str, list[str]]

#: What makes entities of a source available here.
_READING = frozenset({"retrieveEntity", "queryEntity", "queryBatch"})


async def types(exchange: Exchange) -> list[str]:
    """Return every type in use, in order (clause 5.7.5)."""
    found = await exchange.broker.discovery.types(exchange.tenant)
    return _united(found, (type_ for info in _registered(exchange) for type_ in _types(info)))


async def types_with_attributes(exchange: Exchange) -> Lists:
    """Return every type with its attributes (clause 5.7.6)."""
    found = await exchange.broker.discovery.types_with_attributes(exchange.tenant)
    for info in _registered(exchange):
        for type_ in _types(info):
            found[type_] = _united(found.get(type_, ()), info.attrs)
    return dict(sorted(found.items()))


async def type_info(exchange: Exchange, type_: str) -> TypeInfo:
    """Return what is known of a type (clause 5.7.7); only what is here is counted.

    Raises ResourceNotFound.
    """
    infos = [info for info in _registered(exchange) if type_ in _types(info)]
    try:
        found = await exchange.broker.discovery.type_info(exchange.tenant, type_)
    except ResourceNotFound:
        if not infos:
            raise
        found = TypeInfo(type_, 0, {})
    more: Lists = {attr: [] for info in infos for attr in sorted(info.attrs)}
    return TypeInfo(type_, found.entity_count, more | found.attributes)


async def attributes(exchange: Exchange) -> Lists:
    """Return every attribute with the types that have it (clauses 5.7.8, 5.7.9)."""
    found = await exchange.broker.discovery.attributes(exchange.tenant)
    for info in _registered(exchange):
        for attr in info.attrs:
            found[attr] = _united(found.get(attr, ()), _types(info))
    return dict(sorted(found.items()))


async def attribute_info(exchange: Exchange, attr: str) -> AttributeInfo:
    """Return what is known of an attribute (clause 5.7.10); only what is here is counted.

    Raises ResourceNotFound.
    """
    infos = [info for info in _registered(exchange) if attr in info.attrs]
    try:
        found = await exchange.broker.discovery.attribute_info(exchange.tenant, attr)
    except ResourceNotFound:
        if not infos:
            raise
        found = AttributeInfo(attr, 0, [], [])
    more = (type_ for info in infos for type_ in _types(info))
    return AttributeInfo(attr, found.count, found.kinds, _united(found.types, more))


def _registered(exchange: Exchange) -> Iterator[Info]:
    """Yield what the sources of the tenant are registered for, as far as it can be read here."""
    distribution = exchange.broker.distribution
    if not distribution.concerns(exchange.tenant, exchange.params):
        return
    moment = now()
    for source in distribution.directory.of(exchange.tenant):
        over = source.expires_at is not None and source.expires_at <= moment
        if not (over or source.temporal or _READING.isdisjoint(source.operations)):
            yield from filter(None, (_known(exchange.access, info) for info in source.infos))


def _known(access: Access, info: Info) -> Info | None:
    """Return what of a registration somebody may know of."""
    reach = access.read
    if reach.everything:
        return info
    seen = [
        replace(known, types=types)
        for known in info.entities
        if (types := frozenset(type_ for type_ in known.types if reach.allows([type_])))
    ]
    attrs: set[str] = set()
    for type_ in (type_ for known in seen for type_ in known.types):
        shown = reach.attrs_of([type_])
        attrs |= info.attrs if shown is None else info.attrs & shown
    return Info(tuple(seen), frozenset(attrs)) if seen else None


def _types(info: Info) -> Iterator[str]:
    for known in info.entities:
        yield from known.types


def _united(one: Iterable[str], other: Iterable[str]) -> list[str]:
    return sorted({*one, *other})
