"""Django's settings, derived from the installation's own (tamamo.kernel.settings)."""

from importlib.util import find_spec
from pathlib import Path

from tamamo.accounts import configuration as accounts
from tamamo.kernel import settings as kernel_settings
from tamamo.web.hosts import allowed_hosts
from tamamo.web.messages import compile_catalogues
from tamamo.web.signing import signing_key

_HERE = Path(__file__).parent
_HAS_PLAN = find_spec("tamamo.plan") is not None and find_spec("tamamo.plan.urls") is not None

INSTALLATION = kernel_settings.load()

SECRET_KEY = signing_key(INSTALLATION.home)
DEBUG = False
#: Nothing here is built from the Host header but the comparison of a form's Origin with it; an
#: installation that knows its name answers to that, and to this machine's own.
ALLOWED_HOSTS = allowed_hosts(INSTALLATION)
INSTALLED_APPS = ["tamamo.web", *accounts.APPS, *(["tamamo.plan"] if _HAS_PLAN else [])]
# Database, sessions, sign-in, tokens.
globals().update(accounts.django_settings(INSTALLATION))
ROOT_URLCONF = "tamamo.web.urls"
APPEND_SLASH = True
MIDDLEWARE = [
    "tamamo.web.security.content_security",
    "django.middleware.security.SecurityMiddleware",
    "tamamo.web.compression.Compression",
    "tamamo.web.drills.marked_files",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "tamamo.accounts.middleware.people",
    "tamamo.web.errors.refused_bodies",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tamamo.web.towns.TownMiddleware",
    "tamamo.web.marks.city_marks",
    "tamamo.web.portal.warnings.banner.warnings_in_force",
    "tamamo.web.errors.WithoutDatabase",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "tamamo.web.menu.page",
                "tamamo.web.drills.page",
            ],
            "builtins": ["tamamo.web.templatetags.tamamo_web"],
        },
    }
]

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Tokyo"
#: A face, or a part of one, with many texts of its own keeps them in a catalogue of its own.
LOCALE_PATHS: list[Path] = [_HERE / "locale", *sorted(_HERE.glob("*/**/locale"))]
compile_catalogues(_HERE.parent)

CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "tamamo.web.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
#: Strict-Transport-Security comes from tamamo.kernel.http, for every face.
FILE_UPLOAD_PERMISSIONS = 0o600
#: Forms here are small; the broker's bodies do not come this way.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
#: The columns of a table have ten fields each; the bytes above bound the form as a whole.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

#: Static files: built by `npm run build`, served by tamamo.web.asgi.
ASSET_ROOT = _HERE / "static" / "build"
ASSET_URL = "/static/"
#: The only foreign host a page may talk to: the base map of 国土地理院.
MAP_HOST = "https://cyberjapandata.gsi.go.jp"
LOGGING_CONFIG = None
