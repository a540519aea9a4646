"""A context source on a loopback port: it answers what the test says, or as a broker."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import orjson

from tests.conftest import free_port

PREFIX = "/ngsi-ld/v1"
_HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "host"}


@dataclass(frozen=True)
class Asked:
    """One request. path: below /ngsi-ld/v1, decoded. headers: by lower-case name."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return orjson.loads(self.raw)


@dataclass(frozen=True)
class Says:
    """An answer. body: bytes as they are, anything else as JSON."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0

    @property
    def content(self) -> bytes:
        if self.body is None or isinstance(self.body, bytes):
            return self.body or b""
        return orjson.dumps(self.body)


Handler = Callable[[Asked], Awaitable[Says]]


class Peer:
    """Answers by `answers[method, path]`, else by `otherwise`. Up while in its block."""

    def __init__(self, otherwise: Handler | None = None) -> None:
        self.port = free_port()
        self.asked: list[Asked] = []
        self.answers: dict[tuple[str, str], Says] = {}
        self._otherwise = otherwise
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    def has(self, *entities: dict[str, Any]) -> None:
        """Answer these entities to GET /entities, and each alone to GET /entities/{id}."""
        self.answers["GET", "/entities"] = Says(body=list(entities))
        for entity in entities:
            self.answers["GET", f"/entities/{entity['id']}"] = Says(body=entity)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def down(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self._answer(reader, writer)
        self._open.discard(writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        lines = dict(line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in lines.items()}
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        method, target, _ = head[0].split(" ")
        parts = urlsplit(target)
        path = unquote(parts.path).removeprefix(PREFIX).rstrip("/")
        asked = Asked(method, path, dict(parse_qsl(parts.query)), headers, raw)
        self.asked.append(asked)
        says = self.answers.get((method, path))
        if says is None:
            says = Says(404) if self._otherwise is None else await self._otherwise(asked)
        await asyncio.sleep(says.delay)
        out = {"Content-Type": "application/json"} | says.headers
        out["Content-Length"] = str(len(says.content))
        text = "".join(f"{name}: {value}\r\n" for name, value in out.items())
        writer.write(f"HTTP/1.1 {says.status} X\r\n{text}\r\n".encode() + says.content)
        await writer.drain()


def as_broker(api: httpx.AsyncClient) -> Handler:
    """Let another broker answer, given a client of it."""

    async def answer(asked: Asked) -> Says:
        response = await api.request(
            asked.method,
            asked.path,
            params=asked.params,
            content=asked.raw or None,
            headers={name: v for name, v in asked.headers.items() if name not in _HOP_BY_HOP},
        )
        headers = {name: v for name, v in response.headers.items() if name not in _HOP_BY_HOP}
        return Says(response.status_code, response.content, headers)

    return answer
