"""Linked entity retrieval (clause 4.5.23): entities together with those they refer to.

Relationships are followed level by level, each level read at once. Only relationships that are
shown are followed, to entities held here, and to those of other sources where an objectType says
what to ask for. An entity is shown inside itself never: what
was met on the way is left as its URI (containedBy).
"""

from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tamamo.context.errors import BadRequestData, TooComplexQuery
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import Entity, Instance
from tamamo.context.model.represent import View, is_shown, represent, select
from tamamo.context.query import paging
from tamamo.context.query.projection import Member, Projection
from tamamo.context.query.request import read_ids

#: Parameters of linked entity retrieval (table 6.5.3.1-1).
PARAMS: Final = frozenset({"join", "joinLevel", "containedBy"})
#: How far relationships are followed, and to how many entities at most.
MAX_LEVEL: Final = 10
MAX_LINKED: Final = 2_000

#: Finds entities, given the types that relationships name for each; empty when none does.
Fetch = Callable[[Mapping[str, Collection[str]]], Awaitable[Mapping[str, Entity]]]


@dataclass(frozen=True, slots=True)
class Join:
    """How linked entities are wanted: flat beside, or inline in the others; how deep."""

    flat: bool
    level: int
    contained_by: frozenset[str] = frozenset()


def read_join(params: Mapping[str, Any], shown: Projection) -> Join | None:
    """Return the join asked for, None without one.

    Raises BadRequestData, also when the projection goes deeper than the join (5.7.1.4).
    """
    kind = params.get("join", "@none")
    if kind not in ("flat", "inline", "@none"):
        raise BadRequestData(f"join: expected flat, inline or @none, not {kind!r}", field="join")
    level = 0 if kind == "@none" else paging.read_whole(params, "joinLevel", 1)
    if kind != "@none" and not 1 <= level <= MAX_LEVEL:
        raise BadRequestData(f"joinLevel: expected 1 to {MAX_LEVEL}", field="joinLevel")
    if shown.depth() > level:
        detail = f"linked entities {shown.depth()} deep are named, the join allows {level}"
        raise BadRequestData(detail, field="joinLevel")
    if kind == "@none":
        return None
    met = params.get("containedBy")
    contained_by = frozenset(() if met is None else read_ids(met, "containedBy"))
    return Join(kind == "flat", level, contained_by)


def view_of(view: View, shown: Projection) -> View:
    """Return the view with a projection's members; those with braces are shown themselves."""
    return replace(
        view,
        pick=None if shown.pick is None else frozenset(member.iri for member in shown.pick),
        omit=frozenset(member.iri for member in shown.omit or () if not member.children),
        attrs=None if shown.attrs is None else frozenset(shown.attrs),
    )


@dataclass(slots=True)
class Linker:
    """Finds and shows what entities refer to, for one request."""

    terms: TermMap
    view: View
    join: Join
    fetch: Fetch
    _known: dict[str, Entity | None] = field(default_factory=dict)

    async def show(self, entities: Sequence[Entity], shown: Projection) -> list[dict[str, Any]]:
        """Return the entities in JSON, with those they refer to."""
        levels = await self.gather(entities, shown)
        if self.join.flat:
            return list(self._flat(levels))
        return [
            self._inline(entity, shown, self.join.level, self.join.contained_by | {entity.id})
            for entity in entities
        ]

    async def gather(
        self, entities: Sequence[Entity], shown: Projection
    ) -> list[list[tuple[Entity, Projection]]]:
        """Return the entities and, level by level, those they refer to.

        Each comes with what is to be shown of it.
        """
        self._known.update({entity.id: entity for entity in entities})
        levels = [[(entity, shown) for entity in entities]]
        for _ in range(self.join.level):
            levels.append(await self._follow(levels[-1]))
        return levels

    async def _follow(
        self, frontier: Iterable[tuple[Entity, Projection]]
    ) -> list[tuple[Entity, Projection]]:
        """Return the entities one step further on, each with what is to be shown of it."""
        wanted: list[tuple[str, Projection]] = []
        missing: dict[str, set[str]] = {}
        for entity, shown in frontier:
            for attr, instance in self._relationships(entity, shown):
                for target in _targets(instance):
                    if target not in self.join.contained_by:
                        wanted.append((target, _below(shown, attr)))
                        if target not in self._known:
                            missing.setdefault(target, set()).update(_types(instance))
        if len(self._known) + len(missing) > MAX_LINKED:
            raise TooComplexQuery(
                f"More than {MAX_LINKED} linked entities: narrow the query or the join",
                field="joinLevel",
            )
        if missing:
            found = await self.fetch(missing)
            self._known.update({target: found.get(target) for target in missing})
        steps = ((self._known.get(target), below) for target, below in wanted)
        return [(entity, below) for entity, below in steps if entity is not None]

    def _relationships(self, entity: Entity, shown: Projection) -> Iterator[tuple[str, Instance]]:
        view = view_of(self.view, shown)
        for attr, instances in entity.attrs.items():
            if is_shown(attr, view):
                for instance in select(instances, view):
                    if instance["type"] in {"Relationship", "ListRelationship"}:
                        yield attr, instance

    def _flat(
        self, levels: Iterable[Sequence[tuple[Entity, Projection]]]
    ) -> Iterator[dict[str, Any]]:
        met = set()
        for level in levels:
            for entity, shown in level:
                if entity.id not in met:
                    met.add(entity.id)
                    yield represent(entity, self.terms, view_of(self.view, shown))

    def _inline(
        self, entity: Entity, shown: Projection, depth: int, met: frozenset[str]
    ) -> dict[str, Any]:
        view = view_of(self.view, shown)
        document = represent(entity, self.terms, view)
        if depth == 0:
            return document
        for attr in dict.fromkeys(attr for attr, _ in self._relationships(entity, shown)):
            name = self.terms.compact_iri(attr)
            below = _below(shown, attr)
            parts = select(entity.attrs[attr], view)
            cells = document[name] if len(parts) > 1 else [document[name]]
            if isinstance(cells, dict):  # simplified, of several datasets
                cells = cells["dataset"]
                for key, instance in zip(list(cells), parts, strict=True):
                    cells[key] = self._linked(cells[key], instance, below, depth, met)
                continue
            cells = [
                self._linked(cell, instance, below, depth, met)
                for cell, instance in zip(cells, parts, strict=True)
            ]
            document[name] = cells if len(parts) > 1 else cells[0]
        return document

    def _linked(
        self, cell: Any, instance: Instance, below: Projection, depth: int, met: frozenset[str]
    ) -> Any:
        """Return the JSON of one relationship instance with its entities in it."""
        inner = {
            target: self._inline(entity, below, depth - 1, met | {target})
            for target in _targets(instance)
            if target not in met and (entity := self._known.get(target)) is not None
        }
        if not inner:
            return cell
        single = isinstance(instance.get("object"), str)
        if self.view.format == "simplified":
            shown = [inner.get(target, target) for target in _targets(instance)]
            return shown[0] if single else shown
        if instance["type"] == "ListRelationship":
            return {**cell, "entityList": list(inner.values())}
        return {**cell, "entity": next(iter(inner.values())) if single else list(inner.values())}


def _targets(instance: Instance) -> list[str]:
    value: str | list[str] = instance["object" if "object" in instance else "objectList"]
    return value if isinstance(value, list) else [value]


def _types(instance: Instance) -> list[str]:
    types: str | list[str] = instance.get("objectType", [])
    return types if isinstance(types, list) else [types]


def _below(shown: Projection, attr: str) -> Projection:
    """Return what is to be shown of the entities an attribute refers to."""
    pick = _children(shown.pick, attr)
    return Projection(pick or None, _children(shown.omit, attr) or None)


def _children(members: tuple[Member, ...] | None, attr: str) -> tuple[Member, ...]:
    return tuple(
        child for member in members or () if member.iri == attr for child in member.children
    )
