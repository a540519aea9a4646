"""The broker as one object: what the HTTP routes, the feeds and the pages call in process."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from tamamo.context.changes import ChangeService
from tamamo.context.contexts import ContextLibrary, ContextService
from tamamo.context.discovery.service import DiscoveryService
from tamamo.context.distribution import Activity, Client, Directory, Distribution
from tamamo.context.entities.service import EntityService
from tamamo.context.entitymaps.service import EntityMapService
from tamamo.context.jsonld import ContextStore
from tamamo.context.observations import ObservationService
from tamamo.context.registrations.service import RegistrationService
from tamamo.context.snapshots.service import SnapshotService
from tamamo.context.sourcesubscriptions.service import SourceSubscriptionService
from tamamo.context.subscriptions.service import SubscriptionService
from tamamo.context.temporal.changing import EvolutionService
from tamamo.context.temporal.partitions import Partitions
from tamamo.context.temporal.service import TemporalService
from tamamo.context.tenants import Tenants
from tamamo.kernel.database import Pool, open_pool
from tamamo.kernel.drills.service import DrillService
from tamamo.kernel.home import api_key
from tamamo.kernel.identity import Identity
from tamamo.kernel.outgoing import Outgoing
from tamamo.kernel.settings import Settings
from tamamo.kernel.towns import Towns
from tamamo.kernel.towns.agreements import AgreementService
from tamamo.kernel.towns.limits import RateLimits
from tamamo.kernel.towns.quota import Quotas
from tamamo.kernel.towns.reach import Shares
from tamamo.kernel.towns.service import TownService


@dataclass(slots=True)
class Broker:
    """The open broker of this process; the services are its attributes."""

    settings: Settings
    pool: Pool
    contexts: ContextStore
    stored_contexts: ContextService
    registrations: RegistrationService
    distribution: Distribution
    tenants: Tenants
    entities: EntityService
    discovery: DiscoveryService
    temporal: TemporalService
    evolutions: EvolutionService
    observations: ObservationService
    changes: ChangeService
    subscriptions: SubscriptionService
    source_subscriptions: SourceSubscriptionService
    entity_maps: EntityMapService
    snapshots: SnapshotService
    #: Who asks, and what they may do.
    identity: Identity
    #: What this process knows of towns and of the agreements between them.
    towns: Towns
    town_service: TownService
    drills: DrillService
    agreements: AgreementService
    limits: RateLimits


@asynccontextmanager
async def open_broker(settings: Settings) -> AsyncIterator[Broker]:
    """Open the database pool and the services; settings.database_url must be set."""
    assert settings.database_url is not None
    async with (
        open_pool(settings.database_url, settings.pool_size) as pool,
        Outgoing(settings) as outgoing,
        aclosing(ChangeService(pool)) as changes,
        Directory(pool).following() as directory,
        Activity(pool).keeping() as activity,
        Towns(pool).following() as towns,
        Quotas(pool, towns, (limits := RateLimits(settings, towns)).counter).following(),
        Identity(
            pool, None if settings.open else api_key(settings.home), settings.public_url
        ).keeping() as identity,
    ):
        tenants = Tenants(pool, towns)
        library = ContextLibrary(pool)
        contexts = ContextStore(outgoing, library)
        discovery = DiscoveryService(pool)
        identity.shares = Shares(towns)
        # What towns agree on, and what they show to everybody, counts at once.
        towns.listeners.append(identity.forget)
        yield Broker(
            settings,
            pool,
            contexts,
            ContextService(library, contexts),
            RegistrationService(pool, directory.refresh),
            Distribution(directory, Client(outgoing, contexts, activity, identity.key), discovery),
            tenants,
            EntityService(pool),
            discovery,
            TemporalService(pool),
            EvolutionService(pool),
            ObservationService(pool, Partitions(pool), tenants),
            changes,
            SubscriptionService(pool, contexts),
            SourceSubscriptionService(pool, contexts),
            EntityMapService(pool),
            SnapshotService(pool),
            identity,
            towns,
            TownService(pool, towns),
            DrillService(pool, towns),
            AgreementService(pool, towns, identity),
            limits,
        )
