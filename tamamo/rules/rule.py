"""A rule ready to be evaluated, built from its declaration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

import isodate
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from tamamo.context.jsonld.resolve import default_map
from tamamo.context.query import logic, q
from tamamo.context.query.paths import AttrPath
from tamamo.rules.conditions import All, AnyOf, Gathering, Node, Not
from tamamo.rules.elsewhere import Elsewhere
from tamamo.rules.leaves import Bound, Geofence, Is, Leaf, Rate, Silence, Threshold
from tamamo.rules.subject import Season, Subject

#: A declaration as TOML and JSON give it.
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """A compiled rule. for_, recover, no_data: seconds; no_data None: silence says nothing.

    version: of the town's; 0 for a shipped one that nobody changed.
    """

    id: str
    name: Mapping[str, str]
    severity: str
    subject: Subject
    node: Node
    leaves: tuple[Leaf, ...]
    text: Mapping[str, str]
    category: str = "environment"
    sub_category: str = ""
    unit: str = ""
    for_: float = 0.0
    recover: float = 0.0
    no_data: float | None = None
    #: Whether silence is a state of its own also while nothing is wrong.
    no_data_always: bool = False
    version: int = 0
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def attrs(self) -> frozenset[str]:
        """IRIs of the attributes whose values it takes in."""
        return frozenset().union(*(leaf.attrs for leaf in self.leaves))

    @cached_property
    def elsewhere(self) -> tuple[Elsewhere, ...]:
        """Its conditions on other entities."""
        return tuple(leaf for leaf in self.leaves if isinstance(leaf, Elsewhere))

    @cached_property
    def measured(self) -> frozenset[str]:
        """IRIs of the attributes whose values it takes in, those of others included."""
        return self.attrs.union(*(one.leaf.attrs for one in self.elsewhere))

    @cached_property
    def types(self) -> frozenset[str]:
        """IRIs of the types of whatever it looks at."""
        return frozenset({self.subject.type, *(one.others.type for one in self.elsewhere)})

    @cached_property
    def concerns(self) -> frozenset[str]:
        """IRIs of the attributes whose changes it has to see: those that select, too."""
        return self.measured | self.subject.attrs

    @cached_property
    def hears_all(self) -> bool:
        """Whether any news of a subject concerns it: silence of the whole subject."""
        return any(isinstance(leaf, Silence) and not leaf.attrs for leaf in self.leaves)

    @cached_property
    def listens(self) -> bool:
        """Whether the clock concerns it."""
        return self.no_data is not None or any(isinstance(leaf, Silence) for leaf in self.leaves)


def iri_of(name: str) -> str:
    """Return the IRI of a type's or attribute's name in the core context."""
    return default_map().terms.expand_term(name)


def build(document: Document, version: int = 0) -> Rule:
    """Return the rule of a declaration that was checked (`check.faults_of`)."""
    timing = document.get("timing", {})
    gathered = Gathering()
    node = _node(document["condition"], gathered)
    no_data = timing.get("no_data")
    return Rule(
        id=document["id"],
        name=document["name"],
        severity=document["severity"],
        subject=_subject(document["subject"]),
        node=node,
        leaves=tuple(gathered.leaves),
        text=document["text"],
        category=document.get("category", "environment"),
        sub_category=document.get("sub_category", ""),
        unit=document.get("unit", ""),
        for_=seconds(timing.get("for", "PT0S")),
        recover=seconds(timing.get("recover", "PT0S")),
        no_data=None if no_data is None else seconds(no_data),
        no_data_always=timing.get("no_data_always", False),
        version=version,
        document=document,
    )


def names_in(tree: q.Node) -> frozenset[str]:
    """Return the IRIs of the attributes a filter looks at."""
    paths = [term.path for term in logic.leaves(tree)]
    return frozenset(path.names[0] for path in paths if isinstance(path, AttrPath))


def seconds(text: str) -> float:
    """Return the seconds of an ISO 8601 duration of days and smaller. Raises ValueError."""
    duration = isodate.parse_duration(text)
    if not isinstance(duration, timedelta):
        raise ValueError(f"{text!r} is no duration of days, hours, minutes and seconds")
    return duration.total_seconds()


def area_of(positions: list[list[float]]) -> BaseGeometry:
    """Return the polygon of a ring of longitudes and latitudes, closed or not."""
    area = Polygon(positions)
    shapely.prepare(area)
    return area


def _subject(document: Document) -> Subject:
    place, season = document.get("place", {}), document.get("season")
    where, ids = document.get("where"), document.get("ids")
    tree = None if where is None else q.parse(where, default_map().terms)
    return Subject(
        type=iri_of(document["type"]),
        ids=None if ids is None else frozenset(ids),
        where=None if tree is None else q.tester(tree),
        where_attrs=frozenset() if tree is None else names_in(tree),
        area=area_of(place["polygon"]) if "polygon" in place else None,
        municipalities=tuple(place.get("municipality", ())),
        season=None if season is None else Season(season["from"], season["to"]),
    )


def _node(document: Document, gathered: Gathering) -> Node:
    ((kind, given),) = document.items()
    if kind == "all":
        return All(tuple(_node(part, gathered) for part in given))
    if kind == "any":
        return AnyOf(tuple(_node(part, gathered) for part in given))
    if kind == "not":
        return Not(_node(given, gathered))
    return gathered.add(_LEAVES[kind](given))


def _bound(given: float | Document) -> Bound:
    if isinstance(given, Mapping):
        return Bound(float(given.get("plus", 0)), iri_of(given["attribute"]))
    return Bound(float(given))


def _threshold(given: Document) -> Leaf:
    above = "at_least" in given
    bound = _bound(given["at_least" if above else "at_most"])
    by = given.get("clear_by", 0.0) * (-1 if above else 1)
    clear = _bound(given["clear"]) if "clear" in given else Bound(bound.plus + by, bound.attribute)
    return Threshold(iri_of(given["attribute"]), bound, clear, above, given.get("jump"))


def _rate(given: Document) -> Leaf:
    rises = "rises" in given
    per_hour = float(given["rises" if rises else "falls"])
    return Rate(
        iri_of(given["attribute"]),
        per_hour,
        per_hour - given.get("clear_by", 0.0),
        seconds(given["window"]),
        rises,
        given.get("jump"),
    )


def _silence(given: Document) -> Leaf:
    name = given.get("attribute")
    return Silence(seconds(given["after"]), None if name is None else iri_of(name))


def _geofence(given: Document) -> Leaf:
    inside = "inside" in given
    area = area_of(given["inside" if inside else "outside"]["polygon"])
    return Geofence(area, inside, float(given.get("margin", 0)))


def _is(given: Document) -> Leaf:
    return Is(iri_of(given["attribute"]), tuple(given["any_of"]))


def _elsewhere(given: Document) -> Leaf:
    ((kind, inner),) = given["condition"].items()
    within = given.get("within")
    return Elsewhere(
        _subject(given),
        _LEAVES[kind](inner),
        None if within is None else float(within),
        seconds(given.get("fresh", "PT1H")),
    )


_LEAVES: dict[str, Callable[[Document], Leaf]] = {
    "threshold": _threshold,
    "rate": _rate,
    "silence": _silence,
    "geofence": _geofence,
    "is": _is,
    "elsewhere": _elsewhere,
}
