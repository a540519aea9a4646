"""One drill: its clock, what comes next, what has happened, what is expected; and its controls."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tamamo.drills import events
from tamamo.drills.acting import Acts
from tamamo.drills.catalogue import find
from tamamo.drills.log import Line
from tamamo.drills.review import Judged, judge
from tamamo.drills.script import Script
from tamamo.kernel import time
from tamamo.kernel.database import single
from tamamo.kernel.drills import State
from tamamo.kernel.drills.entry import Entry
from tamamo.kernel.drills.errors import DrillRefused, InvalidDrill
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.drills import room, words
from tamamo.web.staff.entry import staff
from tamamo.web.staff.forms import Fault
from tamamo.web.staff.frame import Step, show

#: How many events to come, and how many that have happened, the page shows.
_NEXT, _LAST = 6, 30
#: Speeds that are offered.
SPEEDS: Final = (1, 10, 60, 300, 1200, 3600)


@require_safe
@staff
async def page(request: HttpRequest, desk: Desk, drill: str) -> HttpResponse:
    """Show the drill."""
    return await _page(request, desk, await room.entry_of(desk, drill))


async def _page(
    request: HttpRequest,
    desk: Desk,
    entry: Entry,
    faults: list[Fault] | None = None,
    typed: Any = None,
) -> HttpResponse:
    script, position = find(entry.drill.scenario), entry.drill.clock.position_at(time.now())
    lines = await room.lines_of(desk, entry)
    async with single(desk.broker.pool) as connection:
        notes = await events.notes(connection, entry.drill.tenant)
    judged = judge(script.expected if script else (), lines, notes, position)
    named = await room.names(desk, [*entry.people, *(line.actor for line in lines),
                                    *(one.by for one in judged), entry.created_by])  # fmt: skip
    clock = entry.drill.clock
    context = {
        "trail": room.trail(desk, Step(entry.drill.title)),
        "entry": entry,
        "state": words.state_word(entry.drill.state),
        "chip": words.state_chip(entry.drill.state),
        "clock": words.full_text(clock.shows(position)),
        "share": round(100 * position / clock.length) if clock.length else 0,
        "over": bool(clock.length) and position >= clock.length,
        "next": _next(script, lines, position, clock),
        "last": [shown(line, clock, named) for line in reversed(lines[-_LAST:])],
        "decisions": [decision(one, clock, named) for one in judged],
        "people": sorted(named[subject] for subject in entry.people),
        "may_lead": room.may_lead(desk),
        "may_decide": room.may_lead(desk) or desk.actor.subject in entry.people,
        "is": {state.value: entry.drill.state is state for state in State},
        "speeds": [{"value": n, "chosen": n == entry.speed} for n in SPEEDS],
        "places": _places(script),
        "errors": faults or [],
        "typed": typed or {},
        "done": _done(request),
        "urls": _urls(desk, entry),
    }
    return show(request, desk, "staff/drills/one.html", context, 422 if faults else 200)


def _urls(desk: Desk, entry: Entry) -> dict[str, str]:
    names = ("turn", "inject", "decide", "reach", "end", "delete", "review")
    tenant = entry.drill.tenant
    found = {name: desk.url(f"drill-{name}", drill=tenant) for name in names}
    return found | {"here": desk.url("drill", drill=tenant)}


def _done(request: HttpRequest) -> Done | None:
    text = {
        "made": _("The drill is made"),
        "turned": _("The clock is set"),
        "put": _("The event is put in"),
        "decided": _("The decision is noted"),
        "reach": _("The list is changed"),
        "ended": _("The drill is ended: nothing of it is written or sent any more"),
    }.get(request.GET.get("done", ""))
    return Done("success", text) if text else None


def _next(
    script: Script | None, lines: list[Line], position: float, clock: Any
) -> list[dict[str, Any]]:
    """Return what the script has still to come, those played by hand left out."""
    if script is None:
        return []
    happened = {line.about for line in lines if line.kind in ("script", "injected")}
    coming = [one for one in script.events if one.key not in happened]
    return [
        {
            "key": one.key,
            "time": words.clock_text(clock, one.position),
            "kind": words.event_word(one.kind),
            "text": one.text.in_(language()),
            "recorded": bool(one.source),
        }
        for one in coming[:_NEXT]
    ]


def _places(script: Script | None) -> list[tuple[str, str]]:
    """Return the places whose values can be put in."""
    if script is None:
        return []
    measured = {one.place for one in script.readings}
    return [(p.key, p.name.in_(language())) for p in script.places if p.key in measured]


def shown(line: Line, clock: Any, named: dict[str, str]) -> dict[str, Any]:
    """Return an entry of the log as the pages show it."""
    return {
        "key": line.key,
        "time": words.clock_text(clock, line.position),
        "kind": words.kind_word(line),
        "by_hand": line.kind == "injected",
        "text": words.line_text(line, language()),
        "actor": named.get(line.actor, line.actor),
        "alert": line.kind == "alert" and line.what == "firing",
        "withheld": line.kind == "message" and line.what == "withheld",
    }


def decision(one: Judged, clock: Any, named: dict[str, str]) -> dict[str, Any]:
    """Return an expected decision as the pages show it."""
    expected = one.expected
    return {
        "key": expected.key,
        "by": words.clock_text(clock, expected.position),
        "who": expected.who.in_(language()),
        "text": expected.text.in_(language()),
        "why": expected.why.in_(language()),
        "verdict": one.verdict.value,
        "word": words.verdict_word(one.verdict),
        "chip": words.verdict_chip(one.verdict),
        "done": "" if one.done is None else words.clock_text(clock, one.done),
        "margin": words.span(one.margin),
        "late": one.margin is not None and one.margin < 0,
        "took": words.span(one.took) if expected.since else "",
        "person": named.get(one.by, one.by),
        "settled": one.done is not None,
    }


@require_POST
@staff
async def turn(request: HttpRequest, desk: Desk, drill: str) -> HttpResponse:
    """Start, stop or quicken the clock."""
    room.require_lead(desk)
    entry = await room.entry_of(desk, drill)
    act, service = request.POST.get("act", ""), desk.broker.drills
    who = (desk.actor, desk.tenant, drill)
    try:
        speed = float(request.POST.get("speed") or entry.speed)
        if act == "pause":
            await service.pause(*who)
        elif act == "start":
            await service.start(*who, speed)
        else:
            await service.go_on(*who, speed)
    except (InvalidDrill, ValueError):
        text = _("The clock cannot go at this speed: it would run into the future.")
        return await _page(request, desk, entry, [Fault(_("Speed"), text, "f-speed")])
    except DrillRefused:
        return await _refused(request, desk, drill)
    return HttpResponseRedirect(desk.url("drill", drill=drill) + "?done=turned")


@require_POST
@staff
async def inject(request: HttpRequest, desk: Desk, drill: str) -> HttpResponse:
    """Put in an event: one of the script before its time, a text, or a value."""
    room.require_lead(desk)
    entry, typed = await room.entry_of(desk, drill), request.POST
    acts = Acts(desk.broker)
    try:
        if typed.get("event"):
            await acts.bring_forward(desk.actor, entry, typed["event"])
        elif typed.get("place"):
            value = float(typed.get("value", ""))
            await acts.measure(desk.actor, entry, typed["place"], value)
        else:
            await acts.say(desk.actor, entry, typed.get("kind", ""), typed.get("text", ""))
    except (InvalidDrill, ValueError):
        fault = (
            Fault(_("Value"), _("A number is needed."), "f-value")
            if typed.get("place")
            else Fault(_("What happens"), _("Say what happens, in at most 2000 characters."),
                       "f-text")
        )  # fmt: skip
        return await _page(request, desk, entry, [fault], typed)
    except DrillRefused:
        return await _refused(request, desk, drill)
    return HttpResponseRedirect(desk.url("drill", drill=drill) + "?done=put")


@require_POST
@staff
async def decide(request: HttpRequest, desk: Desk, drill: str) -> HttpResponse:
    """Note that an expected decision is taken now."""
    entry = await room.entry_of(desk, drill)
    try:
        comment = request.POST.get("comment", "")
        await Acts(desk.broker).decide(desk.actor, entry, request.POST.get("key", ""), comment)
    except (DrillRefused, InvalidDrill):
        return await _refused(request, desk, drill)
    return HttpResponseRedirect(desk.url("drill", drill=drill) + "?done=decided#decisions")


@require_POST
@staff
async def reach(request: HttpRequest, desk: Desk, drill: str) -> HttpResponse:
    """Change who may be reached."""
    room.require_lead(desk)
    entry, typed = await room.entry_of(desk, drill), request.POST
    try:
        lines = typed.get("recipients", "").splitlines()
        await desk.broker.drills.reach(desk.actor, desk.tenant, drill, lines)
    except InvalidDrill:
        text = _("One of these is neither a mail address, an https address nor a telephone number.")
        fault = Fault(_("Addresses that may be reached"), text, "f-recipients")
        return await _page(request, desk, entry, [fault], typed)
    except DrillRefused:
        return await _refused(request, desk, drill)
    return HttpResponseRedirect(desk.url("drill", drill=drill) + "?done=reach")


async def _refused(request: HttpRequest, desk: Desk, drill: str) -> HttpResponse:
    """Return the page as it is now, with the reason why nothing was done (409)."""
    text = _("The drill is in another state by now. Nothing was changed.")
    entry = await room.entry_of(desk, drill)
    answer = await _page(request, desk, entry, [Fault("", text)])
    answer.status_code = 409
    return answer
