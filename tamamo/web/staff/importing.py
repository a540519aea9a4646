"""Importing a table: upload, columns, preview, result; nothing is written before it was shown."""

from typing import Any, Final
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tamamo.feeds.quality import UnreadableFile
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.uploads import TABLE, UploadRefused, inspect
from tamamo.registers import Register, UnknownRecord
from tamamo.registers.exports import MEDIA_TYPES
from tamamo.registers.imports import Import, ImportRefused
from tamamo.registers.imports.reading import Options
from tamamo.registers.imports.service import QUICK
from tamamo.web.staff import importpages
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.entry import staff
from tamamo.web.staff.forms import Fault

#: An import in these states is over, or was never begun.
_OVER: Final = ("done", "failed")


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def begin(request: HttpRequest, desk: Desk, register: str) -> HttpResponse:
    """Take a file and read its columns."""
    found = _importable(desk, register)
    kept = await desk.registers.imports.listed(desk.visitor, found.id)
    if request.method != "POST":
        return importpages.upload_page(request, desk, found, kept)
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        fault = Fault(_("File"), _("Choose a file."), "f-file")
        return importpages.upload_page(request, desk, found, kept, fault=fault)
    try:
        begun = await _read(desk, found, file)
    except UploadRefused as refusal:
        fault = Fault(_("File"), refusal.text(language()), "f-file")
        return importpages.upload_page(
            request, desk, found, kept, fault=fault, status=refusal.status
        )
    except UnreadableFile as error:
        reason = error.reason.en if language() == "en" else error.reason.ja
        fault = Fault(_("File"), reason, "f-file")
        return importpages.upload_page(request, desk, found, kept, fault=fault)
    except ImportRefused as refusal:
        fault = Fault(_("File"), refusal.text(language()), "f-file")
        return importpages.upload_page(request, desk, found, kept, fault=fault)
    return HttpResponseRedirect(desk.url("upload", register=found.id, upload=begun.id))


async def _read(desk: Desk, register: Register, file: "UploadedFile[Any]") -> Import:
    """Return the import begun with a file. Raises UploadRefused, UnreadableFile, ImportRefused."""
    taken = await sync_to_async(inspect)(file, file.name or "", TABLE)  # type: ignore[arg-type]
    content: bytes = await sync_to_async(file.read)()
    return await desk.registers.imports.begin(desk.visitor, register.id, taken.name, content)


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def page(request: HttpRequest, desk: Desk, register: str, upload: UUID) -> HttpResponse:
    """Show an import where it stands: columns, preview, progress or result."""
    found = _importable(desk, register)
    begun = await _import(desk, found, upload)
    if request.method == "POST" and begun.state not in ("running", "done"):
        do = request.POST.get("do", "match")
        steps = {"apply": _apply, "reread": _reread}
        return await steps.get(do, _match)(request, desk, found, begun)
    if begun.state == "done":
        return importpages.result_page(request, desk, found, begun)
    if begun.state == "running" or _started(request, begun):
        return importpages.running_page(request, desk, found, begun)
    return importpages.columns_page(request, desk, found, begun, faults=_failure(begun))


def _started(request: HttpRequest, begun: Import) -> bool:
    """Whether the import waits for `tamamo work` to take it up."""
    return request.GET.get("started") == "1" and begun.state == "previewed"


def _failure(begun: Import) -> list[Fault]:
    if begun.state != "failed" or not begun.error:
        return []
    return [Fault("", str(begun.error.get(language(), "")))]


async def _reread(
    request: HttpRequest, desk: Desk, register: Register, begun: Import
) -> HttpResponse:
    """Read the file again: another sheet, another header row."""
    post = request.POST
    row = post.get("header_row", "")
    options = Options(
        sheet=post.get("sheet") or None,
        header_row=int(row) if row.isascii() and row.isdecimal() and len(row) < 7 else None,
    )
    try:
        await desk.registers.imports.reread(desk.visitor, begun.id, options)
    except UnreadableFile as error:
        reason = error.reason.en if language() == "en" else error.reason.ja
        return importpages.columns_page(
            request, desk, register, begun, faults=[Fault("", reason, "f-header_row")]
        )
    return HttpResponseRedirect(desk.url("upload", register=register.id, upload=begun.id))


async def _match(
    request: HttpRequest, desk: Desk, register: Register, begun: Import
) -> HttpResponse:
    """Show what the chosen columns would change."""
    post = request.POST
    matching = {
        name: post.get(f"column.{place}") or None for place, name in enumerate(begun.columns)
    }
    whole = post.get("mode") == "whole"
    try:
        preview = await desk.registers.imports.preview(
            desk.visitor,
            begun.id,
            matching,
            blank="clear" if post.get("blank") == "clear" else "keep",
            whole=whole,
        )
    except ImportRefused as refusal:
        faults = [Fault("", refusal.text(language()))]
        return importpages.columns_page(
            request, desk, register, begun, faults=faults, matching=matching
        )
    return importpages.preview_page(request, desk, register, begun, preview, whole=whole)


async def _apply(
    request: HttpRequest, desk: Desk, register: Register, begun: Import
) -> HttpResponse:
    """Write what was shown; a long import is done by `tamamo work` while the page shows how far."""
    address = desk.url("upload", register=register.id, upload=begun.id)
    imports = desk.registers.imports
    try:
        if begun.rows > QUICK:
            await imports.start(desk.visitor, begun.id)
            return HttpResponseRedirect(f"{address}?started=1")
        await imports.apply(desk.visitor, begun.id)
    except ImportRefused as refusal:
        faults = [Fault("", refusal.text(language()))]
        return importpages.columns_page(request, desk, register, begun, faults=faults)
    return HttpResponseRedirect(address)


@require_safe
@staff
async def progress(request: HttpRequest, desk: Desk, register: str, upload: UUID) -> HttpResponse:
    """Say how far an import is."""
    _importable(desk, register)
    try:
        kept = await desk.registers.imports.progress(desk.visitor, str(upload))
    except UnknownRecord:
        raise Http404(str(upload)) from None
    body = {
        "done": kept.done,
        "total": kept.total,
        "text": importpages.progress_text(kept.done, kept.total),
        "finished": kept.state in _OVER,
    }
    answer = JsonResponse(body)
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
@staff
async def rejects(request: HttpRequest, desk: Desk, register: str, upload: UUID) -> HttpResponse:
    """Send the rejected rows as they came, each with its reason beside it."""
    found = _importable(desk, register)
    begun = await _import(desk, found, upload)
    content = await desk.registers.imports.rejects(desk.visitor, begun.id)
    answer = HttpResponse(content, content_type=MEDIA_TYPES["xlsx"])
    answer["Content-Disposition"] = f'attachment; filename="{found.id}-rejects.xlsx"'
    answer["Cache-Control"] = "no-store"
    return answer


def _importable(desk: Desk, name: str) -> Register:
    register = desk.register(name)
    if not desk.rights(register).import_:
        raise Forbidden
    return register


async def _import(desk: Desk, register: Register, upload: UUID) -> Import:
    try:
        begun = await desk.registers.imports.get(desk.visitor, str(upload))
    except UnknownRecord:
        raise Http404(str(upload)) from None
    if begun.register != register.id:
        raise Http404(str(upload))
    return begun
