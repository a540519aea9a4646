"""Every API refuses too many requests in the same way, and the installation's own key never."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel.identity.model import INSTALLATION
from tamamo.kernel.settings import Settings
from tamamo.kernel.towns import Limits
from tests.context.conftest import client_of

PATHS = ("/ngsi-ld/v1/types", "/v2/types", "/sse?type=%20;")


@pytest.fixture
async def closed(database_url: str, tmp_path: Path) -> AsyncIterator[Broker]:
    settings = Settings(home=tmp_path / "home", database_url=database_url, address_rate=2)
    settings.home.mkdir()
    async with open_broker(settings) as broker:
        yield broker


async def asked(client: httpx.AsyncClient, path: str, **headers: str) -> httpx.Response:
    base = f"{client.base_url.scheme}://{client.base_url.netloc.decode()}"
    return await client.get(base + path, headers=headers)


@pytest.mark.parametrize("path", PATHS)
async def test_an_address_without_a_key_is_limited(closed: Broker, path: str) -> None:
    async with client_of(closed) as client:
        for _ in range(2):
            assert (await asked(client, PATHS[0])).status_code == 200
        answer = await asked(client, path)
    assert answer.status_code == 429
    seconds = int(answer.headers["Retry-After"])
    assert 20 < seconds <= 30
    assert answer.headers["RateLimit-Policy"] == '"address";q=2;w=60'
    assert answer.headers["RateLimit"] == f'"address";r=0;t={seconds}'


@pytest.mark.parametrize("path", PATHS)
async def test_keys_that_are_not_valid_can_be_tried_only_so_often(
    closed: Broker, path: str
) -> None:
    async with client_of(closed) as client:
        tries = [
            (await asked(client, path, Authorization=f"Bearer guess{n}")).status_code
            for n in range(4)
        ]
    assert tries == [401, 401, 429, 429]


async def test_the_installation_s_key_is_not_limited(closed: Broker) -> None:
    await closed.town_service.change(
        INSTALLATION,
        "default",
        titles={"ja": "高松市", "en": "Takamatsu"},
        limits=Limits(requests=1),
    )
    key = f"Bearer {closed.identity.key}"
    async with client_of(closed) as client:
        for _ in range(5):
            assert (await asked(client, PATHS[0], Authorization=key)).status_code == 200
        assert (await asked(client, PATHS[0])).status_code == 200
        refused = await asked(client, PATHS[0])
    assert refused.status_code == 429
    assert refused.json()["title"] == "Too many requests"
    assert "tenant" in refused.json()["detail"]
    assert closed.limits.counter.requests == {"default": 2}
    assert closed.limits.counter.refused == {"default": 1}


async def test_pages_count_for_the_address_and_say_when_to_come_back(closed: Broker) -> None:
    async with client_of(closed) as client:
        assert (await asked(client, PATHS[0])).status_code == 200
        assert (await asked(client, "/en/data/")).status_code == 200
        refused = await asked(client, "/en/data/")
        japanese = await asked(client, "/t/nowhere/")
    assert refused.status_code == japanese.status_code == 429
    seconds = refused.headers["Retry-After"]
    assert 20 < int(seconds) <= 30
    assert f"Please try again in {seconds} seconds" in refused.text
    assert "秒後にもう一度" in japanese.text
