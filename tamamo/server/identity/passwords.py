"""Passwords from the terminal: by the same rules as on the pages."""

import secrets

import msgspec

from tamamo.kernel.errors import SetupError
from tamamo.kernel.settings import Settings


def generate() -> str:
    """Return a password that nobody has to think of: 96 random bits."""
    return secrets.token_urlsafe(12)


def check(password: str, settings: Settings) -> None:
    """Raise SetupError with the reasons when the rules of the pages refuse a password."""
    from django.conf import settings as django_settings  # noqa: PLC0415 - one verb needs Django
    from django.core.exceptions import ValidationError  # noqa: PLC0415

    from tamamo.accounts import configuration  # noqa: PLC0415

    if not django_settings.configured:
        # The database is not asked anything here; Django only wants to be told of one.
        whole = configuration.django_settings(
            msgspec.structs.replace(settings, database_url="dbname=unused")
        )
        rules = whole["AUTH_PASSWORD_VALIDATORS"]
        django_settings.configure(USE_I18N=False, AUTH_PASSWORD_VALIDATORS=rules)
    from django.contrib.auth.password_validation import validate_password  # noqa: PLC0415

    try:
        validate_password(password)
    except ValidationError as error:
        raise SetupError(" ".join(error.messages)) from error
