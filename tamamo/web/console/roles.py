"""Roles: given to people and programs, with their limits and dates, and taken away."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods

from tamamo.accounts.access import NAMES
from tamamo.accounts.service import clients, users
from tamamo.accounts.service.errors import NoSuchAccount
from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.identity import EVERY_TENANT, GRANTABLE, Role, grants
from tamamo.kernel.identity.errors import InvalidInput, NotThere
from tamamo.kernel.identity.grants import Held
from tamamo.web.console import forms, frame
from tamamo.web.console.door import console
from tamamo.web.console.forms import Field
from tamamo.web.console.viewer import Viewer, broker_of


def state_label(state: str) -> str:
    """Return the word for a grant's state."""
    return {
        "active": pgettext("role", "In force"),
        "future": pgettext("role", "Not yet begun"),
        "expired": pgettext("role", "Over"),
        "revoked": pgettext("role", "Taken away"),
        "unit_ended": pgettext("role", "Unit has ended"),
    }[state]


def short(iri: str) -> str:
    """Return a type without the default vocabulary."""
    return iri.removeprefix(DEFAULT_VOCABULARY)


def iri_of(text: str) -> str:
    """Return a type as stored: short names are of the default vocabulary."""
    return text if ":" in text else DEFAULT_VOCABULARY + text


async def held(
    connection: Connection, viewer: Viewer, subject: str | None = None, *, ended: bool = False
) -> list[Held]:
    """Return the roles that the viewer may know of."""
    towns: list[str | None] = [None] if viewer.whole else [*viewer.towns]
    found = {
        one.id: one
        for town in towns
        for one in await grants.listing(connection, tenant=town, subject=subject, ended=ended)
        if viewer.whole or one.tenant in viewer.towns
    }
    return list(found.values())


def rows(found: list[Held], viewer: Viewer) -> list[dict[str, Any]]:
    """Return roles as the table shows them."""
    return [
        {
            "held": one,
            "role": NAMES[one.role],
            "types": ", ".join(map(short, one.types or ())),
            "scopes": ", ".join(one.scopes or ()),
            "state": state_label(one.state),
            "revoke": reverse("console:role-revoke", kwargs={"tenant": one.tenant, "grant": one.id})
            if one.state in ("active", "future", "unit_ended") and viewer.keeps(one.tenant)
            else "",
        }
        for one in found
    ]


def page_of(subject: str) -> str:
    """Return the address of the page of a person or program."""
    kind, _colon, rest = subject.partition(":")
    if kind == "user" and rest.isdecimal():
        return reverse("console:user", kwargs={"number": int(rest)})
    return reverse("console:client", kwargs={"client": rest})


def fields(request: HttpRequest, viewer: Viewer) -> list[Field]:
    """Return the fields of a role."""
    titles = frame.titles(request, viewer)
    towns = [(name, titles[name]) for name in viewer.towns if viewer.keeps(name)]
    if viewer.keeps_whole:
        towns.append((EVERY_TENANT, _("The whole installation")))
    roles = [(role.value, str(NAMES[role])) for role in GRANTABLE]
    limited = _("For editors, approvers and developers; empty: all.")
    return [
        Field("role", _("Role"), "select", options=roles, required=True),
        Field("tenant", _("Town"), "select", options=towns, required=True),
        Field(
            "unit",
            _("Department"),
            help=_("As in the tree: 総務局/危機管理課.") + " " + limited,
        ),
        Field(
            "types",
            _("Entity types"),
            "area",
            help=_("Short names or IRIs, one a line.") + " " + limited,
        ),
        Field("scopes", _("Scopes"), help=_("Such as /kagawa/river.") + " " + limited),
        Field("valid_from", _("Valid from"), "date", help=_("Empty: from now on.")),
        Field("valid_to", _("Valid to"), "date", help=_("Empty: until it is taken away.")),
    ]


def limits(data: QueryDict, errors: forms.Errors) -> dict[str, Any]:
    """Return the limits and dates that were typed; notes what cannot be read."""
    types = tuple(iri_of(text) for text in data.get("types", "").split())
    return {
        "unit": data.get("unit", "").strip() or None,
        "types": types or None,
        "scopes": tuple(data.get("scopes", "").split()) or None,
        "valid_from": forms.day(data.get("valid_from", ""), errors, "valid_from"),
        "valid_to": forms.day(data.get("valid_to", ""), errors, "valid_to"),
    }


def said(problem: InvalidInput | NotThere) -> forms.Errors:
    """Return what is wrong in the page's language, at its field."""
    field = str(problem.extra.get("field", ""))
    words = {
        "unit": _("This town has no such department, or the role is for the whole town."),
        "types": _("A type is a short name or an IRI; not for roles of the whole town."),
        "scopes": _("These are no scopes, or the role is for the whole town."),
        "valid_to": _("The end lies before the beginning."),
        "role": _("This role cannot be given."),
        "tenant": _("There is no such town."),
    }
    return {field: words.get(field, problem.detail)}


async def _name(connection: Connection, viewer: Viewer, subject: str) -> str:
    """Return what somebody is called. Raises Http404 for whom the viewer may not know."""
    kind, _colon, rest = subject.partition(":")
    try:
        if kind == "user" and rest.isascii() and rest.isdecimal() and len(rest) < 18:
            person = await users.find(connection, int(rest))
            home, name = person.home_tenant, person.name or person.email
        elif kind == "client":
            program = await clients.find(connection, rest)
            home, name = program.home_tenant, program.name
        else:
            raise Http404(subject)
    except NoSuchAccount:
        raise Http404(subject) from None
    known = viewer.whole or home in viewer.towns
    if not known and not await held(connection, viewer, subject, ended=True):
        raise Http404(subject)
    return name


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def give(request: HttpRequest, viewer: Viewer, subject: str) -> HttpResponse:
    """Give somebody a role."""
    shown = fields(request, viewer)
    typed: Any = {"tenant": viewer.town or shown[1].options[0][0]}
    errors: forms.Errors = {}
    async with transaction(broker_of(request).pool) as connection:
        name = await _name(connection, viewer, subject)
    if request.method == "POST":
        typed = request.POST
        errors = forms.missing(shown, typed)
        more = limits(typed, errors)
        if not errors:
            role, tenant = Role(typed["role"]), typed["tenant"]
            try:
                async with transaction(broker_of(request).pool) as connection:
                    await grants.give(connection, viewer.actor, subject, tenant, role, **more)
            except (InvalidInput, NotThere) as problem:
                errors = said(problem)
            else:
                return frame.forth(page_of(subject), "given")
    context = {
        "heading": _("Give %(name)s a role") % {"name": name},
        "lead": _("It counts from the next request on."),
        "fields": forms.filled(shown, typed, errors),
        "errors": errors,
        "button": _("Give the role"),
        "back": page_of(subject),
    }
    return frame.show(request, viewer, "console/form.html", context, 422 if errors else 200)


@require_http_methods(["GET", "POST"])
@console(acts=True)
async def revoke(request: HttpRequest, viewer: Viewer, tenant: str, grant: str) -> HttpResponse:
    """Take a role away, after saying what that means."""
    async with transaction(broker_of(request).pool) as connection:
        found = [one for one in await held(connection, viewer) if one.id == grant]
        if not found or found[0].tenant != tenant:
            raise Http404(grant)
        back = page_of(found[0].subject)
        if request.method == "POST":
            try:
                await grants.revoke(connection, viewer.actor, tenant, grant)
            except NotThere:
                raise Http404(grant) from None
            return frame.forth(back, "taken")
        name = await _name(connection, viewer, found[0].subject)
    where = frame.titles(request, viewer).get(tenant, _("The whole installation"))
    return frame.confirm(
        request,
        viewer,
        heading=_("Take a role away"),
        consequence=_(
            "It counts no more from the next request on, in sessions and for tokens too. It can be "
            "given again."
        ),
        button=_("Take it away"),
        back=back,
        facts=[(_("Of"), name), (_("Role"), NAMES[found[0].role]), (_("Town"), where)],
    )
