"""What Django's settings need so that people can sign in and programs get tokens.

`tamamo.web.settings` takes all of it in. Imported before Django is set up: nothing here may import
a model.
"""

from typing import Any
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from tamamo.accounts import late, oidc
from tamamo.accounts.addresses import installation_url
from tamamo.kernel.errors import SetupError
from tamamo.kernel.settings import Settings

APPS = (
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "tamamo.accounts",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "tamamo.accounts.oidc",
    "allauth.mfa",
    "allauth.usersessions",
    "oauth2_provider",
)

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def database(dsn: str | None) -> dict[str, Any]:
    """Return DATABASES for a libpq connection string, a unix socket's included; None: no database.

    Connections are pooled and given back when nobody has used them for half a minute: a server
    at rest keeps none for Django.
    """
    if dsn is None:
        return {}
    given = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    entry = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": given.pop("dbname", ""),
        "USER": given.pop("user", ""),
        "PASSWORD": given.pop("password", ""),
        "HOST": given.pop("host", ""),
        "PORT": given.pop("port", ""),
        "OPTIONS": {
            "connect_timeout": 10,
            **given,
            "pool": {
                "min_size": 0,
                "max_size": 4,
                "max_idle": 30,
                "timeout": 5,
                "reconnect_timeout": 3,
                "num_workers": 1,
            },
        },
    }
    return {"default": entry}


def secure(settings: Settings) -> bool:
    """Say whether browsers reach this installation by https."""
    return urlsplit(settings.public_url or "").scheme == "https"


def django_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings of this part, by their names in Django."""
    late.put_off()
    return {
        "DATABASES": database(settings.database_url),
        "CACHES": {
            "default": {
                # Shared by all processes: limits and used TOTP codes count everywhere.
                "BACKEND": "django.core.cache.backends.db.DatabaseCache",
                "LOCATION": "django_cache",
            }
        },
        **_sessions(settings),
        **_sign_in(settings),
        **_tokens(settings),
        **_mail(settings),
    }


def _sessions(settings: Settings) -> dict[str, Any]:
    https = secure(settings)
    # Behind a proxy that ends TLS, requests look like http while browsers say https.
    own = [installation_url(settings)] if settings.public_url else []
    prefix = "__Host-" if https else ""
    return {
        "SESSION_ENGINE": "django.contrib.sessions.backends.db",
        "SESSION_COOKIE_NAME": f"{prefix}session",
        "SESSION_COOKIE_SECURE": https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_AGE": int(settings.session_hours * _HOUR),
        "SESSION_SAVE_EVERY_REQUEST": False,
        "CSRF_COOKIE_NAME": f"{prefix}csrf",
        "CSRF_COOKIE_SECURE": https,
        "CSRF_TRUSTED_ORIGINS": own,
        "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
    }


def _sign_in(settings: Settings) -> dict[str, Any]:
    providers = oidc.usable(settings.home)
    return {
        "AUTH_USER_MODEL": "accounts.User",
        "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
        "PASSWORD_HASHERS": [
            f"tamamo.accounts.hashers.{name}" for name in ("Argon2", "RandomSecret")
        ],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": f"django.contrib.auth.password_validation.{name}", **options}
            for name, options in (
                ("UserAttributeSimilarityValidator", {"OPTIONS": {"user_attributes": ["email"]}}),
                ("MinimumLengthValidator", {"OPTIONS": {"min_length": 10}}),
                ("CommonPasswordValidator", {}),
                ("NumericPasswordValidator", {}),
            )
        ],
        "PASSWORD_RESET_TIMEOUT": 2 * _HOUR,
        "LOGIN_URL": "account_login",
        "LOGIN_REDIRECT_URL": "account_index",
        "ACCOUNT_ADAPTER": "tamamo.accounts.adapters.Accounts",
        "ACCOUNT_FORMS": {},
        "ACCOUNT_USER_MODEL_USERNAME_FIELD": None,
        "ACCOUNT_LOGIN_METHODS": {"email"},
        "ACCOUNT_SIGNUP_FIELDS": ["email*", "password1*", "password2*"],
        "ACCOUNT_EMAIL_VERIFICATION": "mandatory",
        "ACCOUNT_EMAIL_SUBJECT_PREFIX": "",
        "ACCOUNT_PREVENT_ENUMERATION": True,
        "ACCOUNT_SESSION_REMEMBER": True,
        "ACCOUNT_LOGOUT_REDIRECT_URL": "home",
        "ACCOUNT_CHANGE_EMAIL": True,
        "ACCOUNT_REAUTHENTICATION_REQUIRED": True,
        "ACCOUNT_REAUTHENTICATION_TIMEOUT": 10 * _MINUTE,
        # Failed sign-ins and codes are counted by tamamo.accounts.lockout, with Retry-After.
        "ACCOUNT_RATE_LIMITS": {"login": None, "login_failed": None},
        "ACCOUNT_EMAIL_NOTIFICATIONS": True,
        "MFA_ADAPTER": "tamamo.accounts.adapters.SecondFactor",
        "MFA_SUPPORTED_TYPES": ["totp", "recovery_codes"],
        "MFA_TOTP_ISSUER": "Tamamo",
        "MFA_TOTP_TOLERANCE": 1,
        "SOCIALACCOUNT_ADAPTER": "tamamo.accounts.adapters.Providers",
        "OIDC_PROVIDERS": providers,
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": oidc.configuration(providers)},
        "SOCIALACCOUNT_STORE_TOKENS": False,
        "SOCIALACCOUNT_LOGIN_ON_GET": True,
        "SOCIALACCOUNT_QUERY_EMAIL": True,
        "SOCIALACCOUNT_EMAIL_AUTHENTICATION": True,
        "SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT": True,
        "USERSESSIONS_TRACK_ACTIVITY": True,
    }


def _tokens(settings: Settings) -> dict[str, Any]:
    return {
        "OAUTH2_PROVIDER_APPLICATION_MODEL": "accounts.Client",
        "OAUTH2_PROVIDER": {
            "OAUTH2_VALIDATOR_CLASS": "tamamo.accounts.tokens.validator.Validator",
            "SCOPES_BACKEND_CLASS": "tamamo.accounts.tokens.scopes.Scopes",
            "PKCE_REQUIRED": True,
            "OIDC_ISS_ENDPOINT": installation_url(settings),
            "ACCESS_TOKEN_EXPIRE_SECONDS": _HOUR,
            "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * _DAY,
            "AUTHORIZATION_CODE_EXPIRE_SECONDS": _MINUTE,
            "ROTATE_REFRESH_TOKEN": True,
            "REFRESH_TOKEN_REUSE_PROTECTION": True,
            "REQUEST_APPROVAL_PROMPT": "force",
            "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"],
            "CLIENT_SECRET_HASHER": "random_secret",
            **{
                f"COMPLIANT_BCP_RFC9700_{name}": True
                for name in ("IMPLICIT_GRANT", "PASSWORD_GRANT", "PKCE_METHOD", "TOKEN_STORAGE")
            },
            "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
            "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
        },
    }


def _mail(settings: Settings) -> dict[str, Any]:
    common = {"DEFAULT_FROM_EMAIL": settings.mail_from, "SERVER_EMAIL": settings.mail_from}
    if settings.mail_server is None:
        return {**common, "EMAIL_BACKEND": "tamamo.accounts.mail.Kept"}
    if settings.mail_security not in ("starttls", "tls", "plain"):
        raise SetupError(
            f"TAMAMO_MAIL_SECURITY={settings.mail_security!r} is not usable:"
            " it is starttls, tls or plain"
        )
    parts = urlsplit(f"//{settings.mail_server}")
    usual = {"starttls": 587, "tls": 465, "plain": 25}[settings.mail_security]
    return {
        **common,
        "EMAIL_BACKEND": "tamamo.accounts.mail.Sent",
        "EMAIL_HOST": parts.hostname or "",
        "EMAIL_PORT": parts.port or usual,
        "EMAIL_HOST_USER": settings.mail_user or "",
        "EMAIL_HOST_PASSWORD": settings.mail_password or "",
        "EMAIL_USE_TLS": settings.mail_security == "starttls",
        "EMAIL_USE_SSL": settings.mail_security == "tls",
        "EMAIL_TIMEOUT": 10,
    }
