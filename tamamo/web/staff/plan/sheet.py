"""One project of a year: last year beside it, what is entered, what waits, what was put right."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.feeds.quality import Reason
from tamamo.plan.catalog import plan_number, the_plan
from tamamo.plan.figures import goal_in
from tamamo.plan.model import Indicator
from tamamo.plan.present import amount, asked, target_text
from tamamo.plan.year import Item, YearRefused, overview
from tamamo.plan.year.evidence import FILES, EvidenceStore
from tamamo.plan.year.model import due_day
from tamamo.plan.year.overview import Due
from tamamo.web.portal.facilities.words import day_text
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.forms import Fault
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.plan import room, sheetform


@require_http_methods(["GET", "HEAD", "POST"])
@room.plan_desk
async def page(request: HttpRequest, desk: Desk, project: str, year: int) -> HttpResponse:
    """Show a project's year; keep what its owner enters."""
    room.opened(year)
    one, items = await room.due(desk, project, year)
    if request.method != "POST":
        return await shown(request, desk, one, items)
    room.require(room.enters(desk, one), "This project is another division's")
    typed = {name: str(text) for name, text in request.POST.items()}
    form = sheetform.Form(one.folder, one.sheet, typed)
    before = overview.before(one.folder, year, items)
    try:
        await room.engine(desk).save(
            (desk.tenant, project, year), form.values(), form.texts(), desk.actor.subject,
            outcomes=frozenset(the_plan().words["state"]),
            before=overview.comparable(one.folder, year, before),
            printed=overview.printed(one.folder, year), told=bool(overview.told(one.folder, year)),
        )  # fmt: skip
    except YearRefused as refused:
        return await shown(request, desk, one, items, typed=typed, faults=refused.faults)
    return HttpResponseRedirect(f"{request.path}?done=saved")


async def shown(
    request: HttpRequest,
    desk: Desk,
    one: Due,
    items: list[Item],
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, Reason] | None = None,
    errors: list[Fault] | None = None,
    attached: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Return the page. faults: of the form; errors: of another one on it (422 with either)."""
    manifest, year = one.folder.manifest, one.sheet.year
    if typed is None:
        computed = await room.engine(desk).computed(desk.tenant, manifest.id, year)
        typed = sheetform.at_first(one.folder, one.sheet, computed)
    fields = sheetform.groups(one.folder, one.sheet, typed, faults or {})
    wrong = [*sheetform.lines(one.folder, fields, faults or {}), *(errors or [])]
    named = await room.people(desk, items)
    context: dict[str, Any] = {
        **_head(desk, one),
        **_lists(desk, one, items, named),
        "rows": _rows(one, items, named),
        "groups": fields,
        "may": room.enters(desk, one),
        "evidence": await _evidence(desk, manifest.id, year),
        "accept": FILES.accept,
        "attached": attached or {},
        "errors": wrong,
        "done": done_of(request.GET.get("done", "")),
    }
    return show(request, desk, "staff/plan/sheet.html", context, 422 if wrong else 200)


def _head(desk: Desk, one: Due) -> dict[str, Any]:
    """Return which project and year it is, whose, and how far."""
    manifest, year, left = one.folder.manifest, one.sheet.year, one.owner.left
    number = plan_number(manifest.plan)
    return {
        "trail": room.trail(desk, Step(f"{number} {room.year_text(year)}")),
        "heading": f"{number} {manifest.name.pick(language())}",
        "year_text": room.year_text(year),
        "due": day_text(due_day(year)),
        "late": one.late,
        "word": room.state_word(one.progress),
        "chip": room.CHIPS[one.progress],
        "owner": room.division(the_plan(), one.owner.name),
        "left": left.name.pick(language()) if left else "",
        "missing": [room.name_of(one.folder, name) for name in one.missing],
        "here": desk.url("plan-sheet", project=manifest.id, year=year),
    }


def _lists(desk: Desk, one: Due, items: list[Item], named: Any) -> dict[str, Any]:
    """Return the entries by how far they are, and whether this person may decide."""
    year = one.sheet.year
    confirmed = [i for i in one.sheet.items if i.state == "confirmed"]
    foreign = [i for i in confirmed if i.made_by != desk.actor.subject]
    may_approve = room.approves(desk, one)

    def shown_of(*states: str) -> list[dict[str, Any]]:
        return [_item(one, i, named) for i in one.sheet.items if i.state in states]

    return {
        "texts": [found for found in shown_of("approved") if found["item"].kind != "value"],
        "last_texts": [_item(one, i, named) | {"year": room.year_text(i.year)} for i in items
                       if i.kind != "value" and i.state == "approved" and i.year == year - 1],
        "entered": shown_of("entered"),
        "waiting": shown_of("confirmed"),
        "decidable": bool(foreign) and may_approve,
        "own_only": bool(confirmed) and may_approve and not foreign,
        "past": shown_of("replaced", "declined", "withdrawn"),
        "told": [(room.year_text(of), text) for of in (year, year - 1)
                 if (text := overview.told(one.folder, of))],
    }  # fmt: skip


async def _evidence(desk: Desk, project: str, year: int) -> list[dict[str, Any]]:
    found = await EvidenceStore(desk.broker.pool).listed(desk.tenant, [year], project)
    return [
        {
            "id": one.id,
            "title": one.title,
            "url": one.url or desk.url("plan-evidence", evidence=one.id),
            "what": one.filename or one.url,
        }
        for one in found
    ]


def _rows(one: Due, items: list[Item], named: Any) -> list[dict[str, Any]]:
    """Return each indicator: the year before, the target, what holds, what waits."""
    before = overview.before(one.folder, one.sheet.year, items)
    printed = overview.printed(one.folder, one.sheet.year)
    rows = []
    for indicator in overview.indicators(one.folder):
        unit, target = indicator.unit, indicator.target
        last = before.get(indicator.id)
        why = overview.broken(indicator, last[0], one.sheet.year) if last else None
        holds, waits = one.sheet.holding(indicator.id), one.sheet.waiting(indicator.id)
        value: Decimal | None = holds.value if holds else printed.get(indicator.id)
        goal = goal_in(target, one.sheet.year) if target and target.comparable else None
        rows.append(
            {
                "name": indicator.name.pick(language()),
                "note": indicator.note.pick(language()) if indicator.note else "",
                "last": amount(last[1], unit, language()) if last else "",
                "last_year": room.year_text(last[0]) if last else "",
                "breaks": why.pick(language()) if why else "",
                "target": target_text(target, unit, one.sheet.year, language()) if target else "",
                "value": amount(value, unit, language())
                + asked(indicator, holds.whole if holds else None, language())
                if value is not None else "",
                "printed": holds is None and value is not None,
                "met": None if goal is None or value is None else value >= goal,
                "who": named(holds.approved_by) if holds else "",
                "waits": amount(waits.value, unit, language())
                + asked(indicator, waits.whole, language())
                if waits and waits.value is not None else "",
                "waits_word": room.state_word(waits.state) if waits else "",
            }
        )  # fmt: skip
    return rows


def _item(one: Due, item: Item, named: Any) -> dict[str, Any]:
    """Return an entry in words."""
    known = {i.id: i for i in overview.indicators(one.folder)}
    outcome = ""
    if item.outcome in the_plan().words["state"]:
        outcome = the_plan().word("state", item.outcome).pick(language())
    old = next((i for i in one.sheet.items if i.id == item.replaces), None)
    return {
        "item": item,
        "name": room.name_of(one.folder, item.name),
        "value": _value(known.get(item.name), item),
        "old": _value(known[old.name], old) if old is not None and old.name in known else "",
        "outcome": outcome,
        "day": day_text(item.decided_on),
        "word": room.state_word(item.state),
        "chip": room.CHIPS[item.state],
        "made_by": named(item.made_by),
        "approved_by": named(item.approved_by),
        "declined_by": named(item.declined_by),
    }  # fmt: skip


def _value(one: Indicator | None, item: Item) -> str:
    """Return an entry's value with its unit and number of answers; "" of a text."""
    if item.value is None:
        return ""
    if one is None:
        return f"{item.value:,}"
    return amount(item.value, one.unit, language()) + asked(one, item.whole, language())


def done_of(name: str) -> Done | None:
    """Return what the last step did, for the top of the page."""
    texts = {
        "saved": _("It is kept. Confirm it below, then the head sees it."),
        "confirmed": _("Confirmed. It waits for the head now."),
        "approved": _("Approved. Everybody can read it on the plan's page now."),
        "declined": _("Sent back to its owner."),
        "taken": _("Taken back."),
        "attached": _("The evidence is attached."),
        "removed": _("The evidence is taken away."),
        "imported": _("The values of the workbook are entered. Confirm them project by project."),
    }
    return Done("success", texts[name]) if name in texts else None
