"""The HTTP binding of NGSIv2: one request read, one answer written, errors in NGSIv2's shape."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import orjson
import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tamamo.context import acting, methods, negotiation
from tamamo.context.access.admission import Needs, admit
from tamamo.context.access.seen import seen_by
from tamamo.context.arrival import arrive
from tamamo.context.broker import Broker
from tamamo.context.errors import (
    BadRequestData,
    InternalError,
    InvalidRequest,
    LengthRequired,
    MethodNotAllowed,
    NonexistentTenant,
    NotAcceptable,
    UnsupportedMediaType,
)
from tamamo.context.jsonld import TermMap
from tamamo.context.model import parse
from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.context.model.values import Fault
from tamamo.context.ngsiv2 import errors, names
from tamamo.context.tenants import MAX_NAME
from tamamo.kernel import bodies
from tamamo.kernel.errors import Problem
from tamamo.kernel.identity import Access, Actor
from tamamo.kernel.incoming import Incoming
from tamamo.kernel.settings import Settings

_log = structlog.get_logger(__name__)

SERVICE: Final = "Fiware-Service"
SERVICE_PATH: Final = "Fiware-ServicePath"
CORRELATOR: Final = "Fiware-Correlator"
JSON: Final = "application/json"
TEXT: Final = "text/plain"


@dataclass(slots=True)
class Call:
    """One request, read."""

    request: Request
    broker: Broker
    #: Name of the tenant; it need not exist: then it holds nothing.
    tenant: str
    #: Paths of Fiware-ServicePath, none without the header.
    paths: tuple[str, ...]
    #: Variables of the URL path, decoded.
    path: Mapping[str, str]
    params: Mapping[str, str]
    options: frozenset[str]
    #: The core @context's meaning of names.
    terms: TermMap
    actor: Actor
    #: What the actor may do in the tenant.
    access: Access
    #: The body: JSON, or text where that is its media type.
    body: Any = None
    #: Media type of the body.
    media: str = JSON
    #: Media types of the answer the client takes, the one it likes best first.
    accepts: tuple[str, ...] = (JSON,)
    #: Headers of the answer that follow from the request.
    echo: dict[str, str] = field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """Whether attributes of the body are bare values."""
        return "keyValues" in self.options

    def scopes(self) -> list[str]:
        """Return the scopes of an entity made by this request."""
        return [] if not self.paths or self.paths == ("/",) else list(self.paths)

    async def make_tenant(self) -> None:
        """Make the tenant when there is none; for what creates entities."""
        makes = self.access.everything
        await self.broker.tenants.require(self.tenant, create=makes, by=self.actor.subject)


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one method of a resource does and takes."""

    handler: Handler
    #: Names of query parameters; any other is refused.
    params: frozenset[str] = frozenset()
    #: Keywords of `options`; any other is refused.
    options: frozenset[str] = frozenset()
    #: Media types of the body; none: it reads none.
    body: tuple[str, ...] = ()
    #: Whether it changes entities and so needs the key and takes one service path.
    writes: bool = False
    #: Whether it is about subscriptions, which somebody must answer for.
    key: bool = False
    #: Media types it can answer in.
    offers: tuple[str, ...] = (JSON,)

    @property
    def needs(self) -> Needs:
        """What it needs of whoever asks for it."""
        if self.key:
            return Needs.SUBSCRIBE
        return Needs.WRITE if self.writes else Needs.READ


class Resource:
    """A resource as an ASGI application: picks the operation, answers every error."""

    def __init__(self, **operations: Operation) -> None:
        """operations: by HTTP method."""
        self.operations: Mapping[str, Operation] = operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Incoming(scope, receive, send)
        try:
            operation = methods.find(self.operations, request.method)
            if operation is not None:
                response = await operation.handler(await read(request, operation))
                await acting.keep_reads(request.state.broker.pool)
            elif request.method == "OPTIONS":
                response = methods.choices(self.operations)
            else:
                raise self._not_allowed(request.method)
        except ClientDisconnect:
            return
        except Fault as fault:
            response = errors.answer(fault.problem(), echo(request.headers))
        except Problem as problem:
            response = errors.answer(problem, echo(request.headers))
        except RecursionError:
            nested = BadRequestData("The document is nested too deeply")
            response = errors.answer(nested, echo(request.headers))
        except Exception:
            _log.exception("request failed", method=request.method, path=request.url.path)
            response = errors.answer(InternalError("See the log."), echo(request.headers))
        finally:
            acting.end()
        if request.method == "HEAD":
            response = methods.without_body(response)
        await response(scope, receive, send)

    def _not_allowed(self, method: str) -> Problem:
        allowed = methods.allowed(self.operations)
        problem = MethodNotAllowed(f"{method} is not allowed here, only {allowed}")
        problem.headers["Allow"] = allowed
        return problem


async def read(request: Request, operation: Operation) -> Call:
    """Read a request. Raises a Problem or Fault before anything is changed."""
    broker: Broker = request.state.broker
    headers = request.headers
    tenant = (headers.get(SERVICE) or DEFAULT_TENANT).strip().lower()
    if not 1 <= len(tenant) <= MAX_NAME or not tenant.isprintable():
        raise Fault("cannot be the name of a tenant", SERVICE)
    actor, access = await arrive(request, tenant)
    if not access.everything:
        admit(actor, access, operation.needs)
        broker = seen_by(broker, access, actor.subject)
    with suppress(NonexistentTenant):  # it holds nothing; one that is suspended is refused
        await broker.tenants.require(tenant)
    accepts = accepted(headers.get("accept"), operation.offers)
    params = _read_params(request, operation)
    paths = names.read_paths(headers.get(SERVICE_PATH))
    if operation.writes and (len(paths) > 1 or any(path.endswith("#") for path in paths)):
        raise Fault("a change takes one path, without #", SERVICE_PATH)
    options = frozenset(params["options"].split(",")) if "options" in params else frozenset()
    for keyword in options - operation.options:
        raise Fault(f"this operation has no option {keyword!r}", "options")
    body = await _read_body(request, operation.body, broker.settings)
    return Call(
        request,
        broker,
        tenant,
        paths,
        {name: unquote(text) for name, text in request.path_params.items()},
        params,
        options,
        await broker.contexts.resolve(tenant, None),
        actor,
        access,
        body,
        _media(headers),
        accepts,
        echo(headers),
    )


def accepted(header: str | None, offers: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the media types that an Accept header takes, the one it likes best first.

    Of equal weight the one it names first. Raises NotAcceptable when there is none.
    """
    if header is None or not header.strip():
        return offers
    ranges = [negotiation.media_range(part) for part in header.split(",") if part.strip()]
    named = [name for name, _ in ranges]

    def rank(offer: str) -> tuple[float, int]:
        covering = (offer, f"{offer.partition('/')[0]}/*", "*/*")
        return -negotiation.weight_of(offer, ranges), min(
            (named.index(name) for name in covering if name in named), default=len(named)
        )

    found = [offer for offer in offers if negotiation.weight_of(offer, ranges) > 0]
    if not found:
        raise NotAcceptable(f"Answers can be had as {', '.join(offers)}")
    return tuple(sorted(found, key=rank))


def _read_params(request: Request, operation: Operation) -> dict[str, str]:
    query = request.scope["query_string"]
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise BadRequestData(f"The query parameters cannot be read: {error}") from error
    params: dict[str, str] = {}
    for name, text in pairs:
        if name not in operation.params:
            raise Fault("is not a parameter of this operation", name)
        if name in params:
            raise Fault("stands twice", name)
        if not text:
            raise Fault("is empty", name)
        params[name] = text
    return params


async def _read_body(request: Request, offers: tuple[str, ...], settings: Settings) -> Any:
    """Return the body, JSON or text; one that is too large or too slow is not kept."""
    if not offers:
        return None
    headers = request.headers
    length = headers.get("content-length")
    if length is None:
        raise LengthRequired("The header Content-Length is missing")
    if not length.isdecimal() or int(length) > settings.max_body:
        raise await bodies.refused(request.receive, headers, settings.max_body)
    media = _media(headers)
    if media not in offers:
        raise UnsupportedMediaType(f"A body comes as {' or '.join(offers)}, not as {media!r}")
    raw = await bodies.whole(request, settings.body_seconds)
    if not raw:
        raise BadRequestData("The request has no body")
    if media == JSON:
        return parse.read_json(raw)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The body is not UTF-8: {error}") from error


def _media(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def echo(headers: Headers) -> dict[str, str]:
    """Return the headers that an answer repeats."""
    correlator = headers.get(CORRELATOR)
    return {CORRELATOR: correlator} if correlator else {}


def answer(call: Call, payload: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return 200 with JSON."""
    return Response(orjson.dumps(payload), 200, {**call.echo, **(headers or {})}, JSON)


def no_content(call: Call, headers: Mapping[str, str] | None = None) -> Response:
    """Return 204."""
    return Response(None, 204, {**call.echo, **(headers or {})})


def created(call: Call, location: str) -> Response:
    """Return 201 with the path of what was created."""
    return Response(None, 201, {**call.echo, "Location": location})
