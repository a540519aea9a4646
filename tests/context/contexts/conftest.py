"""A server of @contexts on this machine, and a broker that may reach it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import orjson
import pytest

from tamamo.kernel.settings import Settings


class Site:
    """Serves `pages` by path over HTTP; a path that is missing is 404."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        self.asked: list[str] = []
        self.cache_control = "max-age=3600"
        self.base = ""

    def url(self, path: str) -> str:
        """Return the address of a page."""
        return self.base + path

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        path = (await reader.readline()).decode().split(" ")[1]
        while (await reader.readline()).strip():
            pass
        self.asked.append(path)
        page = self.pages.get(path)
        status = "404 Not Found" if page is None else "200 OK"
        body = page if isinstance(page, bytes) else orjson.dumps(page)
        head = (
            f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
            f"Cache-Control: {self.cache_control}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A running site."""
    made = Site()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield made


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a broker that may ask this machine for @contexts."""
    return msgspec.structs.replace(settings, outgoing_allow=("127.0.0.1",))
