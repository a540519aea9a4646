"""A receiver that is down for ten minutes by the clock: all arrives afterwards, once each and in
order, whoever else was told meanwhile and whichever process was killed.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import msgspec
import orjson
import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel.settings import Settings
from tests.conftest import ROOT
from tests.context.conftest import client_of
from tests.context.notifications.clock import HandClock
from tests.context.notifications.conftest import QUICK, change, notifying, room, subscribe
from tests.context.notifications.receiver import Receiver
from tests.faults.conftest import Counts

ENTITIES, CHANGES = 5, 20
TEN_MINUTES = 600
#: As in production, looked at oftener; the clock of the pauses is the test's.
PATIENT = replace(QUICK, first_pause=0.1, longest_pause=60.0)


@pytest.fixture
async def broker(settings: Settings) -> AsyncIterator[Broker]:
    allowing = msgspec.structs.replace(settings, outgoing_allow=("127.0.0.1",))
    async with open_broker(allowing) as opened:
        yield opened


@pytest.fixture
async def api(broker: Broker) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(broker) as client:
        yield client


def told(receiver: Receiver, number: int) -> list[int]:
    return [
        notification.entity["warm"]["value"]
        for notification in receiver.received
        if notification.entity["id"] == f"urn:x:{number}"
    ]


async def test_ten_minutes_down(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver, counts: Counts
) -> None:
    clock = HandClock()
    async with Receiver() as other:
        await subscribe(api, receiver.url)
        await subscribe(api, other.url)
        await receiver.down()
        for number in range(ENTITIES):
            await room(api, number, warm=0)
        everything = ENTITIES * (CHANGES + 1)
        # Two processes share the work; both die before the receiver is back.
        async with notifying(broker, PATIENT, clock), notifying(broker, PATIENT, clock):
            for step in range(1, CHANGES + 1):
                for number in range(ENTITIES):
                    await change(api, number, warm=step)
            # The other receiver is told at once, by the real clock.
            await other.wait_for(everything, seconds=30)
            for _ in range(TEN_MINUTES // 30):
                await clock.advance(30)
                await asyncio.sleep(0.03)
            assert receiver.received == []
        await receiver.up()
        async with notifying(broker, PATIENT, clock):
            for _ in range(100):
                await clock.advance(60)
                await asyncio.sleep(0.05)
                if len(receiver.received) >= everything:
                    break
            await asyncio.sleep(0.2)
    for number in range(ENTITIES):
        assert told(receiver, number) == list(range(CHANGES + 1))
        assert told(other, number) == list(range(CHANGES + 1))
    assert len(receiver.received) == len(other.received) == everything
    counts(
        f"receiver down for {TEN_MINUTES} s by the clock: {everything} notifications waited, all"
        f" arrived once and in order; {everything} arrived at another receiver meanwhile"
    )


async def verb(broker: Broker, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tamamo", "notifications", *words),
        env={**os.environ, "DATABASE_URL": str(broker.settings.database_url)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


async def test_given_up_after_a_day_they_are_listed_and_replayed(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver, counts: Counts
) -> None:
    clock = HandClock()
    identifier = await subscribe(api, receiver.url)
    await receiver.down()
    async with notifying(broker, PATIENT, clock):
        for step in range(3):
            for number in range(ENTITIES):
                await (change(api, number, warm=step) if step else room(api, number, warm=step))
        for _ in range(60):
            await clock.advance(PATIENT.give_up / 10)
            await asyncio.sleep(0.05)
            if await dead(broker) == 3 * ENTITIES:
                break
        lines = (await verb(broker, "list", "--json", "--subscription", identifier)).splitlines()
        letters = [orjson.loads(line) for line in lines]
        assert len(letters) == 3 * ENTITIES
        assert all(letter["dead"] and letter["error"] for letter in letters)
        await receiver.up()
        replayed = await verb(broker, "replay", "--subscription", identifier)
        assert replayed.startswith(f"{3 * ENTITIES} ")
        for _ in range(100):
            await clock.advance(60)
            await asyncio.sleep(0.05)
            if len(receiver.received) >= 3 * ENTITIES:
                break
    for number in range(ENTITIES):
        assert told(receiver, number) == [0, 1, 2]
    assert await dead(broker) == 0
    counts(f"{len(letters)} dead letters listed, replayed by `tamamo notifications`, in order")


async def dead(broker: Broker) -> int:
    async with broker.pool.connection() as connection:
        cursor = await connection.execute(
            "select count(*) from notification where dead_at is not null"
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])
