"""Finding datasets: words, facets, order; everything in one statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, searching
from tamamo.kernel.time import JST, now
from tamamo.publishing.datasets import store
from tamamo.publishing.datasets.errors import BadDatasetQuery
from tamamo.publishing.datasets.folding import patterns
from tamamo.publishing.datasets.metadata import CYCLES, LICENCES, THEMES, Words
from tamamo.publishing.datasets.model import DatasetQuery, Facet, Found, Organization
from tamamo.publishing.datasets.rights import Sight

_SQL: Final = sql.load("tamamo.publishing.datasets", "search.sql")
FACETS: Final = ("organization", "groups", "tags", "formats", "licence", "cycle")
SORTS: Final = frozenset(
    {"relevance", "title", "-title", "modified", "-modified", "created", "-created", "id", "-id"}
)
MOST: Final = 1_000


async def search(
    broker: Broker, sight: Sight, query: DatasetQuery, facets: Sequence[str] = ()
) -> Found:
    """Return a page of the datasets that match. Raises BadDatasetQuery."""
    if query.sort not in SORTS:
        raise BadDatasetQuery(f"sort is one of {', '.join(sorted(SORTS))}", field="sort")
    async with searching(broker.pool) as connection:
        values = await _values(connection, sight, query) | {"facets": list(facets)}
        cursor = await connection.execute(_SQL["found"], values)
        rows = await cursor.fetchall()
        page = sorted((place, value) for kind, value, _, place in rows if kind == "page")
        found = await store.fetch(connection, sight.town, [value for _, value in page])
    total = next(n for kind, _, n, _ in rows if kind == "total")
    counted = {name: _facet(name, rows) for name in facets}
    live = (sight.known(found[value]) for _, value in page if value in found)
    return Found(total, tuple(live), counted)


async def ids(broker: Broker, sight: Sight) -> list[tuple[str, datetime]]:
    """Return the ids of all that is public with when each was changed last."""
    values = {"tenant": sight.town, "types": sorted(sight.types), "all_types": sight.all_types}
    async with searching(broker.pool) as connection:
        cursor = await connection.execute(_SQL["ids"], values)
        return [(row[0], row[1]) for row in await cursor.fetchall()]


async def organizations(broker: Broker, sight: Sight) -> list[Organization]:
    """Return the units that have datasets to see, by id."""
    found = await search(broker, sight, DatasetQuery(rows=0), ("organization",))
    made = [store.organization_of(one.value, one.count) for one in found.facets["organization"]]
    return sorted(made, key=lambda one: one.unit)


def _several(value: str | tuple[str, ...] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


async def _values(connection: Connection, sight: Sight, query: DatasetQuery) -> dict[str, Any]:
    wanted = _several(query.organization)
    units: list[str] | None = None
    if wanted:
        cursor = await connection.execute(_SQL["units"], {"tenant": sight.town})
        known = [store.organization_of(row[0]) for row in await cursor.fetchall()]
        units = [one.unit for one in known if one.unit in wanted or one.name in wanted]
    licences = _several(query.licence)
    since, until = query.modified
    return {
        "tenant": sight.town,
        "states": sight.states(query.state),
        "types": sorted(sight.types),
        "all_types": sight.all_types,
        "ids": None if query.ids is None else list(query.ids),
        "units": units,
        "groups": _several(query.group),
        "tags": _several(query.tag),
        "formats": _several(query.format),
        "licences": licences or None,
        "kind": query.kind,
        "overdue": True if query.state == "overdue" else query.overdue,
        "today": now().astimezone(JST).date(),
        "since": since,
        "until": until,
        "words": patterns(query.q),
        "sort": query.sort,
        "start": max(query.start, 0),
        "rows": max(0, min(query.rows, MOST)),
    }


_LABELS: Final[Mapping[str, Mapping[str, Any]]] = {
    "groups": THEMES, "licence": LICENCES, "cycle": CYCLES,
}  # fmt: skip


def _facet(name: str, rows: Sequence[tuple[Any, ...]]) -> tuple[Facet, ...]:
    counted = [(value, n) for kind, value, n, _ in rows if kind == name]
    facets = [Facet(value, _label(name, value), n) for value, n in counted]
    return tuple(sorted(facets, key=lambda one: (-one.count, one.value)))


def _label(name: str, value: str) -> Words:
    if name == "organization":
        return Words(value.rpartition("/")[2])
    known = _LABELS.get(name, {}).get(value)
    return Words(value) if known is None else known.title
