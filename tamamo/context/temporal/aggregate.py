"""The aggregated temporal representation (clause 4.5.19).

Numbers are aggregated by PostgreSQL, from rollups where they tell; values of other kinds, which are
rare, here.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final

from psycopg.errors import NumericValueOutOfRange

from tamamo.context.errors import InvalidRequest, TooManyResults
from tamamo.context.query import temporalq
from tamamo.context.temporal import values
from tamamo.context.temporal.periods import Periods
from tamamo.context.temporal.pieces import Kept, Pieces
from tamamo.context.temporal.request import Wanted
from tamamo.context.temporal.selection import extent
from tamamo.kernel import sql
from tamamo.kernel.database import Connection

_SQL = sql.load(__package__)

#: Instances of other kinds than numbers that one request may aggregate.
LARGEST: Final = 200_000
#: Periods that one answer may have, all entities and attributes together.
MOST: Final = 50_000

#: Aggregates of numbers; the standard deviation is that of the whole period, not of a sample.
_METHODS: Final[Mapping[str, Callable[["Figures"], float | None]]] = {
    "avg": lambda f: f["sum"] / f["numbers"],
    "distinctCount": lambda f: f["different"],
    "max": lambda f: f["greatest"],
    "min": lambda f: f["least"],
    "stddev": lambda f: math.sqrt(max(0.0, f["spread"]) / f["numbers"]),
    "sum": lambda f: f["sum"],
    "sumsq": lambda f: f["squares"],
    "totalCount": lambda f: f["total"],
}

#: Entity id, attribute IRI, datasetId ("" = none).
Key = tuple[str, str, str]
#: Method → [value, start, end] of each period that has instances.
Triples = dict[str, list[list[Any]]]
#: What the numbers of one period come to.
Figures = dict[str, Any]


class Aggregated(dict[str, dict[str, dict[str, tuple[str, Triples]]]]):
    """Entity id → attribute IRI → datasetId → (kind, aggregates)."""

    def put(self, key: Key, kind: str, triples: Triples) -> None:
        """Keep the aggregates of one attribute and dataset."""
        entity_id, attr, dataset = key
        self.setdefault(entity_id, {}).setdefault(attr, {})[dataset] = (kind, triples)


async def aggregate(
    connection: Connection, tenant: str, wanted: Wanted, ids: Sequence[str], now: str
) -> Aggregated:
    """Return the aggregates of some entities. Periods without instances are left out.

    An open side of the time range is that of the instances there are.
    Raises InvalidRequest when an attribute asked for by name suits none of the methods, or when
    numbers are so large that their aggregates are none.
    """
    assert wanted.aggregation is not None
    params: dict[str, Any] = {"tenant": tenant, "ids": list(ids), "now": now}
    kept = await _kept(connection, wanted)
    start, end = wanted.times.start, wanted.times.end
    if start is None or end is None:
        found = await _extent(connection, wanted, ids, params, kept)
        if found is None:
            return Aggregated()
        start, end = start or found[0], end or found[1]
    periods = Periods(wanted.aggregation, start, max(start, end))
    pieces = Pieces(wanted, ids, periods, kept, params)
    try:
        result = await _read(connection, pieces)
    except NumericValueOutOfRange:  # squares or sums: Python knows infinity
        result = await _read_instances(connection, pieces)
    if wanted.attrs is not None:
        _check_eligible(result)
    return result


async def _kept(connection: Connection, wanted: Wanted) -> Kept | None:
    """Return how far rollups tell; None where they do not: they go by observedAt."""
    if not wanted.timed or wanted.times.timeproperty != "observedAt":
        return None
    row = await (await connection.execute(_SQL["kept"])).fetchone()
    if row is None or row[0] == date.min:
        return None
    return Kept(datetime.combine(row[0], time(), UTC), lost=row[1])


async def _extent(
    connection: Connection,
    wanted: Wanted,
    ids: Sequence[str],
    params: dict[str, Any],
    kept: Kept | None,
) -> tuple[datetime, datetime] | None:
    """Return the least and greatest time of the instances, also of those kept as rollups."""
    statement = extent(wanted, ids, params)
    row = await (await connection.execute(statement, params)).fetchone()
    ends = [moment for moment in row or () if moment is not None]
    if kept is not None and kept.lost:
        attrs = None if wanted.attrs is None else list(wanted.attrs)
        asked = {"tenant": params["tenant"], "ids": list(ids), "attrs": attrs}
        row = await (await connection.execute(_SQL["extent_of_lost"], asked)).fetchone()
        within = (m for m in row or () if m is not None and temporalq.matches(wanted.times, m))
        ends.extend(within)
    return (min(ends), max(ends)) if ends else None


async def _read(connection: Connection, pieces: Pieces) -> Aggregated:
    methods, params, periods = pieces.methods, pieces.params, pieces.periods
    statement = pieces.statement(MOST + 1)
    found: dict[Key, Triples] = {}
    others: set[Key] = set()
    past: dict[Key, dict[datetime, Figures]] = {}
    rows = await (await connection.execute(statement, params)).fetchall()
    if len(rows) > MOST:
        raise TooManyResults(
            f"More than {MOST} periods with instances: make them longer", field="aggrPeriodDuration"
        )
    for entity_id, attr, dataset, start, broken, is_past, *columns in rows:
        if broken:
            continue
        key = (entity_id, attr, dataset)
        figures = dict(zip(pieces.columns, columns, strict=True))
        if is_past:
            past.setdefault(key, {})[start] = figures
        if figures["numbers"] != figures["total"]:
            others.add(key)
            continue
        _add(found.setdefault(key, {}), figures, methods, periods.texts(start))
    result = Aggregated()
    for key, triples in found.items():
        if key not in others:
            result.put(key, "Property", triples)
    if others:
        left = {key: past.get(key, {}) for key in others}
        await _add_others(connection, pieces, result, left)
    return result


async def _read_instances(connection: Connection, pieces: Pieces) -> Aggregated:
    """Aggregate everything here. Raises InvalidRequest where more is kept only as rollups."""
    result = Aggregated()
    if pieces.kept is not None and pieces.kept.lost:
        raise InvalidRequest("The numbers are too large or too small to be aggregated")
    await _add_others(connection, pieces, result, None)
    for attrs in result.values():
        for datasets in attrs.values():
            for _, triples in datasets.values():
                told = (value for found in triples.values() for value, _, _ in found)
                if any(isinstance(value, float) and not math.isfinite(value) for value in told):
                    raise InvalidRequest("The numbers are too large to be aggregated")
    return result


async def _add_others(
    connection: Connection,
    pieces: Pieces,
    result: Aggregated,
    keys: Mapping[Key, Mapping[datetime, Figures]] | None,
) -> None:
    attrs = None if keys is None else {attr for _, attr, _ in keys}
    statement = pieces.others(attrs, LARGEST + 1)
    rows = await (await connection.execute(statement, pieces.params)).fetchall()
    keys = {row[:3]: {} for row in rows} if keys is None else keys
    _put_others(result, rows, keys, pieces.methods, pieces.periods)


def _add(triples: Triples, figures: Figures, methods: Iterable[str], texts: list[str]) -> None:
    """Add a period of numbers to the aggregates, as far as they can be told."""
    for method in methods:
        value = _METHODS[method](figures)
        if value is not None:
            triples.setdefault(method, []).append([value, *texts])


def _put_others(
    result: Aggregated,
    rows: Sequence[tuple[Any, ...]],
    keys: Mapping[Key, Mapping[datetime, Figures]],
    methods: Sequence[str],
    periods: Periods,
) -> None:
    """Aggregate attributes whose values are not all numbers.

    keys: the attributes, and what is left of their periods that are kept only as rollups.
    """
    if len(rows) > LARGEST:
        raise TooManyResults(
            f"More than {LARGEST} instances that are no numbers: narrow the times or attributes"
        )
    groups: dict[Key, dict[datetime, list[dict[str, Any]]]] = {key: {} for key in keys}
    for entity_id, attr, dataset, start, instance in rows:
        key = (entity_id, attr, dataset)
        if key in keys and start not in keys[key]:
            groups[key].setdefault(start, []).append(instance)
    for key, buckets in groups.items():
        triples: Triples = {}
        kind = "Property"
        for start in sorted({*buckets, *keys[key]}):
            if start in buckets:
                kind = buckets[start][0]["type"]
                for method, value in _aggregates(buckets[start], methods):
                    triples.setdefault(method, []).append([value, *periods.texts(start)])
                continue
            figures = keys[key][start]
            told = methods
            if figures["numbers"] != figures["total"]:
                kind = figures["kind"]
                told = [method for method in methods if method == "totalCount"]
            _add(triples, figures, told, periods.texts(start))
        result.put(key, values.label(kind), triples)


def _aggregates(
    instances: list[dict[str, Any]], methods: Iterable[str]
) -> Iterable[tuple[str, Any]]:
    suited = values.aggregates(instances)
    return ((method, suited[method]) for method in methods if method in suited)


def _check_eligible(result: Aggregated) -> None:
    for attrs in result.values():
        for attr, datasets in attrs.items():
            if all(not triples for _, triples in datasets.values()):
                raise InvalidRequest(
                    f"The values of {attr} suit none of the aggregation methods",
                    field="aggrMethods",
                )


def represent(attrs: dict[str, dict[str, tuple[str, Triples]]]) -> dict[str, Any]:
    """Return attribute IRI → aggregates as JSON; attributes that suit no method are left out."""
    out: dict[str, Any] = {}
    for attr, datasets in attrs.items():
        shown = [
            {"type": kind, **({"datasetId": dataset} if dataset else {}), **triples}
            for dataset, (kind, triples) in datasets.items()
            if triples
        ]
        if shown:
            out[attr] = shown[0] if len(shown) == 1 else shown
    return out
