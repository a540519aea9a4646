"""Notifications that sources send for a subscription here (clause 5.8.6).

They are filtered again, put together with what others know where entities are split, and shown as
the subscriber asked; then they are stored to be delivered. Only then the source has its answer, so
that it sends again what was not stored.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tamamo.context.access.rights import Rights
from tamamo.context.distribution import Caller, Part, Warnings, any_type
from tamamo.context.distribution.asking import RETRIEVE
from tamamo.context.distribution.retrieve import combine, gather
from tamamo.context.distribution.source import Source, compile_source
from tamamo.context.errors import BadRequestData, ResourceNotFound
from tamamo.context.jsonld import TermMap
from tamamo.context.jsonld.pack import unpack
from tamamo.context.model.entity import Entity
from tamamo.context.notifications import format as bodies
from tamamo.context.notifications import outbox
from tamamo.context.notifications.outbox import Draft
from tamamo.context.query import geoq, q, scopeq
from tamamo.context.query.plan import Selector
from tamamo.context.remotesubscriptions import told
from tamamo.context.remotesubscriptions.copies import splits
from tamamo.context.remotesubscriptions.told import Told
from tamamo.context.subscriptions.compiled import Subscription, compile_subscription
from tamamo.context.subscriptions.document import Document
from tamamo.context.subscriptions.message import Message
from tamamo.kernel import sql
from tamamo.kernel.database import single, transaction
from tamamo.kernel.time import now, to_text

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

_SQL = sql.load(__package__)


@dataclass(frozen=True, slots=True)
class _Told:
    """Which subscription a source tells of, and what the source was asked."""

    subscription: Subscription
    document: Document
    source: Source
    asked: Document

    @property
    def split(self) -> bool:
        """Whether others may know more of an entity."""
        return splits(self.document)


async def arrive(broker: "Broker", body: Any, terms: TermMap | None) -> None:
    """Take a notification. terms: what its names are of; None: its own @context says it.

    Raises ResourceNotFound when it is for no subscription here, BadRequestData.
    """
    if not isinstance(body, dict) or not isinstance(body.get("subscriptionId"), str):
        raise BadRequestData("subscriptionId: is missing", field="/subscriptionId")
    meant = await _find(broker, body["subscriptionId"])
    if not meant.subscription.active(now()):
        return
    if not (await Rights(broker.identity).of(meant.subscription)).subscribe.everything:
        # What others hold is for those who may be told of everything.
        return
    tenant = meant.subscription.tenant
    if terms is None or "@context" in body:
        terms = await broker.contexts.resolve(tenant, body.get("@context"))
    moment = body.get("notifiedAt")
    moment = moment if isinstance(moment, str) else to_text(now())
    found = await told.read(body.get("data"), terms, broker.contexts, tenant, moment)
    entities = [one for item in found if (one := await _merged(broker, meant, item)) is not None]
    deleted = {item.entity.id: item.deleted_at for item in found if item.deleted_at is not None}
    fetch = partial(broker.entities.find_many, tenant)
    shown = await bodies.of_told(meant.subscription, entities, deleted, fetch)
    if shown is None:
        return
    entity_id = entities[0].id if len(entities) == 1 else ""
    message = Message(meant.subscription.endpoint.accept, shown)
    async with transaction(broker.pool) as connection:
        await outbox.hand_in(connection, [Draft(meant.subscription, entity_id, message)])


async def _find(broker: "Broker", remote_id: str) -> _Told:
    async with single(broker.pool) as connection:
        cursor = await connection.execute(_SQL["named"], {"remote_id": remote_id})
        row = await cursor.fetchone()
    if row is None:
        raise ResourceNotFound(f"There is no subscription {remote_id}")
    tenant, identifier, registration, source, wanted, document, own, query_terms, owner = row
    compiled = compile_subscription(tenant, identifier, document, unpack(own), unpack(query_terms))
    compiled = replace(compiled, owner=owner)
    return _Told(compiled, document, compile_source(tenant, registration, source), wanted)


async def _merged(broker: "Broker", meant: _Told, item: Told) -> Entity | None:
    """Return what the subscriber may see of an entity; None when it is none of theirs."""
    entity = meant.source.only_registered(item.entity)
    if entity is None:
        return None
    # Nor can a source say of what it is not registered for that it is gone.
    gone = meant.source.only_registered(replace(item.entity, attrs=item.gone))
    item.gone = {} if gone is None else gone.attrs
    if meant.split and item.deleted_at is None:
        entity = await _put_together(broker, meant, entity)
    if not _is_meant(meant, entity, gone=item.deleted_at is not None):
        return None
    return item.whole(entity)


def _is_meant(meant: _Told, entity: Entity, *, gone: bool) -> bool:
    """Whether it is subscribed to, and meets the filters that the source was not asked to apply."""
    subscription = meant.subscription
    wanted = replace(subscription.query, q=None, geo=None, scope=None)
    if not replace(subscription, query=wanted).selects(entity):
        return False
    if gone:
        return True
    query = subscription.query
    return (
        (query.q is None or "q" in meant.asked or q.matches(query.q, entity))
        and (query.geo is None or "geoQ" in meant.asked or geoq.matches(query.geo, entity))
        and (query.scope is None or "scopeQ" in meant.asked or scopeq.matches(query.scope, entity))
    )


async def _put_together(broker: "Broker", meant: _Told, entity: Entity) -> Entity:
    """Return the entity with what is known of it here and at all other sources."""
    tenant, distribution = meant.subscription.tenant, broker.distribution
    own = await distribution.caller(tenant, meant.subscription.terms)
    caller = Caller(own.tenant, own.terms, own.alias)
    selector = Selector((entity.id,), None, any_type(entity.types))
    choice = distribution.choose(
        caller, RETRIEVE, [selector], accepts=lambda source: source.id != meant.source.id
    )
    others = await gather(broker, caller, choice.parts, Warnings())
    local = (await broker.entities.find_many(tenant, [entity.id])).get(entity.id)
    mine = Part(meant.source, RETRIEVE[0], (selector,))
    found = combine(local, [(meant.source, entity), *others], [mine, *choice.parts])
    return entity if found is None else found
