"""The rows of a dataset on its page: searched, sorted, in pages; values in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tamamo.kernel.whole import whole
from tamamo.publishing.datasets import Field, RowsQuery
from tamamo.web.pager import PageLink, pager
from tamamo.web.portal.datasets.entry import Subject
from tamamo.web.portal.datasets.units import sign
from tamamo.web.portal.words import full_date

SIZE: Final = 50
#: Pages beyond are not turned to one by one: a file or the API has them.
_LAST: Final = 200
NUMBERS: Final = frozenset({"integer", "number", "latitude", "longitude"})


@dataclass(frozen=True, slots=True)
class Head:
    """A column. sort: of the table, "" or ascending or descending; url: with it sorted by this."""

    field: Field
    label: str
    unit: str
    numeric: bool
    url: str
    sort: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A value in words. link: an address it is; missing: there is none."""

    text: str
    numeric: bool = False
    link: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A page of rows."""

    heads: Sequence[Head]
    rows: Sequence[tuple[int, Sequence[Cell]]]
    total: int
    q: str
    sort: str
    pages: Sequence[PageLink]
    first: int
    last: int
    all: int


async def read(subject: Subject) -> Table:
    """Return the page of rows that an address asks for; what it asks and is not is left out."""
    fields = subject.fields
    q, sort, page = _asked(subject.given, fields)
    query = RowsQuery(
        q=q,
        sort=(sort,) if sort else (),
        limit=SIZE,
        offset=(page - 1) * SIZE,
    )
    found = await subject.rows(query)
    total = found.total or 0
    first = (page - 1) * SIZE + 1 if found.rows else 0
    return Table(
        [_head(field, q, sort) for field in fields],
        [
            (row.number, [cell(field, row.values.get(field.name)) for field in fields])
            for row in found.rows
        ],
        total,
        q,
        sort,
        pager(page, min(_LAST, -(-total // SIZE)), lambda n: _address(q, sort, n)),
        first,
        first + len(found.rows) - 1 if found.rows else 0,
        total if not q or subject.dataset.rows is None else subject.dataset.rows,
    )


def _asked(given: Mapping[str, str], fields: Sequence[Field]) -> tuple[str, str, int]:
    sort = given.get("sort", "")
    known = {field.name for field in fields}
    return (
        given.get("q", "").strip()[:200],
        sort if sort.removeprefix("-") in known else "",
        whole(given.get("page", ""), least=1, most=_LAST),
    )


def _address(q: str, sort: str, page: int = 1) -> str:
    pairs = [("q", q), ("sort", sort), ("page", str(page) if page > 1 else "")]
    return f"?{urlencode([pair for pair in pairs if pair[1]])}#rows"


def _head(field: Field, q: str, sort: str) -> Head:
    turned = f"-{field.name}" if sort == field.name else field.name
    direction = {field.name: "ascending", f"-{field.name}": "descending"}.get(sort, "")
    label = field.label.in_(get_language() or "ja") or field.name
    return Head(
        field, label, sign(field.unit), field.kind in NUMBERS, _address(q, turned), direction
    )


def cell(field: Field, value: Any) -> Cell:
    """Return a value of a column in words."""
    if value is None or value == "":
        return Cell("—", missing=True, numeric=field.kind in NUMBERS)
    if isinstance(value, bool):
        return Cell(_("Yes") if value else _("No"))
    text = str(value)
    if field.kind == "moment":
        return Cell(_moment(text))
    if field.kind == "url" and text.startswith(("http://", "https://")):
        return Cell(text, link=text)
    return Cell(text, numeric=field.kind in NUMBERS)


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return full_date(moment) if moment.tzinfo else text
