"""All 36 projects of a year: whose they are, how far they are, what is late."""

from collections import Counter
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.kernel.time import JST
from tamamo.kernel.towns import DEFAULT
from tamamo.plan.catalog import plan_number, the_plan
from tamamo.plan.year import answers_for, may_enter, overview
from tamamo.plan.year.model import due_day, is_late, working_year
from tamamo.plan.year.overview import Due
from tamamo.web.portal.facilities.words import day_text
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Option
from tamamo.web.staff.frame import show
from tamamo.web.staff.plan import room
from tamamo.web.staff.plan.sheet import done_of

#: What a list can be narrowed to.
SHOWN: Final = ("all", "mine", "missing", "late", "confirmed", "entered", "declined", "approved")
#: Lines on the home page.
_FIRST: Final = 5


@require_safe
@room.plan_desk
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the projects of a year, those of the person's own division first."""
    year = room.year_of(request.GET.get("year", ""))
    shown = request.GET.get("show", "")
    items = await room.engine(desk).sheets(desk.tenant, [year])
    listed = overview.listed(the_plan(), year, items, room.today())
    own = [one for one in listed if answers_for(desk.actor, desk.tenant, one.owner.name)]
    if shown not in SHOWN:
        shown = "mine" if own else "all"
    chosen = [one for one in listed if _fits(one, shown, own)]
    held = await room.engine(desk).answered_for(desk.tenant)
    counted = Counter(one.progress for one in listed)
    context: dict[str, Any] = {
        "trail": room.trail(desk),
        "year": year,
        "year_text": room.year_text(year),
        "due": day_text(due_day(year)),
        "over": is_late(year, room.today()),
        "rows": [_row(desk, one, year, held) for one in chosen],
        "years": [Option(str(y), room.year_text(y), y == year) for y in room.years()],
        "shows": [Option(name, _shown_word(name), name == shown) for name in SHOWN],
        "counts": [(room.state_word(name), counted[name]) for name in counted],
        "late": sum(one.late for one in listed),
        "may": may_enter(desk.actor, desk.tenant, "") or bool(own),
        "done": done_of(request.GET.get("done", "")),
        "export": f"{desk.url('plan-export')}?year={year}",
        "import": f"{desk.url('plan-import')}?year={year}",
    }
    return show(request, desk, "staff/plan/index.html", context)


async def waiting_here(desk: Desk) -> list[tuple[str, datetime, str]]:
    """Return what of the year waits for somebody, for the home page: text, since when, address."""
    if desk.tenant != DEFAULT:
        return []
    year = working_year(room.today())
    items = await room.engine(desk).sheets(desk.tenant, [year])
    found = []
    for one in overview.listed(the_plan(), year, items, room.today()):
        waits = [i for i in one.sheet.items if i.state == "confirmed"]
        if waits and room.approves(desk, one):
            text = _("Plan, to be approved: %(name)s")
        elif one.late and answers_for(desk.actor, desk.tenant, one.owner.name):
            text = _("Plan, late: %(name)s")
        else:
            continue
        url = desk.url("plan-sheet", project=one.folder.manifest.id, year=year)
        name = one.folder.manifest.name.pick(language())
        at = max((i.made_at for i in waits), default=datetime.combine(
            due_day(year), datetime.min.time(), JST))  # fmt: skip
        found.append((text % {"name": name}, at, url))
    return found[:_FIRST]


def _fits(one: Due, shown: str, own: list[Due]) -> bool:
    if shown == "mine":
        return one in own
    if shown == "late":
        return one.late
    return shown in {"all", one.progress}


def _row(desk: Desk, one: Due, year: int, held: set[str]) -> dict[str, Any]:
    manifest = one.folder.manifest
    left = one.owner.left
    return {
        "url": desk.url("plan-sheet", project=manifest.id, year=year),
        "number": plan_number(manifest.plan),
        "name": manifest.name.pick(language()),
        "owner": room.division(the_plan(), one.owner.name),
        "left": left.name.pick(language()) if left else "",
        "nobody": one.owner.name not in held,
        "word": room.state_word(one.progress),
        "chip": room.CHIPS[one.progress],
        "late": one.late,
        "missing": [room.name_of(one.folder, name) for name in one.missing],
    }


def _shown_word(name: str) -> str:
    if name == "all":
        return _("All projects")
    if name == "mine":
        return _("Those of my division")
    if name == "late":
        return _("Past the due day")
    return room.state_word(name)
