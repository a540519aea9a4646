"""The parameters of GET /v2/entities and the body of POST /v2/op/query as a Query of the broker."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import shapely

from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import LOCATION
from tamamo.context.model.values import Fault
from tamamo.context.ngsiv2 import filters, geometry, names
from tamamo.context.ngsiv2.errors import NotSupportedQuery
from tamamo.context.ngsiv2.http import Call
from tamamo.context.query import logic, regex, scopeq, typeq
from tamamo.context.query.geoq import GeoQuery
from tamamo.context.query.logic import One, Or
from tamamo.context.query.order import Ordering, OrderTerm
from tamamo.context.query.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from tamamo.context.query.paths import AttrPath, EntityTime
from tamamo.context.query.plan import Query, Selector
from tamamo.context.query.regex import Regex
from tamamo.context.query.text import check_text
from tamamo.context.query.tree import Node as Condition
from tamamo.kernel import geo

PAGING: Final = frozenset({"limit", "offset", "orderBy", "options"})
PARAMETERS: Final = PAGING | frozenset(
    {"id", "idPattern", "type", "typePattern", "q", "mq", "georel", "geometry", "coords"}
    | {"attrs", "metadata"}
)
_SELECTORS: Final = ("id", "idPattern", "type", "typePattern")
_GEO: Final = ("georel", "geometry", "coords")
_MAX_OFFSET = 2**31 - 1
_WHOLE = re.compile(r"[0-9]{1,10}")
_NEAR = re.compile(r"near;(maxDistance|minDistance):([0-9]+(?:\.[0-9]+)?)")
_RELATIONS: Final = {
    "coveredBy": "within",
    "intersects": "intersects",
    "equals": "equals",
    "disjoint": "disjoint",
}
_SHAPES: Final = {"point": 1, "line": 2, "box": 2, "polygon": 4}
#: Degrees (a tenth of a millimetre) that a covering shape is widened by: its border counts.
_BORDER = 1e-9
_ORDERED: Final = {"dateCreated": "createdAt", "dateModified": "modifiedAt"}
#: Escapes, brackets and anchors of an expression as `regex.parse` writes it.
_PIECES = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\^", re.DOTALL)
_PREFIX: Final = re.escape(names.ID_PREFIX)


@dataclass(frozen=True, slots=True)
class Matcher:
    """What selects entities by id and type, before the types in use are known."""

    ids: tuple[str, ...] = ()
    id_pattern: Regex | None = None
    types: tuple[str, ...] = ()
    type_pattern: Regex | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A query as it was read; `build` makes it one the broker answers."""

    matchers: tuple[Matcher, ...]
    condition: Condition | None
    geo: GeoQuery | None
    ordering: Ordering | None
    page: Page


def read(
    selectors: Sequence[Mapping[str, Any]], params: Mapping[str, Any], page: Page, terms: TermMap
) -> Wanted:
    """Return what a request asks for.

    selectors: of each the members id, idPattern, type, typePattern. params: q, mq, georel,
    geometry, coords, orderBy. Raises BadRequestData or Fault naming the parameter.
    """
    geo_query = read_geo(params)
    return Wanted(
        matchers=tuple(_matcher(selector, terms) for selector in selectors) or (Matcher(),),
        condition=filters.parse([("q", params.get("q")), ("mq", params.get("mq"))], terms),
        geo=geo_query,
        ordering=_ordering(params.get("orderBy"), geo_query, terms),
        page=page,
    )


async def build(call: Call, wanted: Wanted) -> Query | None:
    """Return the query, None when its type patterns leave nothing that could match."""
    in_use: list[str] = []
    if any(matcher.type_pattern is not None for matcher in wanted.matchers):
        in_use = await call.broker.discovery.types(call.tenant)
    selectors = [_selector(matcher, in_use, call.terms) for matcher in wanted.matchers]
    found = tuple(selector for selector in selectors if selector is not None)
    if not found:
        return None
    return Query(
        selectors=found,
        q=wanted.condition,
        scope=scope_of(call.paths),
        geo=wanted.geo,
        ordering=wanted.ordering,
        page=wanted.page,
    )


def _matcher(params: Mapping[str, Any], terms: TermMap) -> Matcher:
    for exact, pattern in (("id", "idPattern"), ("type", "typePattern")):
        if params.get(exact) is not None and params.get(pattern) is not None:
            raise Fault(f"cannot stand beside {exact}", pattern)
    return Matcher(
        tuple(names.read_id(item, "id") for item in _items(params.get("id"), "id")),
        _pattern(params.get("idPattern"), "idPattern"),
        tuple(names.type_iri(item, terms, "type") for item in _items(params.get("type"), "type")),
        _pattern(params.get("typePattern"), "typePattern"),
    )


def _items(value: Any, field: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, str):
        raise Fault("is not a text", field)
    return value.split(",")


def _pattern(text: Any, field: str) -> Regex | None:
    if text is None:
        return None
    if not isinstance(text, str) or not text:
        raise Fault("is not a regular expression", field)
    return None if text in {".*", "^.*$", ".+"} else regex.parse(text, field=field)


def _selector(matcher: Matcher, in_use: Sequence[str], terms: TermMap) -> Selector | None:
    iris = matcher.types
    if matcher.type_pattern is not None:
        search = matcher.type_pattern.search
        iris = tuple(iri for iri in in_use if search(names.name_of(iri, terms)))
        if not iris:
            return None
    pattern = None if matcher.id_pattern is None else on_uris(matcher.id_pattern)
    return Selector(tuple(dict.fromkeys(matcher.ids)), pattern, types_node(iris))


def types_node(iris: Sequence[str]) -> typeq.Node | None:
    """Return the selection of entities of one of these types, None for any."""
    leaves = tuple(One(iri) for iri in dict.fromkeys(iris))
    return None if not leaves else leaves[0] if len(leaves) == 1 else Or(leaves)


def on_uris(pattern: Regex) -> Regex:
    """Return a pattern on ids as one on the URIs they are stored under.

    It never looks at the prefix of ids that are no URIs; `^` is where the id begins. Only for
    PostgreSQL, which knows the look-around it uses.
    """
    begins = f"(?:^(?!{_PREFIX})|(?<=^{_PREFIX}))"
    inner = pattern.sql
    flag = "(?i)" if inner.startswith("(?i)") else ""
    inner = _PIECES.sub(
        lambda match: begins if match[0] == "^" else match[0], inner.removeprefix(flag)
    )
    return Regex(pattern.source, f"{flag}^(?:{_PREFIX}|(?!{_PREFIX})).*?{inner}")


def scope_of(paths: tuple[str, ...]) -> scopeq.Node | None:
    """Return the scope condition of service paths, None for any."""
    if not paths or "/#" in paths:
        return None
    leaves = tuple(One(_scope(path)) for path in paths)
    return leaves[0] if len(leaves) == 1 else logic.Or(leaves)


def _scope(path: str) -> scopeq.Scope:
    if path == "/":
        return scopeq.ROOT
    levels = path.removesuffix("/#").removeprefix("/").split("/")
    return scopeq.Scope(tuple(levels), below=path.endswith("/#"))


def read_page(params: Mapping[str, str], *, count: bool) -> Page:
    """Return the page of limit and offset. Raises Fault."""
    limit = _whole(params, "limit", DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise Fault(f"is not within 1 … {MAX_LIMIT}", "limit")
    return Page(limit, min(_whole(params, "offset", 0), _MAX_OFFSET), count)


def _whole(params: Mapping[str, str], field: str, default: int) -> int:
    text = params.get(field)
    if text is None:
        return default
    if not _WHOLE.fullmatch(text):
        raise Fault(f"{text[:80]!r} is not a whole number", field)
    return int(text)


def read_geo(params: Mapping[str, Any]) -> GeoQuery | None:
    """Return the geographical query (NGSIv2, "Geographical Queries"). Raises Fault."""
    given = [params.get(name) for name in _GEO]
    if not any(given):
        return None
    for name, value in zip(_GEO, given, strict=True):
        if not isinstance(value, str) or not value:
            raise Fault(f"is missing: {', '.join(_GEO)} stand together", name)
        check_text(value, name)
    georel, kind, coords = (str(value) for value in given)
    reference = geo.stored(_reference(kind, coords))
    if reference is None:
        raise Fault("is no geometry", "coords")
    if georel == "coveredBy":
        reference = reference.buffer(_BORDER, join_style="mitre")
    shapely.prepare(reference)
    if georel in _RELATIONS:
        return GeoQuery(_RELATIONS[georel], reference, LOCATION)  # type: ignore[arg-type]
    if georel.startswith("near;") and georel.count("Distance:") > 1:
        raise NotSupportedQuery("georel: maxDistance and minDistance cannot stand together")
    near = _NEAR.fullmatch(georel)
    if near is None or float(near[2]) == 0:
        known = ", ".join(_RELATIONS)
        raise Fault(f"expected near;maxDistance:metres, near;minDistance:… or {known}", "georel")
    metres = float(near[2])
    if near[1] == "maxDistance":
        return GeoQuery("near", reference, LOCATION, max_distance=metres)
    return GeoQuery("near", reference, LOCATION, min_distance=metres)


def _reference(kind: str, coords: str) -> dict[str, Any]:
    if kind not in _SHAPES:
        raise Fault(f"is none of {', '.join(_SHAPES)}", "geometry")
    parts = coords.split(";")
    try:
        positions = [geometry.read_position(part) for part in parts]
        if kind == "point":
            if len(positions) != 1:
                raise Fault("a point has one position")
            return geometry.to_geojson("geo:point", parts[0])
        return geometry.to_geojson(f"geo:{kind}", parts)
    except Fault as fault:
        raise fault.under("coords") from None


def _ordering(text: Any, geo_query: GeoQuery | None, terms: TermMap) -> Ordering | None:
    if text is None:
        return None
    found = []
    for part in str(text).split(","):
        reverse, name = part.startswith("!"), part.removeprefix("!")
        if name == "geo:distance":
            if geo_query is None:
                raise Fault("geo:distance needs a geographical query", "orderBy")
            found.append(OrderTerm(None, AttrPath((LOCATION,)), reverse, by_distance=True))
        elif name in {"id", "type"}:
            found.append(OrderTerm(name, None, reverse))
        elif name in _ORDERED:
            found.append(OrderTerm(None, EntityTime(_ORDERED[name]), reverse))
        else:
            try:
                found.append(OrderTerm(None, AttrPath((names.attribute(name, terms),)), reverse))
            except Fault as fault:
                raise fault.under("orderBy") from None
    return Ordering(tuple(found), None if geo_query is None else geo_query.reference)


def read_selectors(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the selectors of POST /v2/op/query. Raises Fault naming the member."""
    entities = body.get("entities", [])
    if not isinstance(entities, list):
        raise Fault("is not an array", "entities")
    for at, item in enumerate(entities):
        if not isinstance(item, dict):
            raise Fault("is not a JSON object", "entities", at)
        for name, value in item.items():
            if name not in _SELECTORS or not isinstance(value, str):
                raise Fault(f"expected texts {', '.join(_SELECTORS)}", "entities", at, name)
        if "id" not in item and "idPattern" not in item:
            raise Fault("needs an id or an idPattern", "entities", at)
    return entities


def read_expression(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the expression of POST /v2/op/query as parameters. Raises Fault."""
    expression = body.get("expression", {})
    if not isinstance(expression, dict):
        raise Fault("is not a JSON object", "expression")
    for name, value in expression.items():
        if name not in {"q", "mq", *_GEO} or not isinstance(value, str):
            raise Fault("expected texts q, mq, georel, geometry, coords", "expression", name)
    return expression


def read_names(value: Any, field: str) -> tuple[str, ...] | None:
    """Return the names of attrs or metadata, a text with commas or an array. Raises Fault."""
    if value is None:
        return None
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list):
        raise Fault("is not a list of names", field)
    found = tuple(dict.fromkeys(names.check_field(item, field) for item in items))
    return found or None
