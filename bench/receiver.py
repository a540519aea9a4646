"""A receiver of notifications that costs little: `python -m bench.receiver` prints its port.

POST: a notification of one entity or several, each counts. If one has an attribute `sentAt`, its
value is the moment (monotonic clock of this machine, nanoseconds) when it was written. GET: what
has come since the last GET, as JSON.
"""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

_SENT_AT = re.compile(rb'"(?:[^"]*/)?sentAt"\s*:\s*(?:\{[^{}]*?"value"\s*:\s*)?(\d+)')
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_DONE = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(slots=True)
class Received:
    """How many entities were told of, and the seconds from write to arrival of those that say."""

    count: int
    latencies: list[float]


class _State:
    def __init__(self) -> None:
        self.count = 0
        self.latencies: list[float] = []

    def take(self, body: bytes) -> None:
        now = time.monotonic_ns()
        self.count += body.count(b'"id":') - 1  # the first is the notification's own
        self.latencies += [(now - int(sent)) / 1e9 for sent in _SENT_AT.findall(body)]

    def report(self) -> bytes:
        body = json.dumps([self.count, self.latencies]).encode()
        self.count, self.latencies = 0, []
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class _Protocol(asyncio.Protocol):
    """Reads HTTP/1.1 requests whose body has a length."""

    def __init__(self, state: _State) -> None:
        self._state = state
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            found = _LENGTH.search(head)
            stop = end + 4 + (int(found[1]) if found else 0)
            if len(self._buffer) < stop:
                return
            body, self._buffer = self._buffer[end + 4 : stop], self._buffer[stop:]
            if head.startswith(b"GET"):
                self._transport.write(self._state.report())
            else:
                self._state.take(body)
                self._transport.write(_DONE)


@dataclass(frozen=True, slots=True)
class Receiver:
    """A running receiver."""

    url: str

    def take(self) -> Received:
        """Return what has come since the last time."""
        count, latencies = httpx.get(self.url, timeout=30).json()
        return Received(count, latencies)

    def wait(self, count: int, seconds: float) -> Received:
        """Return what has come, once it is `count` or the time is over."""
        end = time.monotonic() + seconds
        total = self.take()
        while total.count < count and time.monotonic() < end:
            time.sleep(0.1)
            more = self.take()
            total = Received(total.count + more.count, total.latencies + more.latencies)
        return total


@contextlib.contextmanager
def running() -> Iterator[Receiver]:
    """Run a receiver in a process of its own."""
    command = [sys.executable, "-m", "bench.receiver"]
    root = Path(__file__).resolve().parent.parent
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Receiver(f"http://127.0.0.1:{int(process.stdout.readline())}/notify")
        finally:
            process.terminate()


async def _serve() -> None:
    state = _State()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Protocol(state), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
