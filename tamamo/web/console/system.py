"""Processes, versions and health of the installation."""

import platform
import shutil

import django
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo import __version__
from tamamo.kernel.database import transaction
from tamamo.kernel.health import ready
from tamamo.web.console import data, frame
from tamamo.web.console.door import console
from tamamo.web.console.viewer import Viewer, broker_of

#: Below this part of the disk somebody should act.
LITTLE_SPACE = 0.1


def free_space(request: HttpRequest) -> tuple[int, int]:
    """Return how many bytes of the home's disk are free, and how many there are."""
    usage = shutil.disk_usage(broker_of(request).settings.home)
    return usage.free, usage.total


@require_safe
@console(whole=True)
async def page(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Who runs, which versions, what was migrated, how much room there is."""
    broker = broker_of(request)
    is_ready = (await ready(broker.pool)).status_code == 200
    async with transaction(broker.pool) as connection:
        whole = await data.database(connection)
        processes = await data.processes(connection)
        migrations = await data.rows(connection, "migrations")
        workers = await data.rows(connection, "workers")
    free, total = free_space(request)
    context = {
        "ready": is_ready,
        "processes": processes,
        "workers": workers,
        "migrations": migrations,
        "facts": [
            (_("Tamamo"), __version__),
            (_("PostgreSQL"), whole.version),
            (_("Python"), platform.python_version()),
            (_("Django"), django.get_version()),
            (_("System"), platform.platform(terse=True)),
            (_("Home directory"), str(broker.settings.home)),
        ],
        "free": free,
        "disk": total,
        "used_share": 1 - free / total,
    }
    return frame.show(request, viewer, "console/system.html", context)
