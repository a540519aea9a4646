"""The web faces as one ASGI application: static files, then Django.

The outer application (tamamo.asgi) mounts it and hands the open broker over in the request's
scope: `scope["state"]["broker"]`.
"""

import os
import re
from typing import Any

from django.core.asgi import get_asgi_application
from servestatic.asgi import ServeStaticASGI

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamamo.web.settings")
django_application = get_asgi_application()

from django.conf import settings  # noqa: E402  (after the settings module is named)

from tamamo.web.security import POLICY  # noqa: E402
from tamamo.web.towns import TownPrefix  # noqa: E402

_HASHED = re.compile(r"-[0-9A-Z]{8}\.\w+$")


def _with_policy(headers: Any, _path: str, _url: str) -> None:
    """A worker obeys the policy of its own script: the map's fetches what pages may fetch."""
    headers["Content-Security-Policy"] = POLICY.format(map_host=settings.MAP_HOST)


def _immutable(_: str, url: str) -> bool:
    return _HASHED.search(url) is not None


application = ServeStaticASGI(
    TownPrefix(django_application),
    root=settings.ASSET_ROOT if settings.ASSET_ROOT.is_dir() else None,
    prefix=settings.ASSET_URL,
    max_age=60,
    allow_all_origins=False,
    immutable_file_test=_immutable,
    add_headers_function=_with_policy,
)
