"""The OGC API for programs: an ASGI application at /ogc and /t/<town>/ogc.

Whoever wants a page is handed on to the web face, which makes it of the same answers.
"""

import gzip
from collections.abc import Mapping
from typing import Final

import orjson
import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tamamo.context import acting, negotiation
from tamamo.context.arrival import arrive
from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.kernel.drills.http import about
from tamamo.kernel.errors import PROBLEM_JSON, Problem, Unavailable
from tamamo.kernel.identity import ANONYMOUS, Actor
from tamamo.registers.features import documents, resources, tiles
from tamamo.registers.features.errors import NotOffered, OnlyReading
from tamamo.registers.features.resources import Address, Answer, Asked, Resource
from tamamo.registers.features.service import Features
from tamamo.registers.model import Visitor

_log = structlog.get_logger(__name__)
_METHODS: Final = "GET, HEAD, OPTIONS"


class Door:
    """The API. `takes` says whether a request is for it."""

    def __init__(self, features: Features, pages: ASGIApp) -> None:
        """pages: who answers those who want a page."""
        self._features = features
        self._pages = pages

    @staticmethod
    def takes(scope: Scope) -> bool:
        """Whether a request is for the API."""
        path: str = scope["path"]
        if not path.startswith(("/ogc", "/t/")):
            return False
        address = resources.address_of(scope)
        return address is not None and address.language == "ja"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        address = resources.address_of(scope)
        assert address is not None
        request = Request(scope, receive)
        if _wants_page(request, address):
            await self._pages(scope, receive, send)
            return
        try:
            response = await self._answer(request, address)
            await acting.keep_reads(request.state.broker.pool)
        except Problem as problem:
            response = problem_response(problem)
        except Exception:
            _log.exception("request failed", method=request.method, path=request.url.path)
            response = problem_response(Problem("See the log."))
        finally:
            acting.end()
        if request.method == "HEAD":
            response = Response(None, response.status_code, dict(response.headers))
        await response(scope, receive, send)

    async def _answer(self, request: Request, address: Address) -> Response:
        if request.method == "OPTIONS":
            return Response(None, 204, {"Allow": _METHODS})
        if request.method not in ("GET", "HEAD"):
            refused = OnlyReading(f"{request.method} is not allowed here, only {_METHODS}")
            refused.headers["Allow"] = _METHODS
            raise refused
        broker: Broker = request.state.broker
        tenant = address.town or DEFAULT_TENANT
        actor, access = await arrive(request, tenant)
        language = language_of(request.headers.get("accept-language"))
        visitor = Visitor(tenant, actor, access)
        reader = await resources.reader_of(self._features, broker, visitor, language)
        one, names = address.resource
        params = resources.params_of(request.scope["query_string"])
        _check_media(request, one, params)
        origin = f"{request.url.scheme}://{request.url.netloc}"
        frame = resources.frame_of(origin, address, reader)
        answer = await one.handler(Asked(self._features, reader, frame, names, params))
        if answer.tile is not None:
            return _tile(request, answer.tile, actor)
        return _document(request, answer, language, actor)


def _document(request: Request, answer: Answer, language: str, actor: Actor) -> Response:
    headers = {
        "Content-Language": language,
        "Vary": "Accept, Accept-Language",
        "Cache-Control": "no-cache" if actor.subject == ANONYMOUS.subject else "private, no-cache",
        **answer.headers,
    }
    link = documents.links_header(answer.document)
    if link:
        headers["Link"] = link
    drill = about(request.scope)
    body = answer.document if drill is None else {"drill": drill.member(), **answer.document}
    # Written as it is: `charset` is not for JSON.
    return Response(orjson.dumps(body), 200, {**headers, "Content-Type": answer.media})


def _tile(request: Request, tile: tiles.Tile, actor: Actor) -> Response:
    whose = "public" if actor.subject == ANONYMOUS.subject else "private"
    headers = {
        "ETag": tile.etag,
        "Cache-Control": f"{whose}, max-age={tiles.SECONDS}",
        "Vary": "Accept-Encoding, Authorization",
    }
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or tile.etag in (
        part.strip().removeprefix("W/") for part in known.split(",")
    ):
        return Response(None, 304, headers)
    body = tile.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        body = gzip.decompress(body)
    return Response(body, 200, {**headers, "Content-Type": tiles.MEDIA_TYPE})


def _wants_page(request: Request, address: Address) -> bool:
    """Whether the answer is to be a page: by the parameter f, else by the header Accept."""
    if request.method not in ("GET", "HEAD"):
        return False
    try:
        one, _ = address.resource
    except Problem:
        return _prefers_page(request.headers)
    form = request.query_params.get("f")
    if form is not None:
        return form == "html" and one.has_page
    return one.has_page and _prefers_page(request.headers)


def _prefers_page(headers: Headers) -> bool:
    accept = headers.get("accept")
    if not accept:
        return False
    ranges = [negotiation.media_range(part) for part in accept.split(",") if part.strip()]
    page = negotiation.weight_of(documents.HTML, ranges)
    best = max(negotiation.weight_of(one, ranges) for one in (documents.JSON, documents.GEO_JSON))
    # A range like */* says nothing about pages: programs send it.
    named = any(name == documents.HTML for name, _ in ranges)
    return named and page > 0 and page >= best


def _check_media(request: Request, one: Resource, params: Mapping[str, str]) -> None:
    form = params.get("f")
    if form is None or form == "json" or (form == "html" and one.has_page):
        return
    raise NotOffered("f is json" + (" or html" if one.has_page else ""), field="f")


def language_of(accept: str | None) -> str:
    """Return the language of titles: English for who prefers it, else Japanese."""
    ranges = [negotiation.media_range(part) for part in (accept or "").split(",") if part.strip()]
    weights = {"ja": 0.0, "en": 0.0}
    for name, weight in ranges:
        language = name.partition("-")[0]
        if language in weights:
            weights[language] = max(weights[language], weight)
    return "en" if weights["en"] > weights["ja"] else "ja"


def problem_response(problem: Problem) -> Response:
    """Return the answer for what is wrong (RFC 9457)."""
    headers = {**problem.headers, "Content-Type": PROBLEM_JSON}
    if isinstance(problem, Unavailable):
        headers["Retry-After"] = "1"
    return Response(orjson.dumps(problem.body()), problem.status, headers)
