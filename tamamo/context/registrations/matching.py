"""Which registrations a query is about (clauses 5.10.2.4, 5.12), and which exclude each other."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import shapely
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import Entity
from tamamo.context.model.values import check_scopes
from tamamo.context.query import geoq, idpattern, logic, paths, plan, q, scopeq, tree, typeq
from tamamo.context.query.geoq import GeoQuery
from tamamo.context.query.temporalq import TemporalQuery
from tamamo.context.registrations.document import Document, attributes_of, mode_of, types_of
from tamamo.kernel import geo
from tamamo.kernel.time import from_text

#: GeoProperties of a registration.
_SPACES: Final = ("location", "observationSpace", "operationSpace")


@dataclass(frozen=True)
class Wanted:
    """A query for registrations: what it says of entities, and of the registrations themselves."""

    entities: plan.Query
    temporal: TemporalQuery
    csf: tree.Node | None
    datasets: frozenset[str]
    terms: TermMap
    #: The attributes a subscription names (5.12); None: a query, which says it by itself.
    named: frozenset[str] | None = None

    @cached_property
    def attributes(self) -> frozenset[str]:
        """All attributes it names: projected, in q and in the geo-query (5.10.2.4)."""
        if self.named is not None:
            return self.named
        query = self.entities
        names = set(query.attrs)
        names.update(member.iri for member in query.projection.pick or () if ":" in member.iri)
        if query.q is not None:
            names.update(filter(None, (_first(term.path) for term in logic.leaves(query.q))))
        if query.geo is not None:
            names.add(query.geo.geoproperty)
        return frozenset(names)


def _first(path: paths.Path) -> str | None:
    if isinstance(path, paths.LinkPath):
        return path.name
    return path.names[0] if isinstance(path, paths.AttrPath) else None


def matches(document: Document, wanted: Wanted) -> bool:
    """Whether the source of a registration may have what the query is about."""
    return bool(_matching(document, wanted)) and _whole_matches(document, wanted)


def relevant(document: Document, wanted: Wanted) -> Document | None:
    """Return what of a registration a query is about (5.10.2.5); None when it does not match."""
    information = _matching(document, wanted)
    if not information or not _whole_matches(document, wanted):
        return None
    return {**document, "information": information}


def _matching(document: Document, wanted: Wanted) -> list[Any]:
    query, attributes = wanted.entities, wanted.attributes
    information = document["information"]
    return [info for info in information if _information_matches(info, query, attributes)]


def _whole_matches(document: Document, wanted: Wanted) -> bool:
    query, datasets = wanted.entities, document.get("datasetId")
    return (
        interval_matches(document, wanted.temporal)
        and (datasets is None or not wanted.datasets or not wanted.datasets.isdisjoint(datasets))
        and (query.geo is None or space_matches(document, query.geo, wanted.terms))
        and (query.scope is None or scopeq.matches_scopes(query.scope, scopes_of(document)))
        and (wanted.csf is None or q.matches(wanted.csf, as_entity(document, wanted.terms)))
    )


def _information_matches(
    info: Mapping[str, Any], query: plan.Query, attributes: Collection[str]
) -> bool:
    registered = attributes_of(info)
    if attributes and registered and registered.isdisjoint(attributes):
        return False
    entities = info.get("entities")
    return entities is None or any(
        _entity_matches(entity, selector) for entity in entities for selector in query.selectors
    )


def _entity_matches(info: Mapping[str, Any], wanted: plan.Selector) -> bool:
    types = Entity("", types_of(info), {}, [])
    if wanted.types is not None and not typeq.matches(wanted.types, types):
        return False
    if not wanted.ids and wanted.id_pattern is None:
        return True
    if "id" in info:  # takes precedence over its idPattern (5.2.8)
        known = info["id"]
        return known in wanted.ids or (
            wanted.id_pattern is not None and bool(wanted.id_pattern.search(known))
        )
    if "idPattern" not in info:
        return True
    # Whether some id meets two patterns cannot be told easily: then it counts as a match.
    return wanted.id_pattern is not None or _some(wanted.ids, info["idPattern"])


def _some(ids: Collection[str], pattern: str) -> bool:
    expression = idpattern.parse(pattern)
    return any(expression.search(entity_id) for entity_id in ids)


def interval_matches(document: Document, wanted: TemporalQuery) -> bool:
    """Whether the source's time and the query's overlap (5.2.9); a common end is enough."""
    if wanted.timerel is None:
        return True  # only registrations for the present were looked up
    observed = wanted.timeproperty == "observedAt"
    interval = document.get("observationInterval" if observed else "managementInterval")
    if interval is None:
        return False
    if wanted.end is not None and from_text(interval["startAt"]) > wanted.end:
        return False
    end = interval.get("endAt")
    return end is None or wanted.start is None or from_text(end) >= wanted.start


def space_matches(document: Document, wanted: GeoQuery, terms: TermMap) -> bool:
    """Whether the source's space may hold what the geo-query is about; False without a space."""
    for name in _SPACES:
        if terms.expand_term(name) == wanted.geoproperty:
            space = geo.stored(document.get(name))
            return space is not None and _may_hold(wanted, space)
    return False


def _may_hold(wanted: GeoQuery, space: BaseGeometry) -> bool:
    """Whether the space meets the geo-query, or may hold a location that does."""
    if geoq.matches_geometry(wanted, space):
        return True
    reference = wanted.reference
    if wanted.min_distance is not None:
        # The farthest location of a space is near one of its corners.
        corners = [Point(position) for position in shapely.get_coordinates(space)]
        return any(geo.distance_m(corner, reference) > wanted.min_distance for corner in corners)
    if wanted.relation in {"contains", "equals"}:
        return bool(space.covers(reference))
    if wanted.relation == "disjoint":
        return not reference.covers(space)
    return wanted.max_distance is None and bool(space.intersects(reference))


def scopes_of(document: Document) -> list[str]:
    """Return the scopes a source is registered for."""
    return check_scopes(document["scope"]) if "scope" in document else []


def as_entity(document: Document, terms: TermMap) -> Entity:
    """Return a registration's members as Properties, which is how csf speaks of them (4.9).

    Context Source Properties may be registered as values or as Properties.
    """
    attrs = {
        terms.expand_term(name): [{"type": "Property", "value": _bare(value)}]
        for name, value in document.items()
    }
    return Entity("", [], attrs, [])


def _bare(value: Any) -> Any:
    whole = isinstance(value, dict) and value.get("type") == "Property" and "value" in value
    return value["value"] if whole else value


def exclude_each_other(one: Document, other: Document) -> bool:
    """Whether two proxied registrations claim the same attributes of an entity (4.3.6.3).

    One of them must be exclusive: several redirects may overlap.
    """
    modes = {mode_of(one), mode_of(other)}
    if "exclusive" not in modes or not modes <= {"exclusive", "redirect"}:
        return False
    return any(
        _overlap(first, second) for first in one["information"] for second in other["information"]
    )


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    attributes, others = attributes_of(one), attributes_of(other)
    if attributes and others and attributes.isdisjoint(others):
        return False
    if "entities" not in one or "entities" not in other:
        return True
    return any(
        _same_entity(first, second) or _same_entity(second, first)
        for first in one["entities"]
        for second in other["entities"]
    )


def _same_entity(named: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether an EntityInfo with an id is among what another one describes."""
    if "id" not in named:
        return False
    if "id" in other:
        return bool(named["id"] == other["id"])
    if set(types_of(named)).isdisjoint(types_of(other)):
        return False
    return "idPattern" not in other or _some([named["id"]], other["idPattern"])
