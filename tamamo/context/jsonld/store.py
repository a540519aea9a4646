"""Finding the term map of a request's @context: cache, pinned documents, network."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import orjson

from tamamo.context.errors import BadRequestData, LdContextNotAvailable
from tamamo.context.jsonld import core, resolve
from tamamo.context.jsonld.terms import TermMap
from tamamo.kernel.outgoing import Outgoing, OutgoingError

#: Largest context document in bytes.
MAX_DOCUMENT = 2 * 1024 * 1024
#: Seconds for all documents of one @context together.
MAX_SECONDS = 10.0
#: How deep documents may refer to documents.
MAX_DEPTH = 5
#: Seconds after which a fetched document is looked up again; the old one serves if that fails.
REFRESH_SECONDS = 3600.0
#: Term maps, and documents, kept in memory.
MAX_ENTRIES = 500

_ACCEPT = "application/ld+json, application/json;q=0.9, */*;q=0.1"

#: Gives the @context this broker itself keeps under an address for a tenant, None if it keeps none.
Hosted = Callable[[str, str], Awaitable[Any]]

_Key = tuple[str, str]


@dataclass(slots=True)
class _Document:
    context: Any
    fetched: float


class ContextStore:
    """Resolves @contexts to term maps, one cache by (tenant, @context) in each process."""

    def __init__(self, outgoing: Outgoing, hosted: Hosted | None = None) -> None:
        """Use `outgoing` for what users name; ask `hosted` first when it is given."""
        self._outgoing = outgoing
        self._hosted = hosted
        self._maps: OrderedDict[_Key, tuple[TermMap, float]] = OrderedDict()
        self._documents: OrderedDict[_Key, _Document] = OrderedDict()
        self._pending: dict[_Key, asyncio.Task[TermMap]] = {}

    async def resolve(self, tenant: str, context: Any) -> TermMap:
        """Return the term map of a @context: an address, an object, an array of these, or None.

        Raises BadRequestData when the @context is not valid or scoped (clause 5.5.7), and
        LdContextNotAvailable when a remote one cannot be had (clause 5.5.6).
        """
        if context is None:
            return resolve.default_map().terms
        if isinstance(context, str) and core.is_core(context):
            return resolve.default_map().terms.with_link(context)
        key = (tenant, context if isinstance(context, str) else _canonical(context))
        found = self._maps.get(key)
        if found is not None and time.monotonic() < found[1]:
            self._maps.move_to_end(key)
            return found[0]
        return await self._build_once(key, tenant, context)

    def forget(self, tenant: str, url: str) -> None:
        """Drop what is remembered of a document, and every map that may have used it."""
        self._documents.pop((tenant, url), None)
        for key in [key for key in self._maps if key[0] == tenant]:
            del self._maps[key]

    async def _build_once(self, key: _Key, tenant: str, context: Any) -> TermMap:
        """Let requests that need the same map at the same time share the work."""
        task = self._pending.get(key)
        if task is None:
            task = asyncio.create_task(self._build(key, tenant, context))
            self._pending[key] = task
            task.add_done_callback(lambda _: self._pending.pop(key, None))
        return await asyncio.shield(task)

    async def _build(self, key: _Key, tenant: str, context: Any) -> TermMap:
        documents: dict[str, Any] = {}
        urls = list(resolve.remote_urls(context))
        try:
            async with asyncio.timeout(MAX_SECONDS):
                for url in urls:
                    await self._collect(tenant, url, documents, 1)
        except TimeoutError as error:
            raise _unavailable(urls[0], f"no answer within {MAX_SECONDS:.0f} s") from error
        # Large vocabularies take PyLD up to a second: other requests go on meanwhile.
        terms = await asyncio.to_thread(resolve.term_map, context, documents)
        _remember(self._maps, key, (terms, time.monotonic() + REFRESH_SECONDS))
        return terms

    async def _collect(self, tenant: str, url: str, into: dict[str, Any], depth: int) -> None:
        """Put the document and all it refers to into `into`, under absolute addresses."""
        if url in into:
            return
        if depth > MAX_DEPTH or len(into) >= resolve.MAX_DOCUMENTS:
            raise BadRequestData(
                f"The @context refers to too many others (at {url})", field="/@context"
            )
        context = await self._document(tenant, url)
        into[url] = context
        for reference in resolve.remote_urls(context):
            await self._collect(tenant, urljoin(url, reference), into, depth + 1)

    async def _document(self, tenant: str, url: str) -> Any:
        if not url.startswith(("http://", "https://")):
            raise BadRequestData(f"{url!r} is not the address of a @context", field="/@context")
        if self._hosted is not None:
            hosted = await self._hosted(tenant, url)
            if hosted is not None:
                return hosted
        key = (tenant, url)
        known = self._documents.get(key)
        if known is not None and time.monotonic() - known.fetched < REFRESH_SECONDS:
            return known.context
        try:
            context = await self._fetch(url)
        except LdContextNotAvailable:
            if known is None:
                raise
            context = known.context
        _remember(self._documents, key, _Document(context, time.monotonic()))
        return context

    async def _fetch(self, url: str) -> Any:
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
        return document["@context"]


def _canonical(context: Any) -> str:
    try:
        text = orjson.dumps(context, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:  # nested deeper than any real context
        raise BadRequestData("The @context is not usable", field="/@context") from error
    if len(text) > MAX_DOCUMENT:
        raise BadRequestData(f"The @context is larger than {MAX_DOCUMENT} bytes", field="/@context")
    return text.decode()


def _remember(cache: OrderedDict[_Key, Any], key: _Key, value: Any) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > MAX_ENTRIES:
        cache.popitem(last=False)


def _unavailable(url: str, reason: str) -> LdContextNotAvailable:
    return LdContextNotAvailable(f"The @context {url} cannot be had: {reason}", field="/@context")
