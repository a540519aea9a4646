"""A whole backup beside a running server and its writers; on another machine it goes on from there.

Both sides are real: `tamamo serve` with its embedded PostgreSQL, the verbs as an operator types
them, another home with another cluster. What counts is what the APIs say afterwards.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tamamo.kernel import embedded
from tamamo.kernel.backup import manifest
from tests.conftest import ROOT
from tests.context.notifications.receiver import Receiver
from tests.faults.conftest import Counts
from tests.faults.installation import Installation

TYPE = "Backed"


def entity(number: int) -> dict[str, Any]:
    return {"id": f"urn:ngsi-ld:Backed:{number}", "type": TYPE, "level": number}


def verb(*arguments: str) -> str:
    """Run `tamamo …` and return what it said."""
    answer = subprocess.run(
        [sys.executable, "-m", "tamamo", *arguments],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[tuple[Installation, Installation]]:
    """One that serves, and one that takes over."""
    both = (Installation(tmp_path / "first"), Installation(tmp_path / "second"))
    try:
        yield both
    finally:
        for one in both:
            one.stop()
            if one.home.exists():
                embedded.destroy(one.home)


async def count(client: httpx.AsyncClient) -> int:
    answer = await client.get("/entities", params={"type": TYPE, "limit": 0, "count": "true"})
    return int(answer.headers["NGSILD-Results-Count"])


async def test_another_machine_goes_on_where_the_backup_was_made(
    machines: tuple[Installation, Installation],
    receiver: Receiver,
    tmp_path: Path,
    counts: Counts,
) -> None:
    first, second = machines
    file = tmp_path / "b.tar"
    await asyncio.to_thread(first.start)
    async with httpx.AsyncClient(base_url=first.api, timeout=60) as client:
        subscription = {
            "id": "urn:ngsi-ld:Subscription:b",
            "type": "Subscription",
            "entities": [{"type": TYPE}],
            "notification": {"endpoint": {"uri": receiver.url}},
        }
        assert (await client.post("/subscriptions", json=subscription)).status_code == 201
        written = 0
        wanted = True

        async def write() -> None:
            nonlocal written
            while wanted:
                assert (await client.post("/entities", json=entity(written))).status_code == 201
                written += 1

        writing = asyncio.create_task(write())
        while written < 50:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        before = written
        said = await asyncio.to_thread(verb, "backup", str(file), "--home", str(first.home))
        wanted = False
        await writing
    assert f"{file}: " in said
    made = manifest.read(file)
    [kept] = made.tenants["default"].entities.values()
    # One moment while the writer went on: everything accepted before, not what came after.
    assert before <= kept < written
    assert made.tables["attribute_history"].rows == made.tenants["default"].history
    await asyncio.to_thread(first.stop)
    receiver.received.clear()

    said = await asyncio.to_thread(verb, "restore", str(file), "--home", str(second.home))
    assert f"default: {kept:,} entities of 1 types" in said
    await asyncio.to_thread(second.start)
    async with httpx.AsyncClient(base_url=second.api, timeout=60) as client:
        assert await count(client) == kept
        evolution = await client.get(f"/temporal/entities/{entity(0)['id']}")
        assert evolution.status_code == 200
        change = {"level": {"type": "Property", "value": 777}}
        path = f"/entities/{entity(1)['id']}/attrs"
        assert (await client.patch(path, json=change)).status_code == 204
        async with asyncio.timeout(30):
            while not any(told.entity["level"]["value"] == 777 for told in receiver.received):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert "The log is whole" in await asyncio.to_thread(
        verb, "audit", "verify", "--home", str(second.home)
    )
    counts(f"{before} written before, {kept} in the backup, {written} at its end; all restored")
