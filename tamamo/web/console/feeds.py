"""Feeds: when each should have come and did, its errors, its last raw record, reading it again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tamamo.feeds import records
from tamamo.feeds.errors import scrub
from tamamo.feeds.status import FeedStatuses, Status
from tamamo.kernel import jobs, time
from tamamo.kernel.database import transaction
from tamamo.web.console import frame, lists
from tamamo.web.console.door import console
from tamamo.web.console.viewer import Viewer, audit, broker_of

#: Characters of a raw record that are shown.
SHOWN = 8_000
#: A feed that brought nothing for so many of its intervals is silent, not only late.
SILENT_AFTER = 10
#: However short the interval: nobody is told of a feed that pauses this long.
_PATIENCE = timedelta(minutes=5)


class State(StrEnum):
    """How a feed is; the worst first."""

    UNAUTHORISED = "unauthorised"
    FAILED = "failed"
    NOT_READY = "not_ready"
    SILENT = "silent"
    LATE = "late"
    NEVER = "never"
    NORMAL = "normal"
    ON_DEMAND = "on_demand"


#: Those somebody should look at.
BAD = (State.UNAUTHORISED, State.FAILED, State.NOT_READY, State.SILENT, State.LATE)
_OF_ERROR = {
    "not_authorised": State.UNAUTHORISED,
    "not_ready": State.NOT_READY,
    "update_failed": State.FAILED,
}


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


def label(state: State) -> str:
    """Return the word for a feed's state."""
    return {
        State.UNAUTHORISED: pgettext("feed", "Not authorised"),
        State.FAILED: pgettext("feed", "Failed"),
        State.NOT_READY: pgettext("feed", "Source not ready"),
        State.SILENT: pgettext("feed", "Silent"),
        State.LATE: pgettext("feed", "Late"),
        State.NEVER: pgettext("feed", "Never came"),
        State.NORMAL: pgettext("feed", "Normal"),
        State.ON_DEMAND: pgettext("feed", "On demand"),
    }[state]


def state_of(status: Status, now: datetime) -> State:
    """Return a feed's state: an error of its last run goes before how long it has been away."""
    known = status.state(now)
    if known in _OF_ERROR:
        return _OF_ERROR[known]
    if known == "never":
        return State.NEVER
    if status.interval_seconds is None or status.last_success_at is None:
        return State.ON_DEMAND
    away = now - status.last_success_at
    silent = max(timedelta(seconds=SILENT_AFTER * status.interval_seconds), _PATIENCE)
    if away > silent:
        return State.SILENT
    return State.LATE if known == "late" else State.NORMAL


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
    context = {
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
    context = {
        "row": row,
        "records": kept,
        "rejects": rejects,
        "jobs": [job for job in again if job.args.get("feed") == feed][:5],
        "may": viewer.keeps(tenant) and any(one.again for one in kept),
        "done": _done(request),
    }
    return frame.show(request, viewer, "console/feed.html", context)


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
