"""The demo's example is simulated through and through, over, and made once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel import time
from tamamo.kernel.database import transaction
from tamamo.kernel.jobs import Run
from tamamo.kernel.settings import Settings
from tamamo.publishing.warnings import demo, in_force, store
from tamamo.simulator import settling


@pytest.fixture
async def broker(database_url: str, tmp_path: Path) -> AsyncIterator[Broker]:
    settings = Settings(home=tmp_path / "home", database_url=database_url)
    settings.home.mkdir()
    async with open_broker(settings) as opened:
        yield opened


async def test_an_example_that_nobody_takes_for_real(broker: Broker) -> None:
    await settling.settle(broker)
    await settling.settle(broker)
    async with transaction(broker.pool) as connection:
        cursor = await connection.execute("select count(*) from job where name = 'warnings.demo'")
        assert await cursor.fetchone() == (1,)
    run = Run(broker.pool, broker, "default", "system:demo", 1, "", {})
    assert await demo.handle(run) == {"published": 2}
    assert await demo.handle(run) == {"published": 0}
    async with transaction(broker.pool) as connection:
        cancel, alert = await store.messages(connection, "default")
    assert (alert.type, cancel.type) == ("Alert", "Cancel")
    assert {alert.status, cancel.status} == {"Test"}
    assert "模擬" in alert.content.description.ja and alert.places == ("kita",)
    assert await in_force(broker.pool, "default", time.now()) == ()
