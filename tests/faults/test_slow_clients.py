"""Clients that say or read nothing, or only half of it: they cost little and others are served."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest

from tamamo.kernel.settings import MEBIBYTE
from tests.faults.conftest import Counts
from tests.faults.installation import Installation

#: More than a worker took in all before it was told to take more.
MANY = 1200
#: Bytes by which a worker may grow while many clients stay in the middle of something.
GROWTH = 250 * MEBIBYTE

HALF_A_HEAD = b"GET /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nX-A: "
PLENTY = 60_000


def half_a_body(path: str) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: 15000000\r\n\r\n".encode()
        + b'{"id":"'
        + b"x" * PLENTY
    )


@asynccontextmanager
async def clients(server: Installation, count: int, said: bytes) -> AsyncIterator["list[Client]"]:
    """Connect that often and say something; read nothing."""
    opened: list[Client] = []
    try:
        for _ in range(count):
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection("127.0.0.1", server.port, limit=1024), 10
            )
            writer.write(said)
            opened.append((reader, writer))
        yield opened
    finally:
        for _, writer in opened:
            writer.transport.abort()
        await asyncio.sleep(0)


Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def served(server: Installation) -> float:
    """See that new clients are served; return how long the slowest waited."""
    loop = asyncio.get_running_loop()
    slowest = 0.0
    for _ in range(5):
        begun = loop.time()
        async with httpx.AsyncClient(verify=False, base_url=server.api, timeout=10) as client:
            assert (await client.get("/entities/urn:x:1?pick=id")).status_code == 200
        slowest = max(slowest, loop.time() - begun)
    return slowest


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("idle connections", b""),
        ("half heads", HALF_A_HEAD),
        ("event streams", b"GET /sse HTTP/1.1\r\nHost: x\r\n\r\n"),
    ],
    ids=["idle", "half-heads", "event-streams"],
)
async def test_many_who_wait_shut_nobody_out(
    installation: Installation, what: str, said: bytes, counts: Counts
) -> None:
    before = installation.memory()
    async with clients(installation, MANY, said):
        slowest = await served(installation)
        grown = installation.memory() - before
    assert grown < GROWTH
    counts(f"{MANY} {what}: others served within {slowest:.2f} s, {grown >> 20} MiB more memory")


async def test_half_a_body_is_not_waited_for(installation: Installation, counts: Counts) -> None:
    before = installation.memory()
    paths = ["/ngsi-ld/v1/entities", "/v2/entities", "/en/view"]
    async with AsyncExitStack() as stack:
        opened: list[Client] = []
        for path in paths:
            opened += await stack.enter_async_context(clients(installation, 100, half_a_body(path)))
        slowest = await served(installation)
        statuses = await asyncio.gather(*(status_of(reader) for reader, _ in opened))
        grown = installation.memory() - before
    assert set(statuses) == {408}
    assert grown < GROWTH
    counts(
        f"{len(statuses)} half-sent bodies to {', '.join(paths)}: 408 to each, others served"
        f" within {slowest:.2f} s, {grown >> 20} MiB more memory"
    )


async def status_of(reader: asyncio.StreamReader) -> int:
    """Return the status of the answer; the connection ends with it."""
    line = await asyncio.wait_for(reader.readline(), 30)
    while await asyncio.wait_for(reader.read(1024), 30):
        pass
    return int(line.split()[1])


async def test_those_who_do_not_read_hold_up_nobody(
    installation: Installation, counts: Counts
) -> None:
    """Each has asked for a page of four megabytes, and for another behind it."""
    before = installation.memory()
    page = b"GET /ngsi-ld/v1/entities?type=Large&limit=100 HTTP/1.1\r\nHost: x\r\n\r\n"
    async with clients(installation, 50, page * 2):
        await asyncio.sleep(1)
        slowest = await served(installation)
        grown = installation.memory() - before
    assert grown < GROWTH * 2
    counts(
        f"50 clients who read nothing of their 2 × 4 MB: others served within {slowest:.2f} s,"
        f" {grown >> 20} MiB more memory"
    )


async def test_a_thousand_requests_in_one_go_are_answered_in_order(
    installation: Installation,
) -> None:
    asked = b"".join(
        f"GET /ngsi-ld/v1/entities/urn:x:{n % 100}?pick=id HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        for n in range(1000)
    )
    async with clients(installation, 1, asked) as ((reader, _),):
        await served(installation)
        for number in range(1000):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            assert f'"urn:x:{number % 100}"'.encode() in body
