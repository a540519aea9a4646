"""A published warning at the desk: its messages, how far each came, correcting, withdrawing."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from tamamo.kernel import jobs
from tamamo.kernel.database import transaction
from tamamo.publishing.warnings import JOB, Published, delivery, store
from tamamo.publishing.warnings.delivery import Reach
from tamamo.web.portal.warnings.shown import shown
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.warnings import pages, room
from tamamo.web.towns import address_of


@require_safe
@room.warnings_desk
async def page(request: HttpRequest, desk: Desk, warning: UUID) -> HttpResponse:
    """Show a warning's messages, the newest first."""
    engine = room.engine(desk)
    async with transaction(desk.broker.pool) as connection:
        office = await engine.office(connection, desk.tenant)
        line = await store.messages(connection, desk.tenant, warning=warning)
        drafts = await store.drafts(
            connection, desk.tenant, warning=warning, states=("draft", "submitted", "approved")
        )
        if not line and not drafts:
            raise Http404(str(warning))
        reached = {one.id: await delivery.reach(connection, desk.tenant, one.id) for one in line}
        making = await _making(connection, desk.tenant)
    if not line:
        return HttpResponseRedirect(desk.url("warning-draft", draft=drafts[0].id))
    now = engine.now(desk.tenant)
    known = await room.names(
        desk, *(who for one in line for who in (*one.written_by, one.approved_by, one.published_by))
    )
    standing = line[0].state(now)
    going = standing in ("in_force", "coming")
    context = {
        "heading": shown(line[0], office, now).headline,
        "trail": room.trail(desk, Step(shown(line[0], office, now).headline)),
        "line": [_message(one, shown(one, office, now), reached[one.id], known, making)
                 for one in line],
        "portal": f"{address_of(office.town)}warnings/{warning}/",
        "open": [{"url": desk.url("warning-draft", draft=one.id),
                  "text": f"{room.purpose_word(one.purpose)}: {room.state_word(one.state)}"}
                 for one in drafts],
        "may_follow": going and room.writes(desk) and not drafts,
        "correct": desk.url("warning-follow", message=line[0].id, step="correct"),
        "withdraw": desk.url("warning-follow", message=line[0].id, step="withdraw"),
        "past": await pages.history(desk, warning),
        "done": Done("success", _("It is public.")) if request.GET.get("done") else None,
    }  # fmt: skip
    return show(request, desk, "staff/warnings/line.html", context)


@require_POST
@room.warnings_desk
async def follow(request: HttpRequest, desk: Desk, message: UUID, step: str) -> HttpResponse:
    """Begin a correction or a withdrawal: a draft, which nobody outside sees."""
    engine = room.engine(desk)
    act = {"correct": engine.correct, "withdraw": engine.withdraw}.get(step)
    if act is None:
        raise Http404(step)
    made = await act(desk.actor, desk.tenant, message)
    return HttpResponseRedirect(desk.url("warning-edit", draft=made.id))


async def _making(connection: Any, tenant: str) -> dict[str, str]:
    """Return message → state of the job that tells the subscribers, of the last ones."""
    found = await jobs.listed(connection, tenants=[tenant], name=JOB, limit=50)
    return {str(one.args.get("message")): one.state for one in reversed(found)}


def _message(
    message: Published, one: Any, reached: list[Reach], known: dict[str, str], making: Any
) -> dict[str, Any]:
    return {
        "one": one,
        "id": str(message.id),
        "written_by": "、".join(known[who] for who in message.written_by),
        "approved_by": known[message.approved_by],
        "published_by": known[message.published_by],
        "noted_at": message.noted_at,
        "reach": [_reach(r) for r in reached],
        "job": job_text(making.get(str(message.id), "")),
    }


def job_text(state: str) -> str:
    """Return what the job that tells the subscribers is at."""
    return {
        "waiting": _("The messages are made in a moment."),
        "running": _("The messages are being made."),
        "stopping": _("The messages are being made."),
        "failed": _("The messages could not be made: see the jobs of the console."),
        "cancelled": _("The messages were stopped."),
    }.get(state, "")


def _reach(found: Reach) -> dict[str, Any]:
    return {
        "channel": {"mail": _("Mail"), "webpush": _("Notification")}.get(
            found.channel, found.channel
        ),
        "found": found,
        "reason": reason_word(found.reason),
    }


def reason_word(reason: str) -> str:
    """Return why most of what failed did."""
    return {
        "": "",
        "expired": pgettext("message", "too late"),
        "refused": pgettext("message", "refused by the receiver"),
        "gone": pgettext("message", "no such address any more"),
        "address": pgettext("message", "the address may not be reached from here"),
        "not_connected": pgettext("message", "no mail server is connected"),
        "not_needed": pgettext("message", "not needed any more"),
        "no_town": pgettext("message", "the town is suspended"),
    }.get(reason, reason)
