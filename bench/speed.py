"""Reading, changing, batches, queries: each against a bare route and a bare statement, in turns."""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bench import receiver, workload
from bench.baseline import Baseline
from bench.broker import Broker
from bench.installation import Server
from bench.load import LoadError
from bench.table import Row

_BATCHES = 20
_BATCH = 1_000
_PLACE = "BenchPlace"
#: Seconds after which a database has gathered statistics on what was imported.
_REST = 25


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured and how long.

    other: a broker to do the same work. seconds: of each single measure; runs: of which the
    median is taken. places: entities behind the queries.
    """

    server: Server
    ours: Broker
    other: Broker | None
    runs: int
    seconds: float
    places: int
    #: Kinds of entities that are there already.
    stored: list[str] = field(default_factory=list)

    def brokers(self) -> list[Broker]:
        """Return the one or two brokers that are measured."""
        return [self.ours] if self.other is None else [self.ours, self.other]

    def bare_route(self) -> float:
        """Return the rate of a route of the same process that does nothing."""
        return self.ours.rate([self.ours.raw("GET", "/healthz")], self.seconds / 2)


T = TypeVar("T")


def try_other(what: str, measure: Callable[[], T]) -> T | None:
    """Return what another broker does; None, and a word on stderr, when it does not do it."""
    try:
        return measure()
    except (LoadError, OSError) as error:
        print(f"  the other broker, {what}: {error}", file=sys.stderr)
        return None


def _store(broker: Broker, kind: str, count: int) -> None:
    broker.send_all(broker.upserts(workload.entity(kind, n) for n in range(count)))


def tidy(bench: Bench) -> None:
    """Leave nothing behind in the other broker; our own home is thrown away."""
    other = bench.other
    if other is None:
        return
    kinds = {
        "BenchGauge": workload.GAUGES,
        "BenchFirst": _BATCH * _BATCHES,
        "BenchBatch": _BATCH * _BATCHES * bench.runs,
        "BenchMoment": 1_000,
        _PLACE: bench.places,
    }
    for kind, count in kinds.items():
        ids = [workload.entity_id(kind, number) for number in range(count)]
        try_other("clean-up", lambda ids=ids: other.delete(ids))  # type: ignore[misc]


def _rates(
    bench: Bench,
    row: Row,
    requests: Callable[[Broker], Sequence[bytes]],
    bare: Callable[[], float],
) -> Row:
    """Fill in a row with the medians of rates measured in turns."""
    mine, theirs = requests(bench.ours), bench.other and requests(bench.other)
    bench.ours.rate(mine, 1)
    rates, of_route, of_sql, costs, others = [], [], [], [], []
    for _ in range(bench.runs):
        route, statement = bench.bare_route(), bare()
        before, began = bench.server.processor_seconds(), time.monotonic()
        rate = bench.ours.rate(mine, bench.seconds)
        used = bench.server.processor_seconds() - before
        costs.append(used / (rate * (time.monotonic() - began)) * 1e6)
        rates.append(rate)
        of_route.append(rate / route)
        of_sql.append(rate / statement)
        if bench.other is not None and theirs:
            found = try_other(row.name, lambda: bench.other.rate(theirs, bench.seconds))  # type: ignore[union-attr]
            others += [] if found is None else [found]
    return replace(
        row,
        value=statistics.median(rates),
        of_route=statistics.median(of_route),
        of_sql=statistics.median(of_sql),
        cpu=statistics.median(costs),
        other=statistics.median(others) if others else None,
    )


def reading(bench: Bench) -> list[Row]:
    """GET one of 10,000 entities."""
    kind = "BenchGauge"
    for broker in bench.brokers():
        _store(broker, kind, workload.GAUGES)
    baseline = Baseline(bench.server.dsn, bench.seconds / 2)
    row = Row("GET one entity, 64 clients", 0, "/s", 7_000, "high")
    return [_rates(bench, row, lambda b: workload.gets(b, kind), lambda: baseline.get(kind))]


def changing(bench: Bench) -> list[Row]:
    """PATCH one attribute of 10,000 entities, 100 subscriptions, one of which each change meets."""
    kind = "BenchGauge"
    baseline = Baseline(bench.server.dsn, bench.seconds / 2)
    with receiver.running() as sink:
        subscriptions = workload.subscriptions(kind, sink.url)
        for broker in bench.brokers():
            _store(broker, kind, workload.GAUGES)
        row = Row("PATCH one attribute, 64 clients", 0, "/s", 4_000, "high")
        with bench.ours.subscribed(subscriptions):
            time.sleep(2)  # the notifier has seen them
            alone = replace(bench, other=None)
            row = _rates(
                alone, row, lambda b: workload.patches(b, kind), lambda: baseline.patch(kind)
            )
            arrived = sink.take().count
            began = time.monotonic()
            while (more := sink.wait(1, 3).count) and time.monotonic() - began < 20:
                arrived += more
            drained = Row("  its notifications, until they rest", arrived, "arrived")
        if bench.other is not None:
            row = replace(row, other=_other_changing(bench, bench.other, subscriptions, kind))
    return [row, drained]


def _other_changing(
    bench: Bench, other: Broker, subscriptions: list[dict[str, object]], kind: str
) -> float | None:
    def measure() -> float:
        with other.subscribed(subscriptions):
            time.sleep(2)
            requests = workload.patches(other, kind)
            other.rate(requests, 1)
            return statistics.median(other.rate(requests, bench.seconds) for _ in range(bench.runs))

    return try_other("PATCH", measure)


def batches(bench: Bench) -> list[Row]:
    """Batch upsert of 1,000 over 4 connections: first creating, then changing."""
    kind, total = "BenchBatch", _BATCH * _BATCHES
    baseline = Baseline(bench.server.dsn, bench.seconds / 2)
    rows = []
    statement = statistics.median(baseline.upsert() for _ in range(bench.runs))
    route = bench.bare_route()
    baseline.clean()
    # As the other measures, behind a round that is not counted: a new server has much to do once.
    _store(bench.ours, "BenchFirst", total)
    if bench.other is None:
        baseline.checkpoint()
    else:  # whose database is out of reach: both as they are
        other = bench.other
        try_other("batch", lambda: _store(other, "BenchFirst", total))
    for what, level in (("new", 0.0), ("changed", 1.0)):
        rates, costs, others = [], [], []
        for run in range(bench.runs):
            every = [workload.entity(kind, run * total + n, level) for n in range(total)]
            before = bench.server.processor_seconds()
            rates.append(total / bench.ours.send_all(bench.ours.upserts(every)))
            costs.append((bench.server.processor_seconds() - before) / total * 1e6)
            if bench.other is not None:
                other, requests = bench.other, bench.other.upserts(every)
                found = try_other("batch", lambda o=other, r=requests: total / o.send_all(r))  # type: ignore[misc]
                others += [] if found is None else [found]
        rate = statistics.median(rates)
        rows.append(
            Row(
                f"batch upsert of 1,000, {what}",
                rate,
                "/s",
                15_000,
                "high",
                of_route=rate / route,
                of_sql=rate / statement,
                cpu=statistics.median(costs),
                other=statistics.median(others) if others else None,
            )
        )
    return rows


def querying(bench: Bench) -> list[Row]:
    """Pages of a query by type and value, over many entities."""
    baseline = _places(bench)
    row = Row(f"query by type + q, page of 100, over {bench.places:,}", 0, "/s", 300, "high")
    bare = lambda: baseline.query(_PLACE)  # noqa: E731
    return [_rates(bench, row, lambda broker: workload.queries(broker, _PLACE), bare)]


def finding(bench: Bench) -> list[Row]:
    """Pages of a geo-query, over many entities."""
    baseline = _places(bench)
    row = Row(f"geo near, page of 20, over {bench.places:,}", 0, "/s", 500, "high")
    bare = lambda: baseline.near(_PLACE)  # noqa: E731
    return [_rates(bench, row, lambda broker: workload.near_queries(broker, _PLACE), bare)]


def _places(bench: Bench) -> Baseline:
    """Store many entities once, and let the databases take note of them."""
    if not bench.stored:
        for broker in bench.brokers():
            _store(broker, _PLACE, bench.places)
        time.sleep(_REST)
        bench.stored.append(_PLACE)
    return Baseline(bench.server.dsn, bench.seconds / 2)
