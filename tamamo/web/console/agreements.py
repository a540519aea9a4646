"""Agreements between towns: what is shared, who signed for which side; signed and revoked."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from tamamo.kernel import time
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity.model import EVERY_TENANT, Role
from tamamo.kernel.towns.agreement import Agreement, State
from tamamo.kernel.towns.errors import AgreementRefused, InvalidAgreement, NoSuchAgreement
from tamamo.web.console import forms, frame, proposals
from tamamo.web.console.door import console
from tamamo.web.console.viewer import Viewer, broker_of

OPEN = (State.PROPOSED, State.SIGNED, State.IN_FORCE)


@dataclass(frozen=True, slots=True)
class Row:
    """An agreement in the list. side: the town the viewer speaks for; "" none."""

    agreement: Agreement
    state: State
    url: str

    @property
    def label(self) -> str:
        """The word for its state."""
        return label(self.state)


def label(state: State) -> str:
    """Return the word for an agreement's state."""
    return {
        State.PROPOSED: pgettext("agreement", "Waits for signatures"),
        State.SIGNED: pgettext("agreement", "Signed, not yet begun"),
        State.IN_FORCE: pgettext("agreement", "In force"),
        State.EXPIRED: pgettext("agreement", "Over"),
        State.AMENDED: pgettext("agreement", "Replaced"),
        State.REVOKED: pgettext("agreement", "Revoked"),
    }[state]


def row_of(agreement: Agreement) -> Row:
    """Return an agreement as the list has it."""
    url = reverse("console:agreement", kwargs={"number": agreement.id})
    return Row(agreement, agreement.state(time.now()), url)


async def rows(request: HttpRequest, viewer: Viewer) -> list[Row]:
    """Return the agreements in which a town the viewer sees has a part; open ones first."""
    wanted = viewer.tenants
    if wanted is not None and viewer.town is None:
        wanted = [*wanted, *viewer.signs]
    found = [
        row_of(agreement)
        for agreement in await broker_of(request).agreements.listed()
        if wanted is None or {agreement.terms.owner, agreement.terms.reader} & set(wanted)
    ]
    return sorted(found, key=lambda row: list(State).index(row.state))


@require_safe
@console(signers=True)
async def listing(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """All agreements."""
    context = {"rows": await rows(request, viewer), "may": bool(proposals.sides(viewer))}
    return frame.show(request, viewer, "console/agreements.html", context)


async def _find(request: HttpRequest, viewer: Viewer, number: UUID) -> Agreement:
    try:
        found = await broker_of(request).agreements.find(number)
    except NoSuchAgreement:
        raise Http404(number) from None
    if not any(_knows(viewer, side) for side in (found.terms.owner, found.terms.reader)):
        raise Http404(number)
    return found


def _sides(viewer: Viewer, found: Agreement, *roles: Role) -> list[str]:
    """Return the sides for which the viewer holds one of these roles."""
    actor, terms = viewer.actor, found.terms
    return [
        side
        for side in (terms.owner, terms.reader)
        if _knows(viewer, side) and any(actor.holds(role, side) for role in roles)
    ]


def _knows(viewer: Viewer, side: str) -> bool:
    return viewer.sees(side) or not viewer.signs.isdisjoint((side, EVERY_TENANT))


@require_safe
@console(signers=True)
async def page(request: HttpRequest, viewer: Viewer, number: UUID) -> HttpResponse:
    """One agreement with both sides."""
    found = await _find(request, viewer, number)
    row = row_of(found)
    texts = {
        "revoked": _("The agreement is revoked: nothing is shared by it any more."),
        "signed": _("You have signed."),
        "proposed": _("The agreement is proposed; it waits for both signatures."),
    }
    done = request.GET.get("done", "")
    may_sign = row.state is State.PROPOSED
    lapsed = await broker_of(request).agreements.lapsed(found)
    context = {
        "row": row,
        "found": found,
        "terms": found.terms,
        "signatures": [
            (found.terms.owner, found.owner_signature, _("Owner of the data")),
            (found.terms.reader, found.reader_signature, _("Reader")),
        ],
        "sign": [
            side
            for side in (_sides(viewer, found, Role.APPROVER) if may_sign else [])
            if found.signature(side) is None or side in lapsed
        ],
        "lapsed": lapsed,
        "revoke": _sides(viewer, found, Role.APPROVER, Role.OPERATOR) if row.state in OPEN else [],
        "done": frame.Done(texts[done]) if done in texts else None,
    }
    return frame.show(request, viewer, "console/agreement.html", context)


def refusal(problem: AgreementRefused, titles: Mapping[str, str]) -> str:
    """Return why an agreement is not signed or ended, in words."""
    side = str(problem.extra.get("side", ""))
    texts = {
        "state": _("Meanwhile the agreement is not open any more: look at it again."),
        "signed": _("Somebody has signed for this side already."),
        "both": _("You have signed for the other side: nobody signs for both."),
        "lapsed": _(
            "Whoever signed for %(side)s has left or is no approver any more: an approver of "
            "%(side)s has to sign anew first."
        )
        % {"side": titles.get(side, side)},
    }
    return texts.get(str(problem.extra.get("why")), problem.detail)


def _url(number: UUID) -> str:
    return reverse("console:agreement", kwargs={"number": number})


@require_http_methods(["GET", "POST"])
@console(acts=True, signers=True)
async def sign(request: HttpRequest, viewer: Viewer, number: UUID, side: str) -> HttpResponse:
    """Sign for one side, after saying what that means."""
    found = await _find(request, viewer, number)
    if side not in _sides(viewer, found, Role.APPROVER):
        raise Forbidden(side)
    errors: forms.Errors = {}
    if request.method == "POST":
        try:
            await broker_of(request).agreements.sign(viewer.actor, side, number)
        except AgreementRefused as problem:
            errors = {"": refusal(problem, frame.titles(request, viewer))}
        else:
            return frame.forth(_url(number), "signed")
    other = found.signature(found.other(side)) is not None
    return frame.confirm(
        request,
        viewer,
        heading=_("Sign for %(side)s") % {"side": frame.titles(request, viewer).get(side, side)},
        consequence=_("With your signature both have signed: it holds from its first day.")
        if other
        else _("With your signature it still waits for the other side."),
        button=_("Sign"),
        back=_url(number),
        errors=errors,
        status=409 if errors else 200,
    )


@require_http_methods(["GET", "POST"])
@console(acts=True, signers=True)
async def revoke(request: HttpRequest, viewer: Viewer, number: UUID, side: str) -> HttpResponse:
    """End an agreement for one side at once, after saying what that means."""
    found = await _find(request, viewer, number)
    if side not in _sides(viewer, found, Role.APPROVER, Role.OPERATOR):
        raise Forbidden(side)
    errors: forms.Errors = {}
    if request.method == "POST":
        try:
            reason = request.POST.get("reason", "")
            await broker_of(request).agreements.revoke(viewer.actor, side, number, reason)
        except InvalidAgreement:
            errors = {"reason": _("Say why, in at most 1,000 characters.")}
        except AgreementRefused as problem:
            errors = {"": refusal(problem, frame.titles(request, viewer))}
        else:
            return frame.forth(_url(number), "revoked")
    why = forms.Field("reason", _("Reason"), "area", required=True, help=_("Both sides read it."))
    return frame.confirm(
        request,
        viewer,
        heading=_("Revoke the agreement"),
        consequence=_(
            "At once the reader reads and follows nothing of this any more; subscriptions of its "
            "people fall silent. It cannot be put in force again: a new one has to be signed."
        ),
        button=_("Revoke"),
        back=_url(number),
        fields=forms.filled([why], request.POST, errors),
        errors=errors,
        status=422 if errors else 200,
    )
