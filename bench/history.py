"""An aggregated temporal query over a long series (clause 4.5.19)."""

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import psycopg

from bench.broker import API, Broker
from bench.load import LoadError
from bench.speed import Bench, try_other
from bench.table import Row

_INSTANCES, _AT_ONCE = 100_000, 5_000
_START = datetime(2026, 6, 1, tzinfo=UTC)
_ENTITY = "urn:ngsi-ld:Bench:series"
#: Requests of which the median is taken, in each run.
_REQUESTS = 15
_BARE = """
    select date_bin('1 hour', at, %(start)s), avg(number), max(number)
    from attribute_history
    where tenant = 'default' and entity_id = %(id)s and attr like '%%/level'
        and at >= %(start)s and at < %(end)s
    group by 1 order by 1
"""


def aggregating(bench: Bench) -> list[Row]:
    """Hourly mean and maximum of 100,000 instances, from rollups and from the instances."""
    _load(bench.ours)
    _wait_for_rollups(bench)
    with psycopg.connect(bench.server.dsn, autocommit=True) as connection:
        bare = statistics.median(_bare(connection) for _ in range(bench.runs * _REQUESTS))
    # On whole hours, as charts ask; and half an hour later, where no rollup fits.
    told, read = (_milliseconds(bench.ours, bench.runs, start) for start in ("00:00", "00:30"))
    other = None
    if bench.other is not None:
        theirs = bench.other
        other = try_other("aggregates", lambda: _load_and_ask(theirs, bench.runs))
    name = "avg and max by hour of 100,000 instances"
    return [
        Row(name, told, "ms", 50, of_sql=bare / told, other=other),
        Row(f"{name}, hours beginning at half past", read, "ms", of_sql=bare / read),
    ]


def _load_and_ask(broker: Broker, runs: int) -> float:
    _load(broker)
    return _milliseconds(broker, runs, "00:00")


def _load(broker: Broker) -> None:
    broker.send_all(
        [broker.request("POST", "/temporal/entities", body) for body in _evolutions()],
        connections=1,
    )


def _evolutions() -> Iterator[dict[str, object]]:
    """Yield the series, one reading a minute, in several parts."""
    for first in range(0, _INSTANCES, _AT_ONCE):
        readings = [
            {
                "type": "Property",
                "value": number * 7919 % 1000 / 100,
                "observedAt": f"{_START + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}",
            }
            for number in range(first, first + _AT_ONCE)
        ]
        yield {"id": _ENTITY, "type": "Bench", "level": readings}


def _wait_for_rollups(bench: Bench) -> None:
    end = time.monotonic() + 120
    with psycopg.connect(bench.server.dsn, autocommit=True) as connection:
        while time.monotonic() < end:
            row = connection.execute(
                "select folded_until < %s"
                " or exists (select 1 from rollup_mark where entity_id = %s) from history_state",
                [_START + timedelta(minutes=_INSTANCES), _ENTITY],
            ).fetchone()
            if row is not None and not row[0]:
                return
            time.sleep(0.5)
    raise LoadError("The series was not rolled up within two minutes")


def _milliseconds(broker: Broker, runs: int, start: str) -> float:
    params = {
        "timerel": "between", "timeAt": f"{_START:%Y-%m-%d}T{start}:00Z",
        "endTimeAt": f"{_START + timedelta(minutes=_INSTANCES):%Y-%m-%d}T{start}:00Z",
        "attrs": "level", "options": "aggregatedValues", "aggrMethods": "avg,max",
        "aggrPeriodDuration": "PT1H",
    }  # fmt: skip
    with httpx.Client(base_url=broker.url + API, headers=dict(broker.headers), timeout=60) as http:
        times = []
        for _ in range(runs * _REQUESTS):
            began = time.perf_counter()
            answer = http.get(f"/temporal/entities/{_ENTITY}", params=params)
            times.append((time.perf_counter() - began) * 1000)
            if answer.status_code != 200:
                raise LoadError(f"An aggregated query was answered {answer.text}")
    return statistics.median(times)


def _bare(connection: psycopg.Connection[tuple[object, ...]]) -> float:
    began = time.perf_counter()
    end = _START + timedelta(minutes=_INSTANCES)
    connection.execute(_BARE, {"start": _START, "end": end, "id": _ENTITY}).fetchall()
    return (time.perf_counter() - began) * 1000
