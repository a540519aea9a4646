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
    monkeypatch.setattr(sse, "SEND_LIMIT", 0.1)
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
