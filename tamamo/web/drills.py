"""What pages and files of a drill say: 訓練, in sight, in titles, names and first lines."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tamamo.kernel import time
from tamamo.kernel.drills import MARKS, Drill, State, first_line, mark
from tamamo.kernel.drills.http import about
from tamamo.kernel.time import JST

Handler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

#: What the names of a drill's files begin with.
FILE_PREFIX: Final = "drill-"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OBJECTS: Final = ("application/geo+json", "application/json", "application/ld+json")
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Shown:
    """A drill in the banner."""

    title: str
    #: What its clock shows.
    time: str
    #: How fast its clock goes, in words.
    pace: str


def drill_of(request: HttpRequest) -> Drill | None:
    """Return the drill a page is about, None for a page of the town's real work."""
    return about(request.scope)  # type: ignore[attr-defined]


def page(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the drill, and what stands before the titles of its pages."""
    drill = drill_of(request)
    if drill is None:
        return {"drill": None, "drill_mark": ""}
    language = get_language() or "ja"
    return {"drill": shown(drill), "drill_mark": mark("", language)}


def shown(drill: Drill) -> Shown:
    """Return what the banner says of a drill."""
    moment = drill.clock.now(time.now()).astimezone(JST)
    return Shown(drill.title, f"{moment:%Y-%m-%d %H:%M}", pace(drill))


def pace(drill: Drill) -> str:
    """Return how a drill's clock goes, in words."""
    if drill.state is State.RUNNING:
        return _("(%(n)s times as fast)") % {"n": f"{drill.clock.speed:g}"}
    words = {
        State.MAKING: _("(being prepared)"),
        State.READY: _("(not started)"),
        State.PAUSED: _("(paused)"),
    }
    return words.get(drill.state, _("(ended)"))


@async_only_middleware
def marked_files(get_response: Handler) -> Handler:
    """Middleware: CSV, XLSX, JSON and GeoJSON of a drill say so in their name and at their head."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        drill = drill_of(request)
        if drill is not None and response.status_code == 200:
            response = await _marked(response, drill)
        return response

    return middleware


async def _marked(response: HttpResponseBase, drill: Drill) -> HttpResponseBase:
    kind = response.get("Content-Type", "").partition(";")[0].strip()
    named = response.get("Content-Disposition", "")
    for form in ('filename="', "filename*=UTF-8''", "filename*=utf-8''"):
        named = named.replace(form, form + FILE_PREFIX)
    if named:
        response["Content-Disposition"] = named
    if kind == "text/csv":
        return _with_head(response, lambda chunk: _csv(chunk, drill))
    if kind in _OBJECTS:
        return _with_head(response, lambda chunk: _object(chunk, drill))
    if kind == _XLSX:
        body = await sync_to_async(_sheet)(await _whole(response), drill)
        response = _renewed(response, body)
    return response


def _with_head(response: HttpResponseBase, change: Callable[[bytes], bytes]) -> HttpResponseBase:
    """Return the answer with its first piece changed; what is a stream stays one."""
    if not response.streaming:
        whole = cast(HttpResponse, response)
        whole.content = change(whole.content)
        if whole.has_header("Content-Length"):
            whole["Content-Length"] = str(len(whole.content))
        return response
    stream = cast(StreamingHttpResponse, response)
    pieces = _each(stream.streaming_content)

    async def changed() -> AsyncIterator[bytes]:
        first = True
        async for piece in pieces:
            if piece:
                yield change(piece) if first else piece
                first = False
        if first:
            yield change(b"")

    stream.streaming_content = changed()
    return stream


async def _whole(response: HttpResponseBase) -> bytes:
    if not response.streaming:
        return cast(HttpResponse, response).content
    content = cast(StreamingHttpResponse, response).streaming_content
    return b"".join([piece async for piece in _each(content)])


async def _each(content: Any) -> AsyncIterator[bytes]:
    """Yield the pieces of a stream of either kind."""
    if hasattr(content, "__aiter__"):
        async for piece in content:
            yield piece
    else:
        for piece in content:
            yield piece


def _renewed(response: HttpResponseBase, body: bytes) -> HttpResponse:
    """Return an answer with the same head and another body."""
    answer = HttpResponse(body)
    for name, value in response.items():
        if name.lower() != "content-length":
            answer[name] = value
    return answer


def _csv(body: bytes, drill: Drill) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([first_line(drill)])
    before, rest = (_BOM, body[3:]) if body.startswith(_BOM) else (b"", body)
    return before + line.getvalue().encode() + rest


def _object(body: bytes, drill: Drill) -> bytes:
    """Return a JSON object with the member `drill` first; an array stays as it is."""
    text = body.lstrip()
    if not text.startswith(b"{"):
        return body
    rest = text[1:].lstrip()
    said = orjson.dumps(drill.member())
    return b'{"drill":' + said + (b"" if rest.startswith(b"}") else b",") + rest


def _sheet(body: bytes, drill: Drill) -> bytes:
    """Return a workbook whose sheets begin with a row that says what it is."""
    import openpyxl  # noqa: PLC0415  (only where a drill's sheet is sent)

    book = openpyxl.load_workbook(io.BytesIO(body))
    for sheet in book.worksheets:
        frozen = sheet.freeze_panes
        sheet.insert_rows(1)
        sheet.cell(1, 1, first_line(drill))
        sheet.title = f"{MARKS['ja']} {sheet.title}"[:31]
        sheet.oddHeader.center.text = f"{MARKS['ja']} {MARKS['en']}"
        if frozen:
            cell = sheet[frozen].offset(row=1)
            sheet.freeze_panes = cell.coordinate
        if sheet.auto_filter.ref:
            sheet.auto_filter.ref = _lower(sheet.auto_filter.ref)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _lower(reference: str) -> str:
    """Return a range of cells one row further down."""
    from openpyxl.utils.cell import get_column_letter, range_boundaries  # noqa: PLC0415

    left, top, right, bottom = range_boundaries(reference)
    return f"{get_column_letter(left)}{top + 1}:{get_column_letter(right)}{bottom + 1}"
