"""The audit log: filtered, page by page, exported, and whether its chain holds."""

from collections.abc import AsyncIterator
from datetime import MAXYEAR, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tamamo.kernel import jobs, time
from tamamo.kernel.audit import listing as log
from tamamo.kernel.audit.listing import Filter
from tamamo.kernel.database import transaction
from tamamo.web.console import forms, frame, lists
from tamamo.web.console.door import console
from tamamo.web.console.viewer import Viewer, audit, broker_of

_PAGE = 50
VERIFY = "audit.verify"


def _filter(request: HttpRequest, viewer: Viewer) -> tuple[Filter, forms.Errors]:
    """Return what is asked for, and what of it cannot be read."""
    given, errors = request.GET, forms.Errors()
    since = forms.day(given.get("since", ""), errors, "since")
    until = forms.day(given.get("until", ""), errors, "until")
    if until is not None and len(given["until"].strip()) == len("2027-03-31"):
        # A day is meant with all its hours; behind the last there is none.
        until = until + timedelta(days=1) if until.year < MAXYEAR else None
    tenants = viewer.tenants
    chosen = Filter(
        None if tenants is None else tuple(tenants),
        given.get("actor", "").strip() or None,
        given.get("action", "").strip() or None,
        given.get("object", "").strip() or None,
        since,
        until,
    )
    return chosen, errors


@require_safe
@console()
async def listing(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The log, newest first."""
    pool = broker_of(request).pool
    chosen, errors = _filter(request, viewer)
    shown = log.Page([], None)
    if not errors:
        try:
            shown = await log.page(pool, chosen, request.GET.get("older") or None, _PAGE)
        except ValueError:
            errors["older"] = _("This page of the log does not exist.")
    async with transaction(pool) as connection:
        checks = await jobs.listed(connection, name=VERIFY, limit=1) if viewer.whole else []
    actions = await log.actions(pool, chosen)
    older = lists.address(request, older=shown.older) if shown.older else ""
    newer = lists.address(request, older=None) if request.GET.get("older") else ""
    context = {
        "entries": shown.entries,
        "fields": forms.filled(_fields(actions), request.GET, errors),
        "errors": errors,
        "pager": lists.Pager(newer, older),
        "query": lists.address(request, older=None).partition("?")[2],
        "check": checks[0] if checks else None,
        "done": _done(request),
    }
    status = 422 if errors else 200
    return frame.show(request, viewer, "console/audit.html", context, status)


def _done(request: HttpRequest) -> frame.Done | None:
    if request.GET.get("done") != "verify":
        return None
    return frame.Done(_("The log is being verified; reload this page for the result."))


def _fields(actions: list[str]) -> list[forms.Field]:
    groups = sorted({action.partition(".")[0] for action in actions})
    options = [("", _("All"))]
    for group in groups:
        options.append((group, _("%(group)s: all") % {"group": group}))
        options += [(action, action) for action in actions if action.startswith(f"{group}.")]
    return [
        forms.Field("actor", _("Actor"), help=_("such as user:17")),
        forms.Field("action", _("Action"), "select", options=options),
        forms.Field("object", _("Object"), help=_("such as tenant:ayagawa")),
        forms.Field("since", _("From"), "date"),
        forms.Field("until", _("To (that day included)"), "date"),
    ]


@require_safe
@console()
async def export(request: HttpRequest, viewer: Viewer, form: str) -> HttpResponseBase:
    """All that match, as CSV or JSON Lines; the export itself is an event."""
    pool = broker_of(request).pool
    chosen, errors = _filter(request, viewer)
    if errors:
        return await listing(request)
    async with transaction(pool) as connection:
        after: dict[str, Any] = {"form": form, "filter": chosen.parameters()}
        tenants = viewer.tenants or ["default"]
        for tenant in tenants:
            await audit(connection, viewer, tenant, "audit.export", "audit", after=after)
    chunks: AsyncIterator[bytes]
    if form == "csv":
        chunks, kind = log.export_csv(pool, chosen), "text/csv; charset=utf-8"
    else:
        chunks, kind = log.export_jsonl(pool, chosen), "application/jsonl"
    answer = StreamingHttpResponse(chunks, content_type=kind)
    name = f"audit-{time.now().astimezone(time.JST):%Y%m%d-%H%M}.{form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_http_methods(["POST"])
@console(whole=True, acts=True)
async def verify(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Have the whole log proved, as a job."""
    async with transaction(broker_of(request).pool) as connection:
        number = await jobs.defer(
            connection, VERIFY, tenant="default", actor=viewer.actor.subject, once=True
        )
        after = {"job": number}
        await audit(connection, viewer, "default", "audit.verify", "audit", after=after)
    return frame.forth(request.path.replace("verify/", ""), "verify")
