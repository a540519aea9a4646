"""The steps of a draft. Each names the version that was seen; publishing asks first."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tamamo.kernel.database import transaction
from tamamo.publishing.warnings import Warnings, composing, hurdles, store, subscriptions
from tamamo.web.portal.warnings.shown import page_language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.warnings import pages, room

_Act = Callable[..., Awaitable[Any]]
_STEPS: Final[dict[str, Callable[[Warnings], _Act]]] = {
    "submit": lambda engine: engine.submit,
    "take-back": lambda engine: engine.take_back,
    "approve": lambda engine: engine.approve,
    "return": lambda engine: engine.send_back,
    "discard": lambda engine: engine.discard,
    "restore": lambda engine: engine.restore,
}
_LONGEST_REASON: Final = 500


@require_POST
@room.warnings_desk
async def step(request: HttpRequest, desk: Desk, draft: UUID, step: str) -> HttpResponse:
    """Do one step, then show the draft."""
    act = _STEPS.get(step)
    if act is None:
        raise Http404(step)
    more: tuple[str, ...] = ()
    if step == "return":
        reason = " ".join(request.POST.get("reason", "").split())
        if not reason or len(reason) > _LONGEST_REASON:
            return _reason(request, desk, draft, reason)
        more = (reason,)
    await act(room.engine(desk))(desk.actor, desk.tenant, draft, _version(request), *more)
    return HttpResponseRedirect(desk.url("warning-draft", draft=draft) + f"?done={step}")


@require_http_methods(["GET", "HEAD", "POST"])
@room.warnings_desk
async def publish(request: HttpRequest, desk: Desk, draft: UUID) -> HttpResponse:
    """Name the consequence, then publish."""
    engine = room.engine(desk)
    if request.method == "POST":
        made = await engine.publish(desk.actor, desk.tenant, draft, _version(request))
        return HttpResponseRedirect(
            desk.url("warning-line", warning=made.warning) + "?done=published"
        )
    async with transaction(desk.broker.pool) as connection:
        office = await engine.office(connection, desk.tenant)
        found = await store.draft(connection, desk.tenant, draft)
        earlier = await store.messages(connection, desk.tenant, warning=found.warning)
        level = max([found.content.level, *(one.level for one in earlier)])
        whole = not found.content.area.places or any(not one.places for one in earlier)
        places = sorted({*found.content.area.places, *(p for one in earlier for p in one.places)})
        counts = await subscriptions.reached_by(
            connection, desk.tenant, level, [] if whole else places
        )
        lapsed = await hurdles.lapsed(connection, found)
    if found.state != "approved" or lapsed:
        return HttpResponseRedirect(desk.url("warning-draft", draft=draft))
    now = engine.now(desk.tenant)
    known = await room.names(desk, found.approved_by)
    context = {
        "trail": room.trail(
            desk,
            Step(room.purpose_word(found.purpose), desk.url("warning-draft", draft=draft)),
            Step(_("Publish")),
        ),
        "draft": found,
        "purpose": found.purpose,
        "status": composing.status_of(found.content, office),
        "mail": counts.get("mail", 0),
        "push": counts.get("webpush", 0),
        "approved_by": known.get(found.approved_by or "", ""),
        "one": pages.preview(found, office, now, page_language())["one"],
        "back": desk.url("warning-draft", draft=draft),
        "here": desk.url("warning-publish", draft=draft),
    }
    return show(request, desk, "staff/warnings/publish.html", context)


def _reason(request: HttpRequest, desk: Desk, draft: UUID, reason: str) -> HttpResponse:
    """Answer 422 to a return that does not say why, with what was typed."""
    context = {
        "trail": room.trail(desk, Step(_("Return"))),
        "reason": reason,
        "version": _version(request),
        "here": desk.url("warning-step", draft=draft, step="return"),
        "back": desk.url("warning-draft", draft=draft),
        "errors": [
            {
                "anchor": "f-reason",
                "label": _("Reason"),
                "text": _("Say why, in at most %(n)s characters.") % {"n": _LONGEST_REASON},
            }
        ],
    }
    return show(request, desk, "staff/warnings/reason.html", context, status=422)


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version") or request.GET.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0
