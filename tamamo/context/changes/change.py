"""One committed change, where it stands in the order of changes, and who wants to see it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple

import orjson

from tamamo.context.access.narrowing import narrowed
from tamamo.context.entities.store import bounds, from_document, to_document
from tamamo.context.model.entity import LOCATION, Entity, Instance
from tamamo.context.query import match
from tamamo.context.query.plan import Query
from tamamo.kernel.identity.reach import EVERYTHING, Reach

#: West, south, east, north in degrees; west > east crosses the 180th meridian.
BBox = tuple[float, float, float, float]
Operation = Literal["create", "update", "delete"]
_NO_BRACKETS = str.maketrans("", "", "()")


class Position(NamedTuple):
    """A place in the order of changes: transaction, then place in it."""

    xid: int
    seq: int

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Return the position a text such as `748-12` names. Raises ValueError on others."""
        xid, dash, seq = text.partition("-")
        if not (dash and xid.isdecimal() and seq.isdecimal()) or len(xid) > 19 or len(seq) > 18:
            raise ValueError(f"{text!r} is no position such as 748-12")
        return cls(int(xid), int(seq))

    def __str__(self) -> str:
        return f"{self.xid}-{self.seq}"


#: What a change is to a reader: an entity to show, one to show no longer, or one that is gone.
Sight = Literal["entity", "left", "gone"]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which changes a reader wants.

    types: IRIs, None = all. bbox: None = everywhere. query: what entities must meet, None = all
    do. attrs: IRIs of which one must have changed, None = any. reach: what may be known of.
    """

    tenant: str
    types: frozenset[str] | None = None
    bbox: BBox | None = None
    query: Query | None = None
    attrs: frozenset[str] | None = None
    reach: Reach = EVERYTHING

    def wants(self, change: "Change") -> bool:
        """Whether the reader is to see anything of a change."""
        return self.sight(change) is not None

    def sight(self, change: "Change") -> Sight | None:
        """Return what a change is to the reader; None: nothing.

        What meets the query no longer is told once more, or it would stand there for ever.
        """
        if change.tenant != self.tenant:
            return None
        seen = change.within(self.reach)
        return None if seen is None else self._sight(seen)

    def _sight(self, change: "Change") -> Sight | None:
        if not self._is_near(change):
            return None
        if self.query is None and self.attrs is None:
            return "gone" if change.operation == "delete" else "entity"
        if change.operation == "delete":
            return "gone" if self._meets(change.entity) else None
        before = change.before
        was = before is not None and self._meets(before)
        if not self._meets(change.entity):
            return "left" if was else None
        if not was or self.attrs is None or not self.attrs.isdisjoint(change.changed):
            return "entity"
        return None

    def _meets(self, entity: Entity) -> bool:
        if self.query is not None and not match.matches(self.query, entity):
            return False
        return self.attrs is None or not self.attrs.isdisjoint(entity.attrs)

    def _is_near(self, change: "Change") -> bool:
        if self.types is not None and self.types.isdisjoint(change.types):
            return False
        if self.bbox is None:
            return True
        # What leaves the area is told once more, or it would stand there for ever.
        places = (change.bounds, change.previous_bounds)
        return any(place is not None and touch(self.bbox, place) for place in places)


@dataclass
class Change:
    """A row of the outbox. `entity` and `previous` are parsed when somebody looks."""

    at: Position
    tenant: str
    operation: Operation
    entity_id: str
    types: list[str]
    #: IRIs of the attributes that changed.
    changed: list[str]
    bounds: BBox | None
    document: str
    previous_document: str | None
    #: When the transaction that wrote it began.
    moment: datetime | None = None
    #: Forms of this change already made, by what they were made for: many browsers ask for one.
    rendered: dict[Any, bytes] = field(default_factory=dict)
    #: What it is to those who may not know of everything.
    _within: dict[Reach, "Change | None"] = field(default_factory=dict)

    def within(self, reach: Reach) -> "Change | None":
        """Return the change as far as somebody may know of it, None when it is none to them.

        Itself when they may know of all of it.
        """
        if reach.everything:
            return self
        if reach not in self._within:
            self._within[reach] = self._narrowed(reach)
        return self._within[reach]

    def _narrowed(self, reach: Reach) -> "Change | None":
        entity = narrowed(reach, self.entity)
        if entity is None or entity is self.entity:
            return None if entity is None else self
        attrs = reach.attrs_of(entity.types, entity.scopes) or frozenset()
        changed = [attr for attr in self.changed if attr in attrs]
        if self.operation == "update" and self.changed and not changed:
            return None
        seen = replace(
            self,
            changed=changed,
            bounds=self.bounds if LOCATION in attrs else None,
            document=to_document(entity).decode(),
            previous_document=None,
            rendered={},
            _within={},
        )
        if self.previous is not None:
            previous = {attr: own for attr, own in self.previous.items() if attr in attrs}
            seen.previous_document = orjson.dumps(previous).decode()
        return seen

    @property
    def position(self) -> str:
        """What to hand to `subscribe(after=…)` to go on behind this change."""
        return str(self.at)

    @cached_property
    def entity(self) -> Entity:
        """The entity after the change; before it, for a deletion."""
        return from_document(self.entity_id, orjson.loads(self.document))

    @cached_property
    def previous(self) -> dict[str, list[Instance]] | None:
        """The changed attributes as they were before; None for a new entity."""
        if self.previous_document is None:
            return None
        previous: dict[str, list[Instance] | None] = orjson.loads(self.previous_document)
        # Null: it said the same.
        return {
            attr: self.entity.attrs.get(attr, []) if instances is None else instances
            for attr, instances in previous.items()
        }

    @cached_property
    def before(self) -> Entity | None:
        """The entity before the change, as far as its attributes tell; None for a new one."""
        if self.operation != "update":
            return None
        previous = self.previous or {}
        kept = {attr: own for attr, own in self.entity.attrs.items() if attr not in self.changed}
        return replace(self.entity, attrs=kept | {a: own for a, own in previous.items() if own})

    @cached_property
    def previous_bounds(self) -> BBox | None:
        """The bounds of the location before the change; None unless it changed."""
        if LOCATION not in self.changed or self.previous is None:
            return None
        text = bounds(Entity("", [], {LOCATION: self.previous.get(LOCATION, [])}))
        if text is None:
            return None
        east, north, west, south = (float(part) for part in text.translate(_NO_BRACKETS).split(","))
        return west, south, east, north


def touch(bbox: BBox, other: BBox) -> bool:
    """Whether an area and the bounds of a geometry have a point in common."""
    west, south, east, north = bbox
    if other[3] < south or other[1] > north:
        return False
    if west > east:
        return other[2] >= west or other[0] <= east
    return other[2] >= west and other[0] <= east
