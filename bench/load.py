"""Requests a second over kept-alive connections: wrk where it is installed, else our own client."""

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_ERRORS = re.compile(r"(Non-2xx or 3xx responses|Socket errors): .*")


def tool() -> str:
    """Return what makes the load."""
    return "wrk" if shutil.which("wrk") else "asyncio"


def get_rate(url: str, *, seconds: float = 3, connections: int = 32) -> float:
    """Return how many GETs of one URL a second are answered 200."""
    if tool() == "wrk":
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", url]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        if problem := _ERRORS.search(done.stdout):
            raise SystemExit(f"{url}: {problem[0]}")
        found = _RATE.search(done.stdout)
        assert found is not None
        return float(found[1])
    return asyncio.run(_get_rate(url, seconds, connections))


async def _get_rate(url: str, seconds: float, connections: int) -> float:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    end = time.monotonic() + seconds
    counts = await asyncio.gather(
        *(_repeat(parts.hostname or "", parts.port or 80, request, end) for _ in range(connections))
    )
    return sum(counts) / seconds


async def _repeat(host: str, port: int, request: bytes, end: float) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    count = 0
    while time.monotonic() < end:
        await _exchange(reader, writer, request)
        count += 1
    writer.close()
    return count


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> None:
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = re.search(r"content-length: (\d+)", head)
    if length is not None:
        await reader.readexactly(int(length[1]))
    if not head.startswith(("http/1.1 200", "http/1.1 201", "http/1.1 204")):
        raise SystemExit(f"{request[:80]!r} was answered {head.splitlines()[0]}")


def post_all(host: str, port: int, path: str, bodies: Sequence[bytes], connections: int) -> float:
    """POST each body once over a few connections and return the seconds it took."""
    return asyncio.run(_post_all(host, port, path, bodies, connections))


async def _post_all(
    host: str, port: int, path: str, bodies: Sequence[bytes], connections: int
) -> float:
    waiting = list(bodies)

    async def work() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        while waiting:
            body = waiting.pop()
            head = (
                f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            await _exchange(reader, writer, head.encode() + body)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return time.perf_counter() - began
