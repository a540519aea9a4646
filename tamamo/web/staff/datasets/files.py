"""Files of a version: rejected rows with their reasons, the file as it came; how far work is."""

from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from tamamo.kernel.uploads import MEDIA_TYPES
from tamamo.web.staff.datasets import room
from tamamo.web.staff.datasets.versions import progress_text
from tamamo.web.staff.desk import Desk


@require_safe
@room.datasets_desk
async def rejects(request: HttpRequest, desk: Desk, dataset: str, version: int) -> HttpResponseBase:
    """Send the rejected rows as they came, all their columns: to those who work at the dataset."""
    found, one = await room.version_of(desk, dataset, version)
    room.require_write(desk, found)
    content = room.engine(desk).rejects(desk.visitor, found.id, one.number)
    answer = StreamingHttpResponse(content, content_type=MEDIA_TYPES["xlsx"])
    _as_file(answer, f"{found.id}-v{one.number}-rejects.xlsx")
    return answer


@require_safe
@room.datasets_desk
async def original(
    request: HttpRequest, desk: Desk, dataset: str, version: int
) -> HttpResponseBase:
    """Send the file as it came: to those who work at the dataset, for it was never cleaned."""
    found, one = await room.version_of(desk, dataset, version)
    room.require_write(desk, found)
    content = room.engine(desk).original(desk.visitor, found.id, one.number)
    answer = StreamingHttpResponse(content, content_type="application/octet-stream")
    _as_file(answer, one.filename)
    return answer


@require_safe
@room.datasets_desk
async def progress(request: HttpRequest, desk: Desk, dataset: str, version: int) -> HttpResponse:
    """Say how far a check or a publication is."""
    _found, one = await room.version_of(desk, dataset, version)
    body = {
        "done": one.done,
        "total": one.total,
        "text": progress_text(one),
        "finished": one.state != "checking",
    }
    answer = JsonResponse(body)
    answer["Cache-Control"] = "no-store"
    return answer


def _as_file(answer: HttpResponseBase, name: str) -> None:
    """Have the browser keep it: nothing somebody sent is ever shown as a page of ours."""
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
