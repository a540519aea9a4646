"""One alert: how it stands, its chart, its whole history; taking note of it, silencing it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tamamo import rules
from tamamo.context.access.seen import seen_by
from tamamo.context.jsonld.resolve import default_map
from tamamo.kernel import time
from tamamo.kernel.database import single, transaction
from tamamo.publishing.warnings import roles
from tamamo.rules import Alert, AlertEvent, AlertNotOpen
from tamamo.web.portal.exports import moment_text
from tamamo.web.staff.alerts import chart, room, words
from tamamo.web.staff.alerts.alertstate import name_of
from tamamo.web.staff.alerts.listing import csv_answer
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import Step, show

#: Hours a silence can be chosen to last.
HOURS: Final = (1, 3, 8, 24, 72)
_MOST_EVENTS: Final = 2_000
_MOST_READINGS: Final = 20_000
_BEFORE, _AFTER = timedelta(hours=12), timedelta(hours=48)
_LONGEST_NOTE: Final = 500


@require_safe
@staff
async def page(request: HttpRequest, desk: Desk, entity: str) -> HttpResponse:
    """Show one alert."""
    room.require_sight(desk)
    return await _show(request, desk, await _one(desk, entity))


async def _one(desk: Desk, entity: str) -> Alert:
    async with single(desk.broker.pool) as connection:
        found = await rules.alert_of(connection, desk.tenant, entity)
    if found is None:
        raise Http404(entity)
    return found


async def _show(
    request: HttpRequest,
    desk: Desk,
    one: Alert,
    *,
    errors: Sequence[dict[str, str]] = (),
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    async with single(desk.broker.pool) as connection:
        events = await rules.events_of(connection, desk.tenant, one.id, limit=_MOST_EVENTS)
        silences = [
            silence
            for silence in await rules.silences(connection, desk.tenant)
            if silence.rule in (None, one.rule) and silence.subject in (None, one.subject)
        ]
        people = [one.acknowledged_by, *(e.actor for e in events), *(s.actor for s in silences)]
        named = await room.names(connection, people)
    title = name_of(one, language())
    context = {
        "trail": [
            Step(_("Alerts"), desk.url("alerts")),
            Step(f"{_texts(one.rule_name) or one.rule}: {title}"),
        ],
        "alert": one,
        "name": title,
        "rule": _texts(one.rule_name) or one.rule,
        "description": _texts(one.description),
        "acknowledged_by": named.get(one.acknowledged_by or "", ""),
        "events": [_event(event, named) for event in events],
        "silences": [
            {"silence": s, "by": named.get(s.actor, s.actor),
             "end": desk.url("alert-silence-end", number=s.number)} for s in silences
        ],
        "chart": await _chart(desk, one, events),
        "hours": HOURS,
        "errors": errors,
        "typed": typed or {"hours": "3", "scope": "both"},
        "may_act": room.may_act(desk),
        "can_acknowledge": one.state != "normal" and one.acknowledged_by is None,
        "done": _done(request, desk, silences),
        "urls": _urls(desk, one),
    }  # fmt: skip
    return show(request, desk, "staff/alerts/one.html", context, status)


def _urls(desk: Desk, one: Alert) -> dict[str, str]:
    may_draft = one.state != "normal" and roles.may_write(desk.actor, desk.tenant)
    draft = f"{desk.url('warning-new')}?{urlencode({'from': one.id})}" if may_draft else ""
    return {
        "draft": draft,
        "acknowledge": desk.url("alert-acknowledge", entity=one.id),
        "silence": desk.url("alert-silence", entity=one.id),
        "history": desk.url("alert-history", entity=one.id),
        "rule": desk.url("rule", rule=one.rule),
        "list": desk.url("alerts"),
    }


def _texts(texts: Any) -> str:
    return str(texts.get(language()) or texts.get("ja") or "")


def _event(event: AlertEvent, named: dict[str, str]) -> dict[str, Any]:
    return {
        "event": event,
        "word": words.event_word(event),
        "by": named.get(event.actor or "", ""),
        "text": _texts(event.text) if event.text else "",
    }


async def _chart(desk: Desk, one: Alert, events: Sequence[AlertEvent]) -> chart.Chart | None:
    """Return the readings around the episode, as far as somebody may read them."""
    clock = desk.broker.towns.clock(desk.tenant)
    begin = one.started_at or one.since
    end = min(clock, max(begin + _AFTER - _BEFORE, one.since + _BEFORE))
    start = min(begin, end) - _BEFORE
    async with single(desk.broker.pool) as connection:
        known = await rules.listing(connection, desk.tenant)
    document = next((entry.document for entry in known if entry.id == one.rule), {})
    condition = dict(document).get("condition", {})
    attribute = chart.attribute_of(condition) or "currentLevel"
    seen = seen_by(desk.broker, desk.visitor.access, desk.actor.subject)
    points = await seen.temporal.series(
        desk.tenant, one.subject, default_map().terms.expand_term(attribute), start,
        end + timedelta(seconds=1), limit=_MOST_READINGS,
    )  # fmt: skip
    numbers = [
        (point.at, float(point.value))
        for point in points
        if isinstance(point.value, int | float) and not isinstance(point.value, bool)
    ]
    return chart.draw(numbers, events, one.threshold, start, end)


def _done(request: HttpRequest, desk: Desk, silences: Sequence[Any]) -> Done | None:
    said = request.GET.get("done", "")
    if said == "acknowledged":
        return Done(
            "success",
            _("You have taken note of this alert"),
            _("It goes on until the readings end it. Calls for it stop."),
        )
    if said == "silenced" and silences:
        undo = desk.url("alert-silence-end", number=silences[-1].number)
        return Done("success", _("The alert is silenced"), undo=undo)
    if said == "ended":
        return Done("success", _("The silence is ended"))
    return None


@require_POST
@staff
async def acknowledge(request: HttpRequest, desk: Desk, entity: str) -> HttpResponse:
    """Take note of an alert."""
    room.require_act(desk)
    one = await _one(desk, entity)
    note = " ".join(request.POST.get("note", "").split())[:_LONGEST_NOTE]
    try:
        async with transaction(desk.broker.pool) as connection:
            await rules.acknowledge(
                connection, desk.tenant, one.id, actor=desk.actor.subject, note=note
            )
    except AlertNotOpen:
        context = {
            "heading": _("The alert is over"),
            "text": _("It went back to normal before you took note of it. Nothing was changed."),
            "links": [{"url": desk.url("alert", entity=one.id), "text": _("To the alert")}],
        }
        return show(request, desk, "staff/refused.html", context, status=409)
    return HttpResponseRedirect(desk.url("alert", entity=one.id) + "?done=acknowledged")


@require_POST
@staff
async def silence(request: HttpRequest, desk: Desk, entity: str) -> HttpResponse:
    """Have nobody called for an alert, or for its rule, for some hours."""
    room.require_act(desk)
    one = await _one(desk, entity)
    typed = {name: request.POST.get(name, "").strip() for name in ("hours", "scope", "reason")}
    errors = []
    until = _until(typed["hours"], desk.broker.towns.clock(desk.tenant))
    if until is None:
        errors.append(_error("s-hours", _("How long"), "until"))
    if not typed["reason"] or len(typed["reason"]) > _LONGEST_NOTE:
        errors.append(_error("s-reason", _("Reason"), "reason"))
    if errors or until is None:
        return await _show(request, desk, one, errors=errors, typed=typed, status=422)
    async with transaction(desk.broker.pool) as connection:
        await rules.silence(
            connection,
            desk.tenant,
            rule=one.rule,
            subject=None if typed["scope"] == "rule" else one.subject,
            until=until,
            reason=typed["reason"],
            actor=desk.actor.subject,
        )
    return HttpResponseRedirect(desk.url("alert", entity=one.id) + "?done=silenced")


def _until(hours: str, clock: datetime) -> datetime | None:
    known = {str(number): number for number in HOURS}
    return clock + timedelta(hours=known[hours]) if hours in known else None


def _error(anchor: str, label: str, code: str) -> dict[str, str]:
    return {"anchor": anchor, "label": label, "text": words.error_text(code)}


@require_POST
@staff
async def end_silence(request: HttpRequest, desk: Desk, number: int) -> HttpResponse:
    """End a silence before its time: the undo of silencing."""
    room.require_act(desk)
    try:
        async with transaction(desk.broker.pool) as connection:
            await rules.unsilence(connection, desk.tenant, number, actor=desk.actor.subject)
    except rules.NoSuchAlert as gone:
        raise Http404(str(number)) from gone
    return HttpResponseRedirect(desk.url("alerts") + "?done=ended")


@require_safe
@staff
async def history(request: HttpRequest, desk: Desk, entity: str) -> HttpResponse:
    """Send the whole history of an alert as CSV."""
    room.require_sight(desk)
    one = await _one(desk, entity)
    async with single(desk.broker.pool) as connection:
        events = await rules.events_of(connection, desk.tenant, one.id, limit=_MOST_EVENTS)
    columns = (
        "position", "at", "noted_at", "kind", "before", "after", "episode", "severity", "value",
        "threshold", "actor", "silenced_until",
    )  # fmt: skip
    lines = [
        (
            e.position, moment_text(e.at), moment_text(e.noted_at), e.kind, e.before, e.after,
            e.episode, e.severity, e.value, e.threshold, e.actor,
            moment_text(e.silenced_until) if e.silenced_until else "",
        )
        for e in events
    ]  # fmt: skip
    return csv_answer(f"alert-{time.now():%Y%m%d}.csv", columns, lines)
