"""`tamamo work` as a process: killed at any moment, nothing is lost. And the operator's verbs."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import orjson

from tamamo.context.broker import Broker
from tamamo.kernel.settings import Settings
from tests.conftest import ROOT
from tests.context.notifications.conftest import QUICK, change, notifying, room, subscribe
from tests.context.notifications.receiver import Receiver


@contextmanager
def working(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "DATABASE_URL": str(settings.database_url),
        "TAMAMO_OUTGOING_ALLOW": "127.0.0.1",
        "TAMAMO_LOG_LEVEL": "error",
        "TAMAMO_OPEN": "true" if settings.open else "false",
    }
    command = [sys.executable, "-m", "tamamo", "work", "--home", str(settings.home)]
    with subprocess.Popen(command, env=environment, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


async def test_killed_while_it_delivers_nothing_is_lost(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url)
    for number in range(4):
        await room(api, number, warm=0)

    async def write_on() -> None:
        for step in range(1, 31):
            for number in range(4):
                await change(api, number, warm=step)

    with working(broker.settings) as process:
        await receiver.wait_for(2, seconds=30)
        writing = asyncio.create_task(write_on())
        await receiver.wait_for(20, seconds=30)
        process.send_signal(signal.SIGKILL)
        process.wait()
        await writing
    with working(broker.settings):
        for _ in range(1000):
            told = {(n.entity["id"], n.entity["warm"]["value"]) for n in receiver.received}
            if len(told) == 4 * 31:
                break
            await asyncio.sleep(0.02)
    assert told == {(f"urn:x:{number}", step) for number in range(4) for step in range(31)}
    for number in range(4):
        firsts = list(
            dict.fromkeys(
                n.entity["warm"]["value"]
                for n in receiver.received
                if n.entity["id"] == f"urn:x:{number}"
            )
        )
        assert firsts == list(range(31))


async def test_dead_letters_at_the_terminal(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    identifier = await subscribe(api, receiver.url)
    receiver.status = 400

    async def run(*words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tamamo", "notifications", *words),
            env={**os.environ, "DATABASE_URL": str(broker.settings.database_url)},
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        return output.decode()

    async with notifying(broker):
        await room(api, 1, warm=1)
        await room(api, 2, warm=2)
        await receiver.wait_attempts(2 * QUICK.refusals)
        await asyncio.sleep(0.1)
        lines = (await run("list", "--json")).splitlines()
        first, second = (orjson.loads(line) for line in lines)
        assert {first["subscription"], second["subscription"]} == {identifier}
        assert {first["error"], second["error"]} == {"HTTP status 400"}
        receiver.status = 200
        assert (await run("replay", str(first["number"]))).startswith("1 ")
        (arrived,) = await receiver.wait_for(1)
        assert arrived.entity["id"] == first["entity"]
    assert (await run("drop", "--all")).startswith("1 ")
