"""Jobs: what waits, runs, went well or failed; trying again and cancelling."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tamamo.kernel import jobs
from tamamo.kernel.database import transaction
from tamamo.kernel.jobs import STATES, Job, JobConflict, State
from tamamo.web.console import frame, lists
from tamamo.web.console.door import console
from tamamo.web.console.viewer import Viewer, broker_of


def label(state: str) -> str:
    """Return the word for a job's state."""
    return {
        "waiting": pgettext("job", "Waiting"),
        "running": pgettext("job", "Running"),
        "stopping": pgettext("job", "Stopping"),
        "succeeded": pgettext("job", "Done"),
        "failed": pgettext("job", "Failed"),
        "cancelled": pgettext("job", "Cancelled"),
    }[state]


def title(name: str) -> str:
    """Return what a job does, in words; the name itself for one unknown here."""
    return {
        "feed.replay": _("Read raw records again"),
        "backup.make": _("Make a backup"),
        "audit.verify": _("Verify the audit log"),
        "register.import": _("Import a table into a register"),
    }.get(name, name)


@require_safe
@console()
async def listing(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Jobs, newest first."""
    wanted = request.GET.get("state", "")
    states: list[State] | None = [state for state in STATES if state == wanted] or None
    before = request.GET.get("before", "")
    async with transaction(broker_of(request).pool) as connection:
        found = await jobs.listed(
            connection,
            tenants=viewer.tenants,
            states=states,
            before=int(before)
            if before.isascii() and before.isdecimal() and len(before) < 19
            else None,
            limit=lists.PAGE + 1,
        )
    shown = found[: lists.PAGE]
    older = lists.address(request, before=str(shown[-1].id)) if len(found) > lists.PAGE else ""
    context = {
        "states": [(state, label(state)) for state in STATES if state != "stopping"],
        "wanted": wanted,
        "rows": [(job, label(job.state), title(job.name)) for job in shown],
        "pager": lists.Pager(lists.address(request, before=None) if before else "", older),
    }
    return frame.show(request, viewer, "console/jobs.html", context)


@require_safe
@console()
async def page(request: HttpRequest, viewer: Viewer, tenant: str, number: int) -> HttpResponse:
    """One job."""
    job = await _find(request, tenant, number)
    texts = {
        "retried": _("The job was put back into the queue."),
        "cancelled": _("The job is cancelled."),
        "stopping": _("The job was asked to stop."),
        "conflict": _("Nothing was changed: the job has moved on meanwhile."),
    }
    done = request.GET.get("done", "")
    kind = "warning" if done == "conflict" else "success"
    context = {
        "job": job,
        "label": label(job.state),
        "title": title(job.name),
        "may": viewer.keeps(tenant),
        "done": frame.Done(texts[done], kind) if done in texts else None,
    }
    return frame.show(request, viewer, "console/job.html", context)


async def _find(request: HttpRequest, tenant: str, number: int) -> Job:
    async with transaction(broker_of(request).pool) as connection:
        job = await jobs.find(connection, [tenant], number)
    if job is None:
        raise Http404(number)
    return job


def _url(tenant: str, number: int) -> str:
    return reverse("console:job", kwargs={"tenant": tenant, "number": number})


@require_POST
@console(acts=True)
async def retry(request: HttpRequest, viewer: Viewer, tenant: str, number: int) -> HttpResponse:
    """Put a failed job back into the queue."""
    await _find(request, tenant, number)
    try:
        async with transaction(broker_of(request).pool) as connection:
            await jobs.retry(connection, tenant, number, actor=viewer.actor.subject)
    except JobConflict:
        return frame.forth(_url(tenant, number), "conflict")
    return frame.forth(_url(tenant, number), "retried")


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def cancel(request: HttpRequest, viewer: Viewer, tenant: str, number: int) -> HttpResponse:
    """Cancel a job, after saying what that means."""
    job = await _find(request, tenant, number)
    back = _url(tenant, number)
    if request.method == "POST":
        try:
            async with transaction(broker_of(request).pool) as connection:
                begun = await jobs.cancel(connection, tenant, number, actor=viewer.actor.subject)
        except JobConflict:
            return frame.forth(back, "conflict")
        return frame.forth(back, "stopping" if begun else "cancelled")
    running = job.state == "running"
    return frame.confirm(
        request,
        viewer,
        heading=_("Cancel job %(n)d") % {"n": number},
        consequence=_("It stops where it is; what it has done by then stays done.")
        if running
        else _("It will not be begun. To do it after all, ask for it anew."),
        button=_("Cancel the job"),
        back=back,
        facts=[(_("What"), title(job.name)), (_("State"), label(job.state))],
    )
