"""The HTTP binding all resources share (clause 6.3): one request read, one answer written.

A resource is a table of operations; an operation says which parameters it takes, what body it
reads and what it may do, and its handler sees an `Exchange`: the request after all the rules of
clause 6.3 were applied.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
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
    OperationNotSupported,
    UnsupportedMediaType,
)
from tamamo.context.jsonld import TermMap
from tamamo.context.model import parse
from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.context.negotiation import GEO_JSON, JSON, LD_JSON, MERGE_PATCH
from tamamo.context.tenants import SNAPSHOT_HEADER, TENANT_HEADER
from tamamo.kernel import bodies
from tamamo.kernel.errors import Problem, Unavailable
from tamamo.kernel.identity import ANONYMOUS, NO_ACCESS, Access, Actor
from tamamo.kernel.incoming import Incoming

_log = structlog.get_logger(__name__)

#: Parameters every operation understands (clauses 6.3.18 and 6.3.11).
COMMON = frozenset({"local"})
#: Resources of other APIs than the Core and the Temporal one (table 4.3.5-1).
_NOT_ON_SNAPSHOTS = ("/csource", "/jsonldContexts", "/snapshots", "/info")
_LIST_PARAMETERS = frozenset({"options", "attrs", "pick", "omit", "id", "datasetId"})


@dataclass(slots=True)
class Exchange:
    """One request after the rules of clause 6.3, and what its answer needs."""

    request: Request
    broker: Broker
    #: Name of the tenant; whether it exists has been checked. Of a request to a snapshot, the
    #: tenant under which its data stand (see tenants.py).
    tenant: str
    #: Path variables, decoded.
    path: Mapping[str, str]
    params: Mapping[str, str]
    #: Keywords of the parameter `options`.
    options: frozenset[str]
    terms: TermMap
    #: The JSON of the body without its @context.
    body: Any = None
    #: Media type of the answer.
    media: str = JSON
    #: Headers of the answer that follow from the request.
    echo: dict[str, str] = field(default_factory=dict)
    preferences: Mapping[str, str] = field(default_factory=dict)
    actor: Actor = ANONYMOUS
    #: What the actor may do in the tenant; of a request to a snapshot, in the snapshot's tenant.
    access: Access = NO_ACCESS

    def flag(self, name: str) -> bool:
        """Return a Boolean parameter; absent is false. Raises BadRequestData on other texts."""
        text = self.params.get(name, "false").lower()
        if text not in {"true", "false"}:
            raise BadRequestData(f"{name} must be true or false, not {text!r}", field=name)
        return text == "true"


Handler = Callable[[Exchange], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one method of a resource does and takes."""

    handler: Handler
    #: Names of query parameters; any other is refused (clause 6.3.20).
    params: frozenset[str] = frozenset()
    #: Keywords of `options`; any other is refused.
    options: frozenset[str] = frozenset()
    #: The kind of JSON it reads as its body: dict or list; None: it reads none.
    body: type[dict[str, Any]] | type[list[Any]] | None = None
    #: Whether a @context in the body is what the operation is about, not what names in it mean.
    own_context: bool = False
    #: Whether it changes something, or shows what only those who write may see.
    writes: bool = False
    #: What it needs of whoever asks for it; by default to write or to read entities.
    needs: Needs | None = None
    #: Whether it makes its tenant when there is none (clause 5.5.10).
    creates_tenant: bool = False
    #: Whether it answers for a tenant that does not exist: nothing it says depends on it.
    any_tenant: bool = False
    #: Whether it can answer in GeoJSON (clause 6.3.15).
    geojson: bool = False

    def __post_init__(self) -> None:
        if self.needs is None:
            object.__setattr__(self, "needs", Needs.WRITE if self.writes else Needs.READ)


class Resource:
    """A resource of the API as an ASGI application: picks the operation, answers every error."""

    def __init__(self, **operations: Operation) -> None:
        """operations: by HTTP method."""
        self.operations: Mapping[str, Operation] = operations
        self._allow = methods.allowed(operations)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Incoming(scope, receive, send)
        exchange: Exchange | None = None
        try:
            operation = methods.find(self.operations, request.method)
            if operation is not None:
                exchange = await read(request, operation)
                response = await operation.handler(exchange)
                await acting.keep_reads(request.state.broker.pool)
            elif request.method == "OPTIONS":
                response = methods.choices(self.operations)
            else:
                raise self._not_allowed(request.method)
        except ClientDisconnect:
            return
        except Problem as problem:
            if exchange is not None:
                problem.headers |= exchange.echo
            response = problem_answer(problem, request.headers)
        except RecursionError:
            nested = BadRequestData("The document is nested too deeply")
            response = problem_answer(nested, request.headers)
        except Exception:
            _log.exception("request failed", method=request.method, path=request.url.path)
            response = problem_answer(InternalError("See the log."), request.headers)
        finally:
            acting.end()
        if request.method == "HEAD":
            response = methods.without_body(response)
        await response(scope, receive, send)

    def _not_allowed(self, method: str) -> Problem:
        problem = MethodNotAllowed(f"{method} is not allowed here, only {self._allow}")
        problem.headers["Allow"] = self._allow
        return problem


async def read(request: Request, operation: Operation) -> Exchange:
    """Read a request by the rules of clause 6.3.

    Raises the Problem that clause 6.3 or 5.5 names, before anything is changed.
    """
    broker: Broker = request.state.broker
    headers = request.headers
    tenant = headers.get(TENANT_HEADER) or DEFAULT_TENANT
    actor, access = await arrive(request, tenant)
    if not access.everything:
        assert operation.needs is not None
        admit(actor, access, operation.needs)
        broker = seen_by(broker, access, actor.subject)
    media = negotiation.media_type(headers.get("accept"), operation.geojson)
    params = read_params(request, operation)
    body = None
    if operation.body is not None:
        settings = broker.settings
        body = await read_body(request, settings.max_body, settings.body_seconds)
        if not isinstance(body, operation.body):
            kind = "object" if operation.body is dict else "array"
            raise InvalidRequest(f"The body is not a JSON {kind}")
    snapshot = headers.get(SNAPSHOT_HEADER)
    known = tenant
    try:
        makes = operation.creates_tenant and not snapshot and access.everything
        await broker.tenants.require(tenant, create=makes, by=actor.subject)
    except NonexistentTenant:
        if not operation.any_tenant:
            raise
        # Nothing is kept for a name that anybody may make up.
        known = DEFAULT_TENANT
    if operation.own_context:
        terms = await broker.contexts.resolve(known, None)
    else:
        terms, body = await _resolve(request, broker, known, body)
    if body is not None and not terms.has_address and not operation.writes:
        # Only what answers a body with entities may have to name its @context.
        path = await broker.stored_contexts.path_of(tenant, terms.link)
        terms = terms.with_address(path and absolute(request, path))
    if snapshot:
        tenant = await _enter(broker, tenant, snapshot, request)
        params["local"] = "true"  # whatever was said (clause 5.5.13)
    return Exchange(
        request,
        broker,
        tenant,
        {name: unquote(text) for name, text in request.path_params.items()},
        params,
        frozenset(params["options"].split(",")) if "options" in params else frozenset(),
        terms,
        body,
        media,
        echo_headers(headers),
        negotiation.preferences(tuple(headers.getlist("prefer"))) if "prefer" in headers else {},
        actor,
        access,
    )


async def _enter(broker: Broker, tenant: str, snapshot_id: str, request: Request) -> str:
    """Return the tenant under which a snapshot's data stand (clauses 5.5.15, 6.3.22).

    Raises ResourceNotFound, Unavailable, and OperationNotSupported for what snapshots have not:
    they take the operations of the Core and the Temporal API.
    """
    resource = request.scope["path"].partition("/v1")[2]
    if resource.startswith(_NOT_ON_SNAPSHOTS):
        raise OperationNotSupported("Not an operation on snapshots", field=SNAPSHOT_HEADER)
    return await broker.snapshots.use(tenant, unquote(snapshot_id))


def read_params(request: Request, operation: Operation) -> dict[str, str]:
    """Return the query parameters. Raises InvalidRequest on what the operation does not take."""
    query = request.scope["query_string"]
    if not query:
        return {}
    params: dict[str, str] = {}
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise InvalidRequest(f"The query parameters cannot be read: {error}") from error
    for name, text in pairs:
        if name not in operation.params and name not in COMMON:
            raise InvalidRequest(f"This operation has no parameter {name!r}", field=name)
        if name in params:
            if name not in _LIST_PARAMETERS:
                raise InvalidRequest(f"The parameter {name!r} stands twice", field=name)
            params[name] += f",{text}"
        else:
            params[name] = text
    for keyword in params.get("options", "").split(",") if "options" in params else ():
        if keyword not in operation.options:
            raise InvalidRequest(f"This operation has no option {keyword!r}", field="options")
    return params


async def read_body(request: Request, limit: int, seconds: float) -> Any:
    """Return the JSON of a body of at most `limit` bytes that arrives within `seconds`."""
    headers = request.headers
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    length = headers.get("content-length")
    if length is None:
        raise LengthRequired
    if not length.isdecimal() or int(length) > limit:
        raise await bodies.refused(request.receive, headers, limit)
    if not media:
        raise InvalidRequest("The header Content-Type is missing")
    patch = media == MERGE_PATCH and request.method == "PATCH"
    if media not in {JSON, LD_JSON} and not patch:
        raise UnsupportedMediaType
    raw = await bodies.whole(request, seconds)
    if not raw:
        raise InvalidRequest("The request has no body")
    return parse.read_json(raw)


async def _resolve(request: Request, broker: Broker, tenant: str, body: Any) -> tuple[TermMap, Any]:
    """Find the @context of the request (clause 6.3.5) and take it out of the body.

    A batch in JSON-LD carries its @contexts in its elements; they stay there.
    """
    headers = request.headers
    link = negotiation.context_link(tuple(headers.getlist("link"))) if "link" in headers else None
    context: Any = link
    if body is not None:
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media == LD_JSON:
            if link is not None:
                raise BadRequestData(
                    "A body in JSON-LD carries its own @context: leave out the Link header",
                    field="Link",
                )
            if isinstance(body, dict):
                if "@context" not in body:
                    raise BadRequestData("A body in JSON-LD needs a @context", field="/@context")
                context = body.pop("@context")
        elif isinstance(body, dict) and "@context" in body:
            raise BadRequestData(
                "A body in JSON names its @context in a Link header", field="/@context"
            )
    return await broker.contexts.resolve(tenant, context), body


def echo_headers(headers: Headers) -> dict[str, str]:
    """Return the headers that an answer repeats (clauses 6.3.14, 6.3.22)."""
    found = {}
    for name in (TENANT_HEADER, SNAPSHOT_HEADER):
        given = headers.get(name)
        if given:
            found[name] = given
    return found


def answer(
    exchange: Exchange,
    payload: Any,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer in the media type asked for, with its @context (clause 6.3.6).

    payload: a JSON value that is not changed. In GeoJSON it is a Feature or FeatureCollection.
    """
    terms = exchange.terms
    out = {**exchange.echo, **(headers or {})}
    media = exchange.media
    linked = media == JSON or (media == GEO_JSON and exchange.preferences.get("body") == "json")
    if linked:
        add_link(out, context_link_value(terms.link_url))
    elif isinstance(payload, list):
        payload = [{"@context": terms.echo, **element} for element in payload]
    else:
        payload = {"@context": terms.echo, **payload}
    version = negotiation.version(exchange.preferences)
    if version is not None:
        out["Preference-Applied"] = f"ngsi-ld={version[0]}.{version[1]}"
    return Response(orjson.dumps(payload), status, out, media)


async def lasting_terms(exchange: Exchange) -> TermMap:
    """Return the terms of the request under an address that lasts, for what outlives it."""
    terms = exchange.terms
    if terms.has_address:
        return terms
    contexts = exchange.broker.stored_contexts
    path = await contexts.path_of(exchange.tenant, terms.link, for_good=True)
    return terms.with_address(path and absolute(exchange.request, path))


def absolute(request: Request, path: str) -> str:
    """Return the address of a path of this broker, as the client reached it."""
    return str(request.url.replace(path=path, query="", fragment=""))


def context_link_value(url: str) -> str:
    """Return the Link header that names the @context of an answer."""
    return f'<{url}>; rel="{negotiation.CONTEXT_RELATION}"; type="{LD_JSON}"'


def add_link(headers: dict[str, str], value: str) -> None:
    """Add a Link value before those already there."""
    headers["Link"] = f"{value}, {headers['Link']}" if "Link" in headers else value


def no_content(exchange: Exchange) -> Response:
    """Return 204: done, nothing to say."""
    return Response(None, 204, exchange.echo)


def created(exchange: Exchange, location: str) -> Response:
    """Return 201 with the path of what was created."""
    return Response(None, 201, {**exchange.echo, "Location": location})


def plain(exchange: Exchange, payload: Any, status: int) -> Response:
    """Return JSON without a @context: ids, partial successes (clause 6.3.6)."""
    return Response(orjson.dumps(payload), status, exchange.echo, JSON)


def problem_answer(problem: Problem, headers: Headers) -> Response:
    """Return the answer for an error (clauses 5.5.3, 6.3.3, 6.3.4)."""
    out = {**problem.headers, **echo_headers(headers)}
    if isinstance(problem, Unavailable):
        out["Retry-After"] = "1"
    if isinstance(problem, LengthRequired | UnsupportedMediaType):
        return Response(None, problem.status, out)
    return Response(orjson.dumps(problem.body()), problem.status, out, JSON)
