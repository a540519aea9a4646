"""What happens to accounts and sessions, noted in the audit log."""

import time
from typing import Any

import structlog
from allauth.account.signals import email_confirmed, user_signed_up
from allauth.core import context
from allauth.mfa import signals as second_factor
from allauth.socialaccount.signals import social_account_added
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import connection, transaction

from tamamo.accounts import lockout
from tamamo.accounts.middleware import SEEN, SINCE
from tamamo.accounts.models import User
from tamamo.accounts.requests import address_of
from tamamo.kernel.audit import Event, append_sync

#: Whose log holds what concerns no town.
INSTALLATION_TENANT = "default"

logger = structlog.get_logger()


def follow() -> None:
    """Connect to the signals of Django and allauth, once."""
    user_logged_in.connect(_began, dispatch_uid="tamamo")
    user_logged_out.connect(_ended, dispatch_uid="tamamo")
    user_signed_up.connect(_signed_up, dispatch_uid="tamamo")
    email_confirmed.connect(_confirmed, dispatch_uid="tamamo")
    social_account_added.connect(_linked, dispatch_uid="tamamo")
    second_factor.authenticator_added.connect(_factor_added, dispatch_uid="tamamo")
    second_factor.authenticator_removed.connect(_factor_removed, dispatch_uid="tamamo")
    second_factor.authenticator_reset.connect(_factor_renewed, dispatch_uid="tamamo")
    second_factor.authentication_failed.connect(_code_wrong, dispatch_uid="tamamo")
    second_factor.authenticator_used.connect(_code_right, dispatch_uid="tamamo")


def note(
    user: User,
    action: str,
    *,
    by: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write one row about a user, in the transaction that is open; by: None: the user."""
    tenant = user.home_tenant or INSTALLATION_TENANT
    event = Event(tenant, by or user.subject, action, user.subject, before, after)
    with transaction.atomic(), connection.cursor() as cursor:
        append_sync(cursor, event)


def refused(email: str, address: str) -> None:
    """A password was wrong. Of accounts that do not exist nothing is kept."""
    user = User.objects.filter(email__iexact=email.strip()).first()
    if user is not None:
        note(user, "session.refuse", by="anonymous", after={"address": address})


def locked(key: str) -> None:
    """An account or an address has failed too often."""
    event = Event(INSTALLATION_TENANT, "system:accounts", "session.lock", key)
    with transaction.atomic(), connection.cursor() as cursor:
        append_sync(cursor, event)


def password(user: User) -> None:
    """A password was set by its owner."""
    note(user, "user.password")


def provider_failed(provider: str, error: Any, exception: Exception | None) -> None:
    """A sign-in elsewhere did not end well."""
    logger.warning(
        "provider_failed",
        provider=provider,
        error=str(error),
        reason=type(exception).__name__ if exception else None,
    )


def _began(sender: Any, request: Any, user: User, **_: Any) -> None:
    request.session[SINCE] = request.session[SEEN] = time.time()
    note(user, "session.begin", after={"address": address_of(request)})


def _ended(sender: Any, request: Any, user: User | None, **_: Any) -> None:
    if user is not None:
        note(user, "session.end")


def _signed_up(sender: Any, request: Any, user: User, **_: Any) -> None:
    note(user, "user.create", after={"email": user.email, "language": user.language})


def _confirmed(sender: Any, request: Any, email_address: Any, **_: Any) -> None:
    note(email_address.user, "user.email", after={"confirmed": email_address.email})


def _linked(sender: Any, request: Any, sociallogin: Any, **_: Any) -> None:
    after = {"provider": sociallogin.account.provider, "account": sociallogin.account.uid}
    note(sociallogin.user, "user.link", after=after)


def _factor_added(sender: Any, user: User, authenticator: Any, **_: Any) -> None:
    note(user, "user.second-factor", after={"kind": authenticator.type})


def _factor_removed(sender: Any, user: User, authenticator: Any, **_: Any) -> None:
    note(user, "user.second-factor", before={"kind": authenticator.type})


def _factor_renewed(sender: Any, user: User, authenticator: Any, **_: Any) -> None:
    note(user, "user.second-factor", after={"kind": authenticator.type, "renewed": True})


def _code_wrong(sender: Any, request: Any, user: User, **_: Any) -> None:
    """Count a wrong code as a wrong password. Raises lockout.Locked when that is one too many."""
    address = address_of(request or context.request)
    just_locked = lockout.begin(_codes_of(user), address)[1]
    for key in just_locked:
        locked(key)
    note(user, "session.refuse", by="anonymous", after={"address": address, "code": True})


def _code_right(sender: Any, user: User, **_: Any) -> None:
    lockout.clear(_codes_of(user))


def _codes_of(user: User) -> str:
    """Codes are counted apart: a right password must not wipe out what was guessed of them."""
    return f"{user.subject}:codes"
