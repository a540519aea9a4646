"""Tenants: made, changed, suspended; what each uses against what it may."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tamamo.kernel.towns import Limits, MapView, Town
from tamamo.kernel.towns.errors import NoSuchTown, TownExists
from tamamo.kernel.towns.service import Entry, public_of
from tamamo.kernel.towns.town import DEFAULT, InvalidTown
from tamamo.web.console import forms, frame
from tamamo.web.console.door import console
from tamamo.web.console.forms import Field
from tamamo.web.console.viewer import Viewer, broker_of

_MIB = 1024 * 1024
#: Above this part of a limit the use is worth a look.
NEARLY_FULL = 0.8


def _texts() -> dict[str, str]:
    return {
        "created": _("The tenant was made."),
        "changed": _("The changes are kept."),
        "suspended": _("The tenant is suspended: nothing of it is read or written."),
        "resumed": _("The tenant goes on."),
    }


async def entries(request: HttpRequest, viewer: Viewer) -> list[Entry]:
    """Return the tenants the viewer sees, with what they use."""
    return [
        entry
        for entry in await broker_of(request).town_service.listed()
        if entry.town.name in viewer.towns and viewer.town in (None, entry.town.name)
    ]


@require_safe
@console()
async def listing(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """All tenants."""
    found = await entries(request, viewer)
    return frame.show(request, viewer, "console/tenants.html", {"entries": found})


@require_safe
@console()
async def page(request: HttpRequest, viewer: Viewer, tenant: str) -> HttpResponse:
    """One tenant."""
    try:
        entry = await broker_of(request).town_service.entry(tenant)
    except NoSuchTown:
        raise Http404(tenant) from None
    done, text = request.GET.get("done", ""), _texts()
    undo = reverse("console:tenant-resume", kwargs={"tenant": tenant})
    context = {
        "entry": entry,
        "shown": entry.town,
        "may": viewer.keeps(tenant),
        "may_suspend": viewer.keeps_whole and tenant != DEFAULT,
        "done": frame.Done(text[done], undo=undo if done == "suspended" else "")
        if done in text
        else None,
    }
    return frame.show(request, viewer, "console/tenant.html", context)


def _fields(viewer: Viewer, new: bool) -> list[Field]:
    languages = [("ja", "日本語"), ("en", "English")]
    fields = [
        Field("title_ja", _("Name in Japanese"), required=True),
        Field("title_en", _("Name in English"), required=True),
    ]
    if new:
        help_name = _("In addresses and requests; small letters, digits, - and _. It stays.")
        fields.insert(0, Field("name", _("Short name"), help=help_name, required=True))
    if viewer.keeps_whole:
        help_code = _("Six digits, the last one checks the others (Takamatsu: 372013).")
        fields.append(Field("code", _("Local government code"), help=help_code))
    fields += [
        Field("languages", _("Languages of its pages"), "checks", options=languages, required=True),
        Field("longitude", _("Map: longitude"), "number", help=_("in degrees, such as 133.92")),
        Field("latitude", _("Map: latitude"), "number", help=_("in degrees, such as 34.25")),
        Field("zoom", _("Map: zoom"), "number", help=_("5 to 18")),
        Field(
            "public_types",
            _("What everybody may read"),
            "area",
            help=_("IRIs of entity types, one a line; * for all that is not personal; or nothing."),
        ),
    ]
    if viewer.keeps_whole:
        none = _("Empty: no limit.")
        fields += [
            Field("max_entities", _("Most entities"), help=none),
            Field("max_requests", _("Most requests a minute"), help=none),
            Field("max_storage", _("Most storage, in MB"), help=none),
        ]
    return fields


def _typed(town: Town) -> dict[str, Any]:
    """Return what stands in the fields for a town."""
    view, limits = town.map_view, town.limits
    return {
        "name": town.name,
        "title_ja": town.titles.get("ja", ""),
        "title_en": town.titles.get("en", ""),
        "code": town.code or "",
        "languages": list(town.languages),
        "longitude": view.longitude if view else "",
        "latitude": view.latitude if view else "",
        "zoom": view.zoom if view else "",
        "public_types": "\n".join(sorted(town.public_types)),
        "max_entities": "" if limits.entities is None else limits.entities,
        "max_requests": "" if limits.requests is None else limits.requests,
        "max_storage": "" if limits.storage is None else limits.storage // _MIB,
    }


def _read(
    data: QueryDict, viewer: Viewer, before: Town | None
) -> tuple[dict[str, Any], forms.Errors]:
    """Return the fields of Town that were typed, and what of it cannot be read."""
    fields = _fields(viewer, before is None)
    errors = forms.missing(fields, data)
    found: dict[str, Any] = {
        "titles": {"ja": data.get("title_ja", "").strip(), "en": data.get("title_en", "").strip()},
        "languages": tuple(data.getlist("languages")),
        "map_view": _view(data, errors),
        "public_types": public_of(data.get("public_types", "").splitlines()),
    }
    if viewer.keeps_whole:
        storage = forms.number(data.get("max_storage", ""), errors, "max_storage")
        found["code"] = data.get("code", "").strip() or None
        found["limits"] = Limits(
            forms.number(data.get("max_entities", ""), errors, "max_entities"),
            forms.number(data.get("max_requests", ""), errors, "max_requests"),
            None if storage is None else storage * _MIB,
        )
    return found, errors


def _view(data: QueryDict, errors: forms.Errors) -> MapView | None:
    texts = [data.get(name, "").strip() for name in ("longitude", "latitude", "zoom")]
    if not any(texts):
        return None
    try:
        return MapView(*map(float, texts))
    except ValueError:
        errors["longitude"] = _("Longitude, latitude and zoom are numbers, all three or none.")
        return None


def _said(problem: InvalidTown) -> forms.Errors:
    """Return the faults in the page's language, at the fields they are about."""
    words = {
        "name": _("A short name is a small letter, then small letters, digits, - or _."),
        "title": _("A name is needed, of at most 100 characters."),
        "code": _("This is no local government code: the last digit checks the others."),
        "languages": _("At least one language."),
        "map_view": _("Longitude −180 to 180, latitude −85 to 85, zoom 5 to 18."),
        "limit": _("A whole number, or nothing for no limit."),
        "types": _("IRIs of types, one a line, at most 500; or *."),
        "default": _("The installing town cannot be suspended."),
        "reason": _("Say why."),
        "drill": _("A drill stays as it was made. Its town's staff end it under Drills."),
    }
    places = {"map_view": "longitude"}
    return {
        places.get(fault.field, fault.field): words.get(fault.code, fault.detail)
        for fault in problem.faults
    }


@require_http_methods(["GET", "POST"])
@console(whole=True, acts=True)
async def create(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Make a tenant."""
    typed: Any = {"languages": ["ja", "en"]}
    errors: forms.Errors = {}
    if request.method == "POST":
        typed = request.POST
        found, errors = _read(request.POST, viewer, None)
        if not errors:
            town = Town(name=request.POST.get("name", "").strip(), **found)
            try:
                await broker_of(request).town_service.create(viewer.actor, town)
            except InvalidTown as problem:
                errors = _said(problem)
            except TownExists as problem:
                errors = _taken(problem)
            else:
                url = reverse("console:tenant", kwargs={"tenant": town.name})
                return frame.forth(url, "created")
    context = {
        "heading": _("Make a tenant"),
        "lead": _("A town with data of its own. Others see nothing of it unless you say so."),
        "fields": forms.filled(_fields(viewer, new=True), typed, errors),
        "errors": errors,
        "button": _("Make the tenant"),
        "back": reverse("console:tenants"),
    }
    return frame.show(request, viewer, "console/form.html", context, 422 if errors else 200)


def _taken(problem: TownExists) -> forms.Errors:
    field = str(problem.extra.get("field", "name"))
    return {field: _("Another tenant has this already.")}


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def change(request: HttpRequest, viewer: Viewer, tenant: str) -> HttpResponse:
    """Change a tenant."""
    service = broker_of(request).town_service
    try:
        before = (await service.entry(tenant)).town
    except NoSuchTown:
        raise Http404(tenant) from None
    back = reverse("console:tenant", kwargs={"tenant": tenant})
    typed: Any = _typed(before)
    errors: forms.Errors = {}
    if request.method == "POST":
        typed = request.POST
        found, errors = _read(request.POST, viewer, before)
        if not errors:
            try:
                await service.change(viewer.actor, tenant, **found)
            except InvalidTown as problem:
                errors = _said(problem)
            except TownExists as problem:
                errors = _taken(problem)
            else:
                return frame.forth(back, "changed")
    context = {
        "heading": _("Change %(name)s") % {"name": tenant},
        "fields": forms.filled(_fields(viewer, new=False), typed, errors),
        "errors": errors,
        "button": _("Keep the changes"),
        "back": back,
    }
    return frame.show(request, viewer, "console/form.html", context, 422 if errors else 200)


@require_http_methods(["GET", "POST"])
@console(whole=True, acts=True)
async def suspend(request: HttpRequest, viewer: Viewer, tenant: str) -> HttpResponse:
    """Suspend a tenant, after saying what that means."""
    back = reverse("console:tenant", kwargs={"tenant": tenant})
    errors: forms.Errors = {}
    if request.method == "POST":
        try:
            reason = request.POST.get("reason", "")
            await broker_of(request).town_service.suspend(viewer.actor, tenant, reason)
        except InvalidTown as problem:
            errors = _said(problem)
        else:
            return frame.forth(back, "suspended")
    why = Field("reason", _("Reason"), "area", required=True, help=_("It stands in the audit log."))
    return frame.confirm(
        request,
        viewer,
        heading=_("Suspend %(name)s") % {"name": tenant},
        consequence=_(
            "Nobody reads or writes anything of this tenant until it is let go on: neither its "
            "people, nor its devices, nor towns with which it shares. Nothing is lost."
        ),
        button=_("Suspend the tenant"),
        back=back,
        fields=forms.filled([why], request.POST, errors),
        errors=errors,
        status=422 if errors else 200,
    )


@require_POST
@console(whole=True, acts=True)
async def resume(request: HttpRequest, viewer: Viewer, tenant: str) -> HttpResponse:
    """Let a suspended tenant go on."""
    back = reverse("console:tenant", kwargs={"tenant": tenant})
    try:
        await broker_of(request).town_service.resume(viewer.actor, tenant)
    except InvalidTown:
        return frame.forth(back)  # a drill that ended: what it is stands on its page
    return frame.forth(back, "resumed")
