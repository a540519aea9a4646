"""What is done with one button: confirm, take back, approve, decline, attach, take away."""

from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tamamo.kernel.uploads import UploadRefused
from tamamo.plan.values.working import NO_REASON
from tamamo.plan.year import YearRefused
from tamamo.plan.year.evidence import FILES, EvidenceStore
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Fault
from tamamo.web.staff.plan import room, sheet


@require_POST
@room.plan_desk
async def confirm(request: HttpRequest, desk: Desk, project: str, year: int) -> HttpResponse:
    """The owner stands by all that was entered; the head sees it then."""
    one, items = await room.due(desk, project, room.opened(year))
    room.require(room.enters(desk, one), "This project is another division's")
    try:
        await room.engine(desk).confirm((desk.tenant, project, year), desk.actor.subject)
    except YearRefused as refused:
        return await sheet.shown(request, desk, one, items, faults=refused.faults)
    return _back(desk, project, year, "confirmed")


@require_POST
@room.plan_desk
async def take_back(request: HttpRequest, desk: Desk, project: str, year: int) -> HttpResponse:
    """Take back an entry that is not approved."""
    one, _items = await room.due(desk, project, room.opened(year))
    room.require(room.enters(desk, one), "This project is another division's")
    wanted = room.item_ids(request.POST.getlist("item"))
    for item in one.sheet.items:
        if item.id in wanted:
            await room.engine(desk).withdraw(desk.tenant, item, desk.actor.subject)
    return _back(desk, project, year, "taken")


@require_POST
@room.plan_desk
async def decide(request: HttpRequest, desk: Desk, project: str, year: int) -> HttpResponse:
    """A head approves or declines what is chosen of the entries that wait."""
    one, items = await room.due(desk, project, room.opened(year))
    room.require(room.approves(desk, one), "Approving needs the role approver of the division")
    wanted = room.item_ids(request.POST.getlist("item"))
    chosen = [item for item in one.sheet.items if item.id in wanted]
    step, reason = request.POST.get("step", ""), request.POST.get("reason", "")[:500]
    if not chosen or step not in ("approve", "decline"):
        fault = Fault("", _("Choose at least one entry."), "f-decide")
        return await sheet.shown(request, desk, one, items, errors=[fault])
    if step == "decline" and not reason.strip():
        fault = Fault(_("Reason"), room.said(NO_REASON), "f-reason")
        return await sheet.shown(request, desk, one, items, errors=[fault])
    await room.engine(desk).decide(desk.tenant, chosen, desk.actor.subject, step, reason)
    return _back(desk, project, year, "approved" if step == "approve" else "declined")


@require_POST
@room.plan_desk
async def attach(request: HttpRequest, desk: Desk, project: str, year: int) -> HttpResponse:
    """Attach a link or a file, or take one away."""
    one, items = await room.due(desk, project, room.opened(year))
    room.require(room.enters(desk, one), "This project is another division's")
    store = EvidenceStore(desk.broker.pool)
    if request.POST.get("step") == "remove":
        return await _remove(request, desk, store, project, year)
    sent = request.FILES.get("file")
    title, url = request.POST.get("title", ""), request.POST.get("url", "")
    try:
        file = None
        if sent is not None:
            size = min(sent.size or 0, FILES.limit + 1)
            file = (sent.name or "", await sync_to_async(sent.read)(size))
        await store.attach(
            (desk.tenant, project, year), title, desk.actor.subject, url=url, file=file
        )
    except YearRefused as refused:
        errors = [
            Fault(_label(name), room.said(why), f"f-{name}") for name, why in refused.faults.items()
        ]
    except UploadRefused as refused_file:
        errors = [Fault(_("File"), refused_file.text(language()), "f-file")]
    else:
        return _back(desk, project, year, "attached")
    typed = {"title": title, "url": url}
    return await sheet.shown(request, desk, one, items, errors=errors, attached=typed)


@require_safe
@room.plan_desk
async def evidence(request: HttpRequest, desk: Desk, evidence: UUID) -> HttpResponse:
    """A file of the evidence, to be kept, never to be shown as a page of ours."""
    found, body = await EvidenceStore(desk.broker.pool).find(desk.tenant, str(evidence))
    if found.url:
        return HttpResponseRedirect(found.url)
    answer = HttpResponse(body, content_type=found.media_type)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    answer["Content-Disposition"] = content_disposition_header(True, found.filename) or "attachment"
    return answer


async def _remove(
    request: HttpRequest, desk: Desk, store: EvidenceStore, project: str, year: int
) -> HttpResponse:
    wanted = room.item_ids(request.POST.getlist("evidence"))
    for one in await store.listed(desk.tenant, [year], project):
        if one.id in wanted:
            await store.remove(desk.tenant, one.id, desk.actor.subject)
    return _back(desk, project, year, "removed")


def _label(name: str) -> str:
    return {"title": _("What it shows"), "url": _("Link")}[name]


def _back(desk: Desk, project: str, year: int, done: str) -> HttpResponse:
    url = desk.url("plan-sheet", project=project, year=year)
    return HttpResponseRedirect(f"{url}?done={done}")
