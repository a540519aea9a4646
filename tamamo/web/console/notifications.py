"""Notifications that wait for their receiver, and those given up: try again, or drop."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from tamamo.context.notifications import records as queue
from tamamo.context.notifications.policy import RealClock
from tamamo.context.notifications.records import Records
from tamamo.feeds.errors import scrub
from tamamo.kernel.database import transaction
from tamamo.web.console import data, frame, lists
from tamamo.web.console.door import console
from tamamo.web.console.viewer import Viewer, broker_of

_SHOWN = 8_000


@require_safe
@console()
async def listing(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Queues and dead letters."""
    subscription = request.GET.get("subscription") or None
    async with transaction(broker_of(request).pool) as connection:
        queues = await data.queues(connection, viewer.tenants)
        letters = await data.letters(connection, viewer.tenants, subscription)
        total = await data.number(connection, "dead_count", tenants=viewer.tenants)
    context = {
        "queues": queues,
        "letters": letters,
        "total": total,
        "subscription": subscription,
        "done": _done(request),
    }
    return frame.show(request, viewer, "console/notifications.html", context)


def _done(request: HttpRequest) -> frame.Done | None:
    count = lists.whole(request.GET.get("n", "")) or 0
    if request.GET.get("done") == "replayed":
        said = ngettext(
            "%(n)d notification was put back into its queue.",
            "%(n)d notifications were put back into their queues.",
            count,
        )
    elif request.GET.get("done") == "dropped":
        said = ngettext(
            "%(n)d notification was deleted.", "%(n)d notifications were deleted.", count
        )
    else:
        return None
    return frame.Done(said % {"n": count}, "success" if count else "warning")


@require_safe
@console()
async def page(request: HttpRequest, viewer: Viewer, tenant: str, number: int) -> HttpResponse:
    """One notification with its body."""
    found = await _find(request, tenant, number)
    body = str(found["body"])
    context = {
        "letter": found,
        "text": scrub(body, longest=_SHOWN),
        "size": len(body.encode()),
        "may": viewer.keeps(tenant) and found["dead"],
    }
    return frame.show(request, viewer, "console/notification.html", context)


async def _find(request: HttpRequest, tenant: str, number: int) -> dict[str, Any]:
    found = await Records(broker_of(request).pool, RealClock()).shown(number)
    if found is None or found["tenant"] != tenant:
        raise Http404(number)
    return found


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def act(
    request: HttpRequest, viewer: Viewer, tenant: str, verb: str, number: str | None = None
) -> HttpResponse:
    """Replay or drop one dead letter, or all of a subscription (`?subscription=`)."""
    letter = None if number is None else int(number)
    subscription = request.GET.get("subscription") or None
    if letter is None and subscription is None:
        raise Http404(verb)
    if letter is not None:
        await _find(request, tenant, letter)
    async with transaction(broker_of(request).pool) as connection:
        if request.method == "POST":
            change = queue.replay_dead if verb == "replay" else queue.drop_dead
            only = None if letter is None else [letter]
            count = await change(connection, tenant, subscription, only, actor=viewer.actor.subject)
            done = "replayed" if verb == "replay" else "dropped"
            return frame.forth(reverse("console:notifications"), done, n=count)
        letters = await data.letters(connection, [tenant], subscription, limit=100_000)
    count = len(letters) if letter is None else sum(one.number == letter for one in letters)
    return _confirm(request, viewer, verb, count, subscription)


def _confirm(
    request: HttpRequest, viewer: Viewer, verb: str, count: int, subscription: str | None
) -> HttpResponse:
    if verb == "replay":
        heading, button = _("Try again"), _("Put back into the queue")
        text = ngettext(
            "%(n)d notification is sent again, behind what waits. A receiver that had it already "
            "has it twice.",
            "%(n)d notifications are sent again, behind what waits. A receiver that had them "
            "already has them twice.",
            count,
        )
    else:
        heading, button = _("Drop for good"), _("Delete")
        text = ngettext(
            "%(n)d notification is deleted for good: its receiver never learns of this change. "
            "This cannot be undone.",
            "%(n)d notifications are deleted for good: their receiver never learns of these "
            "changes. This cannot be undone.",
            count,
        )
    facts = [(_("Subscription"), subscription)] if subscription else []
    return frame.confirm(
        request,
        viewer,
        heading=heading,
        consequence=text % {"n": count},
        button=button,
        back=reverse("console:notifications"),
        facts=facts,
    )
