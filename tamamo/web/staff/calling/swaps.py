"""Swaps: somebody in place of somebody else, beside, or an absence."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.calling import store
from tamamo.calling.duty import Change
from tamamo.kernel.database import transaction
from tamamo.kernel.time import JST
from tamamo.web.staff.calling import room as rooms
from tamamo.web.staff.calling.choosing import names
from tamamo.web.staff.calling.room import forth, options, require_change, room
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import FormField
from tamamo.web.staff.frame import Step

_LONGEST = 200


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def add(request: HttpRequest, desk: Desk, roster: str) -> HttpResponse:
    """Put somebody in the place of somebody else for a time."""
    require_change(desk)
    async with transaction(desk.broker.pool) as connection:
        found, _version = await store.roster_of(connection, desk.tenant, roster)
        known = await names(connection, desk, "staff.roster")
        typed = request.POST if request.method == "POST" else {}
        errors: dict[str, str] = {}
        if request.method == "POST":
            change = _read(typed, known, errors)
            if change is not None:
                await store.add_change(
                    connection, desk.tenant, roster, change, actor=desk.actor.subject
                )
                return forth(desk.url("roster", roster=roster), "swapped")
    fields = [replace(one, error=errors.get(one.name, "")) for one in _fields(typed, known)]
    context = {
        "heading": _("Swap of duty"),
        "trail": rooms.trail(
            desk,
            Step(_("Duty rosters"), desk.url("rosters")),
            Step(found.name, desk.url("roster", roster=roster)),
            _("Swap of duty"),
        ),
        "fields": fields,
        "errors": rooms.faults(fields),
        "back": desk.url("roster", roster=roster),
    }
    return rooms.shown(request, desk, "form.html", context, 422 if errors else 200)


def _fields(typed: Any, known: dict[str, str]) -> list[FormField]:
    people = [("", _("Nobody")), *known.items()]
    return [
        FormField("begins", _("Begins"), "text", typed.get("begins", ""), type="datetime-local",
                  required=True, width="input--mid"),
        FormField("ends", _("Ends"), "text", typed.get("ends", ""), type="datetime-local",
                  required=True, width="input--mid"),
        FormField("absent", _("Not on duty"), "choice",
                  options=options(people, typed.get("absent", ""))),
        FormField("present", _("On duty instead"), "choice",
                  options=options(people, typed.get("present", ""))),
        FormField("reason", _("Reason"), "text", typed.get("reason", ""), width="input--mid"),
    ]  # fmt: skip


def _read(typed: Any, known: dict[str, str], errors: dict[str, str]) -> Change | None:
    moments: dict[str, datetime] = {}
    for name in ("begins", "ends"):
        try:
            found = datetime.fromisoformat(typed.get(name, "").strip())
            moments[name] = found if found.tzinfo else found.replace(tzinfo=JST)
        except ValueError:
            errors[name] = _("A date and time such as 2026-06-01 17:15.")
    absent, present = typed.get("absent", ""), typed.get("present", "")
    for name, value in (("absent", absent), ("present", present)):
        if value and value not in known:
            errors[name] = _("Somebody chosen here is no contact any more.")
    if not absent and not present:
        errors["present"] = _("Choose who is not on duty, who is instead, or both.")
    if not errors and moments["ends"] <= moments["begins"]:
        errors["ends"] = _("The end lies before the beginning.")
    if errors:
        return None
    reason = typed.get("reason", "").strip()[:_LONGEST]
    return Change(moments["begins"], moments["ends"], absent or None, present or None, "", reason)


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def remove(request: HttpRequest, desk: Desk, roster: str, swap: str) -> HttpResponse:
    """Take a swap back."""
    require_change(desk)
    back = desk.url("roster", roster=roster)
    async with transaction(desk.broker.pool) as connection:
        await store.roster_of(connection, desk.tenant, roster)
        if request.method == "POST":
            await store.delete_change(connection, desk.tenant, swap, actor=desk.actor.subject)
            return forth(back, "unswapped")
    return rooms.confirm(
        request,
        desk,
        _("Take the swap back"),
        _("The roster is as it was before the swap."),
        button=_("Take the swap back"),
        back=back,
    )
