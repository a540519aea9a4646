"""The list of a register: rows, heads to sort by, pages, saved views."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from tamamo.registers import Column, ListPage, Register, Rights, Row
from tamamo.web.pager import pager
from tamamo.web.staff import filters, saved
from tamamo.web.staff.cells import NUMERIC, Shown, language, shown
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import show
from tamamo.web.staff.liststate import ListState, parse_text
from tamamo.web.staff.saved import SavedView
from tamamo.web.staff.words import number

#: Records of a list up to which each choice of a filter says how many there are.
MOST_FACETED = 2_000
FORMATS = (("csv", "CSV"), ("xlsx", "XLSX (Excel)"), ("geojson", "GeoJSON"))


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column. sorted: the value of aria-sort, "" where it is not sorted by."""

    name: str
    label: str
    unit: str
    numeric: bool
    url: str
    sorted: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list."""

    id: str
    title: str
    url: str
    edit: str
    cells: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class ViewLink:
    """A saved view in the menu of views."""

    name: str
    url: str
    current: bool
    mine: bool
    shared: bool
    owner: str
    delete: str


@require_safe
@staff
async def index(request: HttpRequest, desk: Desk, register: str) -> HttpResponse:
    """Show a register: the page of the list that the address asks for."""
    found = desk.register(register)
    rights = desk.rights(found)
    state = state_of(request, found)
    query = filters.query_of(found, state)
    page = await desk.registers.page(desk.visitor, found.id, query)
    # Counting beside each choice takes as many looks at all rows as there are filters.
    counted = page.exact and page.total <= MOST_FACETED
    facets = await desk.registers.facets(desk.visitor, found.id, query) if counted else {}
    views = await saved.visible(desk.broker.pool, desk.tenant, desk.actor, found.id)
    context = _context(desk, found, rights, state, page)
    address = context["urls"]["list"]
    links = _views(desk, found, views, state)
    context |= {
        "filters": filters.controls(found, state, facets),
        "chips": filters.chips(found, state, address),
        "views": links,
        "view": next((link for link in links if link.current), None),
        "done": _done(request, desk, found),
    }
    return show(request, desk, "staff/register.html", context)


def state_of(request: HttpRequest, register: Register) -> ListState:
    """Return the view of a register that an address asks for."""
    return parse_text(request.META.get("QUERY_STRING", ""), filters.names(register))


def _context(
    desk: Desk, register: Register, rights: Rights, state: ListState, page: ListPage
) -> dict[str, Any]:
    address = desk.url("register", register=register.id)
    columns = listed(register, rights)
    may_edit = bool(rights.fields)
    return {
        "register": {"title": register.title.in_(language())},
        "state": state,
        "page_number": page.page,
        "heads": [_head(register, column, state, address) for column in columns],
        "rows": [_line(desk, register, columns, row, may_edit) for row in page.rows],
        "counted": _counted(page),
        "ignored": _ignored(register, page),
        "total_text": number(page.total),
        "pager": pager(state.page, page.pages, lambda n: address + state.query(page=n)),
        "may": {"edit": may_edit, "create": rights.create, "import": rights.import_},
        "map": {"follow": True} if register.map and state.map != "off" else None,
        "exports": [
            {
                "name": name,
                "url": desk.url("export", register=register.id, form=form) + state.query(page=1),
            }
            for form, name in FORMATS
            if form != "geojson" or register.map
        ],
        "urls": _urls(desk, register, state, address),
    }


def _urls(desk: Desk, register: Register, state: ListState, address: str) -> dict[str, str]:
    names = {
        "new": "new",
        "import": "import",
        "history": "changes",
        "bulk": "bulk",
        "points": "points",
        "save_view": "views",
    }
    urls = {key: desk.url(name, register=register.id) for key, name in names.items()}
    return urls | {
        "list": address,
        "clear": address + state.query(q="", filters=(), page=1, view=""),
        "without_map": address + state.query(map="off"),
        "with_map": address + state.query(map="") if register.map else "",
    }


def listed(register: Register, rights: Rights) -> list[Column]:
    """Return the columns of the table: the title first, then those the declaration lists."""
    title = register.heading
    others = [c for c in register.columns if c.listed and c.name != title.name]
    return [title, *(c for c in others if c.name in rights.columns)]


def _head(register: Register, column: Column, state: ListState, address: str) -> Head:
    order = state.sort or register.sort
    way = {column.name: "ascending", f"-{column.name}": "descending"}.get(order, "")
    return Head(
        name=column.name,
        label=column.label.in_(language()),
        unit=column.unit_label if column.kind in NUMERIC else "",
        numeric=column.kind in NUMERIC,
        url=address + state.sorted_by(column.name) if column.sortable else "",
        sorted=way,
    )


def _line(
    desk: Desk, register: Register, columns: Sequence[Column], row: Row, may_edit: bool
) -> Line:
    place = {"register": register.id, "entity": row.id}
    return Line(
        id=row.id,
        title=row.title,
        url=desk.url("record", **place),
        edit=desk.url("edit", **place) if may_edit else "",
        cells=tuple(shown(c, row.cells.get(c.name), unit=False) for c in columns[1:]),
    )


def _counted(page: ListPage) -> str:
    if not page.total:
        return _("No records")
    first = (page.page - 1) * page.size + 1
    values = {
        "first": number(first),
        "last": number(first + len(page.rows) - 1),
        "total": number(page.total),
    }
    if not page.exact:
        return _("%(first)s–%(last)s of more than %(total)s") % values
    return _("%(first)s–%(last)s of %(total)s") % values


def _ignored(register: Register, page: ListPage) -> str:
    """Return what of the address was left out, "" when nothing was."""
    names = {"sort": _("order"), "bbox": _("Map")}
    texts = [
        register.column(name).label.in_(language()) if name in register.by_name else names[name]
        for name in page.query.ignored
        if name in register.by_name or name in names
    ]
    return (
        _("Not possible here and left out: %(names)s") % {"names": ", ".join(texts)}
        if texts
        else ""
    )


def _views(
    desk: Desk, register: Register, views: Sequence[SavedView], state: ListState
) -> list[ViewLink]:
    return [
        ViewLink(
            name=view.name,
            url=desk.url("view", register=register.id, view=view.id),
            current=str(view.id) == state.view,
            mine=view.is_of(desk.actor),
            shared=view.shared,
            owner="" if view.is_of(desk.actor) else view.owner_name,
            delete=desk.url("delete-view", register=register.id, view=view.id),
        )
        for view in views
    ]


def _done(request: HttpRequest, desk: Desk, register: Register) -> Done | None:
    """Return what the last step did, said at the top of the list with its undo."""
    batch, count = request.GET.get("batch", ""), request.GET.get("n", "")
    deleted = request.GET.get("deleted", "")
    if _is_uuid(batch) and count.isdecimal():
        n = int(count)
        text = ngettext("%(n)s record changed", "%(n)s records changed", n) % {"n": number(n)}
        undo = desk.url("undo-batch", register=register.id, batch=batch)
        return Done("success", text, undo=undo)
    if deleted.isascii() and deleted.isdecimal():
        undo = desk.url("undo", register=register.id, edit=int(deleted))
        return Done("success", _("The record is deleted"), undo=undo)
    if request.GET.get("undone") == "1":
        return Done("success", _("Undone"))
    if request.GET.get("saved") == "view":
        return Done("success", _("The view is saved"))
    return None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
