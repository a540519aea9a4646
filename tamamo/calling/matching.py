"""Which alerts call which tree. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final

#: The least first.
SEVERITIES: Final = ("informational", "low", "medium", "high", "critical")
_EARTH_KM: Final = 6371.0


@dataclass(frozen=True, slots=True)
class Circle:
    """A place: everything within some kilometres of a point (WGS 84)."""

    longitude: float
    latitude: float
    kilometres: float

    def holds(self, longitude: float, latitude: float) -> bool:
        """Whether a point is in it."""
        east, north = radians(longitude - self.longitude), radians(latitude - self.latitude)
        here, there = radians(self.latitude), radians(latitude)
        chord = sin(north / 2) ** 2 + cos(here) * cos(there) * sin(east / 2) ** 2
        return 2 * _EARTH_KM * asin(min(1.0, sqrt(chord))) <= self.kilometres


@dataclass(frozen=True, slots=True)
class CallRule:
    """Which alerts call a tree: those of at least a severity, and of what else is named.

    categories: of the alert, or its sub-category. alert_rules: ids of rules. Empty: any.
    """

    id: str
    name: str
    tree: str
    severity: str = "high"
    categories: frozenset[str] = frozenset()
    alert_rules: frozenset[str] = frozenset()
    place: Circle | None = None
    active: bool = True
    position: int = 0


@dataclass(frozen=True, slots=True)
class Alarm:
    """What matters of an alert for the question who is called. point: longitude, latitude."""

    alert: str
    rule: str
    severity: str
    categories: frozenset[str] = frozenset()
    point: tuple[float, float] | None = None


def rank(severity: str) -> int:
    """Return how grave a severity is; an unknown one as the least."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0


def matches(rule: CallRule, alarm: Alarm) -> bool:
    """Whether an alert is one that a rule is for; where its place is not known, it is."""
    if not rule.active or rank(alarm.severity) < rank(rule.severity):
        return False
    if rule.categories and rule.categories.isdisjoint(alarm.categories):
        return False
    if rule.alert_rules and alarm.rule not in rule.alert_rules:
        return False
    # Nobody is forgotten because a gauge has no place.
    return rule.place is None or alarm.point is None or rule.place.holds(*alarm.point)


def chosen(rules: Iterable[CallRule], alarm: Alarm) -> list[CallRule]:
    """Return the rules by which an alert calls, one for each tree, in their order."""
    found: dict[str, CallRule] = {}
    for rule in sorted(rules, key=lambda one: one.position):
        if matches(rule, alarm):
            found.setdefault(rule.tree, rule)
    return list(found.values())


def gravest(severities: Sequence[str]) -> str:
    """Return the gravest of some severities."""
    return max(severities, key=rank)


def to_document(rule: CallRule) -> dict[str, Any]:
    """Return a rule as it is stored."""
    place = rule.place
    return {
        "severity": rule.severity,
        "categories": sorted(rule.categories),
        "alert_rules": sorted(rule.alert_rules),
        "place": place
        and {
            "longitude": place.longitude,
            "latitude": place.latitude,
            "kilometres": place.kilometres,
        },
    }


def of_columns(row: Mapping[str, Any]) -> CallRule:
    """Return the rule of a row."""
    document = row["document"]
    place = document.get("place")
    return CallRule(
        str(row["id"]),
        row["name"],
        str(row["tree"]),
        document.get("severity", "high"),
        frozenset(document.get("categories", ())),
        frozenset(document.get("alert_rules", ())),
        Circle(**place) if place else None,
        row["active"],
        row["position"],
    )


def middle_of(location: Mapping[str, Any] | None) -> tuple[float, float] | None:
    """Return a point of a GeoJSON geometry: of anything but a point the middle of its box."""
    points = list(_points((location or {}).get("coordinates")))
    if not points:
        return None
    east, north = [one[0] for one in points], [one[1] for one in points]
    return (min(east) + max(east)) / 2, (min(north) + max(north)) / 2


def _points(value: Any) -> Iterable[tuple[float, float]]:
    if isinstance(value, list | tuple):
        if len(value) >= 2 and all(isinstance(one, int | float) for one in value[:2]):
            yield float(value[0]), float(value[1])
        else:
            for one in value:
                yield from _points(one)
