"""How a list is asked: everything that stands in its URL, read without ever failing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tamamo.feeds.quality import Invalid as Unusable
from tamamo.kernel.whole import whole
from tamamo.registers.declaration import Filter, Register
from tamamo.registers.values import read

#: Rows of a page at most.
MOST_ROWS: Final = 200
#: Longest search; longer ones are cut.
LONGEST: Final = 200
#: In a filter: records without a value.
NONE: Final = "none"
BBOX: Final = "bbox"


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A list as somebody wants to see it.

    filters: column → values, as texts: of a choice each value, `1.5..3` for a range (either end
    may be missing), part of a text, yes or no; `none` for records without a value; `bbox` → west,
    south, east, north in degrees. sort: a column, with a minus before it the largest first.
    ignored: names of what was asked and is not possible (any more).
    """

    q: str = ""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sort: str | None = None
    page: int = 1
    size: int = 50
    ignored: tuple[str, ...] = ()

    @classmethod
    def parse(cls, register: Register, params: Mapping[str, Sequence[str]]) -> "ListQuery":
        """Read a URL's parameters: name → its values."""
        ignored: list[str] = []
        filters: dict[str, list[str]] = {}
        for name, values in params.items():
            known = register.filter(name)
            texts = [value for value in values if value.strip()]
            if name == BBOX and texts and bounds_of(texts[-1]) is not None:
                filters[name] = texts[-1:]
            elif known is not None and texts:
                usable = [text for text in texts if is_usable(known, text)]
                if usable:
                    filters[name] = usable
                if len(usable) < len(texts):
                    ignored.append(name)
        sort = (params.get("sort") or [""])[-1] or None
        if sort is not None and not _is_sortable(register, sort):
            ignored.append("sort")
            sort = None
        q = " ".join((params.get("q") or [""])[-1].split())[:LONGEST]
        page, size = (_number(params, name, low) for name, low in (("page", 1), ("size", 50)))
        return cls(q, filters, sort, page, min(size, MOST_ROWS), tuple(ignored))

    def to_params(self) -> list[tuple[str, str]]:
        """Return what to put into a URL for the same list; what is as usual is left out."""
        return list(self._params())

    def _params(self) -> Iterator[tuple[str, str]]:
        if self.q:
            yield "q", self.q
        for name, values in self.filters.items():
            yield from ((name, value) for value in values)
        if self.sort:
            yield "sort", self.sort
        if self.page > 1:
            yield "page", str(self.page)
        if self.size != 50:
            yield "size", str(self.size)

    def at(self, page: int) -> "ListQuery":
        """Return the same list at another page."""
        return replace(self, page=page)


def _number(params: Mapping[str, Sequence[str]], name: str, usual: int) -> int:
    text = (params.get(name) or [""])[-1]
    return whole(text, usual, least=1)


def _is_sortable(register: Register, sort: str) -> bool:
    column = register.by_name.get(sort.removeprefix("-"))
    return column is not None and column.sortable


def is_usable(wanted: Filter, text: str) -> bool:
    """Whether a text says something as a value of this filter."""
    if text == NONE:
        return True
    match wanted.kind:
        case "choice":
            return wanted.column.choice(text) is not None
        case "yes_no":
            return text in ("yes", "no")
        case "range":
            return range_of(wanted, text) is not None
        case _:
            return bool(text.strip()) and len(text) <= LONGEST


def range_of(wanted: Filter, text: str) -> tuple[Any, Any] | None:
    """Return the ends of `1.5..3`, None for one that is open; None for what is no range."""
    low, dots, high = text.partition("..")
    if not dots:
        return None
    try:
        ends = (read(wanted.column, low), read(wanted.column, high))
    except Unusable:
        return None
    return None if ends == (None, None) else ends


def bounds_of(text: str) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north; None when they are no box in degrees."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        return None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        return None
    return west, south, east, north
