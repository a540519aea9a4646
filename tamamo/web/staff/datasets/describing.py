"""What is said about a dataset: title, department, licence, cycle, themes, standard."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.publishing.datasets import Dataset, DatasetRefused
from tamamo.web.staff.datasets import metadataform, room
from tamamo.web.staff.datasets.uploading import units_of
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Fault
from tamamo.web.staff.frame import Step, show


@require_http_methods(["GET", "HEAD", "POST"])
@room.datasets_desk
async def page(request: HttpRequest, desk: Desk, dataset: str) -> HttpResponse:
    """Show the form; keep what was typed."""
    found = await room.dataset_of(desk, dataset)
    room.require_write(desk, found)
    if request.method != "POST":
        typed = metadataform.typed_from(found.metadata)
        return await _form(request, desk, found, typed, [])
    typed = metadataform.typed_of(request.POST)
    metadata, faults = metadataform.read(typed)
    if metadata is None:
        return await _form(request, desk, found, typed, faults)
    try:
        await room.engine(desk).describe(desk.visitor, found.id, metadata)
    except DatasetRefused as refusal:
        return await _form(request, desk, found, typed, [room.fault_of(refusal)])
    return HttpResponseRedirect(desk.url("dataset", dataset=found.id) + "?done=described")


async def _form(
    request: HttpRequest,
    desk: Desk,
    dataset: Dataset,
    typed: metadataform.Typed,
    faults: list[Fault],
) -> HttpResponse:
    context = {
        "heading": _("Description: %(title)s") % {"title": room.title_of(dataset)},
        "trail": room.trail(desk, room.step_to(desk, dataset), Step(_("Description"))),
        "groups": metadataform.groups(typed, await units_of(desk), faults),
        "errors": faults,
        "public": dataset.state == "published",
        "here": desk.url("dataset-describe", dataset=dataset.id),
        "back": desk.url("dataset", dataset=dataset.id),
    }
    return show(
        request, desk, "staff/datasets/describe.html", context, status=422 if faults else 200
    )
