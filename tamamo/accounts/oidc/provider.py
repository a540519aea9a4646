"""The provider as allauth knows it, with what OpenID Connect Core asks beyond OAuth2.

The library leaves the nonce out and takes an ID token's word when it came over the back channel;
here its signature, issuer, audience, times and nonce are checked (OpenID Connect Core 3.1.3.7).
"""

import hmac
import secrets
from typing import Any

from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect import provider as library
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest
from django.urls import reverse

from tamamo.accounts.addresses import absolute


class Adapter(OpenIDConnectOAuth2Adapter):
    """Speaks to one provider."""

    #: What was sent when the sign-in began; None: the answer belongs to no sign-in.
    nonce: str | None = None

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """Return the login. Raises OAuth2Error when the answer has no ID token."""
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("The answer has no ID token")
        return super().complete_login(request, app, token, **kwargs)

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        self.did_fetch_access_token = False  # so that the signature is checked
        claims: dict[str, Any] = super()._decode_id_token(app, id_token)
        if self.nonce is None or not hmac.compare_digest(str(claims.get("nonce")), self.nonce):
            raise OAuth2Error("The ID token is not for this sign-in")
        return claims

    def _fetch_user_info(self, access_token: str) -> dict[str, Any]:
        claims: dict[str, Any] = super()._fetch_user_info(access_token)
        return claims

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        """Return where the provider sends people back: as this installation calls itself."""
        name = "openid_connect_callback"
        return absolute(reverse(name, kwargs={"provider_id": self.provider_id}))


class Provider(library.OpenIDConnectProvider):
    """One provider of HOME/oidc.toml."""

    oauth2_adapter_class = Adapter
    pkce_enabled_default = True

    def redirect(
        self,
        request: HttpRequest,
        process: str,
        next_url: str | None = None,
        data: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Send somebody to the provider, with a nonce that its ID token has to repeat."""
        nonce = secrets.token_urlsafe(24)
        # What the address of our own page says about parameters does not go on.
        kwargs |= {"auth_params": {**self.get_auth_params(), "nonce": nonce}, "nonce": nonce}
        kwargs["scope"] = self.get_scope()
        return super().redirect(request, process, next_url, data, **kwargs)

    def sociallogin_from_response(self, request: HttpRequest, response: dict[str, Any]) -> Any:
        """Return the login. Raises OAuth2Error when userinfo is about somebody else."""
        told, proved = response.get("userinfo"), response.get("id_token")
        if told and proved and told.get("sub") != proved.get("sub"):
            raise OAuth2Error("The user information is about somebody else")
        return super().sociallogin_from_response(request, response)


provider_classes = [Provider]
