"""How long a notification takes from the write to its receiver, at a steady rate of writes."""

import asyncio
import statistics
import time
from collections.abc import Iterator

from bench import load, receiver, workload
from bench.broker import Broker
from bench.speed import Bench, try_other
from bench.table import Row

_KIND = "BenchMoment"
_ENTITIES = 1_000
_RATE = 500
_CONNECTIONS = 16


def notifying(bench: Bench) -> list[Row]:
    """Write 500 times a second; the 99th percentile and the median of the ways."""
    with receiver.running() as sink:
        mine, theirs = _ways(bench, bench.ours, sink), None
        if bench.other is not None:
            other = bench.other
            theirs = try_other("notifications", lambda: _ways(bench, other, sink))
    names = ("p99", "median")
    rows = []
    for place, target in ((0, 100), (1, None)):
        rows.append(
            Row(
                f"notification, write to receiver, {_RATE}/s, {names[place]}",
                mine[place],
                "ms",
                target,
                other=None if theirs is None else theirs[place],
            )
        )
    return rows


def _ways(bench: Bench, broker: Broker, sink: receiver.Receiver) -> tuple[float, float]:
    """Return the 99th percentile and the median in milliseconds, of the middle run."""
    broker.send_all(broker.upserts(workload.entity(_KIND, n) for n in range(_ENTITIES)))
    seconds = max(2.0, bench.seconds)
    results: list[tuple[float, float]] = []
    with broker.subscribed([workload.watch_of_moments(_KIND, sink.url)]):
        time.sleep(2)  # the notifier has seen it
        asyncio.run(_write_steadily(broker, 0.5))
        sink.wait(int(0.5 * _RATE), 10)
        for _ in range(bench.runs):
            written = asyncio.run(_write_steadily(broker, seconds))
            got = sink.wait(written, 30)
            if len(got.latencies) < written:
                raise load.LoadError(f"{len(got.latencies)} of {written} notifications arrived")
            ways = sorted(got.latencies)
            results.append((ways[int(len(ways) * 0.99)] * 1e3, statistics.median(ways) * 1e3))
    return sorted(results)[len(results) // 2]


async def _write_steadily(broker: Broker, seconds: float) -> int:
    """Write at the rate, whatever the answers take; return how many writes there were."""
    due = _moments(seconds)
    count = 0

    async def work() -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection(broker.host, broker.port)
        for at in due:
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            count += 1
            request = workload.moment(broker, _KIND, count % _ENTITIES, time.monotonic_ns())
            await load.exchange(reader, writer, request)
        writer.close()

    await asyncio.gather(*(work() for _ in range(_CONNECTIONS)))
    return count


def _moments(seconds: float) -> Iterator[float]:
    began = time.monotonic()
    return (began + number / _RATE for number in range(int(seconds * _RATE)))
