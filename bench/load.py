"""Requests a second over kept-alive connections: wrk where it is installed, else our own client."""

import asyncio
import itertools
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

#: Stands in a request for a number of ten digits that grows with each one sent.
COUNTER = b"@COUNTER@@"

_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_ERRORS = re.compile(r"(Non-2xx or 3xx responses|Socket errors): .*")
_SCRIPT = Path(__file__).parent / "requests.lua"


class LoadError(SystemExit):
    """The server did not do what was asked: there is no rate to tell."""


def tool() -> str:
    """Return what makes the load."""
    return "wrk" if shutil.which("wrk") else "asyncio"


def rate(
    host: str,
    port: int,
    requests: Sequence[bytes],
    *,
    seconds: float = 3,
    connections: int = 64,
) -> float:
    """Return how many of these requests, sent in turn, are answered 2xx a second.

    requests: as they go over the wire. Raises LoadError when one is answered otherwise.
    """
    if tool() == "wrk":
        return _wrk_rate(host, port, requests, seconds, connections)
    return asyncio.run(_own_rate(host, port, requests, seconds, connections))


def _first_number() -> int:
    return 10**9 + time.time_ns() // 10**6 % 10**9


def _wrk_rate(
    host: str, port: int, requests: Sequence[bytes], seconds: float, connections: int
) -> float:
    with tempfile.NamedTemporaryFile(prefix="tamamo-bench-") as file:
        file.writelines(b"%d\n%b" % (len(request), request) for request in requests)
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(seconds, 1):.0f}s", "--timeout=30s"]
        done = subprocess.run(
            [*command, "-s", str(_SCRIPT), f"http://{host}:{port}"],
            env={
                **os.environ,
                "BENCH_REQUESTS": file.name,
                "BENCH_COUNTER": str(_first_number()),
            },
            check=True,
            capture_output=True,
            text=True,
        )
    if problem := _ERRORS.search(done.stdout):
        raise LoadError(f"{_line(requests[0])}: {problem[0]}")
    found = _RATE.search(done.stdout)
    if found is None or float(found[1]) == 0:
        raise LoadError(f"{_line(requests[0])}: no answers. {done.stderr}")
    return float(found[1])


async def _own_rate(
    host: str, port: int, requests: Sequence[bytes], seconds: float, connections: int
) -> float:
    turn, counter = itertools.cycle(requests), itertools.count(_first_number())
    end = time.monotonic() + seconds

    async def repeat() -> int:
        reader, writer = await asyncio.open_connection(host, port)
        count = 0
        while time.monotonic() < end:
            await exchange(reader, writer, numbered(next(turn), counter))
            count += 1
        writer.close()
        return count

    return sum(await asyncio.gather(*(repeat() for _ in range(connections)))) / seconds


def numbered(request: bytes, counter: "itertools.count[int]") -> bytes:
    """Return the request with the next number in the place of COUNTER."""
    return request.replace(COUNTER, b"%010d" % next(counter)) if COUNTER in request else request


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> None:
    """Send a request and read its answer. Raises LoadError unless it is 2xx."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = re.search(r"content-length: (\d+)", head)
    body = b""
    if length is not None:
        body = await reader.readexactly(int(length[1]))
    elif "transfer-encoding: chunked" in head:
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    if not head.startswith("http/1.1 2"):
        raise LoadError(f"{_line(request)} was answered {head.splitlines()[0]}: {body[:300]!r}")


def _line(request: bytes) -> str:
    return request.partition(b"\r\n")[0].decode()


def send_all(host: str, port: int, requests: Sequence[bytes], connections: int) -> float:
    """Send each request once over a few connections and return the seconds it took."""

    async def main() -> float:
        waiting = list(reversed(requests))

        async def work() -> None:
            reader, writer = await asyncio.open_connection(host, port)
            while waiting:
                await exchange(reader, writer, waiting.pop())
            writer.close()

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(connections)))
        return time.perf_counter() - began

    return asyncio.run(main())
