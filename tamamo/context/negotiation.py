"""Reading the headers of a request (clauses 6.3.4 to 6.3.6, 6.3.21): pure functions on texts."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from tamamo.context.errors import BadRequestData, NotAcceptable

JSON: Final = "application/json"
LD_JSON: Final = "application/ld+json"
GEO_JSON: Final = "application/geo+json"
MERGE_PATCH: Final = "application/merge-patch+json"

#: The relation of a Link header that points to a JSON-LD @context (JSON-LD 1.1, section 6.2).
CONTEXT_RELATION: Final = "http://www.w3.org/ns/json-ld#context"

#: The version of the standard that answers conform to by themselves (clause 4.3.6.8).
VERSION: Final = (1, 9)

_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[^\s;,=]+\s*=\s*(?:\"[^\"]*\"|[^\s;,]*))*)")
_RELATION = re.compile(r";\s*rel\s*=\s*\"?([^\";,]*)\"?")
_PREFERENCE = re.compile(r"\s*([\w-]+)\s*=\s*\"?([^\",;]*)\"?")


@lru_cache(maxsize=256)
def media_type(accept: str | None, geojson: bool) -> str:
    """Return the media type of the answer (clause 6.3.4).

    accept: the Accept header, None without one. geojson: whether this operation can answer in
    GeoJSON. Among types of equal weight JSON comes before JSON-LD before GeoJSON.
    Raises NotAcceptable, which lists what there is.
    """
    offered = (JSON, LD_JSON, GEO_JSON) if geojson else (JSON, LD_JSON)
    if not accept or not accept.strip():
        return JSON
    ranges = [media_range(part) for part in accept.split(",") if part.strip()]
    weights = [(weight_of(media, ranges), -place, media) for place, media in enumerate(offered)]
    best = max(weights)
    if best[0] <= 0:
        raise NotAcceptable(
            "Answers can be had as " + ", ".join(offered),
            field="Accept",
            availableRepresentations=list(offered),
        )
    return best[2]


def media_range(part: str) -> tuple[str, float]:
    """Return media range and weight of one part of an Accept header (RFC 9110, 12.5.1)."""
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return name, float(value)
            except ValueError:
                break  # a weight that cannot be read says nothing
    return name, 1.0


def weight_of(media: str, ranges: list[tuple[str, float]]) -> float:
    """Return the weight of the most specific range that covers the media type, 0 without one."""
    for pattern in (media, media.partition("/")[0] + "/*", "*/*"):
        found = [weight for name, weight in ranges if name == pattern]
        if found:
            return max(found)
    return 0.0


@lru_cache(maxsize=256)
def context_link(headers: tuple[str, ...]) -> str | None:
    """Return the address of the @context in the Link headers, None where none is named.

    Raises BadRequestData when more than one @context is named (JSON-LD 1.1, section 6.2).
    """
    found = [
        target
        for header in headers
        for target, parameters in _LINK.findall(header)
        if any(CONTEXT_RELATION in relation.split() for relation in _RELATION.findall(parameters))
    ]
    if len(found) > 1:
        raise BadRequestData("More than one Link header names a JSON-LD @context", field="Link")
    return found[0] if found else None


@lru_cache(maxsize=256)
def preferences(headers: tuple[str, ...]) -> dict[str, str]:
    """Return the preferences of the Prefer headers (RFC 7240), the first of each name."""
    wishes: dict[str, str] = {}
    for header in headers:
        for part in header.split(","):
            match = _PREFERENCE.match(part)
            if match:
                wishes.setdefault(match[1].lower(), match[2].strip())
    return wishes


def version(wishes: Mapping[str, str]) -> tuple[int, int] | None:
    """Return the version of the standard an answer is to conform to, None without a wish.

    A version later than this broker's, or none that exists, is taken for this broker's.
    """
    wish = wishes.get("ngsi-ld")
    if wish is None:
        return None
    major, _, minor = wish.partition(".")
    if not (major.isdecimal() and minor.isdecimal() and len(wish) < 10):
        return VERSION
    return min((int(major), int(minor)), VERSION)
