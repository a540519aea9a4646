"""The broker as somebody sees it who may not do everything in a tenant."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tamamo.context.access.connection import narrow_pool
from tamamo.context.access.entities import SeenEntities
from tamamo.context.access.evolutions import SeenEvolutions
from tamamo.context.access.observations import SeenObservations
from tamamo.context.discovery.service import DiscoveryService
from tamamo.context.temporal.service import TemporalService
from tamamo.kernel.identity import Access

if TYPE_CHECKING:
    from tamamo.context.broker import Broker


def seen_by(broker: "Broker", access: Access, subject: str) -> "Broker":
    """Return the broker for somebody with this access: the same services, within their reach.

    subject: who it is, whose entity maps and subscriptions are theirs alone.
    """
    pool = narrow_pool(broker.pool, access.read)
    return replace(
        broker,
        pool=pool,
        entities=SeenEntities(broker.entities, access),
        evolutions=SeenEvolutions(broker.pool, access),
        temporal=TemporalService(pool),
        discovery=DiscoveryService(pool),
        distribution=broker.distribution.within(access.read),
        subscriptions=broker.subscriptions.owned_by(subject, access.subscribe),
        entity_maps=broker.entity_maps.owned_by(subject),
        observations=SeenObservations(broker.observations, access),
    )
