from collections.abc import Iterator

import anyio
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from tamamo.kernel import bodies
from tamamo.kernel.errors import RequestTimeout

LENGTH = [(b"content-length", b"6")]


def read(messages: Iterator[Message], headers: list[tuple[bytes, bytes]]) -> bytes:
    async def receive() -> Message:
        for message in messages:
            return message
        await anyio.sleep_forever()
        raise AssertionError

    request = Request({"type": "http", "headers": headers}, receive)
    return anyio.run(bodies.whole, request, 0.2)


def part(body: bytes, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_that_names_its_length_is_complete_with_its_last_byte() -> None:
    # The server says so in a message of its own: nobody waits for it.
    assert read(iter([part(b"abcdef")]), LENGTH) == b"abcdef"
    assert read(iter([part(b"abc"), part(b"def")]), LENGTH) == b"abcdef"


def test_another_body_ends_when_the_server_says_so() -> None:
    assert read(iter([part(b"abc"), part(b"de"), part(b"", more=False)]), []) == b"abcde"
    assert read(iter([part(b"abc", more=False)]), []) == b"abc"
    assert read(iter([part(b"", more=False)]), [(b"content-length", b"0")]) == b""


@pytest.mark.parametrize("headers", [LENGTH, []])
def test_a_body_that_stays_away_is_too_late(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(RequestTimeout):
        read(iter([part(b"abc")]), headers)


def test_who_hangs_up_half_way_has_sent_no_body() -> None:
    with pytest.raises(ClientDisconnect):
        read(iter([part(b"abc"), {"type": "http.disconnect"}]), LENGTH)
