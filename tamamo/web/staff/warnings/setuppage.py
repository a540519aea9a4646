"""The town's setup: templates, places, issuer, as one TOML document with versions."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Forbidden
from tamamo.publishing.warnings import setup
from tamamo.publishing.warnings.setup import InvalidSetup, SetupChanged
from tamamo.web.portal.warnings.shown import page_language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.forms import Fault as Line
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.warnings import room


@require_http_methods(["GET", "HEAD", "POST"])
@room.warnings_desk
async def setup_page(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the document; approvers change it."""
    if request.method == "POST":
        return await _save(request, desk)
    async with transaction(desk.broker.pool) as connection:
        kept = await setup.read(connection, desk.tenant)
    done = Done("success", _("The setup is kept.")) if request.GET.get("done") else None
    return _page(request, desk, kept, kept.body, done=done)


async def _save(request: HttpRequest, desk: Desk) -> HttpResponse:
    if not room.approves(desk):
        raise Forbidden("Approvers of the town change its templates")
    body = request.POST.get("body", "").replace("\r\n", "\n")
    version = request.POST.get("version", "")
    async with transaction(desk.broker.pool) as connection:
        kept = await setup.read(connection, desk.tenant)
    try:
        async with transaction(desk.broker.pool) as connection:
            was = int(version) if version.isdecimal() and len(version) < 10 else 0
            await setup.write(connection, desk.actor, desk.tenant, body, was)
    except InvalidSetup as problem:
        return _page(request, desk, kept, body, error=problem.detail, status=422)
    except SetupChanged:
        text = _("Somebody saved another version meanwhile. Yours is kept below, and not saved.")
        return _page(request, desk, kept, body, error=text, status=409)
    return HttpResponseRedirect(desk.url("warning-setup") + "?done=1")


def _page(
    request: HttpRequest,
    desk: Desk,
    kept: setup.Kept,
    body: str,
    *,
    error: str = "",
    status: int = 200,
    done: Done | None = None,
) -> HttpResponse:
    language = page_language()
    label = _("The document (TOML)")
    context = {
        "trail": room.trail(desk, Step(_("Templates and places"))),
        "kept": kept,
        "body": body,
        "may_change": room.approves(desk),
        "templates": [(one.name.get(language), one.level) for one in kept.setup.templates],
        "places": [one.name.get(language) for one in kept.setup.places],
        "errors": [Line(label, error, "f-body")] if error else [],
        "error": error,
        "done": done,
        "here": desk.url("warning-setup"),
    }
    return show(request, desk, "staff/warnings/setup.html", context, status)
