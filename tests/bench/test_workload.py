"""The work is valid: our own broker does all of it, and the bare statements run on its tables."""

import asyncio

import httpx
import pytest

from bench import workload
from bench.baseline import Baseline
from bench.broker import API, Broker
from bench.load import COUNTER
from tamamo.asgi import build
from tamamo.context.broker import open_broker

KIND = "BenchTest"
WIRE = Broker("http://broker.test")


async def _send(client: httpx.AsyncClient, request: bytes) -> httpx.Response:
    head, _, body = request.partition(b"\r\n\r\n")
    method, path, _ = head.partition(b"\r\n")[0].decode().split(" ")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    content = body.replace(COUNTER, b"1000000007")
    assert len(content) == int(headers.get("Content-Length", 0))
    return await client.request(method, path, headers=headers, content=content)


@pytest.fixture
async def client(settings):
    async with open_broker(settings) as broker:
        application = build(settings)

        async def with_state(scope, receive, send):
            await application({**scope, "state": {"broker": broker}}, receive, send)

        transport = httpx.ASGITransport(with_state)
        async with httpx.AsyncClient(transport=transport, base_url=WIRE.url) as http:
            entities = [workload.entity(KIND, number) for number in range(1_500)]
            for request in WIRE.upserts(entities):
                assert (await _send(http, request)).status_code == 201
            yield http


async def test_entities_are_read_and_changed(client):
    read = await _send(client, workload.gets(WIRE, KIND)[0])
    assert read.json()["id"] == workload.entity_id(KIND, 0)
    assert (await _send(client, workload.patches(WIRE, KIND)[0])).status_code == 204
    assert (await _send(client, workload.moment(WIRE, KIND, 0, 5))).status_code == 204
    after = (await _send(client, workload.gets(WIRE, KIND)[0])).json()
    assert after["currentLevel"]["value"] == 1000000007
    assert after["sentAt"]["value"] == 5


async def test_queries_have_full_pages(client):
    for request in workload.queries(WIRE, KIND)[::30]:
        found = (await _send(client, request)).json()
        assert len(found) == 100 or b"0.9" in request
        assert all(one["type"] == KIND for one in found)
    near = [(await _send(client, request)).json() for request in workload.near_queries(WIRE, KIND)]
    assert sum(map(len, near)) > len(near)


async def test_all_subscriptions_are_taken(client):
    for subscription in workload.subscriptions(KIND, "http://127.0.0.1:9/notify", 9):
        assert (await client.post(f"{API}/subscriptions", json=subscription)).status_code == 201
    moment = workload.watch_of_moments(KIND, "http://127.0.0.1:9/notify")
    assert (await client.post(f"{API}/subscriptions", json=moment)).status_code == 201


async def test_the_bare_statements_find_and_change_what_the_broker_stored(client, settings):
    baseline = Baseline(settings.database_url, 0.2)

    def measure():
        found = [part(KIND) for part in (baseline.get, baseline.patch, baseline.query)]
        found += [baseline.near(KIND), baseline.upsert(10)]
        baseline.clean()
        return found

    assert all(rate > 0 for rate in await asyncio.to_thread(measure))
    # The gauges among 10,000 numbers that are there: some of them were changed.
    page = await client.get(
        f"{API}/entities", params={"type": KIND, "limit": 1000, "q": "currentLevel<1"}
    )
    assert len(page.json()) == 1000
    assert (await client.get(f"{API}/entities", params={"type": "bench:bare"})).json() == []
