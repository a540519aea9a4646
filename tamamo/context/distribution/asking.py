"""Requests for entities to a source: retrieve, query, and query by POST (clauses 5.7.1, 5.7.2)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from tamamo.context.distribution.choice import Part
from tamamo.context.distribution.client import Request, segment
from tamamo.context.jsonld import TermMap
from tamamo.context.query import geoq, logic, typeq
from tamamo.context.query.logic import And, Or
from tamamo.context.query.plan import Selector

#: Ways to ask for one entity, and for many, the best first.
RETRIEVE: Final = ("retrieveEntity", "queryEntity", "queryBatch")
QUERY: Final = ("queryEntity", "queryBatch")
#: Parameters that filter entities by what they hold.
FILTERS: Final = ("q", "scopeQ", *geoq.PARAMETERS, "expandValues", "jsonKeys")
#: So that versions can be told apart by age (4.5.5.3).
_TIMES: Final = {"options": "sysAttrs"}


def request(
    part: Part, terms: TermMap, filters: Mapping[str, str], page: Mapping[str, str]
) -> Request:
    """Return the request for a part. filters: in the names of `terms`; page: limit, offset."""
    if part.operation == "retrieveEntity":
        path = f"/entities/{segment(part.selectors[0].ids[0])}"
        return Request("GET", path, _attrs(part, terms) | _TIMES, None, terms)
    if part.operation == "queryBatch":
        path = "/entityOperations/query"
        return Request("POST", path, {**page, **_TIMES}, body(part, terms, filters), terms)
    params = selection(part, terms) | dict(filters)
    return Request("GET", "/entities", params | dict(page) | _TIMES, None, terms)


def selection(part: Part, terms: TermMap) -> dict[str, str]:
    """Return the parameters type, id, idPattern and attrs of a part, as far as these can say it.

    They mean all of the part's selectors together and may mean more.
    """
    params: dict[str, str] = {}
    selectors = part.selectors
    if all(one.types is not None for one in selectors):
        kinds = dict.fromkeys(
            type_text(one.types, terms) for one in selectors if one.types is not None
        )
        params["type"] = ",".join(kinds)
    if all(one.ids for one in selectors):
        params["id"] = ",".join(dict.fromkeys(name for one in selectors for name in one.ids))
    elif len(selectors) == 1 and selectors[0].id_pattern is not None:
        params["idPattern"] = selectors[0].id_pattern.source
    if not params.keys() & {"type"} and not part.attrs:
        params["type"], params["local"] = "*", "true"
    return params | _attrs(part, terms)


def _attrs(part: Part, terms: TermMap) -> dict[str, str]:
    if not part.attrs:
        return {}
    return {"attrs": ",".join(sorted(terms.compact_iri(attr) for attr in part.attrs))}


def body(part: Part, terms: TermMap, filters: Mapping[str, str]) -> dict[str, Any]:
    """Return the Query (5.2.23) for a part."""
    found: dict[str, Any] = {"type": "Query"}
    found["entities"] = [one for selector in part.selectors for one in _entities(selector, terms)]
    if part.attrs:
        found["attrs"] = sorted(terms.compact_iri(attr) for attr in part.attrs)
    space = {name: _json(filters[name]) for name in geoq.PARAMETERS if name in filters}
    if space:
        found["geoQ"] = space
    for name in ("q", "scopeQ"):
        if name in filters:
            found[name] = filters[name]
    for name in ("expandValues", "jsonKeys"):
        if name in filters:
            found[name] = filters[name].split(",")
    return found


def _entities(selector: Selector, terms: TermMap) -> Iterable[dict[str, str]]:
    one: dict[str, str] = {}
    one["type"] = "*" if selector.types is None else type_text(selector.types, terms)
    if selector.id_pattern is not None:
        one["idPattern"] = selector.id_pattern.source
    return [one | {"id": name} for name in selector.ids] or [one]


def _json(text: str) -> Any:
    """Return the coordinates of a parameter as the array that a body holds; else the text."""
    return orjson.loads(text) if text.lstrip().startswith("[") else text


def type_text(node: typeq.Node, terms: TermMap) -> str:
    """Return a selection of types as a text of 4.17."""
    if isinstance(node, Or):
        return ",".join(_inner(part, terms) for part in node.terms)
    if isinstance(node, And):
        return ";".join(_inner(part, terms) for part in node.terms)
    return terms.compact_iri(node.term)


def _inner(node: typeq.Node, terms: TermMap) -> str:
    text = type_text(node, terms)
    return f"({text})" if isinstance(node, And | Or) else text


def matches_selectors(selectors: Sequence[Selector], entity_id: str, types: Iterable[str]) -> bool:
    """Whether an entity is among those that these alternatives mean."""
    held = set(types)
    return any(
        (not one.ids or entity_id in one.ids)
        and (one.id_pattern is None or one.id_pattern.search(entity_id))
        and (one.types is None or logic.holds(one.types, held.__contains__))
        for one in selectors
    )
