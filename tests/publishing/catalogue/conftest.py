"""A town with two public datasets of invented rows, put there once a module, and its catalogue."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from psycopg.types.json import Jsonb
from starlette.applications import Starlette

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel.database import transaction
from tamamo.kernel.identity import Role
from tamamo.kernel.outgoing import Answer
from tamamo.kernel.settings import Settings
from tamamo.publishing.catalogue.harvest.service import Harvests
from tamamo.publishing.catalogue.http import routes
from tamamo.publishing.datasets import Datasets, Field, Words
from tests.publishing.datasets.conftest import Hall, person, row

TOWN = "alpha"
ROOT = "https://data.example.jp/t/alpha"
COUNTS = (
    Field("month", Words("月", "Month"), "date", role="time"),
    Field("visitors", Words("来館者数", "Visitors"), "integer", unit="人"),
)
HALLS = {
    "title": Words("ホール一覧", "Halls"),
    "description": Words("模擬のホールの一覧です。<b>&", "Halls, invented."),
    "groups": ("region", "education"),
    "tags": ("ホール", "施設"),
    "cycle": "yearly",
    "contact": Words("模擬課 087-000-0000"),
    "source": Words("模擬台帳", "Invented register"),
    "simulated": True,
}


def settings_of(home: Path, dsn: str) -> Settings:
    """Settings of an installation that others reach under a name of its own."""
    return Settings(home=home, database_url=dsn, open=True, public_url="https://data.example.jp")


def hall_of(broker: Broker, folder: Path) -> Hall:
    """The town hall of the module's town."""
    officer, approver = person(1, Role.EDITOR, TOWN), person(2, Role.APPROVER, TOWN)
    return Hall(TOWN, broker, Datasets(broker, {}), officer, approver, folder)


async def fill(dsn: str, folder: Path) -> None:
    """Make the town and its datasets."""
    async with open_broker(settings_of(folder, dsn)) as broker:
        async with transaction(broker.pool) as connection:
            await connection.execute(
                "insert into tenant (name, title, public_types) values (%s, %s, %s)",
                [TOWN, Jsonb({"ja": "玉藻市", "en": "Tamamo City"}), ["*"]],
            )
        await broker.towns.refresh()
        hall = hall_of(broker, folder)
        await hall.dataset("halls", **HALLS)
        await hall.shown("halls", [row(number) for number in range(1, 26)])
        await hall.dataset("visitors", title=Words("来館者数", "Visitors"), tags=("統計", "施設"))
        months = [{"month": f"2026-{n:02}-01", "visitors": n * 100} for n in range(1, 11)]
        await hall.shown("visitors", months, COUNTS)
        await _neighbour(broker)
        async with transaction(broker.pool) as connection:  # what the workflow writes itself
            await connection.execute(
                "insert into dataset_change (tenant, dataset, version, kind)"
                " values ('alpha', 'halls', 1, 'published')"
            )
        await hall.dataset("draft", title=Words("まだ公開していない表"))


async def _neighbour(broker: Broker) -> None:
    """Let the town read a catalogue of another publisher, which has one dataset."""
    package = {
        "id": "n1",
        "name": "bus-stops",
        "title": "バス停の一覧",
        "url": "https://n.example/1",
    }
    answers = {
        "status_show": {"site_title": "隣の町のカタログ"},
        "package_search": {"count": 1, "results": [package]},
    }

    async def get(url: str, accept: str) -> Answer:
        name = url.partition("/action/")[2].partition("?")[0]
        body = orjson.dumps({"success": True, "result": answers[name]})
        return Answer(200, {}, body, url)

    harvests = Harvests(broker, get)
    await harvests.add("user:1", TOWN, "neighbour", "ckan", "https://n.example")
    await harvests.read("user:1", TOWN, "neighbour")


class Town:
    """The hall, and a client of its catalogue."""

    def __init__(self, hall: Hall, client: httpx.AsyncClient) -> None:
        self.hall = hall
        self.client = client

    async def action(self, name: str, status: int = 200, **parameters: Any) -> Any:
        """Ask an action by POST; return its result, or its error."""
        answer = await self.client.post(f"/t/alpha/api/3/action/{name}", json=parameters)
        assert answer.status_code == status, answer.text
        told = answer.json()
        assert told["success"] is (status == 200)
        return told["result"] if status == 200 else told["error"]

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Get something of the town."""
        return await self.client.get(f"/t/alpha{path}", headers=headers)


@pytest.fixture(scope="module")
def filled(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The module's database, with the town in it."""
    asyncio.run(fill(shared_database_url, tmp_path_factory.mktemp("filled")))
    return shared_database_url


@pytest.fixture
async def town(filled: str, tmp_path: Path) -> AsyncIterator[Town]:
    """The catalogue of the module's town, in this process."""
    app = Starlette(routes=routes)
    async with open_broker(settings_of(tmp_path, filled)) as broker:

        async def with_broker(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": {"broker": broker}}, receive, send)

        transport = httpx.ASGITransport(app=with_broker)
        async with httpx.AsyncClient(transport=transport, base_url="https://x") as client:
            yield Town(hall_of(broker, tmp_path), client)
