"""A town, its people and the engine on the module's database; the clock is the test's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tamamo.context.broker import Broker
from tamamo.kernel.database import Pool, open_pool, transaction
from tamamo.kernel.identity import Actor, Grant, Role
from tamamo.kernel.settings import Settings
from tamamo.kernel.towns import Towns
from tamamo.publishing.warnings import Content, Draft, Published, Warnings, Words
from tamamo.publishing.warnings.content import Area
from tests.people import settle

NOON = datetime(2026, 9, 10, 3, 0, tzinfo=UTC)
_TOWNS = count(1)


def person(number: int, role: Role, tenant: str) -> Actor:
    """Somebody with one role in one town."""
    return Actor(f"user:{number}", f"P{number}", (Grant(str(number), tenant, role),))


def order(**changes: Any) -> Content:
    """An evacuation order that can be published as it is."""
    values: dict[str, Any] = {
        "event": Words("避難指示", "Evacuation order"),
        "level": 4,
        "headline": Words("警戒レベル4 避難指示：{area}", "Level 4, evacuation order: {area}"),
        "description": Words("川があふれるおそれがあります。", "The river may overflow."),
        "instruction": Words("避難してください。", "Leave dangerous places."),
        "valid_to": NOON + timedelta(hours=6),
        "response": "Evacuate",
        "urgency": "Immediate",
        "severity": "Severe",
        "area": Area(),
    }
    return Content(**values | changes)


class TestTowns(Towns):
    """Towns whose clock the test holds."""

    __test__ = False
    moment = NOON

    def clock(self, name: str) -> datetime:
        """The test's time."""
        return self.moment


@dataclass
class Hall:
    """A town hall: the engine, the writer, the approver, and the clock."""

    tenant: str
    pool: Pool
    towns: TestTowns
    warnings: Warnings
    writer: Actor
    approver: Actor

    def at(self, hours: float) -> datetime:
        """Set the clock to so many hours after noon."""
        self.towns.moment = NOON + timedelta(hours=hours)
        return self.towns.moment

    async def approved(self, draft: Draft) -> Draft:
        """Send a draft for approval and approve it."""
        sent = await self.warnings.submit(self.writer, self.tenant, draft.id, draft.version)
        return await self.warnings.approve(self.approver, self.tenant, sent.id, sent.version)

    async def published(self, draft: Draft) -> Published:
        """Bring a draft to the public."""
        ready = await self.approved(draft)
        return await self.warnings.publish(self.writer, self.tenant, ready.id, ready.version)

    async def all(self, statement: str, *values: Any) -> list[Any]:
        """Return the rows of a statement."""
        async with transaction(self.pool) as connection:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchall()


@pytest.fixture
async def hall(shared_database_url: str, tmp_path: Path) -> AsyncIterator[Hall]:
    """A town of the test's own."""
    number = next(_TOWNS)
    name = f"town{number}"
    async with open_pool(shared_database_url, 4) as pool:
        async with transaction(pool) as connection:
            await connection.execute(
                "insert into tenant (name, title, code) values (%s, %s, %s)",
                [name, '{"ja": "玉藻市", "en": "Tamamo City"}', str(990000 + number)],
            )
            await settle(connection, person(2, Role.APPROVER, name))
        towns = TestTowns(pool)
        await towns.refresh()
        settings = Settings(home=tmp_path, public_url="https://data.example.jp")
        broker = cast(Broker, SimpleNamespace(pool=pool, towns=towns, settings=settings))
        yield Hall(
            name,
            pool,
            towns,
            Warnings(broker),
            person(1, Role.EDITOR, name),
            person(2, Role.APPROVER, name),
        )
