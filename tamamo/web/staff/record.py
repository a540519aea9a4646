"""One record: its fields with unit, time and source, its place, its history."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.kernel.time import from_text
from tamamo.registers import Record, Register, UnknownRecord
from tamamo.web.staff.cells import language, shown
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.edits import ShownEdit, shown_edits
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import Step, show

#: Edits shown on the record's own page; the others are a link away.
_LATEST = 10


@require_safe
@staff
async def page(request: HttpRequest, desk: Desk, register: str, entity: str) -> HttpResponse:
    """Show one record."""
    found = desk.register(register)
    record = await one(desk, found, entity)
    rights = desk.rights(found)
    edits = await desk.registers.history(desk.visitor, found.id, entity, size=_LATEST + 1)
    listed = shown_edits(desk, edits[:_LATEST])
    place = {"register": found.id, "entity": entity}
    context: dict[str, Any] = {
        "trail": trail(desk, found, record.title),
        "record": record,
        "modified_at": from_text(record.modified_at) if record.modified_at else None,
        "fields": [
            shown(column, record.cells[column.name])
            for column in found.columns
            if column.name in record.cells
        ],
        "edits": listed,
        "may": {"edit": bool(rights.fields), "delete": rights.delete},
        "map": {"follow": False} if record.longitude is not None else None,
        "done": _done(request, listed),
        "urls": {
            "edit": desk.url("edit", **place),
            "delete": desk.url("delete", **place),
            "points": desk.url("place", **place),
            "more_history": desk.url("record-changes", **place) if len(edits) > _LATEST else "",
        },
    }
    return show(request, desk, "staff/record.html", context)


async def one(desk: Desk, register: Register, entity: str) -> Record:
    """Return a record; 404 when there is none that this person may see."""
    try:
        return await desk.registers.one(desk.visitor, register.id, entity)
    except UnknownRecord:
        raise Http404(entity) from None


def trail(desk: Desk, register: Register, *steps: str) -> list[Step]:
    """Return the trail from the register to a page of it."""
    first = Step(register.title.in_(language()), desk.url("register", register=register.id))
    return [first, *(Step(text) for text in steps)]


def record_trail(desk: Desk, register: Register, record: Record, text: str) -> list[Step]:
    """Return the trail from the register over a record to a page about it."""
    address = desk.url("record", register=register.id, entity=record.id)
    return [*trail(desk, register), Step(record.title, address), Step(text)]


def _done(request: HttpRequest, edits: list[ShownEdit]) -> Done | None:
    key = request.GET.get("done", "")
    edit = next((edit for edit in edits if edit.key == key), None)
    if edit is not None:
        return Done("success", _("Saved: %(what)s") % {"what": edit.kind}, undo=edit.undo)
    if request.GET.get("same") == "1":
        return Done("info", _("Nothing was different, so nothing was saved."))
    return None
