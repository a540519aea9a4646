"""Files of a drill: their names, first lines and first members, whole or streamed."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import orjson
import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory

from tamamo.kernel.drills import Clock, Drill, State
from tamamo.kernel.drills.http import ABOUT, About
from tamamo.web.drills import marked_files

NIGHT = datetime(2004, 8, 30, 9, tzinfo=UTC)
ENDS = NIGHT + timedelta(days=1)
DRILL = Drill(
    "a-drill-x",
    "a",
    '夜, "高潮"',
    State.RUNNING,
    Clock(NIGHT),
    frozenset(),
    ENDS,
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def answered(response: Any, drill: Drill | None = DRILL) -> Any:
    request = AsyncRequestFactory().get("/")
    request.scope[ABOUT] = About(drill)

    async def view(_: Any) -> Any:
        return response

    return await marked_files(view)(request)


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def body(response: Any) -> bytes:
    if not response.streaming:
        return bytes(response.content)
    return b"".join([part async for part in response.streaming_content])


def named(response: Any, name: str) -> Any:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_table_begins_with_the_mark(streamed: bool) -> None:
    parts = (b"\xef\xbb\xbfa,b\r\n", b"1,2\r\n")
    kind = {"content_type": "text/csv; charset=utf-8"}
    response: Any = (
        StreamingHttpResponse(pieces(*parts), **kind)
        if streamed
        else HttpResponse(b"".join(parts), **kind)
    )
    answer = await answered(named(response, "x.csv"))
    assert answer["Content-Disposition"] == 'attachment; filename="drill-x.csv"'
    content = await body(answer)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert content.startswith(b"\xef\xbb\xbf")
    assert rows[0][0].startswith('訓練 DRILL: 夜, "高潮"')
    assert rows[1:] == [["a", "b"], ["1", "2"]]


async def test_a_table_without_anything_in_it_too() -> None:
    response = StreamingHttpResponse(pieces(), content_type="text/csv")
    assert "訓練" in (await body(await answered(response))).decode()


@pytest.mark.parametrize(
    ("given", "members"),
    [(b'{"type":"FeatureCollection","features":[]}', ["drill", "type", "features"]),
     (b" {}", ["drill"])],
)  # fmt: skip
async def test_an_object_says_so_first(given: bytes, members: list[str]) -> None:
    answer = await answered(HttpResponse(given, content_type="application/geo+json"))
    found = orjson.loads(await body(answer))
    assert list(found) == members
    assert found["drill"]["mark"] == "訓練"


async def test_an_array_and_a_page_stay_as_they_are() -> None:
    for kind in ("application/json", "text/html"):
        answer = await answered(HttpResponse(b"[1]", content_type=kind))
        assert await body(answer) == b"[1]"


async def test_a_workbook_keeps_its_rows_below_the_mark() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title, sheet.freeze_panes = "log", "A2"
    sheet.append(["a", "b"])
    sheet.append([1, 2])
    sheet.auto_filter.ref = "A1:B2"
    out = io.BytesIO()
    book.save(out)
    answer = await answered(HttpResponse(out.getvalue(), content_type=XLSX))
    found = openpyxl.load_workbook(io.BytesIO(await body(answer))).worksheets[0]
    rows = list(found.iter_rows(values_only=True))
    assert str(rows[0][0]).startswith("訓練 DRILL")
    assert rows[1:] == [("a", "b"), (1, 2)]
    assert (found.title, found.freeze_panes, found.auto_filter.ref) == ("訓練 log", "A3", "A2:B3")


async def test_the_towns_own_files_are_left_alone() -> None:
    response = named(HttpResponse(b"a\r\n", content_type="text/csv"), "x.csv")
    answer = await answered(response, None)
    assert (await body(answer), answer["Content-Disposition"]) == (
        b"a\r\n", 'attachment; filename="x.csv"'
    )  # fmt: skip
