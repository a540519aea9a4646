"""The whole view of a register in the address: search, filters, order, page, map."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from tamamo.kernel.whole import whole

#: Rows on a page: the first is what an address without `size` means.
SIZES: Final = (50, 20, 100, 200)
#: Parameters of filters: f.<filter>, of a range f.<filter>.from and f.<filter>.to.
FILTER: Final = "f."
#: What an address may hold at most, so that nobody's mistake costs the server anything.
_LONGEST: Final = 100
_MOST_FILTERS: Final = 30
_LAST_PAGE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ListState:
    """The parameters of a register's list. "" and () mean not set.

    sort: a column's name, "-" before it for descending.
    """

    q: str = ""
    filters: tuple[tuple[str, str], ...] = ()
    sort: str = ""
    page: int = 1
    size: int = SIZES[0]
    #: "off": the list alone.
    map: str = ""
    #: The saved view the address came from.
    view: str = ""

    def pairs(self) -> list[tuple[str, str]]:
        """Return the parameters that are set, in the order they stand in an address."""
        pairs = [("q", self.q), *((FILTER + name, value) for name, value in self.filters)]
        pairs += [("sort", self.sort), ("page", str(self.page) if self.page > 1 else "")]
        pairs += [("size", str(self.size) if self.size != SIZES[0] else "")]
        pairs += [("map", self.map), ("view", self.view)]
        return [(name, value) for name, value in pairs if value]

    def query(self, **changes: Any) -> str:
        """Return "?…" of this view with some members changed, or "" when nothing is set."""
        pairs = replace(self, **changes).pairs()
        return "?" + urlencode(pairs, safe=":/,") if pairs else ""

    @property
    def text(self) -> str:
        """The query as it is stored with a saved view: without the page and the view itself."""
        return self.query(page=1, view="")

    def kept(self) -> list[tuple[str, str]]:
        """Return what the filter form passes on unchanged; a new filter starts at page 1."""
        return [pair for pair in self.pairs() if pair[0] in ("sort", "size", "map")]

    def value(self, name: str) -> str:
        """Return the value of a filter, "" where it is not set."""
        return dict(self.filters).get(name, "")

    def without(self, *names: str) -> str:
        """Return the query without some filters, from page 1 on."""
        left = tuple(pair for pair in self.filters if pair[0] not in names)
        return self.query(filters=left, page=1, view="")

    def sorted_by(self, column: str) -> str:
        """Return the query ordered by a column: ascending, descending, as the register has it."""
        order = {column: f"-{column}", f"-{column}": ""}.get(self.sort, column)
        return self.query(sort=order, page=1)


def parse(parameters: Iterable[tuple[str, str]], filters: Iterable[str]) -> ListState:
    """Read a view from an address; what cannot be read is left out: an old link still works.

    filters: the names of filter parameters the register has, without their prefix.
    """
    text = {name: value.strip()[:_LONGEST] for name, value in parameters}
    known = set(filters)
    chosen = tuple(
        (name.removeprefix(FILTER), value)
        for name, value in text.items()
        if name.startswith(FILTER) and name.removeprefix(FILTER) in known and value
    )
    size = whole(text.get("size", ""))
    return ListState(
        q=text.get("q", ""),
        filters=chosen[:_MOST_FILTERS],
        sort=text.get("sort", ""),
        page=whole(text.get("page", ""), least=1, most=_LAST_PAGE),
        size=size if size in SIZES else SIZES[0],
        map="off" if text.get("map") == "off" else "",
        view=text.get("view", "") if text.get("view", "").isdecimal() else "",
    )


def parse_text(query: str, filters: Iterable[str]) -> ListState:
    """Read a view from "?…" as it is stored with a saved view."""
    return parse(parse_qsl(query.removeprefix("?")), filters)
