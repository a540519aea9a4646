"""`GET /sse` as a browser sees it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from tamamo.asgi import build
from tamamo.context.broker import Broker
from tamamo.context.changes import http as sse
from tamamo.context.changes import wire

GAUGE = {"id": "urn:ngsi-ld:FloodMonitoring:1", "type": "FloodMonitoring"}


class Browser:
    """Calls the application as a server does and reads the events it sends."""

    def __init__(self, broker: Broker, query: str = "", **headers: str) -> None:
        self._application = build(broker.settings)
        self._scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": "/sse", "raw_path": b"/sse", "root_path": "",
            "query_string": query.encode(), "server": ("broker.test", 80), "client": None,
            "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
            "state": {"broker": broker},
        }  # fmt: skip
        self._text = b""
        self._came = asyncio.Event()
        self._left = asyncio.Event()
        self.status = 0
        self.ended = False
        self.stuck = asyncio.Event()
        self.stuck.set()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator["Browser"]:
        task = asyncio.create_task(self._application(self._scope, self._receive, self._send))
        try:
            async with asyncio.timeout(5):
                while not self._text and not task.done():
                    self._came.clear()
                    await self._came.wait()
            yield self
        finally:
            self._left.set()
            self.stuck.set()
            async with asyncio.timeout(5):
                await task

    async def _receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        await self.stuck.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self._text += message.get("body", b"")
            self.ended = not message.get("more_body", False)
        self._came.set()

    async def piece(self) -> str:
        """Return the next piece, up to an empty line."""
        async with asyncio.timeout(5):
            while b"\n\n" not in self._text:
                self._came.clear()
                await self._came.wait()
        piece, _, self._text = self._text.partition(b"\n\n")
        return piece.decode()

    async def end(self) -> None:
        """Wait until the answer is over."""
        async with asyncio.timeout(5):
            while not self.ended:
                self._came.clear()
                await self._came.wait()

    async def event(self) -> tuple[str, str | None, Any]:
        """Return name, id and data of the next event."""
        fields: dict[str, str] = {}
        for line in (await self.piece()).splitlines():
            name, _, value = line.partition(": ")
            fields[name] = value
        return fields["event"], fields.get("id"), orjson.loads(fields["data"])


async def write(api: httpx.AsyncClient, level: float, **more: Any) -> None:
    entity = {**GAUGE, **more, "currentLevel": {"type": "Property", "value": level}}
    response = await api.post("/entityOperations/upsert", json=[entity])
    assert response.status_code in {201, 204}, response.text


async def test_a_change_arrives_soon_and_simplified(broker: Broker, api: httpx.AsyncClient) -> None:
    async with Browser(broker, "type=FloodMonitoring").watching() as browser:
        assert await browser.piece() == "retry: 2000"
        loop = asyncio.get_running_loop()
        await write(api, 1.5)
        written = loop.time()
        name, position, data = await browser.event()
        assert loop.time() - written < 0.3
        assert (name, data) == (
            "entity",
            {**GAUGE, "currentLevel": 1.5, "changed": ["currentLevel"]},
        )
        assert position is not None
        assert (await api.delete(f"/entities/{GAUGE['id']}")).status_code == 204
        assert (await browser.event())[::2] == ("gone", GAUGE)


async def test_only_what_was_asked_for(broker: Broker, api: httpx.AsyncClient) -> None:
    def there(x: float) -> dict[str, Any]:
        point = {"type": "Point", "coordinates": [x, 34.3]}
        return {"location": {"type": "GeoProperty", "value": point}}

    async with Browser(broker, "type=FloodMonitoring,Bus&bbox=134,34,134.5,35").watching() as one:
        await one.piece()
        await write(api, 1, type="Tree", id="urn:x:tree", **there(134.1))
        await write(api, 2, id="urn:x:far", **there(139))
        await write(api, 3, id="urn:x:near", **there(134.1))
        assert (await one.event())[2]["id"] == "urn:x:near"


NEAR = "georel=near;maxDistance==10&geometry=Point&coordinates=[134,34.3]"


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("q=level>2", "2:entity 3:left 5:entity 6:gone"),
        ("q=level>2;name==%22z%22", ""),
        ("attrs=name", "1:entity 4:entity 6:gone"),
        ("attrs=name&q=level>2", "2:entity 3:left 5:entity 6:gone"),
        ("attrs=wind", ""),
        ("id=urn:x:1", "1:entity 2:entity 3:entity 4:entity 5:entity 6:gone"),
        ("id=urn:x:2", ""),
        ("idPattern=x:1$&scopeQ=/a&attrs=name", "1:entity 4:entity 6:gone"),
        ("scopeQ=/b", ""),
        (f"{NEAR}&attrs=level", "1:entity 2:entity 3:entity 5:entity 6:gone"),
        (NEAR.replace("[134", "[130"), ""),
    ],
)
async def test_filters(broker: Broker, api: httpx.AsyncClient, query: str, seen: str) -> None:
    place = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [134, 34.3]}}
    first = {"id": "urn:x:1", "type": "Gauge", "scope": "/a", "level": 1, "name": "x"}
    path = "/entities/urn:x:1"
    async with Browser(broker, query).watching() as browser, Browser(broker).watching() as every:
        await browser.piece()
        await every.piece()
        assert (await api.post("/entities", json={**first, "location": place})).is_success
        for change in ({"level": 3}, {"level": 2}, {"name": "y"}, {"level": 3}):
            assert (await api.patch(f"{path}/attrs", json=change)).is_success
        assert (await api.delete(path)).is_success
        steps = {(await every.event())[1]: step for step in range(1, 7)}
        events = [await browser.event() for _ in seen.split()]
        await write(api, 9)
        assert (await every.event())[2]["id"] == GAUGE["id"]
        assert b"event" not in browser._text
    assert " ".join(f"{steps[position]}:{name}" for name, position, _ in events) == seen
    for name, _, data in events:
        assert data["id"] == "urn:x:1"
        if name == "entity" and query == "attrs=name":
            assert data.keys() == {"id", "type", "scope", "name", "changed"}
            assert data["changed"] == ["name"]
        elif name == "left":
            assert data == {"id": "urn:x:1", "type": "Gauge"}


async def test_a_position_that_is_yet_to_come(broker: Broker, api: httpx.AsyncClient) -> None:
    async with Browser(broker, "after=999999999-1").watching() as asking:
        assert asking.status == 400
        assert b"no change 999999999-1 yet" in asking._text
    # A browser comes back by itself, maybe to a database that was put back: it begins anew.
    async with Browser(broker, last_event_id="999999999-1").watching() as browser:
        await browser.piece()
        assert (await browser.event())[::2] == ("reset", {"reason": "unknown"})
        await write(api, 1)
        assert (await browser.event())[2]["currentLevel"] == 1


async def test_resuming_by_last_event_id(broker: Broker, api: httpx.AsyncClient) -> None:
    async with Browser(broker).watching() as browser:
        await browser.piece()
        await write(api, 1)
        _, position, _ = await browser.event()
    await write(api, 2)
    assert position is not None
    async with Browser(broker, last_event_id=position).watching() as browser:
        await browser.piece()
        assert (await browser.event())[2]["currentLevel"] == 2
    async with Browser(broker, f"after={position}").watching() as browser:
        await browser.piece()
        assert (await browser.event())[2]["currentLevel"] == 2


async def test_a_position_that_is_gone_resets(broker: Broker, api: httpx.AsyncClient) -> None:
    await write(api, 1)
    async with Browser(broker, last_event_id="1-1").watching() as browser:
        await browser.piece()
        assert (await browser.event())[::2] == ("reset", {"reason": "expired"})


async def test_a_silent_stream_is_kept_open(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)
    async with Browser(broker).watching() as browser:
        assert await browser.piece() == "retry: 2000"
        assert await browser.piece() == ":"


async def test_a_slow_browser_is_told_and_let_go(
    broker: Broker, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker.changes, "_queue_length", 3)
    async with Browser(broker).watching() as browser:
        await browser.piece()
        browser.stuck.clear()
        for number in range(8):
            await write(api, number, id=f"urn:x:{number}")
        await asyncio.sleep(0.5)
        browser.stuck.set()
        names = []
        while "end" not in names:
            name, _, data = await browser.event()
            names.append(name)
        assert data == {"reason": "slow"}
        assert len(names) < 8
        await asyncio.sleep(0.05)
        assert browser.ended


async def test_a_browser_that_takes_nothing_is_cut(
    broker: Broker, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "SEND_LIMIT", 0.1)
    async with Browser(broker).watching() as browser:
        await browser.piece()
        browser.stuck.clear()
        await write(api, 1)
        await asyncio.sleep(0.6)
        assert not broker.changes._readers


async def test_streams_end_when_the_process_goes_down(broker: Broker) -> None:
    async with Browser(broker).watching() as browser:
        await browser.piece()
        await broker.changes.aclose()
        assert (await browser.event())[::2] == ("end", {"reason": "closing"})


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("bbox=1,2,3", 400),
        ("bbox=1,2,3,x", 400),
        ("bbox=1,20,3,4", 400),
        ("bbox=500,2,600,4", 400),
        ("after=yesterday", 400),
        ("q=level>", 400),
        ("q=within{level}>2", 400),
        ("georel=near", 400),
        ("id=Bus", 400),
        ("attrs=a,%00", 400),
        ("colour=red", 400),
        ("type=Bus,%00", 400),
        ("tenant=nobody", 404),
    ],
)
async def test_bad_requests(broker: Broker, query: str, status: int) -> None:
    async with Browser(broker, query).watching() as browser:
        assert browser.status == status
        assert browser.ended


async def test_tenants_are_apart(broker: Broker, api: httpx.AsyncClient) -> None:
    header = {"NGSILD-Tenant": "takamatsu"}
    entity = {**GAUGE, "currentLevel": {"type": "Property", "value": 7}}
    assert (await api.post("/entities", json=entity, headers=header)).status_code == 201
    async with (
        Browser(broker, "tenant=takamatsu").watching() as theirs,
        Browser(broker).watching() as ours,
    ):
        await theirs.piece()
        await ours.piece()
        patch = {"type": "Property", "value": 8}
        path = f"/entities/{GAUGE['id']}/attrs/currentLevel"
        assert (await api.patch(path, json=patch, headers=header)).status_code == 204
        await write(api, 9)
        assert (await theirs.event())[2]["currentLevel"] == 8
        assert (await ours.event())[2]["currentLevel"] == 9
