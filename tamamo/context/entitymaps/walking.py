"""Pages through an entity map (clause 5.5.9.3).

The map fixes the entities and their places; whether they still fit the query is looked at again,
and those that do not are taken out. `offset` counts places, so that nothing is passed over when
an entity before it goes.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from tamamo.context.entitymaps.service import EntityMap, EntityMapService, Entry
from tamamo.context.errors import TooManyResults
from tamamo.context.query.paging import Page

T = TypeVar("T")

#: Entries looked at together, at least and at most.
_FEW: Final = 50
_MANY: Final = 1_000


@dataclass(frozen=True, slots=True)
class Fitting(Generic[T]):
    """Those of some entries that fit the query, by entity id.

    sure: whether the others are known not to; not so when a source could not be asked.
    """

    found: Mapping[str, T]
    sure: bool = True


Match = Callable[[Sequence[Entry]], Awaitable[Fitting[T]]]


@dataclass(slots=True)
class MapPage(Generic[T]):
    """A page. after: offset of the next one; before: offset and size of the one before."""

    items: list[T] = field(default_factory=list)
    after: int | None = None
    before: tuple[int, int] | None = None
    total: int | None = None


async def walk(
    maps: EntityMapService,
    tenant: str,
    used: EntityMap,
    page: Page,
    match: Match[T],
    *,
    names: Match[Any] | None = None,
) -> MapPage[T]:
    """Return the page in the order of the map, and take out what does not fit.

    names: the same as `match` for those who only count, which need not read whole entities.
    """
    result: MapPage[T] = MapPage()
    place = page.offset
    size = min(max(page.limit + 1, _FEW), _MANY)
    while result.after is None:
        entries = await maps.entries(tenant, used.id, place, size)
        fitting = await _matching(maps, tenant, used, entries, match)
        for entry in entries:
            if entry.entity_id not in fitting:
                continue
            if len(result.items) == page.limit:
                result.after = entry.place
                break
            result.items.append(fitting[entry.entity_id])
        if len(entries) < size:
            break
        place = entries[-1].place + 1
    if page.offset and page.limit:
        result.before = await maps.page_before(tenant, used.id, page.offset, page.limit)
    if page.count:
        result.total = await _count(maps, tenant, used, names or match)
    return result


async def _count(maps: EntityMapService, tenant: str, used: EntityMap, match: Match[Any]) -> int:
    total = place = 0
    while True:
        entries = await maps.entries(tenant, used.id, place, _MANY)
        total += len(await _matching(maps, tenant, used, entries, match))
        if len(entries) < _MANY:
            return total
        place = entries[-1].place + 1


async def everything(
    maps: EntityMapService, tenant: str, used: EntityMap, match: Match[T], limit: int
) -> list[T]:
    """Return all that fit, for those who put them in another order. Raises TooManyResults."""
    found: list[T] = []
    place = 0
    while True:
        entries = await maps.entries(tenant, used.id, place, _MANY)
        fitting = await _matching(maps, tenant, used, entries, match)
        found += [fitting[entry.entity_id] for entry in entries if entry.entity_id in fitting]
        if len(found) > limit:
            raise TooManyResults(
                f"orderBy: more than {limit} entities to put in order; narrow the query",
                field="orderBy",
            )
        if len(entries) < _MANY:
            return found
        place = entries[-1].place + 1


def rank(ordered: list[T], page: Page) -> MapPage[T]:
    """Return the page of what was put in an order of its own: `offset` counts ranks."""
    end = page.offset + page.limit
    before = (max(0, page.offset - page.limit), min(page.limit, page.offset))
    return MapPage(
        ordered[page.offset : end],
        end if end < len(ordered) else None,
        before if page.offset and page.limit else None,
        len(ordered) if page.count else None,
    )


async def _matching(
    maps: EntityMapService,
    tenant: str,
    used: EntityMap,
    entries: Sequence[Entry],
    match: Match[T],
) -> Mapping[str, T]:
    if not entries:
        return {}
    fitting = await match(entries)
    gone = [entry.place for entry in entries if entry.entity_id not in fitting.found]
    if gone and fitting.sure:
        await maps.remove(tenant, used.id, gone)
    return fitting.found
