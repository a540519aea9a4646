"""Keys of devices: made and shown once, rotated without a gap, revoked at once."""

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.kernel import time
from tamamo.kernel.database import transaction
from tamamo.kernel.identity import devices
from tamamo.kernel.identity.devices import Registered
from tamamo.kernel.identity.errors import Ended, InvalidInput
from tamamo.web.console import forms, frame
from tamamo.web.console.door import console
from tamamo.web.console.forms import Field
from tamamo.web.console.viewer import Viewer, broker_of

#: A key that ends within this time is worth a word.
SOON = timedelta(days=14)


def state_label(state: str) -> str:
    """Return the word for a key's state."""
    return {
        "active": pgettext("key", "Valid"),
        "expired": pgettext("key", "Expired"),
        "revoked": pgettext("key", "Revoked"),
    }[state]


async def registered(
    request: HttpRequest, viewer: Viewer
) -> list[tuple[str, Registered, str, bool]]:
    """Return the devices of all tenants the viewer sees, with state and whether they end soon."""
    moment, found = time.now(), []
    async with transaction(broker_of(request).pool) as connection:
        for tenant in viewer.towns if viewer.town is None else (viewer.town,):
            for one in await devices.listing(connection, tenant):
                state = one.state(moment)
                ends = one.valid_to is not None and one.valid_to - moment < SOON
                found.append((tenant, one, state, ends and state == "active"))
    return sorted(found, key=lambda row: (row[2] != "active", row[0], row[1].name))


async def find(request: HttpRequest, tenant: str, device: str) -> Registered:
    """Return one device. Raises Http404."""
    async with transaction(broker_of(request).pool) as connection:
        found = await devices.listing(connection, tenant, device)
    if not found:
        raise Http404(device)
    return found[0]


def url_of(tenant: str, device: str) -> str:
    """Return the address of a device's page."""
    return reverse("console:device-key", kwargs={"tenant": tenant, "device": device})


@require_safe
@console()
async def page(request: HttpRequest, viewer: Viewer, tenant: str, device: str) -> HttpResponse:
    """One device with its keys."""
    found = await find(request, tenant, device)
    state = found.state(time.now())
    revoked = frame.Done(_("The key is revoked. It opens nothing any more."))
    context = {
        "tenant": tenant,
        "device": found,
        "state": state,
        "label": state_label(state),
        "may": viewer.keeps(tenant) and state == "active",
        "done": revoked if request.GET.get("done") == "revoked" else None,
    }
    return frame.show(request, viewer, "console/device_key.html", context)


def _fields(viewer: Viewer, titles: dict[str, str]) -> list[Field]:
    towns = [(name, titles[name]) for name in viewer.towns if viewer.keeps(name)]
    return [
        Field("tenant", _("Tenant"), "select", options=towns, required=True),
        Field(
            "name", _("Name of the device"), required=True, help=_("such as Gauge at Asahi Bridge")
        ),
        Field(
            "type",
            _("Entity type it writes"),
            help=_(
                "A short name such as FloodMonitoring, or an IRI; or leave it empty for a topic."
            ),
        ),
        Field("topic", _("or MQTT topic it publishes to"), help=_("Without + and #.")),
        Field("valid_to", _("Valid to"), "date", help=_("Empty: until it is revoked.")),
    ]


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def create(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Register a device; the answer shows its key, this once."""
    fields = _fields(viewer, frame.titles(request, viewer))
    typed: Any = {"tenant": viewer.town or fields[0].options[0][0]}
    errors: forms.Errors = {}
    if request.method == "POST":
        typed = request.POST
        errors = forms.missing(fields, typed)
        valid_to = forms.day(typed.get("valid_to", ""), errors, "valid_to")
        if not errors:
            tenant = typed["tenant"]
            try:
                async with transaction(broker_of(request).pool) as connection:
                    device, key = await devices.create(
                        connection,
                        viewer.actor,
                        tenant,
                        typed["name"],
                        type=_iri(typed.get("type", "")),
                        topic=typed.get("topic", "").strip() or None,
                        valid_to=valid_to,
                    )
            except InvalidInput as problem:
                errors = _said(problem)
            else:
                return _shown(request, viewer, key, tenant, (device, typed["name"]))
    context = {
        "heading": _("Make a device key"),
        "lead": _("A device writes one entity type, or publishes to one topic, and nothing else."),
        "fields": forms.filled(fields, typed, errors),
        "errors": errors,
        "button": _("Make the key"),
        "back": reverse("console:keys"),
    }
    return frame.show(request, viewer, "console/form.html", context, 422 if errors else 200)


def _iri(text: str) -> str | None:
    """Return a type as stored: short names are of the default vocabulary."""
    text = text.strip()
    if not text:
        return None
    return text if ":" in text else DEFAULT_VOCABULARY + text


def _said(problem: InvalidInput) -> forms.Errors:
    words = {
        "name": _("A name has 1 to 200 printable characters."),
        "type": _("Name either a type or a topic; a type is a short name or an IRI."),
        "topic": _("One topic, without + and #."),
        "valid_to": _("The end lies in the past."),
        "overlap": _("Between 0 hours and 90 days."),
    }
    field = str(problem.extra.get("field", ""))
    return {field: words.get(field, problem.detail)}


def once(
    request: HttpRequest, viewer: Viewer, name: str, secrets: list[tuple[str, str]], **more: str
) -> HttpResponse:
    """Return the one page that ever shows a secret. more: `use`, `back`."""
    context = {"heading": _("The key of %(name)s") % {"name": name}, "secrets": secrets}
    return frame.show(request, viewer, "console/once.html", context | more, 201)


def _shown(
    request: HttpRequest, viewer: Viewer, key: str, tenant: str, device: tuple[str, str]
) -> HttpResponse:
    identifier, name = device
    use, back = f"Authorization: Bearer {key}", url_of(tenant, identifier)
    return once(request, viewer, name, [(_("Key"), key)], use=use, back=back)


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def rotate(request: HttpRequest, viewer: Viewer, tenant: str, device: str) -> HttpResponse:
    """Give a device a new key; the old one works on for as long as is asked for."""
    found = await find(request, tenant, device)
    errors: forms.Errors = {}
    if request.method == "POST":
        hours = forms.number(request.POST.get("hours", ""), errors, "overlap")
        if not errors:
            try:
                async with transaction(broker_of(request).pool) as connection:
                    key = await devices.rotate(
                        connection, viewer.actor, tenant, device, timedelta(hours=hours or 0)
                    )
            except InvalidInput as problem:
                errors = _said(problem)
            except OverflowError:
                errors = {"overlap": _("Between 0 hours and 90 days.")}
            except Ended:
                errors = {"": _("The key was revoked or has expired meanwhile.")}
            else:
                return _shown(request, viewer, key, tenant, (device, found.name))
    overlap = Field(
        "hours",
        _("Hours for which the old key works on"),
        help=_("Time to carry the new key to the device. 0: the old one ends at once."),
        error=errors.get("overlap", ""),
        value=request.POST.get("hours", "24"),
    )
    return frame.confirm(
        request,
        viewer,
        heading=_("A new key for %(name)s") % {"name": found.name},
        consequence=_("A new key is made and shown once. The old one ends after the time below."),
        button=_("Make a new key"),
        back=url_of(tenant, device),
        fields=[overlap],
        errors={"hours" if name == "overlap" else name: text for name, text in errors.items()},
        status=422 if errors else 200,
    )


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def revoke(request: HttpRequest, viewer: Viewer, tenant: str, device: str) -> HttpResponse:
    """End a device and its keys, after saying what that means."""
    found = await find(request, tenant, device)
    errors: forms.Errors = {}
    if request.method == "POST":
        try:
            async with transaction(broker_of(request).pool) as connection:
                await devices.revoke(connection, viewer.actor, tenant, device)
        except Ended:
            errors = {"": _("The key was revoked before.")}
        else:
            return frame.forth(url_of(tenant, device), "revoked")
    return frame.confirm(
        request,
        viewer,
        heading=_("Revoke the key of %(name)s") % {"name": found.name},
        consequence=_(
            "Within 5 seconds the device is refused everywhere. This cannot be undone: it would "
            "have to be registered anew."
        ),
        button=_("Revoke"),
        back=url_of(tenant, device),
        errors=errors,
        status=409 if errors else 200,
    )
