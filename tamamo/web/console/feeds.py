"""Feeds: when each should have come and did, its errors, its last raw record, reading it again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tamamo.feeds import records
from tamamo.feeds.errors import scrub
from tamamo.feeds.mqtt import troubles
from tamamo.feeds.status import FeedStatuses, Status
from tamamo.kernel import jobs, time
from tamamo.kernel.database import transaction
from tamamo.web.console import frame, lists, switching
from tamamo.web.console.door import console
from tamamo.web.console.viewer import Viewer, audit, broker_of

#: Kinds of messages that could not be used, of one feed, that are shown.
TROUBLES = 50
#: Characters of a raw record that are shown.
SHOWN = 8_000


class State(StrEnum):
    """How a feed is; the worst first."""

    UNAUTHORISED = "unauthorised"
    INVALID = "invalid"
    SILENT = "silent"
    LATE = "late"
    NEVER = "never"
    NORMAL = "normal"
    ON_DEMAND = "on_demand"


#: Those somebody should look at.
BAD = (State.UNAUTHORISED, State.INVALID, State.SILENT, State.LATE)


@dataclass(frozen=True, slots=True)
class Row:
    """A feed in the list."""

    status: Status
    state: State
    url: str

    @property
    def name(self) -> str:
        """What it is called in the page's language."""
        return self.status.name_ja if get_language() == "ja" else self.status.name_en

    @property
    def label(self) -> str:
        """The word for its state."""
        return label(self.state)

    @property
    def meaning(self) -> str:
        """What its state means, "" where all is well."""
        return meaning(self.state)

    @property
    def next_step(self) -> str:
        """What to do about it, "" where all is well."""
        return next_step(self.state)


def label(state: State) -> str:
    """Return the word for a feed's state."""
    return {
        State.UNAUTHORISED: pgettext("feed", "Not authorised"),
        State.INVALID: pgettext("feed", "Invalid"),
        State.SILENT: pgettext("feed", "Silent"),
        State.LATE: pgettext("feed", "Late"),
        State.NEVER: pgettext("feed", "Never came"),
        State.NORMAL: pgettext("feed", "Normal"),
        State.ON_DEMAND: pgettext("feed", "On demand"),
    }[state]


def meaning(state: State) -> str:
    """Return what a bad state means."""
    return {
        State.UNAUTHORISED: _("The source refused our key, or a device showed a wrong one."),
        State.INVALID: _("The source answers, but with something that cannot be used."),
        State.SILENT: _("Nothing has come for so long that it will hardly come by itself."),
        State.LATE: _("It is behind its time, or the source answers with old values."),
    }.get(state, "")


def next_step(state: State) -> str:
    """Return what to do about a bad state."""
    return {
        State.UNAUTHORISED: _(
            "Put in the right key: ask the source for it, or make the device a new one. "
            "It is tried again every 15 minutes."
        ),
        State.INVALID: _(
            "Look at the last raw record and the rejected rows below: has the publisher changed "
            "the format? Records that are kept can be read again."
        ),
        State.SILENT: _(
            "Look whether the source itself can be reached, and call whoever runs it. "
            "It goes on by itself once the source answers."
        ),
        State.LATE: _("Wait for two or three intervals. If it turns silent, call the source."),
    }.get(state, "")


def state_of(status: Status, now: datetime) -> State:
    """Return a feed's state as the console names it."""
    known = status.state(now)
    if known != "ok":
        return State(known)
    return State.ON_DEMAND if status.interval_seconds is None else State.NORMAL


async def rows(request: HttpRequest, viewer: Viewer) -> list[Row]:
    """Return the feeds the viewer sees, those that need somebody first."""
    now = time.now()
    order = list(State)
    found = [
        Row(
            status,
            state_of(status, now),
            reverse("console:feed", kwargs={"tenant": status.tenant, "feed": status.id}),
        )
        for status in await FeedStatuses(broker_of(request).pool).all()
        if viewer.tenants is None or status.tenant in viewer.tenants
    ]
    return sorted(found, key=lambda row: (order.index(row.state), row.status.tenant, row.status.id))


@require_safe
@console()
async def listing(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """All feeds."""
    found = await rows(request, viewer)
    by = [("", _("All"), len(found))]
    by += [
        (state.value, label(state), number)
        for state in State
        if (number := sum(row.state is state for row in found))
    ]
    wanted = request.GET.get("state", "")
    done = {
        "on": _("It is on. Within 10 seconds the source is asked for the first time."),
        "off": _("It is off. What it brought stays."),
    }.get(request.GET.get("done", ""))
    context = {
        "offered": await switching.choices(request, viewer),
        "done": frame.Done(done) if done else None,
        "legend": [(state, label(state), meaning(state)) for state in BAD],
        "tabs": lists.tabs(request, "state", by),
        "rows": [row for row in found if not wanted or row.state == wanted],
    }
    return frame.show(request, viewer, "console/feeds.html", context)


async def _row(request: HttpRequest, viewer: Viewer, tenant: str, feed: str) -> Row:
    for row in await rows(request, viewer):
        if (row.status.tenant, row.status.id) == (tenant, feed):
            return row
    raise Http404(feed)


@require_safe
@console()
async def page(request: HttpRequest, viewer: Viewer, tenant: str, feed: str) -> HttpResponse:
    """One feed."""
    row = await _row(request, viewer, tenant, feed)
    async with transaction(broker_of(request).pool) as connection:
        kept = await records.records(connection, tenant, feed)
        rejects = await records.rejects_files(connection, tenant, feed)
        again = await jobs.listed(connection, tenants=[tenant], name="feed.replay", limit=50)
        messages = await troubles.listing(connection, tenant, feed, TROUBLES)
    context = {
        "row": row,
        "records": kept,
        "rejects": rejects,
        "messages": messages,
        "jobs": [job for job in again if job.args.get("feed") == feed][:5],
        "switch": switching.address(tenant, feed) if _offered(viewer, tenant, feed) else "",
        "may": viewer.keeps(tenant) and any(one.again for one in kept),
        "done": _done(request),
    }
    return frame.show(request, viewer, "console/feed.html", context)


def _offered(viewer: Viewer, tenant: str, feed: str) -> bool:
    return viewer.keeps(tenant) and switching.offered(feed) is not None


def _done(request: HttpRequest) -> frame.Done | None:
    if request.GET.get("done") != "replay":
        return None
    return frame.Done(_("The records are being read again. The job below tells what came of it."))


@require_safe
@console()
async def record(
    request: HttpRequest, viewer: Viewer, tenant: str, feed: str, number: int
) -> HttpResponse:
    """One raw record, as text without secrets."""
    row = await _row(request, viewer, tenant, feed)
    async with transaction(broker_of(request).pool) as connection:
        kept = await records.record(connection, tenant, feed, number)
    if kept is None:
        raise Http404(number)
    body = kept.body[: 4 * SHOWN].decode("utf-8", "replace")
    context = {
        "row": row,
        "kept": kept,
        "size": len(kept.body),
        "text": scrub(body, longest=SHOWN),
        "whole": len(body) <= SHOWN and len(kept.body) <= 4 * SHOWN,
        "binary": "\0" in body or body.count("�") > len(body) / 20,
    }
    return frame.show(request, viewer, "console/record.html", context)


@require_safe
@console()
async def rejects(
    request: HttpRequest, viewer: Viewer, tenant: str, feed: str, number: int
) -> HttpResponseBase:
    """A rejects file, to be taken away."""
    async with transaction(broker_of(request).pool) as connection:
        found = await records.rejects_file(connection, tenant, feed, number)
        if found is None:
            raise Http404(number)
        await audit(connection, viewer, tenant, "feed.download", f"rejects:{feed}:{number}")
    answer = HttpResponse(found[1], content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{feed}-rejects-{number}.csv"'
    return answer


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def replay(request: HttpRequest, viewer: Viewer, tenant: str, feed: str) -> HttpResponse:
    """Read records again: says what happens, then puts the job into the queue."""
    row = await _row(request, viewer, tenant, feed)
    back = row.url
    async with transaction(broker_of(request).pool) as connection:
        kept = [one for one in await records.records(connection, tenant, feed) if one.again]
        if not kept:
            raise Http404(feed)
        only = request.POST.get("record", request.GET.get("record", ""))
        numbers = [one.number for one in kept if not only or str(one.number) == only]
        if request.method == "POST" and numbers:
            args = {"feed": feed, "numbers": numbers}
            number = await jobs.defer(
                connection, "feed.replay", tenant=tenant, actor=viewer.actor.subject, args=args
            )
            after = {"records": numbers, "job": number}
            await audit(connection, viewer, tenant, "feed.replay", f"feed:{feed}", after=after)
            return frame.forth(back, "replay")
    consequence = ngettext(
        "%(n)d kept record is read again and written. What is stored already counts as a repeat "
        "and stays as it is; what could not be read before is added now.",
        "%(n)d kept records are read again and written. What is stored already counts as a repeat "
        "and stays as it is; what could not be read before is added now.",
        len(numbers),
    ) % {"n": len(numbers)}
    return frame.confirm(
        request,
        viewer,
        heading=_("Read again: %(name)s") % {"name": row.name},
        consequence=consequence,
        button=_("Read again"),
        back=back,
        status=200 if numbers else 422,
    )


def summary(found: list[Row]) -> dict[State, int]:
    """Return how many feeds are in each bad state."""
    return {state: number for state in BAD if (number := sum(row.state is state for row in found))}
