"""Request bodies: read whole within a time, or refused in a way that the client hears of."""

import asyncio
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from tamamo.kernel.errors import PayloadTooLarge, Problem, RequestTimeout

#: What is read of a body that is refused. Who sends on while we hang up may never see the answer.
_MOST_DISCARDED: Final = 256 * 1024 * 1024
_DISCARD_SECONDS: Final = 5.0


async def whole(request: Request, seconds: float) -> bytes:
    """Return the body. Raises RequestTimeout when it has not arrived within `seconds`.

    A body that names its length is complete with its last byte. The server tells the end in a
    message of its own, for which a request would go once more through all of its threads.
    """
    length = request.headers.get("content-length", "")
    missing = int(length) if length.isdecimal() else -1
    parts: list[bytes] = []
    try:
        # By hand rather than by `request.body()`: a body mostly comes in one part, and this is
        # done for each change.
        async with asyncio.timeout(seconds):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                part = message.get("body", b"")
                parts.append(part)
                missing -= len(part)
                if missing == 0 or not message.get("more_body", False):
                    return parts[0] if len(parts) == 1 else b"".join(parts)
    except TimeoutError:
        raise too_late(seconds) from None


async def refused(receive: Receive, headers: Headers, limit: int) -> PayloadTooLarge:
    """Let a body that is too large pass by unkept, and return the error to raise for it.

    A client that asks first (Expect: 100-continue) hears it at once, and so does one that
    announces more than anybody would wait for.
    """
    length = headers.get("content-length", "")
    announced = int(length) if length.isdecimal() and len(length) < 20 else _MOST_DISCARDED + 1
    if announced <= _MOST_DISCARDED and "expect" not in headers:
        await _discard(receive)
    problem = PayloadTooLarge(
        f"The body may have at most {limit} bytes", field="Content-Length", limit=limit
    )
    problem.headers["Connection"] = "close"
    return problem


def too_late(seconds: float) -> Problem:
    """Return the error for a body that takes too long; the connection cannot be used again."""
    problem = RequestTimeout(f"The body did not arrive within {seconds:g} s")
    problem.headers["Connection"] = "close"
    return problem


async def _discard(receive: Receive) -> None:
    read = 0
    try:
        async with asyncio.timeout(_DISCARD_SECONDS):
            while read <= _MOST_DISCARDED:
                message = await receive()
                read += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except (TimeoutError, ClientDisconnect):
        return
