"""A receiver of notifications on a loopback port, that can be down, slow or unwilling."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Self

import orjson

from tests.conftest import free_port


@dataclass(frozen=True)
class Received:
    """One request. headers: by lower-case name. body: {} when it is no JSON object."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    method: str
    raw: bytes

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def entity(self) -> dict[str, Any]:
        (entity,) = self.body["data"]
        assert isinstance(entity, dict)
        return entity

    def apart(self) -> list["Received"]:
        """Return one for each entity it tells of."""
        data = self.body.get("data")
        if self.body.get("type") != "Notification" or not isinstance(data, list) or len(data) < 2:
            return [self]
        return [replace(self, body={**self.body, "data": [entity]}) for entity in data]


class Receiver:
    """Answers every POST with `status`, after `delay` seconds. Up while in its block.

    What tells of several entities stands in `received` once for each, unless `whole`.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.received: list[Received] = []
        self.attempts = 0
        self.whole = False
        self.status: int | Callable[[Received], int] = 200
        self.delay: Callable[[], float] = lambda: 0.0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._news = asyncio.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/notify"

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def down(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()
            self._server = None

    async def wait_for(self, count: int, seconds: float = 10) -> list[Received]:
        """Return what was taken once there are that many."""
        async with self._news:
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait_for(lambda: len(self.received) >= count)
            except TimeoutError:
                raise AssertionError(f"{len(self.received)} of {count} arrived") from None
        return self.received

    async def wait_attempts(self, count: int, seconds: float = 10) -> None:
        async with self._news, asyncio.timeout(seconds):
            await self._news.wait_for(lambda: self.attempts >= count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self._answer(reader, writer)
        self._writers.discard(writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        lines = dict(line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in lines.items()}
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        method, path, _ = head[0].split(" ")
        body = orjson.loads(raw) if raw.startswith(b"{") and raw.endswith(b"}") else {}
        request = Received(path, headers, body, method, raw)
        await asyncio.sleep(self.delay())
        status = self.status if isinstance(self.status, int) else self.status(request)
        async with self._news:
            self.attempts += 1
            if 200 <= status < 300:
                self.received += [request] if self.whole else request.apart()
            self._news.notify_all()
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
