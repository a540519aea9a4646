"""Photos of a facility: add, show with words, take away for good."""

from typing import BinaryIO, cast
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tamamo.kernel.database import single, transaction
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.uploads import IMAGE, UploadRefused
from tamamo.publishing.facilities import photos
from tamamo.publishing.facilities.model import REGISTER, day
from tamamo.publishing.facilities.photos import TooManyPhotos
from tamamo.registers import Record, Register
from tamamo.web.portal.facilities.files import picture
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.entry import staff
from tamamo.web.staff.facilities import room
from tamamo.web.staff.forms import Fault
from tamamo.web.staff.frame import Step, show


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def of_facility(request: HttpRequest, desk: Desk, key: str) -> HttpResponse:
    """Show a facility's photos, those that wait too; take another one."""
    register = room.opened(desk)
    entity_id = register.entity_id(key)
    record = await desk.registers.one(desk.visitor, REGISTER, entity_id)
    if request.method != "POST":
        return await _page(request, desk, register, record)
    _require(desk, register)
    alt = _alt(request)
    file = request.FILES.get("photo")
    wrong = _missing(alt)
    if not isinstance(file, UploadedFile):
        wrong.insert(0, Fault(_("Photo"), _("Choose a photo first."), "f-photo"))
    if wrong or not isinstance(file, UploadedFile):
        return await _page(request, desk, register, record, wrong=wrong, status=422)
    try:
        clean = await photos.clean(cast(BinaryIO, file), file.name or "")
        async with transaction(desk.broker.pool) as connection:
            await photos.add(
                connection, desk.tenant, entity_id, clean, by=desk.actor.subject, alt=alt,
                taken_on=day(request.POST.get("taken_on", "")),
            )  # fmt: skip
    except UploadRefused as refused:
        fault = Fault(_("Photo"), refused.text(language()), "f-photo")
        return await _page(request, desk, register, record, wrong=[fault], status=refused.status)
    except TooManyPhotos:
        fault = Fault("", _("There are as many photos already as there may be."))
        return await _page(request, desk, register, record, wrong=[fault], status=409)
    return HttpResponseRedirect(f"{request.path}?done=added")


def _require(desk: Desk, register: Register) -> None:
    if not desk.rights(register).edit:
        raise Forbidden("You may not change facilities")


def _alt(request: HttpRequest) -> tuple[str, str]:
    return request.POST.get("alt_ja", "").strip(), request.POST.get("alt_en", "").strip()


def _missing(alt: tuple[str, str]) -> list[Fault]:
    """Who cannot see a photo hears what it shows, in their language."""
    labels = (_("What it shows, in Japanese"), _("What it shows, in English"))
    said = _("Who cannot see the photo hears this.")
    asked = zip(("f-alt_ja", "f-alt_en"), labels, alt, strict=True)
    return [Fault(label, said, anchor) for anchor, label, text in asked if not text]


async def _page(
    request: HttpRequest,
    desk: Desk,
    register: Register,
    record: Record,
    *,
    wrong: list[Fault] | None = None,
    status: int = 200,
) -> HttpResponse:
    async with single(desk.broker.pool) as connection:
        found = await photos.listed(connection, desk.tenant, entity_id=record.id)
    told = {
        "added": _("The photo is on the map"),
        "shown": _("The photo is on the map"),
        "removed": _("The photo was removed"),
    }.get(request.GET.get("done", ""))
    context = {
        "trail": room.trail(desk, Step(record.title)),
        "title": record.title,
        "photos": found,
        "may": desk.rights(register).edit,
        "accept": IMAGE.accept,
        "megabytes": IMAGE.limit // 1024 // 1024,
        "errors": wrong or [],
        "alt_ja": request.POST.get("alt_ja", ""),
        "alt_en": request.POST.get("alt_en", ""),
        "taken_on": request.POST.get("taken_on", ""),
        "done": Done("success", told) if told else None,
    }
    return show(request, desk, "staff/facilities/photos.html", context, status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def one(request: HttpRequest, desk: Desk, photo: UUID) -> HttpResponse:
    """Show a photo on the map with its words, or take it away for good: named, then confirmed."""
    register = room.opened(desk)
    entity_id, found = await _find(desk, photo)
    record = await desk.registers.one(desk.visitor, REGISTER, entity_id)
    back = desk.url("facility-photos", key=register.key_of(entity_id))
    wrong: list[Fault] = []
    if request.method == "POST":
        _require(desk, register)
        by, alt = desk.actor.subject, _alt(request)
        if request.POST.get("do") == "remove":
            async with transaction(desk.broker.pool) as connection:
                await photos.remove(connection, desk.tenant, photo, by=by)
            return HttpResponseRedirect(f"{back}?done=removed")
        wrong = _missing(alt)
        if not wrong:
            async with transaction(desk.broker.pool) as connection:
                await photos.show(connection, desk.tenant, photo, alt, by=by)
            return HttpResponseRedirect(f"{back}?done=shown")
    context = {
        "trail": room.trail(desk, Step(record.title, back), Step(_("Photo"))),
        "title": record.title,
        "photo": found,
        "alt_ja": request.POST.get("alt_ja", found.alt_ja),
        "alt_en": request.POST.get("alt_en", found.alt_en),
        "may": desk.rights(register).edit,
        "errors": wrong,
        "back": back,
    }
    return show(request, desk, "staff/facilities/photo.html", context, 422 if wrong else 200)


async def _find(desk: Desk, photo: UUID) -> tuple[str, photos.Photo]:
    async with single(desk.broker.pool) as connection:
        held = await photos.body(connection, desk.tenant, photo)
        if held is None:
            raise Http404(str(photo))
        found = await photos.listed(connection, desk.tenant, entity_id=held[0])
    for one_photo in found:
        if one_photo.id == photo:
            return held[0], one_photo
    raise Http404(str(photo))


@require_safe
@staff
async def file(request: HttpRequest, desk: Desk, photo: UUID) -> HttpResponse:
    """The picture itself, also while nobody has looked at it."""
    room.opened(desk)
    async with single(desk.broker.pool) as connection:
        held = await photos.body(connection, desk.tenant, photo)
    if held is None:
        raise Http404(str(photo))
    answer = picture(held[2])
    answer["Cache-Control"] = "no-store"
    return answer
