"""A process that is killed while it evaluates leaves nothing undone and nothing done twice."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from tamamo import rules
from tamamo.context.broker import Broker
from tamamo.kernel.database import single, transaction
from tamamo.rules.service import Evaluation
from tests.rules.conftest import START, caught_up, gauge, level_rule

#: What `tamamo work` does of it, without the rest of `tamamo work`.
WORKER = """
import asyncio, sys
from pathlib import Path
from tamamo.context.broker import open_broker
from tamamo.kernel.settings import Settings
from tamamo.rules.service import Evaluation

async def main():
    settings = Settings(home=Path(sys.argv[1]), database_url=sys.argv[2], open=True)
    async with open_broker(settings) as broker:
        print("ready", flush=True)
        await Evaluation(broker).run()

asyncio.run(main())
"""


def start(home: Path, dsn: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(home), dsn], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


async def told(broker: Broker) -> int:
    async with single(broker.pool) as connection:
        return (await rules.heads(connection)).get("default", 0)


async def test_kill_9_makes_no_gap_and_no_double(broker: Broker, tmp_path: Path) -> None:
    dsn = broker.settings.database_url
    assert dsn is not None
    async with transaction(broker.pool) as connection:
        await rules.save(connection, "default", level_rule(), actor="user:1")
    chance, written = random.Random(3), 0

    async def report(until: asyncio.Event) -> None:
        nonlocal written
        while not until.is_set():
            level = 1.5 if written % 2 else 0.5
            await broker.observations.record(
                "default", [gauge(name, level, written) for name in "abcde"]
            )
            written += 1
            await asyncio.sleep(0.01)

    stop = asyncio.Event()
    reporting = asyncio.create_task(report(stop))
    for _ in range(2):
        process = await asyncio.to_thread(start, tmp_path, dsn)
        before = await told(broker)
        for _ in range(1500):
            if await told(broker) > before:
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(chance.uniform(0.0, 0.3))
        os.kill(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait)
        assert process.stdout is not None
        process.stdout.close()
    stop.set()
    await reporting
    await caught_up(Evaluation(broker))
    async with single(broker.pool) as connection:
        events = await rules.events_after(connection, "default", 0, 100_000)
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    for name in "abcde":
        own = [event for event in events if event.subject.endswith(f":{name}")]
        assert [event.at for event in own] == [
            START + timedelta(minutes=n) for n in range(1, written)
        ]
        assert [event.after for event in own] == [
            "firing" if n % 2 else "normal" for n in range(1, written)
        ]
