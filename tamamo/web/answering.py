"""The page behind the link of a call: opened by whoever was called, without signing in.

Opening it changes nothing: mail scanners follow links. Only its buttons answer. It shows no names.
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tamamo.calling import answers, links
from tamamo.calling import call as calls
from tamamo.calling.answers import Via
from tamamo.calling.call import Call, State
from tamamo.calling.errors import NotThere
from tamamo.calling.links import Answerer
from tamamo.calling.texts import severity
from tamamo.calling.work import calling_of
from tamamo.context.broker import Broker
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.drills.http import ABOUT


# The link itself is what admits: who has it may answer, from a page or from a program.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
async def page(request: HttpRequest, token: str) -> HttpResponse:
    """Show a call to whoever was called, or answer it."""
    broker: Broker = request.scope["state"]["broker"]  # type: ignore[attr-defined]
    answerer = links.read(broker.settings, token)
    town = None if answerer is None else broker.towns.get(answerer.tenant)
    if answerer is None or town is None or town.suspended:
        raise Http404("answer")
    if (about := request.scope.get(ABOUT)) is not None:  # type: ignore[attr-defined]
        # The link names the tenant in a form that nobody else reads.
        about.drill = broker.towns.drill(answerer.tenant)
    async with transaction(broker.pool) as connection:
        call = await calls.find(connection, answerer.tenant, answerer.call)
        if call is None:
            raise Http404("answer")
        if request.method == "POST":
            return await _answer(request, connection, broker, answerer)
        context = await _context(connection, call, answerer)
    context["call_town"] = town.title(get_language() or "ja")
    answer = render(request, "web/answer.html", context)
    answer["Cache-Control"] = "no-store"
    # A page of the town links from here: the address must not go with it.
    answer["Referrer-Policy"] = "no-referrer"
    return answer


async def _answer(
    request: HttpRequest, connection: Connection, broker: Broker, answerer: Answerer
) -> HttpResponse:
    said = request.POST.get("answer", "")
    program = "application/json" in request.headers.get("Accept", "")
    via: Via = "webhook" if program else "link"
    try:
        by = await answers.actor_of(connection, answerer.tenant, answerer.contact)
    except NotThere as gone:
        raise Http404("answer") from gone
    if said not in ("acknowledge", "decline"):
        return HttpResponse(status=422)
    act = answers.acknowledge if said == "acknowledge" else answers.decline
    outcome = await act(
        calling_of(broker),
        connection,
        answerer.tenant,
        answerer.call,
        by=by,
        via=via,
        contact=answerer.contact,
    )
    if program:
        return JsonResponse({"state": outcome.call.state.value, "mine": outcome.mine})
    answer = HttpResponse(status=303)
    answer["Location"] = request.get_full_path()
    answer["Cache-Control"] = "no-store"
    return answer


async def _context(connection: Connection, call: Call, answerer: Answerer) -> dict[str, Any]:
    language = get_language() or "ja"
    own = [one for one in await calls.people(connection, call) if one.contact == answerer.contact]
    mine = call.answered_by == f"contact:{answerer.contact}" or any(
        one.answer == "acknowledged" for one in own if call.state is State.ACKNOWLEDGED
    )
    declined = any(one.answer == "declined" for one in own)
    return {
        "call": call,
        "alerts": [
            {
                "text": one.told.said(language),
                "severity": severity(one.severity, language),
                "added_at": one.added_at,
            }
            for one in await calls.alerts(connection, call)
        ],
        "open": call.open,
        "mine": mine,
        "declined": declined and call.open,
        "said": "" if call.open else _ended(call, mine=mine),
    }


def _ended(call: Call, *, mine: bool) -> str:
    if mine:
        return _("You have taken this call. Nobody else is called.")
    return {
        State.ACKNOWLEDGED: _("Somebody else has taken this call. You need not do anything."),
        State.OVER: _("It is over: all alerts of this call have ended."),
        State.STOPPED: _("The town has stopped this call."),
    }.get(call.state, "")
