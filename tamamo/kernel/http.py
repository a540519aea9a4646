"""ASGI middleware around every face: bounds of bodies, the request log, the request metrics."""

import asyncio
import time
from functools import cache

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tamamo.kernel import bodies
from tamamo.kernel.errors import PROBLEM_JSON, PayloadTooLarge, Problem, RequestTimeout

_REQUESTS = Counter("tamamo_http_requests_total", "Requests answered", ["face", "method", "status"])
_SECONDS = Histogram(
    "tamamo_http_request_seconds",
    "Time to the end of the answer; streams are not counted",
    ["face"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
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
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
#: A request that takes longer is logged as a warning.
_SLOW_SECONDS = 1.0
_logger = structlog.get_logger("request")


@cache
def _counter(face: str, method: str, status: int) -> Counter:
    """Return the counter of these labels: finding it anew costs more than counting."""
    return _REQUESTS.labels(face, method, status)


@cache
def _histogram(face: str) -> Histogram:
    return _SECONDS.labels(face)


class PatientBody:
    """Answer 413 to a request whose body is larger than `limit` bytes, 408 to one that is slow.

    A body that names its length is refused before anything of it is kept; a chunked one as soon as
    it has passed the limit. Nothing of it reaches a handler.
    """

    def __init__(self, app: ASGIApp, limit: int, seconds: float) -> None:
        """seconds: within which a body must have arrived."""
        self.app = app
        self.limit = limit
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self.limit:
            await _answer(await bodies.refused(receive, headers, self.limit), scope, receive, send)
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
            if received > self.limit:
                raise await bodies.refused(receive, headers, self.limit)
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
            await _answer(problem, scope, receive, send)


async def _answer(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    answer = JSONResponse(
        problem.body(),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers=problem.headers,
    )
    await answer(scope, receive, send)


class RequestLog:
    """Count every request, log the failed and slow ones, and all of them at level debug."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self.app(scope, receive, send)
            return
        status, begun = 500, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            self._note(scope, status, time.perf_counter() - begun)

    @staticmethod
    def _note(scope: Scope, status: int, seconds: float) -> None:
        path, method = scope["path"], scope["method"]
        face = _FACES.get(path[1 : path.find("/", 1)] if "/" in path[1:] else path[1:], "portal")
        _counter(face, method if method in _METHODS else "other", status).inc()
        if face != "sse":
            _histogram(face).observe(seconds)
        if status >= 500:
            write = _logger.error
        elif seconds > _SLOW_SECONDS and face != "sse":
            write = _logger.warning
        else:
            write = _logger.debug
        write("request", method=method, path=path, status=status, ms=round(seconds * 1000, 1))
