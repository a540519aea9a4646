"""The door of the console: who comes in, who is sent to sign in, who is refused."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from tamamo.accounts.access import to_sign_in
from tamamo.kernel.errors import Forbidden
from tamamo.web.console.frame import show
from tamamo.web.console.viewer import Viewer, viewer_of

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


@dataclass(frozen=True, slots=True)
class Rule:
    """For whom a page is.

    whole: of the installation, not of a town. acts: changes something. signers: approvers too.
    """

    whole: bool = False
    acts: bool = False
    signers: bool = False


def console(
    *, whole: bool = False, acts: bool = False, signers: bool = False
) -> Callable[[View], View]:
    """Open a view to those it is for; it is given the viewer.

    Nobody signed in: to sign in (302). No role, or not this one: 403. A tenant (`tenant` of the
    address) that is not theirs does not exist: 404.
    """

    rule = Rule(whole, acts, signers)

    def around(view: View) -> View:
        @wraps(view)
        async def inside(request: HttpRequest, **named: Any) -> HttpResponseBase:
            actor = request.actor  # type: ignore[attr-defined]
            if actor.user_id is None:
                return to_sign_in(request)
            if request.second_factor_missing:  # type: ignore[attr-defined]
                query = urlencode({"next": request.path})
                return HttpResponseRedirect(f"{reverse('mfa_activate_totp')}?{query}")
            viewer = await viewer_of(request, actor)
            if viewer is None:
                return refused(request, None)
            tenant = named.get("tenant")
            if tenant is not None and tenant not in viewer.towns:
                raise Http404(tenant)
            if not _may(viewer, rule, tenant):
                return refused(request, viewer)
            try:
                answer = await view(request, viewer, **named)
            except Forbidden:
                return refused(request, viewer)
            # What only this person may see: no cache keeps it.
            answer.headers.setdefault("Cache-Control", "no-store")
            return answer

        inside.rule = rule  # type: ignore[attr-defined]
        return inside

    return around


def _may(viewer: Viewer, rule: Rule, tenant: str | None) -> bool:
    if rule.signers and viewer.signs:
        return True
    if not viewer.looks or (rule.whole and not viewer.whole):
        return False
    if not rule.acts:
        return True
    if tenant is not None and not rule.whole:
        return viewer.keeps(tenant)
    return viewer.keeps_whole if rule.whole else viewer.keeps_whole or bool(viewer.kept)


def refused(request: HttpRequest, viewer: Viewer | None) -> HttpResponse:
    """Return the page that says no."""
    if viewer is None:
        heading = _("These pages are for operators")
        text = _("You are signed in, but without the role of an operator or auditor.")
    else:
        heading = _("You may not do this")
        text = _("Your role does not allow it. Nothing was changed.")
    context = {"heading": heading, "text": text}
    return show(request, viewer, "console/refused.html", context, status=403)
