"""The first page: what needs somebody, the worst first; else that all is well, and the figures."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from tamamo.kernel import jobs
from tamamo.kernel.backup.state import state as backup_state
from tamamo.kernel.database import transaction
from tamamo.kernel.towns.agreement import State as Agreed
from tamamo.web.console import (
    agreements,
    auditing,
    backup,
    data,
    devices,
    feeds,
    frame,
    keys,
    system,
    tenants,
)
from tamamo.web.console.door import console
from tamamo.web.console.viewer import Viewer, broker_of
from tamamo.web.templatetags.console import percent, span

#: A transaction open for longer than this keeps dead rows from being cleared away, in seconds.
LONG_TRANSACTION = 300


@dataclass(frozen=True, slots=True)
class Matter:
    """Something somebody should look at. error: it has failed already, not only might."""

    text: str
    url: str
    detail: str = ""
    error: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the installation."""

    text: str
    value: int
    url: str


async def _of_data(request: HttpRequest, viewer: Viewer) -> AsyncIterator[Matter]:
    for row in await feeds.rows(request, viewer):
        if row.state not in feeds.BAD:
            continue
        said = row.status.errors[0].message if row.status.errors else ""
        if row.state in (feeds.State.SILENT, feeds.State.LATE):
            said = _("expected every %(span)s") % {"span": span(row.status.interval_seconds)}
        error = row.state is not feeds.State.LATE
        text = _("Feed %(name)s: %(state)s") % {"name": row.name, "state": row.label}
        yield Matter(text, row.url, said, error)
    async with transaction(broker_of(request).pool) as connection:
        dead = await data.number(connection, "dead_count", tenants=viewer.tenants)
        failed = await data.number(connection, "failed_jobs", tenants=viewer.tenants)
    if dead:
        text = ngettext(
            "%(n)d notification could not be delivered",
            "%(n)d notifications could not be delivered",
            dead,
        )
        yield Matter(text % {"n": dead}, _url("notifications", viewer), error=True)
    if failed:
        text = ngettext("%(n)d job has failed", "%(n)d jobs have failed", failed)
        yield Matter(text % {"n": failed}, _url("jobs", viewer, state="failed"), error=True)


async def _of_devices(request: HttpRequest, viewer: Viewer) -> AsyncIterator[Matter]:
    found = await devices.rows(request, viewer)
    bad = (devices.State.INVALID, devices.State.UNAUTHORISED, devices.State.SILENT)
    for state in bad:
        count = sum(row.state is state for row in found)
        if count:
            text = ngettext("%(n)d device: %(state)s", "%(n)d devices: %(state)s", count)
            url = _url("devices", viewer, state=state.value)
            yield Matter(text % {"n": count, "state": devices.label(state)}, url)
    for tenant, device, _state, soon in await keys.registered(request, viewer):
        if soon:
            text = _("The key of %(name)s ends soon") % {"name": device.name}
            yield Matter(text, keys.url_of(tenant, device.id))


async def _of_towns(request: HttpRequest, viewer: Viewer) -> AsyncIterator[Matter]:
    words = {"entities": _("entities"), "requests": _("requests"), "storage": _("storage")}
    for entry in await tenants.entries(request, viewer):
        url = reverse("console:tenant", kwargs={"tenant": entry.town.name})
        for use in entry.uses:
            if use.share is not None and use.share >= tenants.NEARLY_FULL:
                text = _("%(town)s uses %(share)s of its %(quota)s") % {
                    "town": frame.titles(request, viewer)[entry.town.name],
                    "share": percent(use.share),
                    "quota": words[use.quota],
                }
                yield Matter(text, url, error=use.share >= 1)
    for row in await agreements.rows(request, viewer):
        if row.state is Agreed.PROPOSED:
            yield Matter(
                _("An agreement waits for signatures"), row.url, row.agreement.terms.purpose
            )


async def _of_installation(request: HttpRequest, viewer: Viewer) -> AsyncIterator[Matter]:
    broker = broker_of(request)
    found = await backup_state(broker.pool, broker.settings)
    if backup.is_old(found):
        age = found.age
        text = (
            _("There is no backup")
            if age is None
            else _("The newest backup is %(span)s old") % {"span": span(age)}
        )
        yield Matter(text, reverse("console:backup"))
    free, total = system.free_space(request)
    if free / total < system.LITTLE_SPACE:
        text = _("The disk is full but for %(share)s") % {"share": percent(free / total)}
        yield Matter(text, reverse("console:system"), error=True)
    async with transaction(broker.pool) as connection:
        oldest = await data.rows(connection, "oldest")
        checks = await jobs.listed(connection, name=auditing.VERIFY, limit=1)
    if oldest and oldest[0][2] > LONG_TRANSACTION:
        text = _("A transaction has been open for %(span)s") % {"span": span(oldest[0][2])}
        yield Matter(text, reverse("console:database"), oldest[0][0] or "")
    if checks and (checks[0].result or {}).get("faults"):
        yield Matter(_("The audit log is not whole"), reverse("console:audit"), error=True)


def _url(name: str, viewer: Viewer, **query: str) -> str:
    if viewer.town:
        query["town"] = viewer.town
    return reverse(f"console:{name}") + (f"?{urlencode(query)}" if query else "")


async def matters(request: HttpRequest, viewer: Viewer) -> list[Matter]:
    """Return what needs somebody, what has failed first."""
    sources = [_of_data, _of_devices, _of_towns]
    if viewer.whole:
        sources.append(_of_installation)
    found = [matter for source in sources async for matter in source(request, viewer)]
    return sorted(found, key=lambda matter: not matter.error)


@require_safe
@console(signers=True)
async def page(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """What needs somebody, and the figures. Who only signs agreements is sent on to these."""
    if not viewer.looks:
        return frame.forth(reverse("console:agreements"))
    towns = await tenants.entries(request, viewer)
    context = {
        "overview": True,
        "matters": await matters(request, viewer),
        "figures": [
            Figure(_("Tenants"), len(towns), _url("tenants", viewer)),
            Figure(
                _("Entities"),
                sum(entry.use("entities").used for entry in towns),
                _url("tenants", viewer),
            ),
            Figure(_("Feeds"), len(await feeds.rows(request, viewer)), _url("feeds", viewer)),
            Figure(_("Devices"), len(await devices.rows(request, viewer)), _url("devices", viewer)),
        ],
    }
    return frame.show(request, viewer, "console/overview.html", context)
