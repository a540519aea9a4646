"""The broker as one object: what the HTTP routes, the feeds and the pages call in process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tamamo.context.jsonld import ContextStore
from tamamo.kernel.database import Pool, open_pool
from tamamo.kernel.settings import Settings


@dataclass(slots=True)
class Broker:
    """The open broker of this process; the services are its attributes."""

    settings: Settings
    pool: Pool
    contexts: ContextStore


@asynccontextmanager
async def open_broker(settings: Settings) -> AsyncIterator[Broker]:
    """Open the database pool and the services; settings.database_url must be set."""
    assert settings.database_url is not None
    async with open_pool(settings.database_url, settings.pool_size) as pool:
        yield Broker(settings, pool, ContextStore(settings))
