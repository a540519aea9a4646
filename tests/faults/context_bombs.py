"""A server of @contexts that are none: they redirect, refer on and on, are huge or never end."""

import asyncio
import contextlib
import gzip
import json
from typing import Self

#: Larger than any @context is taken (tamamo.context.jsonld.store).
LARGE = 3 * 1024 * 1024
#: An address of this machine that the installation may not reach.
PRIVATE = "127.0.0.2"


class ContextBombs:
    """Up while in its block, on an address that the installation may reach."""

    def __init__(self) -> None:
        self.asked = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            await self._answer(head.split(b" ")[1].decode(), writer)
        writer.close()

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        moved = {
            "/to-private": f"http://{PRIVATE}:{self.port}/fine",
            "/to-metadata": "http://169.254.169.254/latest/meta-data",
            "/to-itself": f"{self.url}/to-itself",
        }
        if path in moved:
            writer.write(_head(302, f"Location: {moved[path]}", "Content-Length: 0"))
        elif path == "/endless":
            writer.write(_head(200, "Content-Type: application/ld+json"))
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.2)
        elif path == "/packed":
            body = gzip.compress(b" " * (100 * LARGE))
            encoded = "Content-Encoding: gzip"
            writer.write(_head(200, encoded, f"Content-Length: {len(body)}") + body)
        else:
            body = self._body(path)
            writer.write(_head(200, f"Content-Length: {len(body)}") + body)
        await writer.drain()

    def _body(self, path: str) -> bytes:
        if path.startswith("/chain/"):
            return _context([f"{self.url}/chain/{int(path.rpartition('/')[2]) + 1}"])
        if path.startswith("/again/"):  # twenty times, and twenty times each, and …
            number = int(path.rpartition("/")[2])
            return _context([f"{self.url}/again/{number + 1}"] * 20 if number < 4 else {})
        if path == "/prefixes":
            names = {f"p{number}": f"p{number - 1}:{'x' * 50}/" for number in range(1, 10_000)}
            return _context({"p0": "https://terms.example/"} | names)
        if path == "/many":
            return _context([f"{self.url}/one/{number}" for number in range(1000)])
        if path == "/large":
            return b'{"@context":{"a":"https://terms.example/' + b"a" * LARGE + b'"}}'
        if path == "/deep":
            return b'{"@context":' + b"[" * 900 + b"]" * 900 + b"}"
        if path == "/scoped":
            return _context({"a": {"@id": "https://terms.example/a", "@context": {}}})
        return b"no @context"


def _context(value: object) -> bytes:
    return json.dumps({"@context": value}).encode()


def _head(status: int, *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} X", "Connection: close", *lines, "", ""]).encode()
