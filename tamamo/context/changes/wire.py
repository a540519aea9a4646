"""How changes travel to a browser: server-sent events (WHATWG HTML, section 9.2)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import orjson
from starlette.types import Receive, Send

#: Seconds of silence before a comment keeps the connection open.
HEARTBEAT: Final = 15.0
#: Seconds one piece may take to leave; a browser that takes longer has gone.
SEND_LIMIT: Final = 20.0
#: What a browser waits before it connects again, in milliseconds.
RETRY: Final = 2000
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def event(name: str, data: object, position: str | None = None) -> bytes:
    """Return one event. position: its id, from which a browser goes on."""
    # JSON as orjson writes it has no line breaks, so one data line holds it.
    identity = b"" if position is None else b"id: %s\n" % position.encode()
    return b"event: %s\n%sdata: %s\n\n" % (name.encode(), identity, orjson.dumps(data))


async def stream_to(pieces: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
    """Send pieces as they come, until there are no more or the browser leaves or is stuck."""
    gone = asyncio.create_task(_disconnected(receive))
    sending = asyncio.create_task(_send_all(pieces, send))
    try:
        await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (gone, sending):
            task.cancel()
            # The browser left or is stuck: there is nobody to tell.
            with suppress(asyncio.CancelledError, OSError, TimeoutError):
                await task


async def _send_all(pieces: AsyncIterator[bytes], send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    async for piece in pieces:
        async with asyncio.timeout(SEND_LIMIT):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
