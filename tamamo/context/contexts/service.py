"""What clients do with stored @contexts (clause 5.13), and naming those given in a body."""

import asyncio
import time
from collections import OrderedDict
from datetime import timedelta
from typing import Any

from tamamo.context.contexts.library import (
    PATH,
    ContextLibrary,
    Entry,
    Kind,
    id_of_content,
    local_id,
    new_id,
)
from tamamo.context.errors import BadRequestData, LdContextNotAvailable, ResourceNotFound
from tamamo.context.jsonld import ContextStore, core, resolve
from tamamo.context.jsonld.library import Document
from tamamo.context.jsonld.store import canonical
from tamamo.context.tenants import owner_of
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.time import from_text, now

_SQL = sql.load(__package__)

#: How long a @context that was created for one answer can be looked up.
ANSWER_KEPT = timedelta(days=1)
#: Seconds for which this process knows that it is there, and how many it knows.
_KNOWN_SECONDS = 60.0
_MAX_KNOWN = 1000
#: How long a cached one is kept after it expired: it serves while its source is down.
UNUSED_KEPT = timedelta(days=7)
#: Longest @context, as JSON, that is kept for an answer: reading must not fill the disk.
MAX_ANSWER = 64 * 1024
#: Rows one sweep removes at most.
_SLICE = 500


class ContextService:
    """The resource jsonldContexts of every tenant."""

    def __init__(self, library: ContextLibrary, store: ContextStore) -> None:
        """Keep them in `library`; `store` downloads, and holds what was made of them."""
        self._library = library
        self._store = store
        self._known: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def add(self, tenant: str, context: Any) -> str:
        """Store a @context and return its path (clause 5.13.2).

        Raises BadRequestData when it is no valid @context (clauses 5.5.4, 5.5.7).
        """
        if not isinstance(context, (str, dict, list)):
            raise BadRequestData(
                "A @context is an address, an object, or an array of these", field="/@context"
            )
        canonical(context)
        if not list(resolve.remote_urls(context)):
            # Others stand on documents that may not be there yet: they are checked when used.
            await asyncio.to_thread(resolve.term_map, context, {})
        context_id = new_id()
        await self._library.add(tenant, context_id, Kind.HOSTED, Document(context, None))
        return PATH + context_id

    async def entries(self, tenant: str, kind: Kind | None) -> list[Entry]:
        """Return what is known of the tenant's @contexts, the pinned ones first (5.13.3)."""
        pinned = _PINNED if kind in {None, Kind.CACHED} else []
        return [*pinned, *await self._library.entries(tenant, kind)]

    async def entry(self, tenant: str, name: str) -> Entry:
        """Return one by its local identifier, a cached one also by its address (5.13.4).

        Raises ResourceNotFound.
        """
        context_id = local_id(name)
        for pinned in _PINNED:
            if pinned.id == context_id:
                return pinned
        entry = await self._library.entry(tenant, context_id)
        if entry is None:
            raise _unknown(name)
        return entry

    async def delete(self, tenant: str, name: str) -> None:
        """Remove one (clause 5.13.5). Raises ResourceNotFound, BadRequestData for a pinned one."""
        entry = await self.entry(tenant, name)
        if entry in _PINNED:
            raise BadRequestData("A core @context belongs to the broker and stays", field="id")
        if not await self._library.delete(tenant, entry.id):
            raise _unknown(name)
        self._forget(tenant, entry.id)

    async def reload(self, tenant: str, name: str) -> None:
        """Download a cached one again and put it in the place of the old (clause 5.13.5).

        Raises ResourceNotFound; BadRequestData when it is not cached; LdContextNotAvailable when
        it cannot be had or is not valid now: then the old one stays.
        """
        entry = await self.entry(tenant, name)
        if entry.kind is not Kind.CACHED or entry.url is None:
            raise BadRequestData(f"Only cached @contexts are reloaded, not {entry.kind} ones")
        if entry in _PINNED:
            return  # what is pinned is what was published under that version
        try:
            document = await self._store.fetch(entry.url)
        except BadRequestData as error:
            raise LdContextNotAvailable(error.detail, field="id") from error
        if not await self._library.replace(tenant, entry.id, document):
            raise _unknown(name)
        self._forget(tenant, entry.id)

    async def path_of(self, tenant: str, context: Any, *, for_good: bool = False) -> str | None:
        """Return a path at which a @context that was given in a body can be looked up.

        for_good: it stays until somebody deletes it (a subscription's); else for a day, and None
        comes back for one that is too large to be kept for an answer.
        """
        if not for_good and len(canonical(context)) > MAX_ANSWER:
            return None
        context_id, tenant = id_of_content(context), owner_of(tenant)
        key = (tenant, context_id)
        if for_good or self._known.get(key, 0.0) < time.monotonic():
            expires = None if for_good else now() + ANSWER_KEPT
            document = Document(context, expires)
            await self._library.add(tenant, context_id, Kind.IMPLICIT, document)
            self._known[key] = time.monotonic() + _KNOWN_SECONDS
            self._known.move_to_end(key)
            while len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)
        return PATH + context_id

    def _forget(self, tenant: str, context_id: str) -> None:
        self._known.pop((tenant, context_id), None)
        self._store.forget(tenant)


async def sweep(pool: Pool) -> int:
    """Remove @contexts that came about by themselves and are over; return how many."""
    limits = {"unused": UNUSED_KEPT, "limit": _SLICE}
    async with transaction(pool) as connection:
        return (await connection.execute(_SQL["sweep_contexts"], limits)).rowcount


def _unknown(name: str) -> ResourceNotFound:
    return ResourceNotFound(f"No @context {name!r} is stored here")


_PINNED = [
    Entry(local_id(url), Kind.CACHED, url, from_text(core.PINNED_AT), None) for url in core.PINNED
]
