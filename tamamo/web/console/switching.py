"""Switching feeds on and off for a town: what is offered, what it asks for, who switched it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.feeds import catalogue, switches
from tamamo.feeds.offers import Offer
from tamamo.feeds.switches import OFF, Switch
from tamamo.kernel.database import transaction
from tamamo.web.console import forms, frame
from tamamo.web.console.door import console
from tamamo.web.console.forms import Field
from tamamo.web.console.viewer import Viewer, broker_of

#: Longest text of an option.
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Choice:
    """A feed that a town can have. by: who switched it last, "" where nobody did."""

    tenant: str
    id: str
    name: str
    source: str
    licence: str
    is_on: bool
    by: str
    at: datetime | None
    url: str
    #: Whether the viewer may switch it.
    may: bool

    @property
    def word(self) -> str:
        """Whether it is on, in words."""
        return pgettext("feed", "on") if self.is_on else pgettext("feed", "off")


def name_of(offer: Offer) -> str:
    """Return what a feed is called in the page's language."""
    return offer.name_ja if get_language() == "ja" else offer.name_en


def address(tenant: str, feed: str) -> str:
    """Return where a feed is switched."""
    return reverse("console:feed-switch", kwargs={"tenant": tenant, "feed": feed})


async def choices(request: HttpRequest, viewer: Viewer) -> list[Choice]:
    """Return what is offered in each town the viewer sees; those that are on come last."""
    broker = broker_of(request)
    async with transaction(broker.pool) as connection:
        said = await switches.switches(connection, broker.settings)
    found = []
    for tenant in viewer.towns if viewer.town is None else (viewer.town,):
        for offer in catalogue.offered().values():
            switch = said.get((tenant, offer.id), OFF)
            found.append(
                Choice(
                    tenant,
                    offer.id,
                    name_of(offer),
                    offer.source,
                    offer.licence,
                    switch.is_on,
                    switch.changed_by or "",
                    switch.changed_at,
                    address(tenant, offer.id),
                    viewer.keeps(tenant),
                )
            )
    return sorted(found, key=lambda one: (one.is_on, viewer.towns.index(one.tenant), one.name))


def offered(feed: str) -> Offer | None:
    """Return a feed that projects offer."""
    return catalogue.offered().get(feed)


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def switch(request: HttpRequest, viewer: Viewer, tenant: str, feed: str) -> HttpResponse:
    """Switch a feed on with its options, or off; the page says what follows."""
    offer = offered(feed)
    if offer is None:
        raise Http404(feed)
    broker = broker_of(request)
    async with transaction(broker.pool) as connection:
        said = await switches.switches(connection, broker.settings, tenant)
    before = said.get((tenant, feed), OFF)
    fields = _fields(offer)
    typed: Any = offer.settled(before.options)
    errors: forms.Errors = {}
    if request.method == "POST":
        typed = request.POST
        off = typed.get("act") == "off"
        errors = {} if off else _wrong(fields, typed)
        if not errors:
            options = before.options if off else typed.dict()
            async with transaction(broker.pool) as connection:
                await switches.turn(
                    connection,
                    viewer.actor,
                    tenant,
                    offer,
                    on=not off,
                    options=options,
                    before=before,
                )
            query = {"town": tenant} if len(viewer.towns) > 1 else {}
            return frame.forth(reverse("console:feeds"), "off" if off else "on", **query)
    context = {
        "offer": offer,
        "name": name_of(offer),
        "tenant": tenant,
        "switch": before,
        "fields": forms.filled(fields, typed, errors),
        "errors": errors,
        "interval": offer.interval,
        "back": reverse("console:feeds"),
        "lead": _consequence(before),
    }
    return frame.show(request, viewer, "console/switch.html", context, 422 if errors else 200)


def _consequence(switch: Switch) -> str:
    if switch.is_on:
        return _(
            "It is on. Off: nothing more is asked of the source; what it brought stays, and its "
            "values grow late and silent on the pages."
        )
    return _(
        "On: within 10 seconds the source is asked for the first time, from this machine to the "
        "address below, and what it brings is shown to everybody the town shows it to."
    )


def _fields(offer: Offer) -> list[Field]:
    japanese = get_language() == "ja"
    return [
        Field(
            option.name,
            option.label_ja if japanese else option.label_en,
            required=option.required,
            help=_("Left empty: %(value)s") % {"value": option.default} if option.default else "",
        )
        for option in offer.options
    ]


def _wrong(fields: list[Field], typed: Any) -> forms.Errors:
    errors = forms.missing(fields, typed)
    for field in fields:
        text = typed.get(field.name, "").strip()
        if len(text) > _LONGEST or "\0" in text:
            errors[field.name] = _("This is too long, or no text.")
        elif field.name == "address" and text and not text.startswith(("https://", "http://")):
            errors[field.name] = _("An address begins with https://.")
        elif "@" in text.partition("://")[2].partition("/")[0]:
            errors[field.name] = _("No user names or passwords in addresses.")
    return errors
