"""Calls: those that run, one call with everybody's state, stopping it, a test to oneself."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tamamo import calling
from tamamo.calling import answers, store
from tamamo.calling import call as calls
from tamamo.calling.call import Call, Logged
from tamamo.calling.contact import Contact
from tamamo.calling.view import Reached, name_of, reached
from tamamo.calling.work import calling_of
from tamamo.kernel.database import Connection, transaction
from tamamo.web.staff.calling import room as rooms
from tamamo.web.staff.calling import words
from tamamo.web.staff.calling.room import channel_name, forth, require_change, room
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Fault
from tamamo.web.staff.frame import Step


@require_safe
@room
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the calls that wait for an answer, and the newest others."""
    async with transaction(desk.broker.pool) as connection:
        found = await calling.going_on(connection, desk.tenant, 30)
        await _note(connection, desk, [one for going in found for one in going.people])
    rows: list[dict[str, Any]] = []
    for going in found:
        word, chip = words.call_state(going.call)
        rows.append(
            {
                "call": going.call,
                "url": desk.url("call", call=going.call.id),
                "about": going.about.get(language()) or going.about["ja"],
                "more": going.alerts - 1 if going.alerts else 0,
                "state": word,
                "chip": chip,
                "severity": words.severity_word(going.call.severity),
                "answered_by": going.answered_by,
                "people": [_person(one) for one in going.people[-4:]],
            }
        )
    context = {
        "tabs": rooms.tabs(desk, "calls"),
        "channels": rooms.connected(desk),
        "open_rows": [row for row in rows if row["call"].open],
        "rows": [row for row in rows if not row["call"].open],
        "test_url": desk.url("call-test"),
    }
    return rooms.shown(request, desk, "calls.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def page(request: HttpRequest, desk: Desk, call: str) -> HttpResponse:
    """Show one call; a POST takes it."""
    async with transaction(desk.broker.pool) as connection:
        found = await calls.find(connection, desk.tenant, call)
        if found is None:
            raise Http404(call)
        if request.method == "POST":
            require_change(desk)
            await take(connection, desk, call)
            return forth(desk.url("call", call=call), "taken")
        context = await _context(connection, desk, found)
    return rooms.shown(request, desk, "call.html", context)


async def take(connection: Connection, desk: Desk, number: str) -> None:
    """Answer a call as whoever sits at the desk."""
    own = await store.contact_of(connection, desk.tenant, desk.actor.subject)
    await answers.acknowledge(
        calling_of(desk.broker),
        connection,
        desk.tenant,
        number,
        by=desk.actor.subject,
        via="page",
        contact=own.id if own else None,
    )


async def _context(connection: Connection, desk: Desk, found: Call) -> dict[str, Any]:
    people = await reached(connection, found)
    await _note(connection, desk, people)
    alerts = await calls.alerts(connection, found)
    word, chip = words.call_state(found)
    named = {one.contact: one.name for one in people}
    heading = alerts[0].told.said(language()) if alerts else found.tree.name
    if found.test:
        heading = _("Test call")
    return {
        "heading": heading,
        "trail": rooms.trail(desk, heading),
        "call": found,
        "state": word,
        "chip": chip,
        "severity": words.severity_word(found.severity),
        "answered_by": await name_of(connection, desk.tenant, found.answered_by)
        or found.answered_by,
        "via": words.via_word(found.answered_via),
        "alerts": [
            {
                "text": one.told.said(language()) or one.alert,
                "severity": words.severity_word(one.severity),
                "state": {
                    "open": _("open"), "acknowledged": _("taken"), "over": _("over"),
                }[one.state],
                "added_at": one.added_at,
            }
            for one in alerts
        ],
        "people": [_person(one) for one in people],
        "log": [_entry(one, named, found) for one in await calls.logged(connection, found)],
        "stop_url": desk.url("call-stop", call=found.id),
    }  # fmt: skip


def _person(one: Reached) -> dict[str, Any]:
    word, chip = words.reached_word(one.state)
    return {
        "name": one.name or _("(no contact any more)"),
        "organisation": one.organisation,
        "step": one.step + 1,
        "round": one.round + 1,
        "called_at": one.called_at,
        "answered_at": one.answered_at,
        "word": word,
        "chip": chip,
        "messages": [
            {
                "channel": channel_name(m.channel),
                "word": words.message_word(m.state.value, m.reason),
                "connected": m.connected,
            }
            for m in one.messages
        ],
    }


def _entry(one: Logged, named: dict[str, str], call: Call) -> dict[str, Any]:
    detail = one.detail
    said = named.get(str(detail.get("contact", "")), "")
    if one.kind == "raised":
        said = words.severity_word(str(detail.get("severity", "")))
    if one.kind == "nobody" and "step" in detail:
        step = int(detail["step"])
        said = call.tree.steps[step].name if step < len(call.tree.steps) else ""
    return {"at": one.at, "word": words.log_word(one.kind), "said": said}


async def _note(connection: Connection, desk: Desk, people: Sequence[Reached]) -> None:
    """Note whose names and states somebody is shown."""
    shown = [Contact(number, "") for number in {one.contact for one in people if one.name}]
    await rooms.note_read(connection, desk, shown, "staff.calls")


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def stop(request: HttpRequest, desk: Desk, call: str) -> HttpResponse:
    """Stop a call: the page names what happens and asks why, the button does it."""
    require_change(desk)
    errors, reason = [], ""
    async with transaction(desk.broker.pool) as connection:
        found = await calls.find(connection, desk.tenant, call)
        if found is None:
            raise Http404(call)
        if request.method == "POST":
            reason = request.POST.get("reason", "").strip()[:500]
            if reason:
                await answers.stop(
                    calling_of(desk.broker),
                    connection,
                    desk.tenant,
                    call,
                    by=desk.actor.subject,
                    reason=reason,
                )
                return forth(desk.url("call", call=call), "stopped")
            errors = [Fault(_("Reason"), _("Say why the call is stopped."), "f-reason")]
    heading = _("Stop the call")
    context = {
        "heading": heading,
        "trail": rooms.trail(
            desk, Step(found.tree.name or _("Call"), desk.url("call", call=call)), heading
        ),
        "errors": errors,
        "reason": reason,
        "back": desk.url("call", call=call),
    }
    return rooms.shown(request, desk, "stop.html", context, 422 if errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def test(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Call oneself, by all one's addresses, to see whether that works."""
    async with transaction(desk.broker.pool) as connection:
        own = await store.contact_of(connection, desk.tenant, desk.actor.subject)
        if request.method == "POST" and own is not None:
            made = await calling_of(desk.broker).test(
                connection, desk.tenant, own, actor=desk.actor.subject
            )
            return forth(desk.url("call", call=made.id))
    heading = _("Test call to yourself")
    context = {
        "heading": heading,
        "trail": rooms.trail(desk, heading),
        "own": own,
        "channels": rooms.connected(desk),
        "contacts_url": desk.url("contacts"),
    }
    return rooms.shown(request, desk, "test.html", context)
