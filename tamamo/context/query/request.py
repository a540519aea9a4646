"""The parameters of a query for entities, and the body of a query by POST, as a Query (5.7.2)."""

from collections.abc import Mapping
from typing import Any

from tamamo.context.errors import BadRequestData, TooComplexQuery
from tamamo.context.query import geoq, idpattern, order, paging, projection, q, scopeq, typeq
from tamamo.context.query.plan import Query, Selector
from tamamo.context.query.text import ENTITY_TIMES, Terms, check_text, is_name, names_of
from tamamo.context.query.values import is_uri

#: The URL parameters that `read` takes (table 6.4.3.2-1, 6.3.10, 6.3.13).
PARAMETERS = frozenset(
    {"type", "id", "idPattern", "attrs", "pick", "omit", "q", "expandValues", "jsonKeys", "scopeQ"}
    | {"georel", "geometry", "coordinates", "geoproperty", "limit", "offset", "count", "local"}
    | {"orderBy", "orderFrom", "orderGeometry", "collation", "join", "joinLevel"}
)
#: EntitySelectors of one body, and those of them with an idPattern, which each row is held against.
MAX_SELECTORS = 1_000
MAX_PATTERNS = 100
#: Entity ids of one selector.
MAX_IDS = 10_000
_BESIDE_BODY = ("limit", "offset", "count", "local")
#: Members of a Query object (5.2.23) that mean the same as the parameter of their name.
_SAME_IN_BODY = (
    *("attrs", "pick", "omit", "q", "expandValues", "jsonKeys", "scopeQ"),
    *("join", "joinLevel"),
)


def read(params: Mapping[str, Any], terms: Terms) -> Query:
    """Return the query of URL parameters.

    Raises BadRequestData naming the parameter at fault, and when the query is too wide: without
    type, attrs, q or georel, unless local=true limits it to this broker (5.7.2.4).
    """
    selector = read_selector(params, terms)
    query = _read(params, (selector,), terms)
    if params.get("type") is None:
        _check_not_too_wide(query, params)
    return query


def read_body(body: Any, params: Mapping[str, Any], terms: Terms) -> Query:
    """Return the query of a Query object (5.2.23) and the URL parameters beside it.

    Raises BadRequestData naming the member at fault.
    """
    if not isinstance(body, dict) or body.get("type") != "Query":
        raise BadRequestData("type: expected an object of type Query", field="type")
    merged = {
        name: params[name] for name in ("limit", "offset", "count", "local") if name in params
    }
    merged |= {name: body[name] for name in _SAME_IN_BODY if name in body}
    merged |= _members(body, "geoQ", {name: name for name in geoq.PARAMETERS})
    ordering = {"orderBy": "orderBy", "coordinates": "orderFrom", "geometry": "orderGeometry"}
    merged |= _members(body, "ordering", ordering | {"collation": "collation"})
    if isinstance(body.get("ordering"), dict) and isinstance(merged.get("orderFrom"), str):
        raise BadRequestData("ordering.coordinates: expected an array", field="ordering")
    selectors = read_selectors(body.get("entities"), terms)
    query = _read(merged, selectors, terms)
    if not selectors:
        _check_not_too_wide(query, merged)
    return query


def read_selector(params: Mapping[str, Any], terms: Terms) -> Selector:
    """Return the selector of the parameters `id`, `idPattern` and `type`."""
    kind, pattern = params.get("type"), params.get("idPattern")
    if kind == "*" and params.get("local") in ("false", False):
        raise BadRequestData("local: cannot be false with type=*", field="local")
    return Selector(
        read_ids(params["id"]) if params.get("id") is not None else (),
        None if pattern is None else idpattern.parse(_text(pattern, "idPattern")),
        None if kind is None else typeq.parse(_text(kind, "type"), terms),
    )


def read_selectors(value: Any, terms: Terms) -> tuple[Selector, ...]:
    """Return the EntitySelectors (5.2.33) of a body; id takes precedence over idPattern."""
    if value is None:
        return ()
    if not isinstance(value, list) or not value:
        raise BadRequestData("entities: expected an array of selectors", field="entities")
    if len(value) > MAX_SELECTORS:
        raise TooComplexQuery(f"entities: more than {MAX_SELECTORS} selectors", field="entities")
    found = []
    for at, item in enumerate(value):
        if not isinstance(item, dict) or "type" not in item:
            raise BadRequestData(f"entities[{at}].type: missing", field="entities")
        chosen = dict(item)
        if chosen.get("id") is not None:
            chosen.pop("idPattern", None)
        found.append(read_selector(chosen, terms))
    if sum(selector.id_pattern is not None for selector in found) > MAX_PATTERNS:
        raise TooComplexQuery(f"idPattern: more than {MAX_PATTERNS}", field="entities")
    return tuple(found)


def read_ids(value: Any, field: str = "id") -> tuple[str, ...]:
    """Return entity ids, each of which must be a URI."""
    ids = names_of(value, field)
    if len(ids) > MAX_IDS:
        raise TooComplexQuery(f"{field}: more than {MAX_IDS} ids", field=field)
    for entity_id in ids:
        if not is_uri(entity_id):
            raise BadRequestData(f"{field}: {entity_id!r} is no URI", field=field)
    return tuple(dict.fromkeys(ids))


def read_expanded(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the attributes whose values in `q` are expanded (4.9): those of `expandValues`.

    Not so those of `jsonKeys`, whose values are JSON and no names. Raises BadRequestData.
    """
    plain = set(_attribute_names(params, "jsonKeys"))
    return tuple(n for n in _attribute_names(params, "expandValues") if n not in plain)


def _attribute_names(params: Mapping[str, Any], field: str) -> tuple[str, ...]:
    if params.get(field) is None:
        return ()
    names = names_of(params[field], field)
    if not all(is_name(name) for name in names):
        raise BadRequestData(f"{field}: expected names of attributes", field=field)
    return names


def _read(params: Mapping[str, Any], selectors: tuple[Selector, ...], terms: Terms) -> Query:
    shown = projection.read(params, terms)
    asked, scope = params.get("q"), params.get("scopeQ")
    node, names = None, read_expanded(params)
    if asked is not None:
        node = q.parse(_text(asked, "q"), terms, expand_values=names)
    _check_depth(params, shown.depth(), 0 if node is None else q.link_depth(node))
    return Query(
        selectors=selectors or (Selector(),),
        attrs=shown.attrs or (),
        q=node,
        scope=None if scope is None else scopeq.parse(_text(scope, "scopeQ")),
        geo=geoq.parse_params(params, terms),
        ordering=order.parse(
            params.get("orderBy"),
            terms,
            order_from=params.get("orderFrom"),
            order_geometry=params.get("orderGeometry"),
            collation=params.get("collation"),
        ),
        page=paging.parse(params),
        projection=shown,
    )


def _check_depth(params: Mapping[str, Any], projected: int, queried: int) -> None:
    """Raise when linked entities are named that the request does not join (5.7.2.4)."""
    join = params.get("join", "@none")
    if join not in ("flat", "inline", "@none"):
        raise BadRequestData(f"join: expected flat, inline or @none, not {join!r}", field="join")
    level = paging.read_whole(params, "joinLevel", 1)
    if level == 0:
        raise BadRequestData("joinLevel: expected a whole number from 1", field="joinLevel")
    allowed = 0 if join == "@none" else level
    for field, depth in (("pick", projected), ("q", queried)):
        if depth > allowed:
            raise BadRequestData(
                f"{field}: names linked entities {depth} deep, join and joinLevel allow {allowed}",
                field=field,
            )


def _check_not_too_wide(query: Query, params: Mapping[str, Any]) -> None:
    if paging.read_flag(params, "local") or query.geo is not None:
        return
    if query.q is not None and q.names_attributes(query.q):
        return
    if any(name not in ENTITY_TIMES for name in query.attrs):
        return
    raise BadRequestData(
        "The query is too wide: give type, attrs, q or georel (with more than createdAt and the "
        "like), or local=true"
    )


def _members(body: dict[str, Any], name: str, names: dict[str, str]) -> dict[str, Any]:
    """Return members of an object within the body under the names of the parameters."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequestData(f"{name}: expected an object", field=name)
    return {parameter: value[member] for member, parameter in names.items() if member in value}


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadRequestData(f"{field}: expected a text", field=field)
    check_text(value, field)
    return value
