"""A subscription made ready: what each change is held against, and how the answer looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tamamo.context.changes import Change
from tamamo.context.entities import linked
from tamamo.context.entities.linked import Join
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import Entity, Instance
from tamamo.context.model.represent import Format, View
from tamamo.context.model.sameness import same
from tamamo.context.negotiation import GEO_JSON, JSON
from tamamo.context.query import geoq, match, projection, q, request, scopeq, typeq
from tamamo.context.query.paths import Lookup
from tamamo.context.query.plan import Query, Selector
from tamamo.context.query.projection import Projection
from tamamo.context.subscriptions.document import DEFAULT_TRIGGERS, Document
from tamamo.context.subscriptions.message import Message
from tamamo.kernel.time import from_text

_ENTITY_UPDATED: Final = frozenset({"attributeCreated", "attributeUpdated", "attributeDeleted"})
_FORMATS: Final[Mapping[str, Format]] = {
    "normalized": "normalized",
    "concise": "concise",
    "simplified": "simplified",
    "keyValues": "simplified",
}

#: What happened to the attributes of an entity: IRI → attributeCreated, -Updated, -Deleted.
Events = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where notifications go (5.2.15). timeout and cooldown in seconds."""

    uri: str
    accept: str = JSON
    receiver_info: tuple[tuple[str, str], ...] = ()
    notifier_info: tuple[tuple[str, str], ...] = ()
    timeout: float | None = None
    cooldown: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a transaction saw (PostgreSQL's pg_snapshot)."""

    xmin: int
    xmax: int
    running: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> "Snapshot":
        """Return the snapshot of a text `xmin:xmax:xid,xid,…`."""
        xmin, xmax, running = text.split(":")
        return cls(int(xmin), int(xmax), frozenset(int(xid) for xid in running.split(",") if xid))

    def saw(self, xid: int) -> bool:
        """Whether the transaction had been committed when the snapshot was taken."""
        return xid < self.xmin or (xid < self.xmax and xid not in self.running)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Who is told, where, and when: what subscriptions of each kind have in common.

    Frozen, so that all rounds of a process can share it.
    """

    tenant: str
    id: str
    terms: TermMap
    since: Snapshot
    is_active: bool
    expires_at: datetime | None
    conformance: tuple[int, int] | None
    throttling: float | None
    interval: float | None
    endpoint: Endpoint
    #: The subject whose rights it has; None: the operator's own.
    owner: str | None = None

    def active(self, moment: datetime) -> bool:
        """Whether notifications are sent at this moment (5.8.6)."""
        return self.is_active and (self.expires_at is None or self.expires_at > moment)

    @property
    def context_url(self) -> str:
        """The address of the @context of its notifications (6.3.8)."""
        return self.terms.link_url

    @property
    def context(self) -> Any:
        """The @context as notifications carry it: its address, where that means all of it."""
        return self.terms.link_url if self.terms.has_address else self.terms.echo


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(Subscriber):
    """A compiled subscription to entities."""

    query: Query
    limited: bool
    watched: frozenset[str] | None
    triggers: frozenset[str]
    datasets: frozenset[str] | None
    view: View
    shown: Projection
    join: Join | None
    show_changes: bool
    #: How many relationships its query follows.
    link_depth: int = field(init=False, compare=False)
    test: match.Test = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        asked = self.query.q
        object.__setattr__(self, "link_depth", 0 if asked is None else q.link_depth(asked))
        object.__setattr__(self, "test", match.tester(self.query))

    @property
    def types(self) -> tuple[str, ...] | None:
        """The types it can match, as IRIs; None: any."""
        if not self.limited:
            return None
        found: list[str] = []
        for selector in self.query.selectors:
            types = typeq.alternatives(selector.types)
            if types is None:
                return None
            found += types
        return tuple(found)

    def wakes(self, change: Change, events: Events) -> bool:
        """Whether something happened that this subscription watches."""
        if self.triggers & {"entityCreated", "entityDeleted"}:
            whole = {"create": "entityCreated", "delete": "entityDeleted"}.get(change.operation)
            if whole in self.triggers and (
                self.watched is None or not self.watched.isdisjoint(change.entity.attrs)
            ):
                return True
        return any(
            not kinds.isdisjoint(self.triggers)
            for attr, kinds in events.items()
            if self.watched is None or attr in self.watched
        )

    def selects(self, entity: Entity, lookup: Lookup | None = None) -> bool:
        """Whether the entity is subscribed to and meets the query."""
        return self.test(entity, lookup)


class OtherSubscription(Subscription):
    """A subscription made through another API than NGSI-LD, which has its own notifications."""

    __slots__ = ()

    def message(self, change: Change, events: Events) -> Message | None:
        """Return what the subscriber is told of a change that woke and was selected."""
        raise NotImplementedError


def events_of(change: Change) -> Events:
    """Return what happened to the attributes of the entity (5.8.6).

    An attribute counts as changed only when it now says something else.
    """
    if change.operation != "update":
        kind = "attributeCreated" if change.operation == "create" else "attributeDeleted"
        return dict.fromkeys(change.entity.attrs, frozenset({kind}))
    events = {}
    previous = change.previous or {}
    for attr in change.changed:
        kinds = _compare(previous.get(attr, ()), change.entity.attrs.get(attr, ()))
        if kinds:
            events[attr] = frozenset(kinds)
    return events


def _compare(before: list[Instance] | tuple[()], after: list[Instance] | tuple[()]) -> set[str]:
    kinds = set()
    old = {instance.get("datasetId"): instance for instance in before}
    for instance in after:
        was = old.pop(instance.get("datasetId"), None)
        if was is None:
            kinds.add("attributeCreated")
        elif not same(was, instance):
            kinds.add("attributeUpdated")
    if old:
        kinds.add("attributeDeleted")
    return kinds


def compile_subscription(
    tenant: str,
    identifier: str,
    document: Document,
    terms: TermMap,
    query_terms: TermMap,
    *,
    since: Snapshot = Snapshot(0, 0, frozenset()),
) -> Subscription:
    """Make a document ready.

    terms: the @context of its notifications. query_terms: that of its `q`. Raises BadRequestData
    where a query language finds a fault: this is part of checking a subscription.
    """
    wanted = document["notification"]
    shown = projection.read(
        {"pick": wanted.get("pick"), "omit": wanted.get("omit"), "attrs": wanted.get("attributes")},
        terms,
    )
    datasets = frozenset(document["datasetId"]) if "datasetId" in document else None
    triggers = set(document.get("notificationTrigger", DEFAULT_TRIGGERS))
    if "entityUpdated" in triggers:
        triggers |= _ENTITY_UPDATED
    if "csf" in document:
        q.parse(document["csf"], query_terms, field="csf")
    watched = document.get("watchedAttributes")
    view = View(
        format=_FORMATS[wanted.get("format", "normalized")],
        sys_attrs=wanted.get("sysAttrs", False),
        lang=document.get("lang"),
        dataset_ids=datasets,
    )
    return Subscription(
        **subscriber(tenant, identifier, document, terms, since),
        query=query_of(document, terms, query_terms),
        limited="entities" in document,
        watched=None if watched is None else frozenset(watched),
        triggers=frozenset(triggers),
        datasets=datasets,
        view=linked.view_of(view, shown),
        shown=shown,
        join=linked.read_join(wanted, shown),
        show_changes=wanted.get("showChanges", False),
    )


def subscriber(
    tenant: str, identifier: str, document: Document, terms: TermMap, since: Snapshot
) -> dict[str, Any]:
    """Return the members of a Subscriber."""
    version = document.get("ngsildConformance")
    return {
        "tenant": tenant,
        "id": identifier,
        "terms": terms,
        "since": since,
        "is_active": document.get("isActive", True),
        "expires_at": from_text(document["expiresAt"]) if "expiresAt" in document else None,
        "conformance": None if version is None else _version(version),
        "throttling": document.get("throttling"),
        "interval": document.get("timeInterval"),
        "endpoint": _endpoint(document["notification"]["endpoint"]),
    }


def query_of(document: Document, terms: TermMap, query_terms: TermMap) -> Query:
    """Return what a subscription asks of entities. Raises BadRequestData."""
    node = None
    if "q" in document:
        names = request.read_expanded(document)
        node = q.parse(document["q"], query_terms, expand_values=names)
    return Query(
        selectors=request.read_selectors(document.get("entities"), terms) or (Selector(),),
        q=node,
        scope=scopeq.parse(document["scopeQ"]) if "scopeQ" in document else None,
        geo=geoq.parse_params(document.get("geoQ", {}), terms),
    )


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def _endpoint(wanted: dict[str, Any]) -> Endpoint:
    return Endpoint(
        uri=wanted["uri"],
        accept=wanted.get("accept", JSON),
        receiver_info=tuple(
            (pair["key"], pair["value"]) for pair in wanted.get("receiverInfo", ())
        ),
        notifier_info=tuple(
            (pair["key"], pair["value"]) for pair in wanted.get("notifierInfo", ())
        ),
        timeout=wanted["timeout"] / 1000 if "timeout" in wanted else None,
        cooldown=wanted.get("cooldown", 0) / 1000,
    )


def wants_bare_geojson(endpoint: Endpoint) -> bool:
    """Whether GeoJSON goes without a @context in its body (6.3.8)."""
    return endpoint.accept == GEO_JSON and any(
        key.lower() == "prefer" and value.replace(" ", "") == "body=json"
        for key, value in endpoint.receiver_info
    )
