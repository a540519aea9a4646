"""Who may see a page: decorators for views, sync and async.

    @signed_in
    async def account(request): …

    @requires(Role.EDITOR, Role.APPROVER, tenant="town")      # the URL's `town`
    async def register(request, town): … request.access …

Whoever is not signed in goes to the sign-in page and comes back afterwards; whoever lacks the role
gets a 403 page that says which.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tamamo.accounts.requests import broker_of
from tamamo.kernel.identity import EVERY_TENANT, Role

View = Callable[..., Any]

NAMES = {
    Role.RESIDENT: gettext_lazy("resident"),
    Role.REPORTER: gettext_lazy("reporter"),
    Role.EDITOR: gettext_lazy("department editor"),
    Role.APPROVER: gettext_lazy("approver"),
    Role.OPERATOR: gettext_lazy("operator"),
    Role.AUDITOR: gettext_lazy("auditor"),
    Role.DEVELOPER: gettext_lazy("developer"),
    Role.DEVICE: gettext_lazy("device"),
}


def signed_in(view: View) -> View:
    """Let only people with a session see a view."""
    return _guarded(view, (), None)


def requires(*roles: Role, tenant: str | None = None) -> Callable[[View], View]:
    """Let only people with one of the roles see a view; an operator may see all.

    tenant: the name of the view's argument that names the tenant; `request.access` is then what
    the person may do there. None: the role in any tenant will do. EVERY_TENANT: only roles for
    the whole installation count.
    """

    def decorate(view: View) -> View:
        return _guarded(view, roles, tenant)

    return decorate


def _guarded(view: View, roles: tuple[Role, ...], tenant: str | None) -> View:
    if iscoroutinefunction(view):

        @wraps(view)
        async def asynchronous(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            answer = await _refusal(request, roles, _town(tenant, kwargs))
            return answer or await view(request, *args, **kwargs)

        return asynchronous

    @wraps(view)
    def synchronous(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        answer = async_to_sync(_refusal)(request, roles, _town(tenant, kwargs))
        return answer or view(request, *args, **kwargs)

    return synchronous


def _town(tenant: str | None, arguments: dict[str, Any]) -> str | None:
    return tenant if tenant in (None, EVERY_TENANT) else str(arguments[str(tenant)])


async def _refusal(
    request: HttpRequest, roles: tuple[Role, ...], tenant: str | None
) -> HttpResponse | None:
    """Return the answer that stands in for the view; None: it may be seen."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.user_id is None:
        return to_sign_in(request)
    if not roles:
        return None
    if request.second_factor_missing:  # type: ignore[attr-defined]
        return HttpResponseRedirect(_with_next(reverse("mfa_activate_totp"), request))
    wanted = {*roles, Role.OPERATOR}
    if tenant is not None and tenant != EVERY_TENANT:
        access = await broker_of(request).identity.access(actor, tenant)
        request.access = access  # type: ignore[attr-defined]
        held = access.roles
    else:
        held = frozenset(g.role for g in actor.grants if tenant in (None, g.tenant))
    return None if wanted & held else refuse(request, roles, tenant)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Answer with the sign-in page, which leads back here."""
    answer = HttpResponseRedirect(_with_next(reverse("account_login"), request))
    answer["Cache-Control"] = "no-store"
    return answer


def _with_next(url: str, request: HttpRequest) -> str:
    # What was sent cannot be sent again: back to the page it was sent from.
    here = request.get_full_path() if request.method in ("GET", "HEAD") else request.path
    return f"{url}?{urlencode({'next': here})}"


def refuse(
    request: HttpRequest, roles: tuple[Role, ...] = (), tenant: str | None = None
) -> HttpResponse:
    """Answer 403 and say which role is missing, and where."""
    town = None
    if tenant == EVERY_TENANT:
        town = _("the whole installation")
    elif tenant is not None:
        town = tenant
    context = {
        "roles": [NAMES[role] for role in roles],
        "town": town,
        "held": [(NAMES[g.role], g.tenant) for g in request.actor.grants],  # type: ignore[attr-defined]
    }
    return render(request, "account/refused.html", context, status=403)
