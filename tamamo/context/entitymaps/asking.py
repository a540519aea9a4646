"""What a request says about entity maps (tables 6.4.3.2-1 and -2): use one, make one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from tamamo.context.entitymaps.service import id_of
from tamamo.context.errors import BadRequestData
from tamamo.context.http import Exchange
from tamamo.context.query import paging, temporalq
from tamamo.kernel.time import now

HEADER: Final = "NGSILD-EntityMap"
PARAMS: Final = frozenset({"entityMap", "entityMapLifetime"})
_PATH: Final = "/ngsi-ld/v1/entityMaps/"


@dataclass(frozen=True, slots=True)
class Asked:
    """That an entity map is to be used. reference: id of the one named, None: a new one."""

    reference: str | None
    lifetime: timedelta | None = None


def read(exchange: Exchange, body: Mapping[str, Any] | None = None) -> Asked | None:
    """Return what is asked, None when the request is to do without an entity map.

    body: the query of a query by POST, which then says what URL parameters say otherwise.
    Raises BadRequestData.
    """
    named = exchange.request.headers.get(HEADER, "").strip()
    asked = exchange.params if body is None else body
    if not named and "entityMap" not in asked and "entityMapLifetime" not in asked:
        return None
    lifetime = read_lifetime(asked)
    if paging.read_flag(asked, "entityMap") or named:
        return Asked(id_of(named) if named else None, lifetime)
    return None


def read_lifetime(asked: Mapping[str, Any]) -> timedelta | None:
    """Return the lifetime suggested for a new map. Raises BadRequestData."""
    if asked.get("entityMapLifetime") is None:
        return None
    duration = temporalq.parse_duration(asked, "entityMapLifetime")
    if duration is None:
        raise BadRequestData("entityMapLifetime: is no time at all", field="entityMapLifetime")
    if isinstance(duration, timedelta):
        return duration
    try:
        return duration.totimedelta(start=now())  # type: ignore[no-any-return]
    except (OverflowError, ValueError):
        return timedelta.max


def location_of(map_id: str) -> str:
    """Return the path of an entity map, as the header names it."""
    return _PATH + quote(map_id, safe=":")
