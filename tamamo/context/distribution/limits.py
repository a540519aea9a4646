"""Where a registration ends: places and scopes it is for (clauses 4.3.6.1, 5.2.9).

Only what a write says itself is looked at. A write that does not say where its entity is, or in
which scopes, may concern the source.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from tamamo.context.distribution.source import Source
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import CORE_VOCABULARY
from tamamo.kernel import geo

_SPACES: Final = ("location", "observationSpace", "operationSpace")


def within(source: Source, body: Any, terms: TermMap) -> bool:
    """Whether an entity or fragment as it came can be one the source is registered for."""
    document = source.document
    if not isinstance(body, Mapping):
        return True
    spaces = [name for name in _SPACES if name in document]
    if spaces:
        values = {terms.expand_term(name): value for name, value in body.items()}
        for name in spaces:
            value = values.get(CORE_VOCABULARY + name)
            if value is not None and not _meets(document[name], value):
                return False
    return "scope" not in document or _in_scope(document["scope"], body.get("scope"))


def _meets(registered: Any, attribute: Any) -> bool:
    """Whether one of the locations of an attribute meets the space registered."""
    area = geo.stored(registered)
    places = [geo.stored(value) for value in _geometries(attribute)]
    known = [place for place in places if place is not None]
    return area is None or not known or any(area.intersects(place) for place in known)


def _geometries(attribute: Any) -> Iterable[Any]:
    for one in attribute if isinstance(attribute, list) else [attribute]:
        value = one.get("value", one) if isinstance(one, dict) else one
        if isinstance(value, str):
            try:
                value = orjson.loads(value)
            except orjson.JSONDecodeError:
                continue
        if isinstance(value, dict):
            yield value


def _in_scope(registered: Any, scopes: Any) -> bool:
    """Whether one of the scopes is one registered, or below one."""
    held = [_path(scope) for scope in _texts(scopes)]
    roots = [_path(scope) for scope in _texts(registered)]
    return not held or any(scope[: len(root)] == root for scope in held for root in roots)


def _path(scope: str) -> list[str]:
    return scope.strip("/").split("/")


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]
