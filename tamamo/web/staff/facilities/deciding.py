"""One correction: each field is taken over or declined by the division that keeps it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.kernel.database import single, transaction
from tamamo.publishing.facilities import corrections, photos
from tamamo.publishing.facilities.corrections import COMMENT, Correction, Item
from tamamo.publishing.facilities.model import GROUP_OF, REGISTER
from tamamo.publishing.facilities.texts import tidy
from tamamo.registers import EditConflict, Invalid, Record, Register
from tamamo.web.portal.facilities.words import day_text, today
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.entry import staff
from tamamo.web.staff.facilities import room
from tamamo.web.staff.forms import Fault
from tamamo.web.staff.frame import Step, show


@dataclass(slots=True)
class _Choice:
    """What somebody chose for the fields that wait for them."""

    accepted: list[Item] = field(default_factory=list)
    declined: dict[str, list[Item]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def decide(request: HttpRequest, desk: Desk, correction: UUID) -> HttpResponse:
    """Show a correction beside what the map says now; carry out what is decided."""
    register = room.opened(desk)
    found = await _found(desk, correction)
    record = await desk.registers.one(desk.visitor, REGISTER, found.entity_id)
    if request.method != "POST":
        return await _page(request, desk, register, found, record)
    choice = _read(request.POST, desk, register, found)
    if choice.faults:
        return await _page(request, desk, register, found, record, wrong=choice.faults, status=422)
    try:
        edit = await _take_over(request.POST, desk, register, found, choice)
    except EditConflict:
        text = _("Somebody changed this facility meanwhile. Look at it again, then decide.")
        return await _page(
            request, desk, register, found, record, wrong=[Fault("", text)], status=409
        )
    except Invalid as invalid:
        wrong = [Fault("", error.text(language())) for error in invalid.errors]
        return await _page(request, desk, register, found, record, wrong=wrong, status=422)
    await _note(desk, found, choice, edit)
    return HttpResponseRedirect(f"{request.path}?done")


async def _found(desk: Desk, correction: UUID) -> Correction:
    async with single(desk.broker.pool) as connection:
        found = await corrections.one(connection, desk.tenant, correction)
    if found is None:
        raise Http404(str(correction))
    return found


def _read(post: QueryDict, desk: Desk, register: Register, found: Correction) -> _Choice:
    choice = _Choice()
    for item in found.items:
        wanted = post.get(f"d.{item.field}", "")
        if item.state != "open" or not room.may_decide(desk, register, item):
            continue
        if wanted == "accept":
            choice.accepted.append(item)
        elif wanted == "decline":
            reason = tidy(post.get(f"r.{item.field}", ""), corrections.LONGEST_REASON)
            if reason:
                choice.declined.setdefault(reason, []).append(item)
            else:
                text = _("Say why: whoever sent it reads the reason.")
                label = room.label(register, item.field) or _("In words only")
                choice.faults.append(Fault(label, text, f"r-{item.field}"))
    if not (choice.accepted or choice.declined or choice.faults):
        choice.faults.append(Fault("", _("Choose for at least one field.")))
    return choice


async def _take_over(
    post: QueryDict, desk: Desk, register: Register, found: Correction, choice: _Choice
) -> int | None:
    """Write what was accepted into the register; return the number of the edit."""
    values = {item.field: item.proposed for item in choice.accepted if item.field != COMMENT}
    if not values:
        return None
    if post.get("surveyed"):
        seen = (found.seen_on or today()).isoformat()
        days = {GROUP_OF[name].surveyed for name in values if name in GROUP_OF}
        values |= dict.fromkeys(days & desk.rights(register).fields, seen)
    edit = await desk.registers.edit(
        desk.visitor, REGISTER, found.entity_id, post.get("version", ""), values,
        note=_("Correction by the public"),
    )  # fmt: skip
    return None if edit is None else edit.id


async def _note(desk: Desk, found: Correction, choice: _Choice, edit: int | None) -> None:
    by = desk.actor.subject
    async with transaction(desk.broker.pool) as connection:
        locked = await corrections.one(connection, desk.tenant, found.id, lock=True)
        if locked is None:
            return
        names = [item.field for item in choice.accepted]
        if names:
            await corrections.decide(
                connection, desk.tenant, locked, names, "accepted", by=by, edit=edit
            )
        for reason, items in choice.declined.items():
            names = [item.field for item in items]
            await corrections.decide(
                connection, desk.tenant, locked, names, "declined", by=by, reason=reason
            )


async def _page(
    request: HttpRequest,
    desk: Desk,
    register: Register,
    found: Correction,
    record: Record,
    *,
    wrong: list[Fault] | None = None,
    status: int = 200,
) -> HttpResponse:
    async with single(desk.broker.pool) as connection:
        pictures = await photos.listed(connection, desk.tenant, correction=found.id)
    items = [_item(request, desk, register, record, item) for item in found.items]
    key = register.key_of(found.entity_id)
    context = {
        "trail": room.trail(desk, Step(record.title)),
        "correction": found,
        "title": record.title,
        "record_url": desk.url("record", register=REGISTER, entity=found.entity_id),
        "photos_url": desk.url("facility-photos", key=key),
        "seen": day_text(found.seen_on),
        "items": items,
        "may": any(item["may"] for item in items),
        "may_survey": any(item["may"] and item["field"] in GROUP_OF for item in items),
        "version": record.version,
        "pictures": pictures,
        "errors": wrong or [],
        "done": Done("success", _("Your decision is noted")) if "done" in request.GET else None,
    }
    return show(request, desk, "staff/facilities/correction.html", context, status)


def _item(
    request: HttpRequest, desk: Desk, register: Register, record: Record, item: Item
) -> dict[str, Any]:
    cell = record.cells.get(item.field)
    now = None if cell is None else cell.value
    return {
        "field": item.field,
        "label": room.label(register, item.field) or _("In words only"),
        "before": room.said(register, item.field, item.before),
        "now": room.said(register, item.field, now),
        "changed": item.field != COMMENT and now != item.before,
        "proposed": room.said(register, item.field, item.proposed),
        "state": item.state,
        "reason": item.reason or request.POST.get(f"r.{item.field}", ""),
        "chosen": request.POST.get(f"d.{item.field}", ""),
        "may": item.state == "open" and room.may_decide(desk, register, item),
        "keeper": room.keeper(register, item.field),
    }
