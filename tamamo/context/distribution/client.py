"""Sending one request to one source, and what can come of it (clauses 4.3.6.5, 6.3.17, 6.3.19)."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode
from weakref import WeakValueDictionary

import orjson

from tamamo.context.distribution.activity import Activity
from tamamo.context.distribution.caller import Caller
from tamamo.context.distribution.source import FROM_REQUEST, Source, wants_json_ld
from tamamo.context.distribution.warnings import (
    INVALID,
    NO_ANSWER,
    REFUSED,
    WARNING_HEADER,
    Warnings,
)
from tamamo.context.errors import BadRequestData, LdContextNotAvailable
from tamamo.context.jsonld import ContextStore, TermMap
from tamamo.context.jsonld.resolve import default_map
from tamamo.context.model import parse
from tamamo.context.negotiation import CONTEXT_RELATION, JSON, LD_JSON
from tamamo.kernel.outgoing import AnswerTooLarge, Outgoing, OutgoingError

#: Largest answer of a source in bytes.
MAX_ANSWER: Final = 16 * 1024 * 1024
#: Requests to sources that this process has under way at once, and those to one server; further
#: ones wait their turn, so that a server that is slow leaves room for the others.
MAX_PARALLEL: Final = 64
MAX_TO_ONE: Final = 16
#: Endpoints whose failure is remembered.
_MAX_FAILED: Final = 10_000
_TENANT: Final = "NGSILD-Tenant"
#: Headers that follow from the request itself: contextSourceInfo cannot set them (6.3.19).
_OWN: Final = frozenset(
    {"accept", "content-type", "content-length", "host", "via", "link", "connection", "expect"}
    | {"ngsild-tenant", "transfer-encoding", "content-encoding", "accept-encoding", "te"}
    | {"keep-alive", "proxy-connection", "trailer", "upgrade"}
)
#: Headers by which a client says who it is.
_CREDENTIALS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})

T = TypeVar("T")


class Failure(Enum):
    """Why there is no answer to use."""

    #: None within the time the source has, or within its cooldown (5.2.34).
    TIMEOUT = "no answer in time"
    #: No connection, or none that this installation allows.
    UNREACHABLE = "cannot be reached"
    #: More than MAX_ANSWER, or than the answers to one caller may hold together.
    TOO_LARGE = "the answer is too large"
    #: The @context its registration names cannot be had.
    CONTEXT = "the @context registered for it cannot be had"


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask of a source.

    path: below /ngsi-ld/v1, its parts quoted (see `segment`). body: JSON without @context.
    terms: what the names in params and body are of (see `Client.terms_for`). headers: beside those
    that every request to the source carries.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    terms: TermMap = field(default_factory=lambda: default_map().terms)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a source answered. status: 0 without an answer, then failure says why.

    terms: what names in the body mean, unless it brings its own @context.
    """

    source: Source
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    terms: TermMap = field(default_factory=lambda: default_map().terms)
    failure: Failure | None = None
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the JSON of the body. Raises InvalidRequest, BadRequestData."""
        return parse.read_json(self.body)

    def warn(self, caller: Caller, warnings: Warnings) -> None:
        """Say what is wrong with it, if anything is; a 404 is nothing unusual (6.3.17)."""
        several = getattr(self.headers, "getall", None)  # one header, or one for each warning
        said = several(WARNING_HEADER, ()) if several else [self.headers.get(WARNING_HEADER, "")]
        warnings.pass_on(said)
        about = f"{self.source.id}: "
        if self.failure is Failure.TOO_LARGE:
            warnings.add(INVALID, caller.alias, about + self.failure.value)
        elif self.failure is not None:
            warnings.add(NO_ANSWER, caller.alias, about + self.failure.value)
        elif self.status == 508:
            warnings.add(NO_ANSWER, caller.alias, about + "a loop of registrations")
        elif not self.ok and self.status != 404:
            warnings.add(REFUSED, caller.alias, f"{about}HTTP status {self.status}")


class Client:
    """Speaks to sources; one for each process."""

    def __init__(
        self,
        outgoing: Outgoing,
        contexts: ContextStore,
        activity: Activity,
        key: str | None = None,
    ) -> None:
        """key: of this broker, which no source is to see."""
        self._outgoing = outgoing
        self._key = key
        self.activity = activity
        self._contexts = contexts
        self._turns = asyncio.Semaphore(MAX_PARALLEL)
        #: By host and port, while anybody waits for one.
        self._turns_of: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        #: Endpoint → when a request to it last failed.
        self._failed: OrderedDict[str, float] = OrderedDict()

    async def terms_for(self, caller: Caller, source: Source) -> TermMap:
        """Return the names to use towards a source: those registered for it, or the caller's.

        A @context that the caller gave in a body has no address that the source could fetch:
        then names go as full IRIs. Raises LdContextNotAvailable, BadRequestData.
        """
        if source.context is not None:
            return await self._contexts.resolve(source.tenant, source.context)
        return caller.terms if has_same_names(caller, source) else default_map().terms

    async def ask(
        self, caller: Caller, source: Source, make: Callable[[TermMap], Request]
    ) -> Reply:
        """Send the request that `make` returns for the names of the source; never raises."""
        try:
            terms = await self.terms_for(caller, source)
        except (LdContextNotAvailable, BadRequestData) as problem:
            return Reply(source, 0, failure=Failure.CONTEXT, detail=problem.detail)
        return await self.send(caller, source, make(terms))

    async def send(self, caller: Caller, source: Source, request: Request) -> Reply:
        """Send a request; never raises for what the source or the way to it does."""
        if self._is_cooling(source):
            return Reply(source, 0, failure=Failure.TIMEOUT, detail="left alone after a failure")
        server = source.base.partition("//")[2].partition("/")[0].rpartition("@")[2].lower()
        # Theirs first: who waits for a slow server keeps no turn from the others.
        async with self._turns_of.setdefault(server, asyncio.Semaphore(MAX_TO_ONE)), self._turns:
            reply = await self._exchange(caller, source, request)
        absent = request.method == "GET" and reply.status == 404
        self.activity.note(source, done=reply.ok or absent)
        if reply.failure in {Failure.TIMEOUT, Failure.UNREACHABLE} or reply.status >= 500:
            self._remember_failure(source)
        return reply

    async def _exchange(self, caller: Caller, source: Source, request: Request) -> Reply:
        content, headers = _message(caller, source, request, self._key)
        try:
            # Redirects are not followed: what is conveyed is meant for this endpoint alone.
            answer = await self._outgoing.request(
                request.method,
                _address(source, request),
                headers=headers,
                body=content,
                max_bytes=min(MAX_ANSWER, caller.room.left),
                seconds=source.seconds,
                follow_redirects=False,
            )
            caller.room.take(len(answer.body))
        except AnswerTooLarge as error:
            return Reply(source, 0, failure=Failure.TOO_LARGE, detail=str(error))
        except (OutgoingError, UnicodeError) as error:  # a header that is no ASCII
            late = isinstance(error.__cause__, TimeoutError)
            failure = Failure.TIMEOUT if late else Failure.UNREACHABLE
            return Reply(source, 0, failure=failure, detail=str(error))
        return Reply(source, answer.status, answer.body, answer.headers, request.terms)

    def _is_cooling(self, source: Source) -> bool:
        failed = self._failed.get(source.base)
        return failed is not None and time.monotonic() < failed + source.cooldown

    def _remember_failure(self, source: Source) -> None:
        if source.cooldown:
            self._failed[source.base] = time.monotonic()
            self._failed.move_to_end(source.base)
            while len(self._failed) > _MAX_FAILED:
                self._failed.popitem(last=False)


def has_same_names(caller: Caller, source: Source) -> bool:
    """Whether the source is spoken to in the names the caller used."""
    terms = caller.terms
    return source.context is None and terms.address is None and terms.has_address


async def together(work: Iterable[Awaitable[T]]) -> list[T]:
    """Await all of these at once and return the results in their order."""
    return list(await asyncio.gather(*work))


def segment(text: str) -> str:
    """Return a name or id as a part of a path."""
    return quote(text, safe=":")


def _address(source: Source, request: Request) -> str:
    params = dict(request.params) | ({"local": "true"} if source.local_only else {})
    query = urlencode(params, quote_via=quote, safe=":/,*")
    return f"{source.base}{request.path}?{query}" if query else source.base + request.path


def _message(
    caller: Caller, source: Source, request: Request, key: str | None
) -> tuple[bytes | None, dict[str, str]]:
    """Return the body and the headers of a request. key: what no header taken over may hold."""
    body, context = request.body, request.terms.link_url
    headers = {**dict(_conveyed(caller, source, key)), **request.headers}
    headers["Accept"] = source.accept
    headers["Via"] = caller.via_header
    if source.remote_tenant is not None:
        headers[_TENANT] = source.remote_tenant
    if body is not None and wants_json_ld(source):
        if isinstance(body, list):
            body = [{**item, "@context": context} for item in body]
        else:
            body = {**body, "@context": context}
        headers["Content-Type"] = LD_JSON
    else:
        headers["Link"] = f'<{context}>; rel="{CONTEXT_RELATION}"; type="{LD_JSON}"'
        if body is not None:
            headers["Content-Type"] = JSON
    return None if body is None else orjson.dumps(body), headers


def _conveyed(caller: Caller, source: Source, key: str | None) -> Iterable[tuple[str, str]]:
    """Yield what contextSourceInfo says to convey (4.3.6.5), but for this broker's own key.

    Where clients sign in, what they sign in with is for this broker alone: whoever registers a
    source would else collect the tokens of all others.
    """
    for name, value in source.headers:
        if name.lower() in _OWN:
            continue
        if value == FROM_REQUEST:
            if key is not None and name.lower() in _CREDENTIALS:
                continue
            given = caller.headers.get(name)
            if given is not None and (key is None or key not in given):
                yield name, given
        else:
            yield name, value
