"""All versions of a dataset, and two of them compared row by row."""

from typing import Final
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from tamamo.publishing.datasets import Comparison, Field, RowChange
from tamamo.web.pager import PageLink, pager
from tamamo.web.portal.datasets.entry import Reading, reads
from tamamo.web.portal.datasets.page import files
from tamamo.web.portal.datasets.table import Cell, cell

SIZE: Final = 50
KINDS: Final = ("added", "removed", "changed")
#: Rows that can be turned to; more are in the files.
_LAST: Final = 200


@reads
async def versions(request: HttpRequest, reading: Reading, dataset: str) -> HttpResponse:
    """Every version the public has seen, with its files."""
    found = await reading.engine.one(None, reading.town, dataset)
    if found.kind != "file":
        raise Http404("a live dataset has no versions")
    known = await reading.engine.versions(None, reading.town, dataset)
    public = [one for one in known if one.published_at is not None]
    context = {
        "dataset": found,
        "versions": [
            (
                one,
                files(found, reading.place, one.number),
                public[place + 1] if place + 1 < len(public) else None,
            )
            for place, one in enumerate(public)
        ],
    }
    return render(request, "portal/datasets/versions.html", context)


@reads
async def compare(request: HttpRequest, reading: Reading, dataset: str) -> HttpResponse:
    """What differs between two versions: `?a=1&b=2`, `kind` and `page` of the differences."""
    found = await reading.engine.one(None, reading.town, dataset)
    a, b = _number(request, "a"), _number(request, "b")
    asked = request.GET.get("kind", "")
    kinds = (asked,) if asked in KINDS else KINDS
    page = min(_number(request, "page", 1), _LAST)
    compared = await reading.engine.compare(
        None, reading.town, dataset, a, b, kinds=kinds, limit=SIZE, offset=(page - 1) * SIZE
    )
    total = sum(getattr(compared, kind) for kind in kinds)
    later = await reading.engine.version(None, reading.town, dataset, b)
    context = {
        "dataset": found,
        "a": a,
        "b": b,
        "kind": asked if asked in KINDS else "",
        "compared": compared,
        "changes": [_change(one, later.fields) for one in compared.rows],
        "choices": _choices(a, b, compared, asked),
        "pages": _pages(a, b, asked, page, total),
        "fields": later.fields,
    }
    return render(request, "portal/datasets/compare.html", context)


def _number(request: HttpRequest, name: str, default: int = 0) -> int:
    text = request.GET.get(name, "")
    if not text and default:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise Http404(f"{name}: the number of a version")
    return int(text)


def _address(a: int, b: int, kind: str, page: int = 1) -> str:
    pairs = [("a", a), ("b", b), ("kind", kind), ("page", page if page > 1 else "")]
    return f"?{urlencode([pair for pair in pairs if pair[1]])}"


def _choices(a: int, b: int, compared: Comparison, asked: str) -> list[tuple[str, int, str, bool]]:
    return [
        (kind, getattr(compared, kind), _address(a, b, "" if asked == kind else kind),
         asked == kind)
        for kind in KINDS
    ]  # fmt: skip


def _pages(a: int, b: int, kind: str, page: int, total: int) -> list[PageLink]:
    return pager(page, min(_LAST, -(-total // SIZE)), lambda n: _address(a, b, kind, n))


def _change(
    change: RowChange, fields: tuple[Field, ...]
) -> tuple[str, str, list[tuple[Cell, Cell]]]:
    """Return kind, key, and for each column what stood there before (None: the same) and stands."""
    cells = []
    for field in fields:
        before = cell(field, (change.before or {}).get(field.name))
        after = cell(field, (change.after or {}).get(field.name))
        cells.append((before, after))
    return change.kind, change.key, cells
