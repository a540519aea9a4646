"""The broker as somebody sees it who may not do everything in a tenant."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tamamo.context.access.connection import narrow_pool
from tamamo.context.access.entities import SeenEntities
from tamamo.context.access.evolutions import SeenEvolutions
from tamamo.context.access.observations import SeenObservations
from tamamo.context.discovery.service import DiscoveryService
from tamamo.context.temporal.service import TemporalService
from tamamo.kernel.identity import Access

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

#: Views kept: an access is one object for as long as it counts, and many requests come with it.
_MOST: Final = 1_000
_View = tuple[Access, "Broker", "Broker"]
_views: dict[tuple[int, str], _View] = {}


def seen_by(broker: "Broker", access: Access, subject: str) -> "Broker":
    """Return the broker for somebody with this access: the same services, within their reach.

    subject: who it is, whose entity maps and subscriptions are theirs alone. Of somebody who may
    do everything it is the broker itself.
    """
    if access.everything:
        return broker
    key = (id(access), subject)
    found = _views.get(key)
    if found is not None and found[0] is access and found[1] is broker:
        return found[2]
    if len(_views) >= _MOST:
        _views.clear()
    view = _view(broker, access, subject)
    _views[key] = (access, broker, view)
    return view


def _view(broker: "Broker", access: Access, subject: str) -> "Broker":
    reads_all = access.read.everything
    pool = broker.pool if reads_all else narrow_pool(broker.pool, access.read)
    return replace(
        broker,
        pool=pool,
        entities=SeenEntities(broker.entities, access),
        evolutions=SeenEvolutions(broker.pool, access),
        temporal=broker.temporal if reads_all else TemporalService(pool),
        discovery=broker.discovery if reads_all else DiscoveryService(pool),
        distribution=broker.distribution.within(access.read),
        subscriptions=broker.subscriptions.owned_by(subject, access.subscribe),
        entity_maps=broker.entity_maps.owned_by(subject),
        observations=SeenObservations(broker.observations, access),
    )
