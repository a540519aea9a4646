"""What is counted for /metrics: gathered or one by one, the numbers are the same."""

import asyncio

import pytest
from prometheus_client import REGISTRY, Histogram

from tamamo.kernel import tally
from tamamo.kernel.tally import Tally

SECONDS = [0.0004, 0.001, 0.0011, 0.3, 0.3, 10.0, 11.5]


def buckets(name: str, labels: dict[str, str]) -> dict[str, float]:
    found = [metric for metric in REGISTRY.collect() if metric.name == name]
    return {
        sample.name.removeprefix(name) + sample.labels.get("le", ""): sample.value
        for sample in found[0].samples
        if labels.items() <= sample.labels.items() and not sample.name.endswith("_created")
    }


async def test_gathered_times_fall_into_the_same_buckets_as_single_ones() -> None:
    single = Histogram("tamamo_test_single", "For comparison", buckets=tally._BOUNDS)
    gathered = Tally()
    for seconds in SECONDS:
        single.observe(seconds)
        gathered.note("test-buckets", "GET", 200, seconds)
    gathered.write()
    found = buckets("tamamo_http_request_seconds", {"face": "test-buckets"})
    assert found == buckets("tamamo_test_single", {})
    assert found["_count"] == len(SECONDS)


async def test_they_are_written_after_a_moment_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_GATHERED", 0.01)
    labels = {"face": "test-moment", "method": "GET", "status": "200"}
    gathered = Tally()
    for expected in (2, 4):
        gathered.note("test-moment", "GET", 200, None)
        gathered.note("test-moment", "GET", 200, None)
        await asyncio.sleep(0.05)
        assert REGISTRY.get_sample_value("tamamo_http_requests_total", labels) == expected
    gathered.write()
    assert REGISTRY.get_sample_value("tamamo_http_requests_total", labels) == 4
    assert buckets("tamamo_http_request_seconds", {"face": "test-moment"}) == {}
