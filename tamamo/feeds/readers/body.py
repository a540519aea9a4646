"""The body of an answer of a source as JSON."""

from typing import Any

import orjson

from tamamo.feeds.errors import UpdateFailed


def json_of(body: bytes) -> Any:
    """Return what a body holds. Raises UpdateFailed where it is not JSON."""
    try:
        return orjson.loads(body)
    except ValueError:
        raise UpdateFailed("the answer is not JSON") from None


def object_of(body: bytes) -> dict[str, Any]:
    """Return the object a body holds. Raises UpdateFailed for anything else."""
    found = json_of(body)
    if not isinstance(found, dict):
        raise UpdateFailed("the answer is no object")
    return found
