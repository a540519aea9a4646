"""What a source is asked to tell: a subscription reduced to what is registered (5.8.1.4).

A source tells in the normalized form, which each must know (4.3.6.1), and of all it has registered;
what the subscriber wants to see of it, and how, is done here when it arrives. Nothing that is meant
for the subscriber's own endpoint leaves this broker.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from tamamo.context.distribution import Caller, Choice, Distribution, Part, Source, asking
from tamamo.context.distribution.client import has_same_names
from tamamo.context.distribution.query import may_have
from tamamo.context.jsonld import TermMap
from tamamo.context.negotiation import JSON
from tamamo.context.sourcesubscriptions.compiled import compile_source_subscription
from tamamo.context.subscriptions.compiled import Subscription, compile_subscription
from tamamo.context.subscriptions.document import Document

#: Members that go on as they are.
_SAME: Final = (
    "subscriptionName", "description", "notificationTrigger", "timeInterval", "isActive",
    "expiresAt", "datasetId", "splitEntities",
)  # fmt: skip
#: Members in the names of the subscription's own @context.
_NAMED: Final = ("q", "expandValues", "jsonKeys", "csf")


@dataclass(frozen=True, slots=True)
class Origin:
    """A subscription as it is kept, and how it goes on."""

    tenant: str
    id: str
    document: Document
    terms: TermMap
    query_terms: TermMap
    callback: str
    via: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """What one source should have. names: what the names in the body are of."""

    source: Source
    body: Document
    names: TermMap


def new_id() -> str:
    """Return an id for a subscription at a source that nobody can guess."""
    return f"urn:ngsi-ld:Subscription:distsub:{uuid4()}"


def splits(document: Document) -> bool:
    """Whether parts of an entity may be at several sources; by default they are not (5.2.12)."""
    return bool(document.get("splitEntities", False))


async def copies_of(distribution: Distribution, origin: Origin) -> list[Copy]:
    """Return what each source should have of a subscription.

    Raises LdContextNotAvailable, BadRequestData where the names for a source cannot be had.
    """
    own = await distribution.caller(origin.tenant, origin.query_terms)
    caller = Caller(own.tenant, own.terms, own.alias, origin.via)
    compiled = compile_subscription(
        origin.tenant, origin.id, origin.document, origin.terms, origin.query_terms
    )
    choice = _choose(distribution, caller, origin, compiled)
    parts: dict[str, list[Part]] = {}
    for part in choice.parts:
        parts.setdefault(part.source.id, []).append(part)
    found = []
    for of_source in parts.values():
        source = of_source[0].source
        names = await distribution.client.terms_for(caller, source)
        same = has_same_names(caller, source)
        body = _reduced(origin, of_source, names, same_names=same)
        attrs = {attr for part in of_source for attr in part.attrs}
        if attrs and all(part.attrs for part in of_source) and "timeInterval" not in body:
            body["watchedAttributes"] = sorted(names.compact_iri(attr) for attr in attrs)
        found.append(Copy(source, body, names))
    return found


def _choose(
    distribution: Distribution, caller: Caller, origin: Origin, compiled: Subscription
) -> Choice:
    filters = compile_source_subscription(
        origin.tenant, origin.id, _askable(origin.document), origin.terms, origin.query_terms
    )

    def accepts(source: Source) -> bool:
        return source.mode != "auxiliary" and may_have(source, filters.wanted)

    return distribution.choose(
        caller,
        ("createSubscription",),
        compiled.query.selectors,
        compiled.watched or (),
        accepts=accepts,
    )


def _askable(document: Document) -> Document:
    """Return the subscription to registrations that goes with one to entities."""
    notification = {**document["notification"], "endpoint": {"uri": "urn:ngsi-ld:local"}}
    return {**document, "notification": notification}


def _reduced(
    origin: Origin, parts: Sequence[Part], names: TermMap, *, same_names: bool
) -> Document:
    document, source = origin.document, parts[0].source
    split = splits(document)
    body: Document = {"type": "Subscription"}
    body |= {name: document[name] for name in _SAME if name in document}
    entities = [one for part in parts for one in asking.body(part, names, {})["entities"]]
    if all(one["type"] != "*" for one in entities):
        body["entities"] = _unique(entities)
    if not split:
        body |= _filters(document, names, same_names=same_names)
        if "throttling" in document:
            body["throttling"] = document["throttling"]
    if source.local_only:
        body["localOnly"] = True
    notification: Document = {
        "format": "normalized",
        "sysAttrs": True,
        "endpoint": {"uri": origin.callback, "accept": JSON},
    }
    if document["notification"].get("showChanges"):
        notification["showChanges"] = True
    registered = _registered(source)
    if registered and not split:
        notification["attributes"] = sorted(names.compact_iri(attr) for attr in registered)
    body["notification"] = notification
    body["jsonldContext"] = names.link_url
    return body


def _filters(document: Document, names: TermMap, *, same_names: bool) -> Document:
    """Return the filters a source can apply; those in other names are applied here."""
    found: Document = {}
    if same_names:
        found |= {name: document[name] for name in _NAMED if name in document}
    if "scopeQ" in document:
        found["scopeQ"] = document["scopeQ"]
    if "geoQ" in document:
        space = dict(document["geoQ"])
        if "geoproperty" in space:
            space["geoproperty"] = names.compact_iri(space["geoproperty"])
        found["geoQ"] = space
    return found


def _registered(source: Source) -> frozenset[str]:
    """Return the attributes a source is registered for; empty: all."""
    if not all(info.attrs for info in source.infos):
        return frozenset()
    return frozenset[str]().union(*(info.attrs for info in source.infos))


def _unique(entities: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for one in entities:
        if one not in found:
            found.append(one)
    return found
