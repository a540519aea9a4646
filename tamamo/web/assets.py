"""Built static files: logical names to hashed addresses."""

import json
from functools import cache

import structlog
from django.conf import settings

logger = structlog.get_logger()


@cache
def manifest() -> dict[str, str]:
    """Return logical name → hashed name; empty, with one warning, before the first build."""
    try:
        text = (settings.ASSET_ROOT / "manifest.json").read_text()
    except OSError:
        logger.warning("front end not built: pages are plain", hint="npm run build")
        return {}
    names: dict[str, str] = json.loads(text)
    return names


def asset_url(name: str) -> str:
    """Return the address of a built file, or "" before the first build."""
    hashed = manifest().get(name)
    return f"{settings.ASSET_URL}{hashed}" if hashed else ""
