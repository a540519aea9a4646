"""A plain model of a history of measurements and its aggregates, for the property tests."""

import asyncio
import math
import secrets
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import isodate
import psycopg
from psycopg.conninfo import make_conninfo

from tamamo.context.model.entity import Instance
from tamamo.context.model.represent import View
from tamamo.context.query import plan, temporalq
from tamamo.context.query.temporalq import Aggregation, TemporalQuery
from tamamo.context.temporal import aggregate, reading
from tamamo.context.temporal.request import Wanted
from tamamo.context.temporal.values import aggregates
from tamamo.kernel.database import Pool, open_pool, transaction

A, B = "https://terms.example/a", "https://terms.example/b"
START = datetime(2026, 6, 1, tzinfo=UTC)
METHODS = temporalq.METHODS
TABLES = "attribute_history, temporal_entity, attribute_rollup, rollup_mark, history_dropped"
#: Entity id, attribute, datasetId → time → value.
Model = dict[tuple[str, str, str], dict[datetime, Any]]
#: The same → method → period's start → value.
Aggregates = dict[tuple[str, str, str], dict[str, dict[datetime, Any]]]


@contextmanager
def fresh_pool(cluster_dsn: str, size: int = 4) -> Iterator[tuple[asyncio.Runner, Pool]]:
    """Yield a loop and a pool on a database of their own."""
    name = f"t_{secrets.token_hex(6)}"
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"create database {name} template tamamo_template")
    with asyncio.Runner() as runner:
        opened = open_pool(make_conninfo(cluster_dsn, dbname=name), size)
        yield runner, runner.run(opened.__aenter__())
        runner.run(opened.__aexit__(None, None, None))
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


async def empty(pool: Pool) -> None:
    """Forget everything that the tables of the history hold."""
    async with transaction(pool) as connection:
        await connection.execute(f"truncate {TABLES}")
        await connection.execute(
            "update history_state set closed_until = '0001-01-01', folded_until = '0001-01-01',"
            " generation = 0"
        )


def instance(value: Any, at: datetime, dataset: str = "") -> Instance:
    """Return a measurement in stored form."""
    found: Instance = {"type": "Property", "value": value}
    found["observedAt"] = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {**found, "datasetId": dataset} if dataset else found


def wanted(
    times: TemporalQuery,
    period: timedelta | isodate.Duration | None,
    attrs: Sequence[str] | None = None,
    methods: Sequence[str] = METHODS,
) -> Wanted:
    """Return a request for aggregates."""
    aggregation = Aggregation(tuple(methods), period)
    named = None if attrs is None else tuple(attrs)
    query = plan.Query(attrs=named or ())
    return Wanted(query, times, True, "aggregatedValues", aggregation, View(), named)


async def ask(pool: Pool, request: Wanted) -> Aggregates:
    """Return what the broker answers, in the shape of the model."""
    answer = await reading.query(pool, "default", request)
    found: Aggregates = {}
    for entity_id, attrs in (answer.aggregated or aggregate.Aggregated()).items():
        for attr, datasets in attrs.items():
            for dataset, (_, triples) in datasets.items():
                found[entity_id, attr, dataset] = {
                    method: {datetime.fromisoformat(low): value for value, low, _ in periods}
                    for method, periods in triples.items()
                }
    return found


def expect(model: Model, request: Wanted) -> Aggregates:
    """Do what clause 4.5.19 says, from the measurements themselves."""
    assert request.aggregation is not None
    result: Aggregates = {}
    series = {
        key: {at: v for at, v in values.items() if temporalq.matches(request.times, at)}
        for key, values in model.items()
        if request.attrs is None or key[1] in request.attrs
    }
    for entity_id in {key[0] for key in series}:
        # Periods begin at the lower bound, else at the first instance of all entities shown.
        for key, values in series.items():
            if key[0] == entity_id and values:
                starts = _starts(request, [at for found in series.values() for at in found])
                result[key] = _aggregate(values, starts, request.aggregation.methods)
    return result


def _starts(request: Wanted, moments: Sequence[datetime]) -> list[datetime]:
    assert request.aggregation is not None
    low, high = request.times.start or min(moments), request.times.end or max(moments)
    if request.aggregation.period is None:
        return [low]
    starts: list[datetime] = []
    number = 0
    while not starts or starts[-1] <= high:
        starts.append(low + request.aggregation.period * number)
        number += 1
    return starts


def _aggregate(
    values: Mapping[datetime, Any], starts: Sequence[datetime], methods: Sequence[str]
) -> dict[str, dict[datetime, Any]]:
    periods: dict[datetime, list[Any]] = {}
    for at in sorted(values):
        periods.setdefault(max(s for s in starts if s <= at), []).append(values[at])
    plain = all(isinstance(value, bool | int | float) for value in values.values())
    found: dict[str, dict[datetime, Any]] = {}
    for start, members in periods.items():
        told = _of_numbers(members) if plain else _of_others(members)
        for method, value in told.items():
            if method in methods:
                found.setdefault(method, {})[start] = value
    return found


def _of_numbers(members: Sequence[float]) -> dict[str, float]:
    mean = statistics.fmean(members)
    return {
        "avg": mean,
        "distinctCount": len(set(members)),
        "max": max(members),
        "min": min(members),
        "stddev": statistics.pstdev(map(float, members)),
        "sum": math.fsum(members),
        "sumsq": math.fsum(float(value) * value for value in members),
        "totalCount": len(members),
    }


def _of_others(members: Sequence[Any]) -> dict[str, Any]:
    return aggregates([{"type": "Property", "value": value} for value in members])


def differences(found: Aggregates, expected: Aggregates) -> list[str]:
    """Return where the two differ, but for the order in which numbers were added."""
    told = []
    for key in sorted(found.keys() | expected.keys()):
        mine, theirs = found.get(key, {}), expected.get(key, {})
        for method in sorted(mine.keys() | theirs.keys()):
            one, other = mine.get(method, {}), theirs.get(method, {})
            told += [
                f"{key} {method} {at}: found {one.get(at)}, expected {other.get(at)}"
                for at in sorted(one.keys() | other.keys())
                if not _alike(one.get(at), other.get(at), method)
            ]
    return told


def _alike(found: Any, expected: Any, method: str) -> bool:
    if isinstance(expected, str) or found is None or expected is None:
        return bool(found == expected)
    slack = 1e-4 if method == "stddev" else 1e-9
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=slack)
