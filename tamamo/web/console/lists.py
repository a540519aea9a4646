"""What the lists share: tabs with counts, pages by number, links that keep the view."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest

T = TypeVar("T")
#: Rows of one page.
PAGE = 100


@dataclass(frozen=True, slots=True)
class Tab:
    """One choice of a filter with how many it shows."""

    text: str
    count: int
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Pager:
    """Where the other pages are; "" where there is none."""

    newer: str = ""
    older: str = ""


@dataclass(frozen=True, slots=True)
class Paged(Generic[T]):
    """One page of a list that is whole in memory."""

    rows: Sequence[T]
    total: int
    pager: Pager


def address(request: HttpRequest, **changes: str | None) -> str:
    """Return this page's address with some parameters changed; None or "" takes one away."""
    kept = {name: value for name, value in request.GET.items() if name not in ("done", "ref")}
    kept |= {name: value or "" for name, value in changes.items()}
    query = urlencode({name: value for name, value in kept.items() if value})
    return f"{request.path}?{query}" if query else request.path


def whole(text: str) -> int | None:
    """Return a number of an address that a database can hold, None for any other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def tabs(
    request: HttpRequest, parameter: str, choices: Iterable[tuple[str, str, int]]
) -> list[Tab]:
    """Return the tabs of a filter from (value, text, count); "" is the value of all."""
    chosen = request.GET.get(parameter, "")
    return [
        Tab(text, count, address(request, **{parameter: value, "page": None}), value == chosen)
        for value, text, count in choices
    ]


def paged(request: HttpRequest, rows: Sequence[T]) -> Paged[T]:
    """Return the page `?page=` of rows, from 1; one that is none is the first."""
    number = whole(request.GET.get("page", "")) or 1
    start = (number - 1) * PAGE
    if start >= len(rows):
        start = 0
    more = start + PAGE < len(rows)
    pager = Pager(
        address(request, page=None) if start else "",
        address(request, page=str(start // PAGE + 2)) if more else "",
    )
    return Paged(rows[start : start + PAGE], len(rows), pager)
