"""The endpoints: consent page, token, revocation (RFC 7009), introspection (RFC 7662)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse, translate_url
from django.utils.translation import get_language
from oauth2_provider.exceptions import OAuthToolkitError
from oauth2_provider.models import AccessToken
from oauth2_provider.views import AuthorizationView, IntrospectTokenView, RevokeTokenView, TokenView
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError

from tamamo.accounts.access import to_sign_in
from tamamo.accounts.pages import private
from tamamo.accounts.requests import broker_of, scope_of
from tamamo.accounts.tokens.scopes import TEXTS
from tamamo.kernel.towns.errors import TooManyRequests

#: What programs may use to get a token. The device flow is not offered.
GRANTS = frozenset({"client_credentials", "authorization_code", "refresh_token"})


class Consent(AuthorizationView):
    """Asks somebody whether a program may act for them (RFC 6749, 4.1)."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Lead whoever needs a second factor to it first: a token would count without one."""
        if getattr(request, "second_factor_missing", False):
            query = urlencode({"next": request.get_full_path()})
            return HttpResponseRedirect(f"{reverse('mfa_activate_totp')}?{query}")
        return super().dispatch(request, *args, **kwargs)

    def handle_no_permission(self) -> HttpResponse:
        """Lead to the sign-in page and back."""
        return to_sign_in(self.request)

    def validate_authorization_request(self, request: HttpRequest) -> Any:
        """Return what is asked for. Raises OAuthToolkitError without a proof key (RFC 7636)."""
        scopes, credentials = super().validate_authorization_request(request)
        _require_proof(credentials)
        return scopes, credentials

    def form_valid(self, form: Any) -> Any:
        """Take the answer; what the form holds is looked at again."""
        try:
            _require_proof(form.cleaned_data)
        except OAuthToolkitError:
            return HttpResponse("invalid_request", status=400)
        return super().form_valid(form)

    def redirect(self, redirect_to: str, application: Any) -> Any:
        """Lead back to the program; the page's form may go there, nowhere else."""
        answer = super().redirect(redirect_to, application)
        parts = urlsplit(redirect_to)
        answer.form_targets = [f"{parts.scheme}://{parts.netloc}"]
        return answer

    def render_to_response(self, context: Any, **kwargs: Any) -> Any:
        """Show the page."""
        answer = super().render_to_response(context, **kwargs)
        if application := context.get("application"):
            answer.form_targets = [
                f"{parts.scheme}://{parts.netloc}"
                for parts in map(urlsplit, application.redirect_uris.split())
            ]
        return answer


_consent = Consent.as_view()


def _require_proof(credentials: Mapping[str, Any]) -> None:
    challenge, method = (credentials.get(f"code_challenge{end}") for end in ("", "_method"))
    # S256 is 32 bytes in base64 without padding.
    if method == "S256" and len(challenge or "") == 43:
        return
    error = InvalidRequestError(
        description="A code_challenge with the method S256 is needed (RFC 7636)",
        state=credentials.get("state"),
    )
    error.redirect_uri = credentials.get("redirect_uri")
    raise OAuthToolkitError(error=error, redirect_uri=credentials.get("redirect_uri"))


def authorize(request: HttpRequest) -> HttpResponseBase:
    """Show the consent page, in the language of ui_locales; or take the answer."""
    wanted = request.GET.get("ui_locales", "").split()
    first = next((code[:2] for code in wanted if code[:2] in ("ja", "en")), None)
    if request.method == "GET" and first and first != get_language():
        return HttpResponseRedirect(translate_url(request.get_full_path(), first))
    return private(_consent(request))


def token(request: HttpRequest) -> HttpResponseBase:
    """Give a token (RFC 6749, 3.2)."""
    if refusal := _refusal(request):
        return refusal
    if request.POST.get("grant_type") not in GRANTS:
        return _error("unsupported_grant_type", "This grant type is not offered")
    # One transaction: a code that comes twice at once is seen, and what was made of it goes.
    with transaction.atomic():
        answer: HttpResponseBase = TokenView.as_view()(request)
    return private(answer)


def revoke(request: HttpRequest) -> HttpResponseBase:
    """Make a token void; one that is not there is void already."""
    return _refusal(request) or private(RevokeTokenView.as_view()(request))


class _Introspection(IntrospectTokenView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Say what a token is good for; whose it is by id, never by address."""
        found: HttpResponse = self.get_token_response(request.POST.get("token"))
        if found.status_code != 200:
            return found
        from tamamo.accounts.tokens.validator import _checksum  # noqa: PLC0415 - loads much

        checksum = _checksum(request.POST["token"])
        held = (
            AccessToken.objects.select_related("user", "application")
            .filter(token_checksum=checksum)
            .first()
        )
        if held is None or not held.is_valid() or not held.application.is_usable(request):
            return JsonResponse({"active": False})
        if held.user is not None and not held.user.is_active:
            return JsonResponse({"active": False})
        subject = held.user.subject if held.user else held.application.subject
        return JsonResponse(
            {
                "active": True,
                "scope": held.scope,
                "client_id": held.application.client_id,
                "token_type": "Bearer",
                "exp": int(held.expires.timestamp()),
                "iat": int(held.created.timestamp()),
                "sub": subject,
            }
        )


def introspect(request: HttpRequest) -> HttpResponseBase:
    """Tell a client what a token is good for."""
    return _refusal(request) or private(_Introspection.as_view()(request))


def metadata(request: HttpRequest) -> HttpResponse:
    """Say where everything is (RFC 8414)."""
    from tamamo.accounts.addresses import absolute  # noqa: PLC0415

    return JsonResponse(
        {
            "issuer": absolute("").rstrip("/"),
            "authorization_endpoint": absolute(reverse("oauth_authorize")),
            "token_endpoint": absolute(reverse("oauth_token")),
            "revocation_endpoint": absolute(reverse("oauth_revoke")),
            "introspection_endpoint": absolute(reverse("oauth_introspect")),
            "scopes_supported": list(TEXTS),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": sorted(GRANTS),
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
            "ui_locales_supported": ["ja", "en"],
        }
    )


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """Return the answer to who may not even try now."""
    if request.method != "POST":
        # A secret in an address would stand in logs.
        answer: HttpResponse = _error("invalid_request", "Send a POST with a form", 405)
        answer["Allow"] = "POST"
        return answer
    try:
        broker_of(request).limits.check_sign_in(scope_of(request))
    except TooManyRequests as error:
        seconds = str(int(error.extra.get("seconds", 60)))
        answer = _error("temporarily_unavailable", f"Too many requests: wait {seconds} s", 429)
        answer["Retry-After"] = seconds
        return answer
    return None


def _error(kind: str, text: str, status: int = 400) -> HttpResponse:
    answer = JsonResponse({"error": kind, "error_description": text}, status=status)
    answer["Cache-Control"] = "no-store"
    return answer
