"""Proposing an agreement between two towns, for one side."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.kernel import time
from tamamo.kernel.identity.model import EVERY_TENANT, Role
from tamamo.kernel.towns.agreement import Terms
from tamamo.kernel.towns.errors import InvalidAgreement
from tamamo.web.console import forms, frame
from tamamo.web.console.door import console
from tamamo.web.console.forms import Field
from tamamo.web.console.roles import iri_of
from tamamo.web.console.viewer import Viewer, broker_of


def sides(viewer: Viewer) -> list[str]:
    """Return the towns for which the viewer may propose."""
    actor = viewer.actor
    known = [*viewer.towns, *sorted(viewer.signs - {EVERY_TENANT} - set(viewer.towns))]
    return [
        town
        for town in known
        if actor.holds(Role.OPERATOR, town) or actor.holds(Role.APPROVER, town)
    ]


def _fields(request: HttpRequest, viewer: Viewer) -> list[Field]:
    known = broker_of(request).towns
    titles = frame.titles(request, viewer)
    # A drill shares nothing; its name, which nobody guesses, is for those who take part.
    towns = [
        (town.name, town.title(frame.language())) for town in known.all() if town.drill is None
    ]
    own = [(name, titles.get(name, name)) for name in sides(viewer)]
    ways = [
        ("owner", _("lets the other town have its data")),
        ("reader", _("asks for data of the other town")),
    ]
    actions = [("read", _("read it")), ("subscribe", _("be told when it changes"))]
    return [
        Field("side", _("Your town"), "select", options=own, required=True),
        Field("way", _("It"), "select", options=ways, required=True),
        Field("other", _("The other town"), "select", options=towns, required=True),
        Field(
            "types",
            _("Entity types"),
            "area",
            required=True,
            help=_("Short names or IRIs, one a line."),
        ),
        Field("attrs", _("Attributes"), "area", help=_("One a line; empty: all.")),
        Field("actions", _("The reader may"), "checks", options=actions, required=True),
        Field("purpose", _("Purpose"), "area", required=True),
        Field("valid_from", _("From"), "date", help=_("Empty: from now on.")),
        Field("valid_to", _("To"), "date", help=_("Empty: until it is revoked.")),
    ]


def _terms(data: QueryDict, errors: forms.Errors) -> Terms:
    """Return what was typed; notes what cannot be read."""
    side, other = data.get("side", ""), data.get("other", "")
    owner, reader = (side, other) if data.get("way") == "owner" else (other, side)
    attrs = frozenset(map(iri_of, data.get("attrs", "").split()))
    return Terms(
        owner,
        reader,
        frozenset(map(iri_of, data.get("types", "").split())),
        frozenset(data.getlist("actions")),
        forms.day(data.get("valid_from", ""), errors, "valid_from") or time.now(),
        forms.day(data.get("valid_to", ""), errors, "valid_to"),
        attrs or None,
        data.get("purpose", "").strip(),
    )


def _said(problem: InvalidAgreement) -> forms.Errors:
    """Return the faults in the page's language, at the fields they are about."""
    words = {
        "same": _("Choose another town than your own."),
        "tenant": _("There is no such town."),
        "personal": _("Personal data are not shared by an agreement."),
        "drill": _("A drill shares nothing."),
        "iris": _("Name them by short names or IRIs, one a line."),
        "order": _("The end lies before the beginning."),
        "past": _("The end lies in the past."),
        "text": _("At most 1,000 characters."),
    }
    places = {"reader": "other", "owner": "other"}
    return {
        places.get(fault["field"], fault["field"]): words.get(fault["code"], fault["detail"])
        for fault in problem.extra["errors"]
    }


@require_http_methods(["GET", "POST"])
@console(acts=True, signers=True)
async def create(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Propose an agreement; nobody has signed it by that."""
    fields = _fields(request, viewer)
    typed: Any = {"actions": ["read"], "way": "owner"}
    errors: forms.Errors = {}
    if request.method == "POST":
        typed = request.POST
        errors = forms.missing(fields, typed)
        terms = _terms(typed, errors)
        if not errors:
            try:
                made = await broker_of(request).agreements.propose(
                    viewer.actor, typed["side"], terms
                )
            except InvalidAgreement as problem:
                errors = _said(problem)
            else:
                url = reverse("console:agreement", kwargs={"number": made.id})
                return frame.forth(url, "proposed")
    context = {
        "heading": _("Propose an agreement"),
        "lead": _("It shares nothing until an approver of each side has signed."),
        "fields": forms.filled(fields, typed, errors),
        "errors": errors,
        "button": _("Propose it"),
        "back": reverse("console:agreements"),
    }
    return frame.show(request, viewer, "console/form.html", context, 422 if errors else 200)
