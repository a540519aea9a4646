"""The form by which a drill is made."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.drills.catalogue import find, scripts
from tamamo.kernel import time
from tamamo.kernel.database import single
from tamamo.kernel.drills import plan as plans
from tamamo.kernel.drills.errors import DrillRefused, InvalidDrill
from tamamo.kernel.drills.plan import Plan
from tamamo.kernel.time import JST
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.drills import room
from tamamo.web.staff.drills.room import Person
from tamamo.web.staff.entry import staff
from tamamo.web.staff.forms import Fault, FormField, Option
from tamamo.web.staff.frame import Step, show

#: Hours after which a drill ends by itself, offered.
_LASTING: Final = (12, 24, 72, 168, 720)


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the form, or make the drill."""
    room.require_lead(desk)
    async with single(desk.broker.pool) as connection:
        people = await room.people(connection, desk.tenant)
    if request.method != "POST":
        return _form(request, desk, people, _defaults(desk, people))
    typed = request.POST
    plan, faults = _plan(desk, people, typed)
    try:
        plans.check(plan, time.now())
    except InvalidDrill as refused:
        # What could not even be read is named first.
        faults = {fault.field: _said(fault.field, fault.code) for fault in refused.faults} | faults
    if not faults:
        try:
            drill = await desk.broker.drills.create(desk.actor, plan)
        except DrillRefused:
            faults = {"": _("There are too many drills: delete an old one first.")}
        else:
            return HttpResponseRedirect(desk.url("drill", drill=drill.tenant) + "?done=made")
    return _form(request, desk, people, typed, faults)


def _defaults(desk: Desk, people: Sequence[Person]) -> QueryDict:
    found = QueryDict(mutable=True)
    found["scenario"] = next(iter(scripts()), "")
    found.setlist("people", [one.subject for one in people if one.subject == desk.actor.subject])
    found["expires_at"] = "24"
    found["own"] = "1"
    return found


def _plan(desk: Desk, people: Sequence[Person], typed: QueryDict) -> tuple[Plan, dict[str, str]]:
    """Return what was typed as a plan, and what of it cannot be read."""
    faults: dict[str, str] = {}
    moment = time.now()
    chosen = [one for one in people if one.subject in typed.getlist("people")]
    if len(chosen) < len(set(typed.getlist("people"))):
        faults["people"] = _("Somebody who was chosen does not work here any more.")
    script = find(typed.get("scenario", ""))
    if typed.get("scenario") and script is None:
        faults["scenario"] = _("There is no such script.")
    begins = _begins(typed, faults) or (script.begins_at if script else moment)
    hours = typed.get("expires_at", "")
    if hours not in map(str, _LASTING):
        faults["expires_at"] = _said("expires_at", "range")
        hours = "24"
    given = [line.strip() for line in typed.get("recipients", "").splitlines() if line.strip()]
    if typed.get("own") == "1":
        given += [one.mail for one in chosen]
    plan = Plan(
        desk.tenant,
        typed.get("title", "").strip(),
        {one.subject: one.roles for one in chosen},
        begins,
        moment + timedelta(hours=int(hours)),
        tuple(dict.fromkeys(given)),
        script.id if script else "",
        script.length if script else 0.0,
    )
    return plan, faults


def _begins(typed: QueryDict, faults: dict[str, str]) -> datetime | None:
    text = typed.get("begins_at", "").strip()
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        faults["begins_at"] = _("This is no date and time such as 2004-08-30 15:00.")
        return None
    return found if found.tzinfo else found.replace(tzinfo=JST)


def _said(field: str, code: str) -> str:
    """Return in words what is wrong with a field."""
    return {
        "title": _("Give the drill a title of at most 100 characters."),
        "people": _("Choose at least one person who takes part."),
        "expires_at": _("Choose after how long it ends by itself."),
        "begins_at": _("The drill's clock begins in the past, or now."),
        "recipients": _("Too many addresses.")
        if code == "many"
        else _("One of these is neither a mail address, an https address nor a telephone number."),
    }.get(field, _("This cannot be so."))


def _form(
    request: HttpRequest,
    desk: Desk,
    people: Sequence[Person],
    typed: QueryDict,
    faults: dict[str, str] | None = None,
) -> HttpResponse:
    faults = faults or {}
    fields = [replace(f, error=faults.get(f.name, "")) for f in _fields(people, typed)]
    labels = {field.name: field.label for field in fields}
    context: dict[str, Any] = {
        "trail": room.trail(desk, Step(_("New drill"))),
        "fields": fields,
        "errors": [
            Fault(labels.get(name, ""), text, f"f-{name}" if name in labels else "")
            for name, text in faults.items()
        ],
        "own": typed.get("own") == "1",
        "scripts": [
            {"title": one.title.in_(language()), "about": one.about.in_(language())}
            for one in scripts().values()
        ],
        "back": desk.url("drills"),
    }
    return show(request, desk, "staff/drills/new.html", context, 422 if faults else 200)


def _fields(people: Sequence[Person], typed: QueryDict) -> list[FormField]:
    scenario, chosen, hours = (
        typed.get("scenario", ""),
        typed.getlist("people"),
        typed.get("expires_at"),
    )
    offered = [("", _("None: events are put in by hand"))]
    offered += [(name, one.title.in_(language())) for name, one in scripts().items()]
    return [
        FormField(
            "title", _("Title"), "text", typed.get("title", ""), required=True, maxlength=100,
            help=_("It stands on every page of the drill."),
        ),
        FormField(
            "scenario", _("Script"), "choice",
            options=tuple(Option(v, text, v == scenario) for v, text in offered),
        ),
        FormField(
            "people", _("Who takes part"), "choices", required=True,
            help=_("They have the same roles in the drill as here, until it ends."),
            options=tuple(Option(p.subject, p.name, p.subject in chosen) for p in people),
        ),
        FormField(
            "recipients", _("Addresses that may be reached"), "long",
            typed.get("recipients", ""),
            help=_("One a line: mail, https address, telephone number. Nothing is sent to any "
                   "other."),
        ),
        FormField(
            "begins_at", _("The drill's clock begins at"), "text", typed.get("begins_at", ""),
            help=_("Japan time, such as 2004-08-30 15:00; left empty: as the script says."),
            width="input--mid",
        ),
        FormField(
            "expires_at", _("It ends by itself after"), "choice",
            options=tuple(
                Option(str(n), _("%(n)s hours") % {"n": n}, str(n) == hours) for n in _LASTING
            ),
        ),
    ]  # fmt: skip
