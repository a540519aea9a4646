"""The list of a town's alerts, its file, and its saved views."""

from collections import Counter
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tamamo import rules
from tamamo.kernel import cells
from tamamo.kernel.database import single
from tamamo.rules import Alert
from tamamo.web.portal.exports import moment_text
from tamamo.web.staff import saved
from tamamo.web.staff.alerts import room, words
from tamamo.web.staff.alerts.alertstate import (
    SEVERITIES,
    STATES,
    AlertState,
    name_of,
    parse,
    parse_text,
)
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import show

#: More alerts than this are not read for one page.
MOST: Final = 5_000
#: Under which name views of this list are saved beside those of registers.
VIEWS: Final = "alerts"
_COLUMNS: Final = (
    "alert", "rule", "rule_name", "subject", "subject_name", "state", "severity", "since",
    "episode", "started_at", "value", "threshold", "unit", "acknowledged_by", "acknowledged_at",
    "silenced_until",
)  # fmt: skip


@require_safe
@staff
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the alerts: all but the normal ones, unless asked otherwise."""
    room.require_sight(desk)
    state = parse(request.GET)
    alerts = await _read(desk)
    chosen = state.select(alerts, language())
    async with single(desk.broker.pool) as connection:
        silences = await rules.silences(connection, desk.tenant)
        named = await room.names(
            connection, [*(a.acknowledged_by for a in chosen), *(s.actor for s in silences)]
        )
    context = {
        "state": state,
        "rows": [_row(desk, one, named) for one in chosen],
        "total": len(alerts),
        "counts": _counts(alerts, state),
        "severities": [(name, words.severity_word(name)) for name in SEVERITIES],
        "rules": sorted({(one.rule, _in(one.rule_name)) for one in alerts}),
        "silences": [_silence(desk, one, named, alerts) for one in silences],
        "may_act": room.may_act(desk),
        "views": await _views(desk, state),
        "done": _done(request),
        "urls": {"self": desk.url("alerts"), "rules": desk.url("rules")},
    }
    return show(request, desk, "staff/alerts/list.html", context)


async def _read(desk: Desk) -> list[Alert]:
    async with single(desk.broker.pool) as connection:
        return await rules.alerts(connection, desk.tenant, limit=MOST)


def _in(texts: Any) -> str:
    return str(texts.get(language()) or texts.get("ja") or "")


def _row(desk: Desk, one: Alert, named: dict[str, str]) -> dict[str, Any]:
    return {
        "alert": one,
        "name": name_of(one, language()),
        "rule": _in(one.rule_name) or one.rule,
        "url": desk.url("alert", entity=one.id),
        "acknowledged_by": named.get(one.acknowledged_by or "", ""),
    }


def _silence(desk: Desk, one: Any, named: dict[str, str], alerts: list[Alert]) -> dict[str, Any]:
    about = next((a for a in alerts if one.subject in (None, a.subject) and
                  one.rule in (None, a.rule)), None)  # fmt: skip
    parts = [
        (_in(about.rule_name) if about else "") or one.rule if one.rule else "",
        (name_of(about, language()) if about else one.subject) if one.subject else "",
    ]
    return {
        "silence": one,
        "about": " · ".join(part for part in parts if part),
        "by": named.get(one.actor, one.actor),
        "end": desk.url("alert-silence-end", number=one.number),
    }


def _counts(alerts: list[Alert], state: AlertState) -> list[dict[str, Any]]:
    """Return the tabs: how many alerts are in each state."""
    counts = Counter(one.state for one in alerts)
    tabs = [("", _("Open"), len(alerts) - counts["normal"])]
    tabs += [(name, words.state_word(name), counts[name]) for name in STATES]
    tabs.append(("all", _("All"), len(alerts)))
    return [
        {"url": state.query(state=name, view="") or "?", "text": text, "count": count,
         "current": state.state == name}
        for name, text, count in tabs
    ]  # fmt: skip


def _done(request: HttpRequest) -> Done | None:
    text = {
        "view": _("The view is saved"),
        "ended": _("The silence is ended"),
        "gone": _("The rule is deleted"),
    }.get(request.GET.get("done", ""))
    return Done("success", text) if text else None


async def _views(desk: Desk, state: AlertState) -> list[dict[str, Any]]:
    known = await saved.visible(desk.broker.pool, desk.tenant, desk.actor, VIEWS)
    return [
        {
            "name": view.name,
            "url": desk.url("alerts") + parse_text(view.query).query(view=str(view.id)),
            "current": str(view.id) == state.view,
            "delete": desk.url("alert-view-delete", view=view.id) if view.is_of(desk.actor) else "",
            "owner": "" if view.is_of(desk.actor) else view.owner_name,
        }
        for view in known
    ]


@require_POST
@staff
async def save_view(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Save the view at hand under a name; the same name again replaces one's own."""
    room.require_sight(desk)
    name = " ".join(request.POST.get("name", "").split())
    state = parse_text(request.POST.get("query", ""))
    if not name or len(name) > saved.LONGEST_NAME or not name.isprintable():
        context = {
            "heading": _("The view needs a name"),
            "text": _("At most %(n)s characters, and none that cannot be seen.")
            % {"n": saved.LONGEST_NAME},
            "links": [{"url": desk.url("alerts") + state.text, "text": _("Alerts")}],
        }
        return show(request, desk, "staff/refused.html", context, status=422)
    kept = await saved.save(
        desk.broker.pool, desk.tenant, desk.actor, VIEWS, name=name, query=state.text,
        shared=request.POST.get("shared") == "1",
    )  # fmt: skip
    return HttpResponseRedirect(f"{desk.url('alerts')}{state.query(view=str(kept))}&done=view")


@require_POST
@staff
async def delete_view(request: HttpRequest, desk: Desk, view: int) -> HttpResponse:
    """Delete one's own view."""
    room.require_sight(desk)
    if not await saved.delete(desk.broker.pool, desk.tenant, desk.actor, VIEWS, view):
        raise Http404(str(view))
    return HttpResponseRedirect(desk.url("alerts"))


@require_safe
@staff
async def export(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Send what the list shows as CSV."""
    room.require_sight(desk)
    state = parse(request.GET)
    chosen = state.select(await _read(desk), language())
    lines = [
        (
            one.id, one.rule, _in(one.rule_name), one.subject, name_of(one, language()), one.state,
            one.severity, moment_text(one.since), one.episode, _moment(one.started_at), one.value,
            one.threshold, one.unit, one.acknowledged_by, _moment(one.acknowledged_at),
            _moment(one.silenced_until),
        )
        for one in chosen
    ]  # fmt: skip
    return csv_answer("alerts.csv", _COLUMNS, lines)


def _moment(value: Any) -> str:
    return "" if value is None else str(moment_text(value))


def csv_answer(name: str, columns: Any, lines: Any) -> HttpResponse:
    """Return a table as CSV that Excel opens right; a cell never begins a formula."""
    text = cells.lines([columns, *(map(cells.cell, line) for line in lines)])
    answer = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer
