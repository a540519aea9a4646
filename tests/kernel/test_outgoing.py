"""The outgoing client against a server on this machine that misbehaves on request."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from tamamo.kernel.outgoing import AddressRefused, AnswerTooLarge, Outgoing, OutgoingError
from tamamo.kernel.settings import Settings

pytestmark = pytest.mark.asyncio


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    path = head.split(" ")[1]
    if path == "/slow":
        await asyncio.sleep(5)
    if path == "/drip":  # every byte resets a naive read timeout
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)
    elif path == "/endless":
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65536)
            await writer.drain()
    elif path.startswith("/packed"):
        size = int(path.rpartition("/")[2])
        body = gzip.compress(b"x" * size)
        if path.startswith("/packed-cut"):
            body = body[: len(body) // 2]
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )
    elif path == "/brotli":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx")
    elif path == "/cookie":
        writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")
    elif path == "/declared":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
    elif path == "/loop":
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n")
    elif path == "/inside":
        writer.write(
            b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/keys\r\n"
            b"Content-Length: 0\r\n\r\n"
        )
    elif path == "/there":
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /here\r\nContent-Length: 0\r\n\r\n")
    else:
        body = head.encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    writer.close()


@pytest.fixture
async def origin() -> AsyncIterator[str]:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.close()


@pytest.fixture
async def outgoing() -> AsyncIterator[Outgoing]:
    async with Outgoing(Settings(outgoing_allow=("127.0.0.0/8",))) as client:
        yield client


async def test_reads_an_answer_and_names_the_host_it_was_asked_for(
    outgoing: Outgoing, origin: str
) -> None:
    answer = await outgoing.get(origin + "/x", accept="application/ld+json")
    assert answer.status == 200
    assert b"Host: " + origin.removeprefix("http://").encode() in answer.body
    assert b"Accept: application/ld+json" in answer.body


async def test_follows_a_redirect_and_tells_where_it_ended(outgoing: Outgoing, origin: str) -> None:
    answer = await outgoing.get(origin + "/there")
    assert answer.url == origin + "/here"


async def test_stops_redirecting(outgoing: Outgoing, origin: str) -> None:
    with pytest.raises(OutgoingError, match="more than 3 redirects"):
        await outgoing.get(origin + "/loop")


async def test_a_redirect_does_not_lead_into_the_private_network(
    outgoing: Outgoing, origin: str
) -> None:
    with pytest.raises(AddressRefused, match=r"169\.254\.169\.254 is a private address"):
        await outgoing.get(origin + "/inside")


@pytest.mark.parametrize("path", ["/endless", "/declared"])
async def test_an_answer_too_large_is_not_read(outgoing: Outgoing, origin: str, path: str) -> None:
    with pytest.raises(AnswerTooLarge, match="larger than 100000 bytes"):
        await outgoing.get(origin + path, max_bytes=100_000)


async def test_a_compressed_answer_is_unpacked_up_to_the_limit(
    outgoing: Outgoing, origin: str
) -> None:
    answer = await outgoing.get(origin + "/packed/5000", max_bytes=5000)
    assert answer.body == b"x" * 5000
    with pytest.raises(AnswerTooLarge):
        await outgoing.get(origin + "/packed/50000000", max_bytes=100_000)


@pytest.mark.parametrize(
    ("path", "reason"), [("/packed-cut/50000", "breaks off"), ("/brotli", "not asked for")]
)
async def test_an_answer_that_cannot_be_unpacked(
    outgoing: Outgoing, origin: str, path: str, reason: str
) -> None:
    with pytest.raises(OutgoingError, match=reason):
        await outgoing.get(origin + path)


async def test_cookies_are_not_kept(outgoing: Outgoing, origin: str) -> None:
    await outgoing.get(origin + "/cookie")
    assert b"Cookie:" not in (await outgoing.get(origin + "/x")).body


async def test_the_name_is_asked_for_and_the_checked_address_connected_to(
    monkeypatch: pytest.MonkeyPatch, outgoing: Outgoing, origin: str
) -> None:
    port = int(origin.rpartition(":")[2])
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])  # the name changes its mind (DNS rebinding)

    async def lookup(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", (address, port)) for address in next(answers)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup, raising=False)
    answer = await outgoing.get(f"http://gauge.example:{port}/x")
    assert b"Host: gauge.example" in answer.body
    with pytest.raises(AddressRefused, match=r"gauge\.example is a private address"):
        await outgoing.get(f"http://gauge.example:{port}/x")


@pytest.mark.parametrize("path", ["/slow", "/drip"])
async def test_a_slow_answer_ends_the_request(outgoing: Outgoing, origin: str, path: str) -> None:
    with pytest.raises(OutgoingError, match=r"no answer within 0\.2 s"):
        await outgoing.get(origin + path, seconds=0.2)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://localhost/x",
        "http://[::1]/x",
        "http://[::ffff:10.0.0.1]/x",
        "http://[::127.0.0.1]/x",
        "http://[64:ff9b::7f00:1]/x",
        "http://[64:ff9b:1::7f00:1]/x",
        "http://[2002:7f00:1::]/x",
        "http://[fec0::1]/x",
        "http://0x7f.1/x",
        "http://017700000001/x",
        "http://user:secret@127.0.0.1/x",
        "http://10.1.2.3/x",
        "http://0.0.0.0/x",
        "http://2130706433/x",
    ],
)
async def test_private_addresses_are_walled_off(url: str) -> None:
    async with Outgoing(Settings()) as client:
        with pytest.raises(AddressRefused):
            await client.get(url)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/x", "http://", "x y", ""])
async def test_other_schemes_and_broken_addresses_are_refused(outgoing: Outgoing, url: str) -> None:
    with pytest.raises(OutgoingError):
        await outgoing.get(url)


async def test_a_denied_host_is_not_reached_even_when_allowed(origin: str) -> None:
    settings = Settings(outgoing_allow=("127.0.0.1",), outgoing_deny=("127.0.0.1", "evil.example"))
    async with Outgoing(settings) as client:
        for url in (origin + "/x", "http://www.EVIL.example/x"):
            with pytest.raises(AddressRefused, match="never to be reached"):
                await client.get(url)


async def test_an_unknown_host_is_said_so(outgoing: Outgoing) -> None:
    with pytest.raises(OutgoingError, match="is not known"):
        await outgoing.get("http://no-such-host.invalid/x")


async def test_a_closed_port_is_an_error_of_its_own_kind(outgoing: Outgoing) -> None:
    with pytest.raises(OutgoingError) as caught:
        await outgoing.get("http://127.0.0.1:1/x")
    assert str(caught.value)
