"""A stream reaches the browser whole; a page is compressed."""

import gzip
from collections.abc import AsyncIterator

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from tamamo.web.compression import Compression

PIECES = [b"header\r\n" * 50, b"row\r\n" * 100]


async def _pieces() -> AsyncIterator[bytes]:
    for piece in PIECES:
        yield piece


def _through(response: HttpResponseBase) -> HttpResponseBase:
    request = RequestFactory().get("/", headers={"Accept-Encoding": "gzip"})
    return Compression(lambda _: response).process_response(request, response)


async def test_a_stream_is_one_piece_for_the_browser() -> None:
    answer = _through(StreamingHttpResponse(_pieces()))
    assert "Content-Encoding" not in answer
    assert isinstance(answer, StreamingHttpResponse)
    assert [piece async for piece in answer] == PIECES  # type: ignore[union-attr]


def test_a_page_is_compressed() -> None:
    answer = _through(HttpResponse(b"".join(PIECES)))
    assert answer["Content-Encoding"] == "gzip"
    assert isinstance(answer, HttpResponse)
    assert gzip.decompress(answer.content) == b"".join(PIECES)
