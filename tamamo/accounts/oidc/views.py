"""The two steps of signing in elsewhere."""

from typing import Any

from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.http import Http404, HttpRequest, HttpResponseForbidden
from django.http.response import HttpResponseBase

from tamamo.accounts.oidc.provider import Adapter

#: Where a browser may come from to begin: our own pages, or an address typed by hand.
_FROM_HERE = frozenset({"same-origin", "none", ""})


class _Callback(OAuth2CallbackView):
    def _get_state(self, request: HttpRequest, provider: Any) -> Any:
        state, answer = super()._get_state(request, provider)
        if state:
            self.adapter.nonce = state.get("nonce")
        return state, answer


def login(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Send somebody to the provider; other sites cannot make a browser begin this."""
    if request.headers.get("Sec-Fetch-Site", "") not in _FROM_HERE:
        return HttpResponseForbidden()
    return _answer(OAuth2LoginView, request, provider_id)


def callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Take what the provider says, once."""
    return _answer(_Callback, request, provider_id)


def _answer(view: Any, request: HttpRequest, provider_id: str) -> HttpResponseBase:
    try:
        answer: HttpResponseBase = view.adapter_view(Adapter(request, provider_id))(request)
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    return answer
