"""The history of a register or a record on a page of its own, and undoing."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tamamo.kernel.whole import whole
from tamamo.registers import FieldConflict, NotUndoable, Register
from tamamo.web.staff.cells import language, shown
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.edits import shown_edits
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import show
from tamamo.web.staff.record import one, record_trail, trail

_PAGE = 50


@require_safe
@staff
async def of_register(request: HttpRequest, desk: Desk, register: str) -> HttpResponse:
    """Show the edits of a register, newest first, 50 on a page."""
    found = desk.register(register)
    before = request.GET.get("before", "")
    known = int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None
    edits = await desk.registers.recent(desk.visitor, found.id, limit=_PAGE + 1, before=known)
    address = desk.url("changes", register=found.id)
    context = {
        "trail": trail(desk, found, _("History of edits")),
        "heading": _("History of edits"),
        "edits": shown_edits(desk, edits[:_PAGE]),
        "where": True,
        "older": f"{address}?before={edits[_PAGE - 1].id}" if len(edits) > _PAGE else "",
    }
    return show(request, desk, "staff/history.html", context)


@require_safe
@staff
async def of_record(request: HttpRequest, desk: Desk, register: str, entity: str) -> HttpResponse:
    """Show all edits of a record, newest first, 50 on a page."""
    found = desk.register(register)
    record = await one(desk, found, entity)
    number = whole(request.GET.get("page", ""), least=1)
    edits = await desk.registers.history(desk.visitor, found.id, entity, page=number, size=_PAGE)
    address = desk.url("record-changes", register=found.id, entity=entity)
    context = {
        "trail": record_trail(desk, found, record, _("History")),
        "heading": _("History: %(name)s") % {"name": record.title},
        "edits": shown_edits(desk, edits),
        "where": False,
        "older": f"{address}?page={number + 1}" if len(edits) == _PAGE else "",
    }
    return show(request, desk, "staff/history.html", context)


@require_POST
@staff
async def undo(request: HttpRequest, desk: Desk, register: str, edit: int) -> HttpResponse:
    """Take one edit back; its record is shown, or the list where there is none any more."""
    found = desk.register(register)
    try:
        done = await desk.registers.undo(desk.visitor, found.id, edit)
    except NotUndoable as refusal:
        return _refused(request, desk, found, refusal)
    if await _exists(desk, found, done.entity_id):
        address = desk.url("record", register=found.id, entity=done.entity_id)
        return HttpResponseRedirect(f"{address}?done={done.id}")
    return HttpResponseRedirect(desk.url("register", register=found.id) + "?undone=1")


@require_POST
@staff
async def undo_batch(request: HttpRequest, desk: Desk, register: str, batch: UUID) -> HttpResponse:
    """Take a bulk edit or an import back as a whole."""
    found = desk.register(register)
    try:
        await desk.registers.undo_batch(desk.visitor, found.id, str(batch))
    except NotUndoable as refusal:
        return _refused(request, desk, found, refusal)
    return HttpResponseRedirect(desk.url("register", register=found.id) + "?undone=1")


async def _exists(desk: Desk, register: Register, entity: str) -> bool:
    try:
        await one(desk, register, entity)
    except Http404:
        return False
    return True


def _refused(
    request: HttpRequest, desk: Desk, register: Register, refusal: NotUndoable
) -> HttpResponse:
    """Answer 409: why it cannot be undone, and what stands there now."""
    context = {
        "heading": _("This cannot be undone"),
        "text": refusal.text(language()),
        "detail": "; ".join(
            _now(register, one.title, field) for one in refusal.obstacles for field in one.fields
        ),
        "links": [
            {
                "url": desk.url("changes", register=register.id),
                "text": _("History of edits"),
            },
            {
                "url": desk.url("register", register=register.id),
                "text": register.title.in_(language()),
            },
        ],
    }
    return show(request, desk, "staff/refused.html", context, status=409)


def _now(register: Register, title: str, field: FieldConflict) -> str:
    value = shown(register.column(field.field), field.theirs)
    text = f"{value.text} {value.unit}".strip() or "—"
    return _("%(title)s: %(field)s is now %(value)s") % {
        "title": title,
        "field": value.label,
        "value": text,
    }
