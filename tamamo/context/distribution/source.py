"""A registration made ready for use: what its source has, and how to speak to it (5.2.9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from tamamo.context.jsonld import TermMap
from tamamo.context.jsonld.resolve import default_map
from tamamo.context.model.entity import DEFAULT_TENANT, Entity
from tamamo.context.negotiation import JSON, LD_JSON
from tamamo.context.query import idpattern, typeq
from tamamo.context.query.idpattern import IdPattern
from tamamo.context.query.logic import One, Or
from tamamo.context.registrations import operations
from tamamo.context.registrations.document import (
    Document,
    attributes_of,
    is_temporal,
    mode_of,
    types_of,
)
from tamamo.kernel.time import from_text

#: Where the API of a source stands below its endpoint.
PREFIX: Final = "/ngsi-ld/v1"
#: Seconds a source has to answer in, unless its registration says otherwise; and at most.
DEFAULT_SECONDS: Final = 5.0
MAX_SECONDS: Final = 30.0
#: Longest time in seconds that a source that failed is left alone.
MAX_COOLDOWN: Final = 3600.0
#: Modes in which this broker holds nothing of what is registered (4.3.6.3).
PROXIED: Final = frozenset({"exclusive", "redirect"})
#: A value of contextSourceInfo that stands for that of the request at hand (4.3.6.5).
FROM_REQUEST: Final = "urn:ngsi-ld:request"

_MEANT: Final = frozenset({"accept", "contentType", "jsonldContext", "ngsildConformance"})


@dataclass(frozen=True)
class Known:
    """Which entities, by type and by id or pattern (an EntityInfo, 5.2.8). types: any of these."""

    types: frozenset[str]
    id: str | None = None
    pattern: IdPattern | None = None

    @cached_property
    def selection(self) -> typeq.Node:
        """The types as a selection."""
        terms = tuple(One(iri) for iri in sorted(self.types))
        return terms[0] if len(terms) == 1 else Or(terms)

    def has_id(self, entity_id: str) -> bool:
        """Whether an entity of this id can be among them."""
        if self.id is not None:
            return self.id == entity_id
        return self.pattern is None or bool(self.pattern.search(entity_id))

    def has(self, entity_id: str, types: Sequence[str]) -> bool:
        """Whether an entity can be among them. types: empty when they are not known."""
        return self.has_id(entity_id) and (not types or not self.types.isdisjoint(types))


@dataclass(frozen=True, slots=True)
class Info:
    """Entities and their attributes (a RegistrationInfo, 5.2.10); what is empty means all."""

    entities: tuple[Known, ...]
    attrs: frozenset[str]

    def has(self, entity_id: str, types: Sequence[str]) -> bool:
        """Whether an entity can be among them. types: empty when they are not known."""
        return not self.entities or any(known.has(entity_id, types) for known in self.entities)


@dataclass(frozen=True, slots=True)
class Source:
    """A registered context source.

    tenant: whose registration it is. remote_tenant: which tenant to name to the source, None for
    its default one (4.14). base: where its API stands. headers: what to convey (4.3.6.5).
    accept, content_type, context, conformance: keys of contextSourceInfo with a meaning (4.3.6.6).
    seconds: how long it may take. cooldown: seconds it is left alone after a failure.
    """

    tenant: str
    id: str
    mode: str
    operations: frozenset[str]
    infos: tuple[Info, ...]
    base: str
    remote_tenant: str | None
    alias: str | None
    headers: tuple[tuple[str, str], ...]
    accept: str
    content_type: str
    context: str | None
    conformance: tuple[int, int] | None
    seconds: float
    cooldown: float
    local_only: bool
    temporal: bool
    datasets: frozenset[str]
    expires_at: datetime | None
    document: Document

    @property
    def proxied(self) -> bool:
        """Whether what it is registered for is held there and not here."""
        return self.mode in PROXIED

    def has(self, entity_id: str, types: Sequence[str] = ()) -> bool:
        """Whether it may have something of an entity. types: empty when they are not known."""
        return any(info.has(entity_id, types) for info in self.infos)

    def only_registered(self, entity: Entity) -> Entity | None:
        """Return what of an entity the registration is about; None when it is about none of it."""
        infos = [info for info in self.infos if info.has(entity.id, entity.types)]
        if not infos:
            return None
        attrs = entity.attrs
        if all(info.attrs for info in infos):
            named = frozenset[str]().union(*(info.attrs for info in infos))
            attrs = {attr: items for attr, items in attrs.items() if attr in named}
        if self.datasets:
            kept = {
                attr: [item for item in items if item.get("datasetId", "@none") in self.datasets]
                for attr, items in attrs.items()
            }
            attrs = {attr: items for attr, items in kept.items() if items}
        return entity if attrs is entity.attrs else replace(entity, attrs=attrs)


def compile_source(tenant: str, identifier: str, document: Document) -> Source:
    """Return the source of a registration's stored form."""
    told = {pair["key"]: pair["value"] for pair in document.get("contextSourceInfo", ())}
    management = document.get("management", {})
    names = document.get("operations")
    temporal = is_temporal(document)
    allowed = operations.expand(names)
    if temporal and names is None:
        # Nothing else can be asked of it, and by its interval it offers this (table 5.2.9-1).
        allowed |= {"retrieveTemporal", "queryTemporal"}
    expires = document.get("expiresAt")
    return Source(
        tenant,
        identifier,
        mode_of(document),
        allowed,
        tuple(_info(info) for info in document["information"]),
        _base(document["endpoint"]),
        _tenant(document.get("tenant")),
        document.get("contextSourceAlias"),
        tuple((key, value) for key, value in told.items() if key not in _MEANT),
        told.get("accept", JSON),
        JSON if "jsonldContext" in told else told.get("contentType", JSON),
        told.get("jsonldContext"),
        _version(told.get("ngsildConformance")),
        min(management.get("timeout", DEFAULT_SECONDS * 1000) / 1000, MAX_SECONDS),
        min(management.get("cooldown", 0) / 1000, MAX_COOLDOWN),
        bool(management.get("localOnly")) or _is_local_only(document),
        temporal,
        frozenset(document.get("datasetId", ())),
        None if expires is None else from_text(expires),
        document,
    )


def wants_json_ld(source: Source) -> bool:
    """Whether bodies for the source carry their @context in them."""
    return source.content_type == LD_JSON


def _info(info: Mapping[str, Any]) -> Info:
    return Info(tuple(_known(entity) for entity in info.get("entities", ())), attributes_of(info))


def _known(info: Mapping[str, Any]) -> Known:
    pattern = info.get("idPattern")
    compiled = None if pattern is None or "id" in info else idpattern.parse(pattern)
    return Known(frozenset(types_of(info)), info.get("id"), compiled)


def _base(endpoint: str) -> str:
    """Return where the API stands; some registrants name its whole path as the endpoint."""
    bare = endpoint.rstrip("/")
    return bare if bare.endswith(PREFIX) else bare + PREFIX


def _tenant(name: str | None) -> str | None:
    return None if name == DEFAULT_TENANT else name


def _version(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def _is_local_only(document: Document) -> bool:
    """Whether the member stands beside `management` instead of in it, as registrants do write."""
    core: TermMap = default_map().terms
    return document.get(core.expand_term("localOnly")) is True
