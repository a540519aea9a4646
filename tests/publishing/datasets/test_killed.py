"""A process killed while it copies or publishes leaves nothing half public, and one can go on."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from itertools import count

import msgspec
import pytest

from tamamo.kernel.jobs import Run
from tamamo.publishing.datasets import (
    Metadata,
    RowsQuery,
    Version,
    Words,
    claims,
    copying,
    entities,
)
from tamamo.publishing.datasets.errors import DatasetConflict
from tests.conftest import ROOT
from tests.publishing.datasets.conftest import Hall, table

#: Does one step as a process of its own and kills itself on the way: while rows are copied in
#: parts of a hundred, or after the entities are written and before the act is committed.
SCRIPT = """
import asyncio, os, signal, sys
from pathlib import Path
from tamamo.context.broker import open_broker
from tamamo.kernel.settings import Settings
from tamamo.kernel.identity import Role
from tamamo.publishing.datasets import Datasets, copying, entities
from tests.publishing.datasets.conftest import person

def die(): os.kill(os.getpid(), signal.SIGKILL)

async def main(home, dsn, tenant, act):
    put, copying.STEP, parts = entities.follow, 100, []
    block = copying.Liner.block
    def third(self, rows):
        parts.append(1)
        return die() if len(parts) == 3 else block(self, rows)
    async def follow(*given, **named):
        await put(*given, **named)
        die()
    async with open_broker(Settings(home=Path(home), database_url=dsn)) as broker:
        datasets = Datasets(broker, {})
        if act == "check":
            copying.Liner.block = third
            await datasets.check(person(1, Role.EDITOR, tenant), "toilets", 2)
        entities.follow = follow
        await datasets.approve(person(2, Role.APPROVER, tenant), "toilets", 2, seen_privacy=True,
                               privacy_note="x")

asyncio.run(main(*sys.argv[1:]))
"""
HEADER = ("管理番号", "名称", "緯度", "経度", "車椅子使用者用トイレ有無")


def toilets(number: int) -> str:
    """Return a department's list of invented toilets."""
    rows = [(f"T{n:04}", f"模擬{n}", 34.3 + n / 10000, 134.05, "有") for n in range(number)]
    return table(HEADER, rows)


async def killed(hall: Hall, act: str) -> None:
    """Run the script until it kills itself."""
    given = [str(hall.folder), str(hall.broker.settings.database_url), hall.tenant, act]
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", SCRIPT, *given], cwd=ROOT, timeout=120, check=False
    )
    assert done.returncode == -signal.SIGKILL


async def public(hall: Hall) -> tuple[int | None, int | None, int]:
    """Return what the public sees: version, rows, entities."""
    page = await hall.datasets.rows(None, hall.tenant, "toilets", RowsQuery())
    found = await hall.all("select count(*) from entity where tenant = %s", hall.tenant)
    return page.version, page.total, found[0][0]


async def again(hall: Hall, number: int) -> Version:
    """Check once more, as if the claim had not been renewed."""
    await hall.all("update dataset_version set changed_at = changed_at - %s"
                   " where tenant = %s returning 1", claims.LEASE, hall.tenant)  # fmt: skip
    return await hall.datasets.check(hall.officer, "toilets", number)


async def test_a_check_is_one_persons_as_long_as_it_works(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hall.datasets.create(hall.officer, "toilets", Metadata(title=Words("模擬のトイレ")))
    await hall.checked("toilets", hall.file("a.csv", toilets(450)))
    stands, goes, parts, block = threading.Event(), threading.Event(), count(1), copying.Liner.block

    def third(self: copying.Liner, rows: Sequence[copying.Values]) -> bytes:
        if next(parts) == 3:
            stands.set()
            assert goes.wait(60)
        return block(self, rows)

    monkeypatch.setattr(copying.Liner, "block", third)
    monkeypatch.setattr(copying, "STEP", 100)
    monkeypatch.setattr(claims, "RENEWAL", 0.02)
    first = asyncio.create_task(hall.datasets.check(hall.officer, "toilets", 1))
    await asyncio.to_thread(stands.wait, 60)
    await asyncio.sleep(0.2)  # a renewal has come since, however old the claim was
    await hall.all("update dataset_version set changed_at = changed_at - interval '1 day'"
                   " where tenant = %s returning 1", hall.tenant)  # fmt: skip
    await asyncio.sleep(0.2)
    with pytest.raises(DatasetConflict, match="being checked already"):
        await hall.datasets.check(hall.officer, "toilets", 1)

    renew = claims.Claim.renew
    monkeypatch.setattr(claims.Claim, "renew", lambda _: asyncio.sleep(0))
    await asyncio.sleep(0.1)  # as a process that is stopped, until somebody else has begun
    second = await again(hall, 1)
    monkeypatch.setattr(claims.Claim, "renew", renew)
    assert (second.state, second.rows) == ("checked", 450)
    goes.set()
    with pytest.raises(DatasetConflict, match="being checked already"):
        await first
    left = await hall.datasets.version(hall.officer, hall.tenant, "toilets", 1)
    assert (left.state, left.rows, left.changed_at) == ("checked", 450, second.changed_at)
    rows = await hall.all("select count(*) from dataset_row where version = %s", left.id)
    assert rows == [(450,)]


async def test_nothing_is_half_public(hall: Hall) -> None:
    said = Metadata(title=Words("模擬のトイレ"), standard="toilets", entities=True, simulated=True)
    await hall.datasets.create(hall.officer, "toilets", said)
    await hall.published("toilets", hall.file("a.csv", toilets(5)))
    assert await public(hall) == (1, 5, 5)
    checked = await hall.checked("toilets", hall.file("b.csv", toilets(450)))
    assert (checked.state, checked.rows) == ("checked", 450)

    await killed(hall, "check")
    left = await hall.datasets.version(hall.officer, hall.tenant, "toilets", 2)
    assert left.state == "checking" and await public(hall) == (1, 5, 5)
    rows = await hall.all("select count(*) from dataset_row where version = %s", left.id)
    assert 0 < rows[0][0] < 450
    checked = await again(hall, 2)
    assert (checked.state, checked.rows, checked.reports.added) == ("checked", 450, 445)

    await hall.datasets.submit(hall.officer, "toilets", 2)
    await killed(hall, "approve")
    assert await public(hall) == (1, 5, 5)
    await hall.datasets.approve(hall.approver, "toilets", 2, seen_privacy=True, privacy_note="模擬")
    assert await public(hall) == (2, 450, 450)


async def test_many_entities_follow_by_a_job_and_end_at_what_is_public(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Metadata(title=Words("模擬のトイレ"), standard="toilets", entities=True, simulated=True)
    await hall.datasets.create(hall.officer, "toilets", said)
    monkeypatch.setattr(entities, "FEW", 10)
    shown = await hall.published("toilets", hall.file("a.csv", toilets(30)))
    assert not shown.entities_done and await public(hall) == (1, 30, 0)
    stranger = "urn:ngsi-ld:PointOfInterest:toilets:T0003"
    await hall.all(
        "insert into entity (tenant, id, type, types, attrs, created_at, modified_at)"
        " values (%s, %s, 't', '{t}', '{}', now(), now()) returning 1",
        hall.tenant,
        stranger,
    )
    args = {"dataset": "toilets"}
    run = Run(hall.broker.pool, hall.broker, hall.tenant, "user:2", 1, "dataset.entities", args)
    assert (await entities.handle(run))["entities"] == 29, "nobody else's entity is touched"
    assert (await entities.handle(run))["entities"] == 29, "again is no harm"
    one = await hall.datasets.version(None, hall.tenant, "toilets", 1)
    assert one.entities_done and (await public(hall))[2] == 30
    history = "select count(*) from attribute_history where tenant = %s and entity_id like %s"
    before = await hall.all(history, hall.tenant, "%T0004")
    await entities.handle(run)
    assert await hall.all(history, hall.tenant, "%T0004") == before, "what is the same is no news"
    await hall.datasets.unpublish(hall.officer, "toilets", "")
    await entities.handle(run)
    left = await hall.all("select id from entity where tenant = %s", hall.tenant)
    assert left == [(stranger,)]


async def test_entities_come_and_go_with_what_is_said_of_public_rows(hall: Hall) -> None:
    said = Metadata(title=Words("模擬のトイレ"), standard="toilets", simulated=True)
    await hall.datasets.create(hall.officer, "toilets", said)
    await hall.published("toilets", hall.file("a.csv", toilets(5)))
    assert await public(hall) == (1, 5, 0)
    made = msgspec.structs.replace(said, entities=True)
    await hall.datasets.describe(hall.officer, "toilets", made)
    assert await public(hall) == (1, 5, 5)
    await hall.datasets.describe(hall.officer, "toilets", said)
    assert await public(hall) == (1, 5, 0)
