"""Backups: how old the newest is, which there are, making one now."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tamamo.kernel import jobs
from tamamo.kernel.backup.state import State, folder, state
from tamamo.kernel.database import transaction
from tamamo.web.console import frame
from tamamo.web.console.door import console
from tamamo.web.console.jobs import label
from tamamo.web.console.viewer import Viewer, broker_of

#: A newest backup older than this is no longer what somebody wants to fall back on.
TOO_OLD = timedelta(hours=26)
_JOB = "backup.make"


def is_old(found: State) -> bool:
    """Whether there is no backup, or only one that is too old."""
    return found.age is None or found.age > TOO_OLD


@require_safe
@console(whole=True)
async def page(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Backups, the newest first."""
    broker = broker_of(request)
    found = await state(broker.pool, broker.settings)
    async with transaction(broker.pool) as connection:
        running = await jobs.listed(connection, name=_JOB, limit=3)
    begun = frame.Done(_("The backup is waiting to be made; its job is below."))
    context = {
        "state": found,
        "old": is_old(found),
        "folder": str(folder(broker.settings)),
        "jobs": [(job, label(job.state)) for job in running],
        "may": viewer.keeps_whole,
        "done": begun if request.GET.get("done") == "begun" else None,
    }
    return frame.show(request, viewer, "console/backup.html", context)


@require_POST
@console(whole=True, acts=True)
async def make(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Have a backup made, as a job; one that waits already is the one."""
    async with transaction(broker_of(request).pool) as connection:
        await jobs.defer(connection, _JOB, tenant="default", actor=viewer.actor.subject, once=True)
    return frame.forth(reverse("console:backup"), "begun")
