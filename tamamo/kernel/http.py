"""ASGI middleware around every face: bounds of bodies, safe headers, request log and metrics."""

import asyncio
import re
import time
from collections.abc import Callable

import structlog
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tamamo.kernel import bodies
from tamamo.kernel.errors import PROBLEM_JSON, PayloadTooLarge, Problem, RequestTimeout
from tamamo.kernel.tally import TALLY

_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"})
_FACES = {
    prefix: prefix
    for prefix in (
        "ngsi-ld",
        "v2",
        "sse",
        "static",
        "staff",
        "console",
        "plan",
        "api",
        "ogc",
        "cap",
    )
}
#: Faces without such links.
_API_FACES = frozenset({"ngsi-ld", "v2"})
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
#: A request that takes longer is logged as a warning.
_SLOW_SECONDS = 1.0
#: Pages whose address is a secret: a mail brought it, or it was told to one reader alone.
_LINKS = re.compile(
    r"(/account/(?:password/reset/key|confirm-email)/|/answer/|/warnings/(?:confirm|unsubscribe)/"
    r"|/facilities/corrections/|/requests/mine/)[^/]+"
)
_logger = structlog.get_logger("request")


#: In the scope of a request whose body was refused, for a face that says so on a page of its own.
REFUSED = "tamamo.refused"


class PatientBody:
    """Answer 413 to a request whose body is larger than its limit, 408 to one that is slow.

    A body that names its length is refused before anything of it is kept; a chunked one as soon as
    it has passed the limit. Nothing of it reaches a handler. Who asked for a page gets one: the
    application is called without a body and with the Problem in `scope[REFUSED]`.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: int,
        seconds: float,
        limit_of: Callable[[str], int] | None = None,
        has_pages: Callable[[str], bool] = lambda path: False,
    ) -> None:
        """Take the limits: bytes, and seconds within which a body must have arrived.

        limit_of: the bytes for a path, where it has a limit of its own. has_pages: whether what
        stands at a path answers people, and heeds `scope[REFUSED]`.
        """
        self.app = app
        self.limit = limit
        self.seconds = seconds
        self.limit_of = limit_of
        self.has_pages = has_pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        limit = self.limit if self.limit_of is None else self.limit_of(scope["path"])
        if length.isdecimal() and int(length) > limit:
            problem = await bodies.refused(receive, headers, limit)
            await self._refuse(problem, scope, receive, send)
            return
        received, complete, started = 0, False, False
        deadline = asyncio.get_running_loop().time() + self.seconds

        async def counted() -> Message:
            nonlocal received, complete
            if complete:  # what comes now is the end of the connection
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise bodies.too_late(self.seconds) from None
            received += len(message.get("body", b""))
            if received > limit:
                raise await bodies.refused(receive, headers, limit)
            complete = not message.get("more_body", False)
            return message

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, counted, noting)
        except (PayloadTooLarge, RequestTimeout) as problem:
            if started:
                raise
            await self._refuse(problem, scope, receive, send)

    async def _refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        wants_page = "text/html" in Headers(scope=scope).get("accept", "")
        if not (wants_page and self.has_pages(scope["path"])):
            await _answer(problem, scope, receive, send)
            return
        headers = [(k, v) for k, v in scope["headers"] if not k.startswith(b"content-")]
        empty: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

        async def nothing() -> Message:
            if empty:
                return empty.pop()
            while (message := await receive())["type"] == "http.request":
                pass  # what the sender had still under way
            return message

        await self.app({**scope, "headers": headers, REFUSED: problem}, nothing, send)


async def _answer(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    answer = JSONResponse(
        problem.body(),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers=problem.headers,
    )
    await answer(scope, receive, send)


#: For answers that are no pages; what a face sets itself goes before. See docs/safety.md.
SAFE_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"same-origin"),
)
#: Two years, as preload lists want; only where browsers reach the installation by https.
HSTS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")


class RequestLog:
    """Count every request, log the failed and slow ones, and all of them at level debug.

    Every answer that passes gets the safe headers it lacks.
    """

    def __init__(self, app: ASGIApp, *, https: bool = False) -> None:
        """https: whether browsers reach this installation by https."""
        self.app = app
        self.safe = (*SAFE_HEADERS, HSTS) if https else SAFE_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, begun = 500, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = message["headers"]
                names = {name.lower() for name, _ in given}
                # A new list: an answer may be sent again.
                message["headers"] = [*given, *(one for one in self.safe if one[0] not in names)]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            if scope["path"] not in _PROBES:
                self._note(scope, status, time.perf_counter() - begun)

    @staticmethod
    def _note(scope: Scope, status: int, seconds: float) -> None:
        path, method = scope["path"], scope["method"]
        face = _FACES.get(path[1 : path.find("/", 1)] if "/" in path[1:] else path[1:], "portal")
        TALLY.note(
            face,
            method if method in _METHODS else "other",
            status,
            seconds if face != "sse" else None,
        )
        if status >= 500:
            write = _logger.error
        elif seconds > _SLOW_SECONDS and face != "sse":
            write = _logger.warning
        else:
            write = _logger.debug
        # A link of a mail opens an account as long as it was not used: it is in no log.
        told = path if face in _API_FACES else _LINKS.sub(r"\1…", path)
        write("request", method=method, path=told, status=status, ms=round(seconds * 1000, 1))
