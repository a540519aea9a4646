"""What stands behind oauthlib's rules: codes that come again, people who are switched off.

django-oauth-toolkit stores tokens hashed and deletes a code that was used; this adds RFC 6749,
4.1.2: a code that comes again makes the tokens made from it void.
"""

import hashlib
from typing import Any

from django.db import connection
from django.utils import timezone
from oauth2_provider.models import AccessToken, Grant, RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator

from tamamo.accounts.models import Client, UsedCode
from tamamo.accounts.records import INSTALLATION_TENANT
from tamamo.kernel.audit import Event, append_sync


class Validator(OAuth2Validator):
    """Rules of this installation. Called inside one transaction a request (views.token)."""

    def validate_code(
        self, client_id: str, code: str, client: Client, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Say whether a code is there and in force; two requests with one code wait in line."""
        Grant.objects.select_for_update().filter(code=code, application=client).first()
        valid = bool(super().validate_code(client_id, code, client, request, *args, **kwargs))
        if not valid:
            self._came_again(code, client)
        elif not request.user.is_active:
            return False
        return valid

    def validate_refresh_token(
        self, refresh_token: str, client: Client, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Say whether a refresh token counts, and its user still may sign in."""
        found = super().validate_refresh_token(refresh_token, client, request, *args, **kwargs)
        return bool(found and request.user.is_active)

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any
    ) -> None:
        """Remove a code that was used, and remember what came of it."""
        super().invalidate_authorization_code(client_id, code, request, *args, **kwargs)
        token = AccessToken.objects.filter(pk=getattr(request, "saved_token", None)).first()
        refresh = RefreshToken.objects.filter(access_token=token).first() if token else None
        UsedCode.objects.create(
            checksum=_checksum(code),
            client=request.client,
            access_token=token.pk if token else None,
            token_family=refresh.token_family if refresh else None,
        )

    def _create_access_token(self, *args: Any, **kwargs: Any) -> AccessToken:
        token = super()._create_access_token(*args, **kwargs)
        request = args[1] if len(args) > 1 else kwargs["request"]
        request.saved_token = token.pk
        Client.objects.filter(pk=token.application_id).update(last_used_at=timezone.now())
        return token

    def _came_again(self, code: str, client: Client) -> None:
        used = UsedCode.objects.filter(checksum=_checksum(code), client=client).first()
        if used is None:
            return
        AccessToken.objects.filter(pk=used.access_token).delete()
        RefreshToken.revoke_family(used.token_family)
        tenant = client.home_tenant or INSTALLATION_TENANT
        event = Event(tenant, client.subject, "client.code-again", client.subject)
        with connection.cursor() as cursor:
            append_sync(cursor, event)


def _checksum(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
