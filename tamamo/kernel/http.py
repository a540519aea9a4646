"""ASGI middleware around every face: the largest body, the request log, the request metrics."""

import time
from functools import cache

import structlog
from prometheus_client import Counter, Histogram
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tamamo.kernel.errors import PROBLEM_JSON, PayloadTooLarge

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


class LargestBody:
    """Answer 413 to a request whose body is larger than `limit` bytes, read or announced.

    A body that names its length is refused before a byte of it is read; a chunked one as soon as
    it has passed the limit. Nothing of it reaches a handler.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        if length.isdigit() and int(length) > self.limit:
            await self._refuse(scope, receive, send)
            return
        received, started = 0, False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit:
                raise PayloadTooLarge(self._detail())
            return message

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, counted, noting)
        except PayloadTooLarge:
            if started:
                raise
            await self._refuse(scope, receive, send)

    def _detail(self) -> str:
        return f"The body is larger than the {self.limit} bytes this installation allows."

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = PayloadTooLarge(self._detail()).body()
        # The rest of the body is not read, so the connection cannot be used again.
        answer = JSONResponse(
            body, status_code=413, media_type=PROBLEM_JSON, headers={"Connection": "close"}
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
