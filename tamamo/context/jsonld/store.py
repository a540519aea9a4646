"""Finding the term map of a request's @context: cache, pinned documents, network."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import orjson

from tamamo.context.errors import BadRequestData, LdContextNotAvailable
from tamamo.context.jsonld import core, lifetime, resolve
from tamamo.context.jsonld.library import Document, Library, MemoryLibrary
from tamamo.context.jsonld.terms import TermMap
from tamamo.context.tenants import owner_of
from tamamo.kernel.outgoing import Outgoing, OutgoingError
from tamamo.kernel.time import now

#: Largest context document in bytes.
MAX_DOCUMENT = 2 * 1024 * 1024
#: Seconds for all documents of one @context together.
MAX_SECONDS = 10.0
#: How deep documents may refer to documents.
MAX_DEPTH = 5
#: Seconds after which a term map is built again, where its documents do not say earlier.
REBUILD_SECONDS = 3600.0
#: Seconds an expired document serves while its source is down, before that is asked again.
RETRY_SECONDS = 60.0
#: Seconds between looks at what other processes changed.
LOOK_SECONDS = 1.0
#: Term maps kept in memory, and about the bytes that they may take together.
MAX_ENTRIES = 500
MAX_MEMORY = 64 * 1024 * 1024

_ACCEPT = "application/ld+json, application/json;q=0.9, */*;q=0.1"

_Key = tuple[str, str]


class ContextStore:
    """Resolves @contexts to term maps, one cache by (tenant, @context) in each process."""

    def __init__(self, outgoing: Outgoing, library: Library | None = None) -> None:
        """Use `outgoing` for what users name, and `library` to keep it; None: in memory."""
        self._outgoing = outgoing
        self._library = library or MemoryLibrary()
        self._maps: OrderedDict[_Key, tuple[TermMap, float, int]] = OrderedDict()
        self._pending: dict[_Key, asyncio.Task[TermMap]] = {}
        self._looked = -LOOK_SECONDS
        #: Counts what was forgotten: a map begun before that is not kept.
        self._epoch = 0

    async def resolve(self, tenant: str, context: Any) -> TermMap:
        """Return the term map of a @context: an address, an object, an array of these, or None.

        Raises BadRequestData when the @context is not valid or scoped (clause 5.5.7), and
        LdContextNotAvailable when a remote one cannot be had (clause 5.5.6).
        """
        if context is None:
            return resolve.default_map().terms
        if isinstance(context, str) and core.is_core(context):
            return resolve.default_map().terms.with_link(context)
        tenant = owner_of(tenant)
        key = (tenant, context if isinstance(context, str) else canonical(context))
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            await self._look()
        found = self._maps.get(key)
        if found is not None and time.monotonic() < found[1]:
            self._maps.move_to_end(key)
            return found[0]
        return await self._build_once(key, tenant, context)

    def forget(self, tenant: str) -> None:
        """Drop every map of a tenant: a document that they may have used has changed."""
        self._epoch += 1
        for key in [key for key in self._maps if key[0] == tenant]:
            del self._maps[key]

    async def fetch(self, url: str) -> Document:
        """Download a document, whatever is kept of it.

        Raises LdContextNotAvailable, and BadRequestData when it is no @context (clause 5.5.4).
        """
        try:
            answer = await self._outgoing.get(url, accept=_ACCEPT, max_bytes=MAX_DOCUMENT)
        except OutgoingError as error:
            raise _unavailable(url, str(error)) from error
        if answer.status != 200:
            raise _unavailable(url, f"HTTP status {answer.status}")
        try:
            document = orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            raise BadRequestData(f"The @context at {url} is not JSON", field="/@context") from error
        if not isinstance(document, dict) or "@context" not in document:
            raise BadRequestData(f"The document at {url} has no @context", field="/@context")
        for _ in resolve.remote_urls(document["@context"]):
            pass  # what has not the form of a @context is not kept
        return Document(document["@context"], _in(lifetime.seconds_of(answer.headers, now())))

    async def _look(self) -> None:
        """Forget what other processes changed."""
        self._looked = time.monotonic()
        for tenant in await self._library.changed():
            self.forget(tenant)

    async def _build_once(self, key: _Key, tenant: str, context: Any) -> TermMap:
        """Let requests that need the same map at the same time share the work."""
        task = self._pending.get(key)
        if task is None:
            task = asyncio.create_task(self._build(key, tenant, context))
            self._pending[key] = task
            task.add_done_callback(lambda _: self._pending.pop(key, None))
        return await asyncio.shield(task)

    async def _build(self, key: _Key, tenant: str, context: Any) -> TermMap:
        epoch = self._epoch
        documents: dict[str, Document] = {}
        urls = list(resolve.remote_urls(context))
        try:
            async with asyncio.timeout(MAX_SECONDS):
                for url in urls:
                    await self._collect(tenant, url, documents, 1)
        except TimeoutError as error:
            raise _unavailable(urls[0], f"no answer within {MAX_SECONDS:.0f} s") from error
        # Large vocabularies take PyLD up to a second: other requests go on meanwhile.
        parts = {url: document.context for url, document in documents.items()}
        terms = await asyncio.to_thread(resolve.term_map, context, parts)
        if epoch == self._epoch:
            self._remember(key, terms, time.monotonic() + _seconds_left(documents))
        return terms

    def _remember(self, key: _Key, terms: TermMap, until: float) -> None:
        maps = self._maps
        maps[key] = terms, until, terms.size
        maps.move_to_end(key)
        memory = sum(size for _, _, size in maps.values())
        while len(maps) > MAX_ENTRIES or (memory > MAX_MEMORY and len(maps) > 1):
            memory -= maps.popitem(last=False)[1][2]

    async def _collect(self, tenant: str, url: str, into: dict[str, Document], depth: int) -> None:
        """Put the document and all it refers to into `into`, under absolute addresses."""
        if url in into:
            return
        if depth > MAX_DEPTH or len(into) >= resolve.MAX_DOCUMENTS:
            raise BadRequestData(
                f"The @context refers to too many others (at {url})", field="/@context"
            )
        document = into[url] = await self._document(tenant, url)
        for reference in resolve.remote_urls(document.context):
            await self._collect(tenant, urljoin(url, reference), into, depth + 1)

    async def _document(self, tenant: str, url: str) -> Document:
        if not url.startswith(("http://", "https://")):
            raise BadRequestData(f"{url!r} is not the address of a @context", field="/@context")
        known = await self._library.find(tenant, url)
        if known is not None and (known.expires is None or now() < known.expires):
            return known
        try:
            document = await self.fetch(url)
        except LdContextNotAvailable:
            if known is None:
                raise
            document = Document(known.context, _in(RETRY_SECONDS))
        await self._library.keep(tenant, url, document)
        return document


def canonical(context: Any) -> str:
    """Return one text for @contexts that are equal. Raises BadRequestData on one too large."""
    try:
        text = orjson.dumps(context, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:  # nested deeper than any real context
        raise BadRequestData("The @context is not usable", field="/@context") from error
    if len(text) > MAX_DOCUMENT:
        raise BadRequestData(f"The @context is larger than {MAX_DOCUMENT} bytes", field="/@context")
    return text.decode()


def _in(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)


def _seconds_left(documents: Mapping[str, Document]) -> float:
    """Return for how long a map made of these holds."""
    moments = [document.expires for document in documents.values() if document.expires]
    left = min(((moment - now()).total_seconds() for moment in moments), default=REBUILD_SECONDS)
    return min(left, REBUILD_SECONDS)


def _unavailable(url: str, reason: str) -> LdContextNotAvailable:
    return LdContextNotAvailable(f"The @context {url} cannot be had: {reason}", field="/@context")
