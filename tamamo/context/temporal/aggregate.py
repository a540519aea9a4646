"""The aggregated temporal representation (clause 4.5.19).

Numbers are aggregated by PostgreSQL; values of other kinds, which are rare, here.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from tamamo.context.errors import InvalidRequest, TooManyResults
from tamamo.context.query import temporalq
from tamamo.context.query.temporalq import Aggregation
from tamamo.context.query.text import bind
from tamamo.context.temporal import values
from tamamo.context.temporal.request import Wanted
from tamamo.context.temporal.rows import SCOPE
from tamamo.context.temporal.selection import extent, of_dataset, time_of, within
from tamamo.kernel.database import Connection
from tamamo.kernel.time import to_text

#: Instances of other kinds than numbers that one request may aggregate.
LARGEST: Final = 200_000
#: Periods that one answer may have, all entities and attributes together.
MOST: Final = 50_000

#: Aggregates of numbers; the standard deviation is that of the whole period, not of a sample.
_METHODS: Final[Mapping[str, str]] = {
    "avg": "avg(h.number)",
    "distinctCount": "count(distinct h.number)",
    "max": "max(h.number)",
    "min": "min(h.number)",
    "stddev": "stddev_pop(h.number)",
    "sum": "sum(h.number)",
    "sumsq": "sum(h.number * h.number)",
    "totalCount": "count(*)",
}

#: Entity id, attribute IRI, datasetId ("" = none).
Key = tuple[str, str, str]
#: Method → [value, start, end] of each period that has instances.
Triples = dict[str, list[list[Any]]]


class Aggregated(dict[str, dict[str, dict[str, tuple[str, Triples]]]]):
    """Entity id → attribute IRI → datasetId → (kind, aggregates)."""

    def put(self, key: Key, kind: str, triples: Triples) -> None:
        """Keep the aggregates of one attribute and dataset."""
        entity_id, attr, dataset = key
        self.setdefault(entity_id, {}).setdefault(attr, {})[dataset] = (kind, triples)


class Periods:
    """The periods of a request: which one a moment falls in, and its start and end."""

    def __init__(self, aggregation: Aggregation, start: datetime, end: datetime) -> None:
        self.step = aggregation.period if isinstance(aggregation.period, timedelta) else None
        self.start, self.end = start, end
        #: Starts and ends of calendar periods, and of the only one there is.
        self.bounds: list[tuple[datetime, datetime]] = (
            [] if self.step else list(temporalq.periods(aggregation, start, end))
        )

    def column(self, time: str, params: dict[str, Any]) -> str:
        """Return the SQL that numbers the periods by their start."""
        if self.step is not None:
            step, start = bind(params, self.step), bind(params, self.start)
            return f"date_bin({step}::interval, {time}, {start}::timestamptz)"
        starts = bind(params, [low for low, _ in self.bounds])
        return f"({starts}::timestamptz[])[width_bucket({time}, {starts}::timestamptz[])]"

    def texts(self, start: datetime) -> list[str]:
        """Return start and end of the period that begins at `start`."""
        if self.step is not None:
            return [to_text(start), to_text(start + self.step)]
        return [to_text(start), to_text(dict(self.bounds)[start])]


async def aggregate(
    connection: Connection, tenant: str, wanted: Wanted, ids: Sequence[str], now: str
) -> Aggregated:
    """Return the aggregates of some entities. Periods without instances are left out.

    An open side of the time range is that of the instances there are.
    Raises InvalidRequest when an attribute asked for by name suits none of the methods.
    """
    assert wanted.aggregation is not None
    params: dict[str, Any] = {"tenant": tenant, "ids": list(ids), "now": now}
    source = _source(wanted, params)
    start, end = wanted.times.start, wanted.times.end
    if start is None or end is None:
        row = await (await connection.execute(extent(wanted, ids, params), params)).fetchone()
        if row is None or row[0] is None:
            return Aggregated()
        start, end = start or row[0], end or row[1]
    periods = Periods(wanted.aggregation, start, max(start, end) or start)
    result = await _numbers(connection, wanted, params, source, periods)
    if wanted.attrs is not None:
        _check_eligible(result)
    return result


def _source(wanted: Wanted, params: dict[str, Any]) -> str:
    attrs = "h.attr <> %(scope)s" if wanted.attrs is None else "h.attr = any(%(attrs)s)"
    params |= {"scope": SCOPE} if wanted.attrs is None else {"attrs": list(wanted.attrs)}
    return (
        "from attribute_history h where h.tenant = %(tenant)s and h.entity_id = any(%(ids)s)"
        f" and {attrs} and h.deleted_at is null and {within(wanted, params, 'true')}"
        f" and {of_dataset(wanted, params)}"
    )


async def _numbers(
    connection: Connection, wanted: Wanted, params: dict[str, Any], source: str, periods: Periods
) -> Aggregated:
    assert wanted.aggregation is not None
    methods = wanted.aggregation.methods
    columns = ", ".join(_METHODS[method] for method in methods)
    bucket = periods.column(time_of(wanted), params)
    statement = (
        f"select h.entity_id, h.attr, h.dataset_id, {bucket} as bucket,"
        f" count(*) = count(h.number), {columns} {source}"
        f" group by h.entity_id, h.attr, h.dataset_id, bucket order by bucket limit {MOST + 1:d}"
    )
    found: dict[Key, Triples] = {}
    others: set[Key] = set()
    rows = await (await connection.execute(statement, params)).fetchall()
    if len(rows) > MOST:
        raise TooManyResults(
            f"More than {MOST} periods with instances: make them longer", field="aggrPeriodDuration"
        )
    for entity_id, attr, dataset, start, numeric, *aggregates in rows:
        key = (entity_id, attr, dataset)
        if not numeric:
            others.add(key)
            continue
        triples = found.setdefault(key, {method: [] for method in methods})
        texts = periods.texts(start)
        for method, value in zip(methods, aggregates, strict=True):
            triples[method].append([value, *texts])
    result = Aggregated()
    for key, triples in found.items():
        if key not in others:
            result.put(key, "Property", triples)
    if others:
        params["others"] = list({attr for _, attr, _ in others})
        statement = (
            f"select h.entity_id, h.attr, h.dataset_id, {bucket} as bucket, h.instance {source}"
            f" and h.attr = any(%(others)s) order by bucket limit {LARGEST + 1:d}"
        )
        rows = await (await connection.execute(statement, params)).fetchall()
        _put_others(result, rows, others, methods, periods)
    return result


def _put_others(
    result: Aggregated,
    rows: Sequence[tuple[Any, ...]],
    keys: set[Key],
    methods: Sequence[str],
    periods: Periods,
) -> None:
    """Aggregate attributes whose values are not all numbers."""
    if len(rows) > LARGEST:
        raise TooManyResults(
            f"More than {LARGEST} instances that are no numbers: narrow the times or attributes"
        )
    groups: dict[Key, dict[datetime, list[dict[str, Any]]]] = {}
    for entity_id, attr, dataset, start, instance in rows:
        key = (entity_id, attr, dataset)
        if key in keys:
            groups.setdefault(key, {}).setdefault(start, []).append(instance)
    for key, buckets in groups.items():
        triples: Triples = {}
        for start, members in buckets.items():
            for method, value in _aggregates(members, methods):
                triples.setdefault(method, []).append([value, *periods.texts(start)])
        kind = next(iter(buckets.values()))[0]["type"]
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
