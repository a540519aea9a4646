"""What this installation decides where allauth asks: who may make an account, how failures count,
what a link in a mail looks like, how secrets are stored.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tamamo.accounts import lockout, oidc, records
from tamamo.accounts.addresses import absolute
from tamamo.accounts.requests import address_of
from tamamo.accounts.secretbox import SecretBox


class Accounts(DefaultAccountAdapter):
    """Local accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say whether anybody may make an account (TAMAMO_SIGN_UP)."""
        return bool(settings.INSTALLATION.sign_up)

    def new_user(self, request: HttpRequest) -> Any:
        """Return a user in the language of the page."""
        user = super().new_user(request)
        user.language = get_language() or "ja"
        return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a try before the password is looked at. Raises lockout.Locked."""
        email = credentials.get("email", "")
        self._try, locked = lockout.begin(email, address_of(request))
        for key in locked:
            records.locked(key)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Return the user of an e-mail and a password, None when they do not belong together."""
        user = super().authenticate(request, **credentials)
        if user is not None:
            self._try.went_well()
        return user

    def _rollback_login_failed_rl_usage(self) -> None:
        """allauth's own counting is off."""

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        lockout.clear(credentials.get("email", ""))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Note a wrong password of an account that is there."""
        records.refused(credentials.get("email", ""), address_of(request))

    def set_password(self, user: Any, password: str) -> None:
        """Store a new password; the record stands in the same transaction."""
        with transaction.atomic():
            super().set_password(user, password)
            records.password(user)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address a request comes from."""
        return address_of(request).partition("/")[0] or "127.0.0.1"

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link of the mail, never built from the Host header."""
        name = "account_reset_password_from_key"
        path = reverse(name, kwargs={"uidb36": "UID", "key": "KEY"})
        return absolute(path.replace("UID-KEY", key))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """Return the link of the mail that confirms an address."""
        return absolute(reverse("account_confirm_email", args=[emailconfirmation.key]))

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tell the owner of an address that somebody wanted an account with it."""
        context = {"password_reset_url": absolute(reverse("account_reset_password"))}
        self.send_mail("account/email/account_already_exists", email, context)

    def format_email_subject(self, subject: str) -> str:
        """Return the subject of a mail."""
        return subject

    def render_mail(
        self, template_prefix: str, email: str, context: dict[str, Any], headers: Any = None
    ) -> Any:
        """Return a mail; it names this installation, not the host that was asked."""
        named = {**context, "site": absolute("/"), "site_name": _("Tamamo")}
        return super().render_mail(template_prefix, email, named, headers)

    def is_safe_url(self, url: str) -> bool:
        """Say whether a page may lead there after signing in: paths of this site, nothing else."""
        return url.startswith("/") and super().is_safe_url(url)


class SecondFactor(DefaultMFAAdapter):
    """TOTP and recovery codes."""

    def build_totp_svg(self, url: str) -> str:
        """Return the QR code of a secret as SVG without inline style."""
        import segno  # noqa: PLC0415 - only for this page

        code = segno.make(url, error="m")
        svg: str = code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=False)
        return svg

    def encrypt(self, text: str) -> str:
        """Return a secret as it is stored: who has the database alone cannot make codes."""
        return SecretBox(settings.INSTALLATION.home).seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return a stored secret."""
        return SecretBox(settings.INSTALLATION.home).open(encrypted_text)


class Providers(DefaultSocialAccountAdapter):
    """Accounts kept elsewhere (OpenID Connect)."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Say whether the provider's people get an account at their first sign-in."""
        return self._provider(sociallogin).sign_up

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        """Fill a new account with what the provider says."""
        user = super().populate_user(request, sociallogin, data)
        user.email = (data.get("email") or "").lower()
        user.name = data.get("name") or ""
        user.language = get_language() or "ja"
        user.home_tenant = self._provider(sociallogin).tenant
        return user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Note what a provider's answer lacked; the page says it in general words."""
        records.provider_failed(str(provider), error, exception)

    def can_authenticate_by_email(self, login: Any, email: str) -> bool:
        """Say whether a confirmed e-mail is enough to be the account that has it here."""
        return self._provider(login).link_by_email

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        """Return where somebody comes to who has joined such an account to the one here."""
        return reverse("account_index")

    def _provider(self, sociallogin: Any) -> oidc.Provider:
        known: dict[str, oidc.Provider] = settings.OIDC_PROVIDERS
        return known[sociallogin.account.provider]

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """Say only what matters."""
        if level >= messages.WARNING:
            super().add_message(request, level, *args, **kwargs)
