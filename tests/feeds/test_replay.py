import asyncio
import csv
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tamamo.context.broker import open_broker
from tamamo.feeds.plausibility import reason_of
from tamamo.feeds.rejects import RejectsFile
from tamamo.feeds.replay import REPLAY_ID, Plan, Progress, replay
from tamamo.feeds.status import FeedStatuses
from tamamo.kernel.time import from_text

NOW = datetime(2026, 7, 1, tzinfo=UTC)


class FakeClock:
    def __init__(self):
        self.time = NOW

    def now(self):
        return self.time

    async def sleep(self, seconds):
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@pytest.fixture
async def broker(settings):
    async with open_broker(settings) as opened:
        yield opened


async def play(broker, path, clock=None, report=lambda _: None, **members):
    progress = Progress()
    plan = Plan(path=path, tenant="default", **members)
    with RejectsFile(broker.settings.home, path, NOW) as rejects:
        await replay(broker, plan, rejects, progress, report=report, clock=clock or FakeClock())
    return progress, rejects.path


async def names(broker, *short):
    terms = await broker.contexts.resolve("default", None)
    return [terms.expand_term(name) for name in short]


async def levels(broker, entity_id, start, end):
    (level,) = await names(broker, "currentLevel")
    span = datetime.fromisoformat(start), datetime.fromisoformat(end)
    return await broker.temporal.series("default", entity_id, level, *span)


async def test_the_recording_twice(broker, river_file):
    progress, rejects = await play(broker, river_file)
    assert str(progress) == "89 gauges, 5,488 observations stored, 392 repeats, 0 rejected"
    assert rejects is None
    again, _ = await play(broker, river_file)
    assert str(again) == "89 gauges, 0 observations stored, 5,880 repeats, 0 rejected"
    (status,) = await FeedStatuses(broker.pool).all()
    assert (status.stored, status.repeated) == (5488, 6272)
    async with broker.pool.connection() as connection:
        rows = await connection.execute(
            "select count(*) from attribute_history where observed_at is not null"
        )
        assert await rows.fetchone() == (5488,)


async def test_usido_stood_at_its_flood_level_four_times_that_day(broker, river_file):
    await play(broker, river_file)
    name, danger = await names(broker, "name", "dangerLevel")
    gauges = await broker.temporal.state_at(
        "default",
        (await broker.contexts.resolve("default", None)).expand_type("FloodMonitoring"),
        NOW,
    )
    usido = next(g for g in gauges if g.attrs[name][0]["value"] == "牛堂")
    limit = usido.attrs[danger][0]["value"]
    day = await levels(broker, usido.id, "2026-06-26T00:00+09:00", "2026-06-27T00:00+09:00")
    assert [p.value for p in day if p.value >= limit] == [3.75, 3.79, 3.82, 3.73]


async def test_a_part_of_the_recording(broker, river_file):
    start, end = "2026-06-26T00:00+09:00", "2026-06-27T00:00+09:00"
    progress, _ = await play(
        broker,
        river_file,
        start=datetime.fromisoformat(start),
        end=datetime.fromisoformat(end),
    )
    with river_file.open(encoding="utf-8") as file:
        times = {(r["code"], r["obs_time"]) for r in csv.DictReader(file)}
    assert progress.stored == sum(t.startswith("2026-06-26") for _, t in times)
    assert progress.clock < datetime.fromisoformat(end)


HEADER = "generated_at,code,name,obs_time,level_m,start_level,warn_level,flood_level,city,lat,lon"


def recording(tmp_path, *rows):
    """Rows of (minute, level) of one gauge, or whole lines."""
    lines = [
        row
        if isinstance(row, str)
        else f"2026-06-26T00:00:00Z,1,橋,2026-06-26T08:{row[0]:02}:00+09:00,{row[1]},1,2,3,"
        "香川県高松市,34.3,134.0"
        for row in rows
    ]
    path = tmp_path / "levels.csv"
    path.write_text("\n".join([HEADER, *lines, ""]), "utf-8")
    return path


async def test_missing_readings_and_wrong_rows_are_told_and_kept_apart(broker, tmp_path):
    path = recording(
        tmp_path, (0, "1.5"), (10, "***"), (20, "−"), (30, "NaN"), "too,few", (40, "1.6")
    )
    progress, rejects = await play(broker, path)
    assert (progress.stored, progress.rejected, progress.missing) == (2, 4, 2)
    assert str(progress).endswith("4 rejected (of these 2 missing, 欠測)")
    with rejects.open(encoding="utf-8-sig") as file:
        kept = [(r["row"], r["field"], r["code"]) for r in csv.DictReader(file)]
    assert kept == [
        ("3", "level_m", "missing"),
        ("4", "level_m", "missing"),
        ("5", "level_m", "not_finite"),
        ("6", "name", "too_few_columns"),
    ]
    gauge = "urn:ngsi-ld:FloodMonitoring:1"
    (status,) = await names(broker, "currentLevelStatus")
    said = await broker.temporal.series("default", gauge, status, NOW - timedelta(days=9), NOW)
    assert [(p.at.minute, p.value) for p in said] == [(10, "missing"), (20, "missing"), (40, "ok")]
    day = await levels(broker, gauge, "2026-06-26T00:00+09:00", "2026-06-27T00:00+09:00")
    assert [p.value for p in day] == [1.5, 1.6]


async def test_a_gauge_that_was_missing_comes_back_in_a_later_run(broker, tmp_path):
    await play(broker, recording(tmp_path, (0, "欠測")))
    await play(broker, recording(tmp_path, (30, "1.5")))
    (status,) = await names(broker, "currentLevelStatus")
    gauge = await broker.entities.find("default", "urn:ngsi-ld:FloodMonitoring:1")
    assert gauge.attrs[status][0]["value"] == "ok"


async def test_an_older_reading_does_not_end_a_missing_one(broker, tmp_path):
    await play(broker, recording(tmp_path, (30, "欠測")))
    await play(broker, recording(tmp_path, (0, "1.5")))
    (status,) = await names(broker, "currentLevelStatus")
    gauge = await broker.entities.find("default", "urn:ngsi-ld:FloodMonitoring:1")
    assert gauge.attrs[status][0]["value"] == "missing"


async def test_with_a_speed_readings_come_at_their_time(broker, tmp_path):
    clock = FakeClock()
    seen = []
    path = recording(tmp_path, (20, "1.2"), (0, "1.0"), (50, "1.5"))
    await play(broker, path, clock, lambda p: seen.append((clock.now() - NOW, p.stored)), speed=60)
    # Nothing is rejected, so the first report is of no row at all.
    assert [(span.total_seconds(), stored) for span, stored in seen] == [
        (0, 0), (0, 1), (20, 2), (50, 3)
    ]  # fmt: skip


async def test_what_lies_ahead_is_written_at_once_and_pages_see_the_clock(broker, tmp_path):
    clock = FakeClock()
    clocks = []
    path = recording(tmp_path, (0, "1.0"), (10, "1.1"), (40, "1.4"))
    terms = await broker.contexts.resolve("default", None)

    async def watch():
        entity = await broker.entities.find("default", REPLAY_ID)
        if entity is not None:
            clocks.append(
                [entity.attrs[terms.expand_term(n)][0]["value"] for n in ("clock", "state")]
            )

    original = clock.sleep

    async def sleep(seconds):
        await watch()
        await original(seconds)

    clock.sleep = sleep
    ahead = datetime.fromisoformat("2026-06-26T08:20+09:00")
    progress, _ = await play(broker, path, clock, speed=60, announce=True, ahead=ahead)
    await watch()
    assert progress.stored == 3
    assert clock.now() - NOW == timedelta(seconds=20)
    shown = [from_text(text) for text, _ in clocks]
    assert shown == sorted(shown)
    assert clocks[-1] == ["2026-06-25T23:40:00Z", "finished"]
    assert {state for _, state in clocks[:-1]} == {"playing"}


async def test_another_tenant_has_its_own_gauges(broker, tmp_path):
    await broker.tenants.require("ayagawa", create=True)
    path = recording(tmp_path, (0, "1.0"))
    plan = Plan(path=path, tenant="ayagawa")
    with RejectsFile(tmp_path, path, NOW) as rejects:
        await replay(broker, plan, rejects, Progress(), clock=FakeClock())
    gauge = "urn:ngsi-ld:FloodMonitoring:1"
    assert await broker.entities.find("default", gauge) is None
    assert await broker.entities.find("ayagawa", gauge) is not None


def tamamo(home: Path, dsn: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tamamo", *arguments, "--home", str(home)],
        env={**os.environ, "DATABASE_URL": dsn, "TAMAMO_LOG_LEVEL": "warning"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_ctrl_c_keeps_what_was_written_and_the_next_run_goes_on(tmp_path, database_url, river_file):
    arguments = ("replay", "river", str(river_file), "--speed", "20000")
    process = tamamo(tmp_path, database_url, *arguments)
    assert "0 observations stored" in process.stderr.readline()  # the work has begun
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "what was written is kept" in err
    assert "Traceback" not in err
    stored = int(re.search(r"([\d,]+) observations stored", out)[1].replace(",", ""))
    assert 0 < stored < 5488
    process = tamamo(tmp_path, database_url, "replay", "river", str(river_file))
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"{5488 - stored:,} observations stored" in out


def test_a_rejected_row_shows_in_the_exit_code(tmp_path, database_url, river_file):
    dirty = tmp_path / "dirty.csv"
    head, first, second, *_ = river_file.read_text("utf-8-sig").splitlines()
    dirty.write_text("\n".join((head, first, f"{second},one cell too many", "just one cell")))
    process = tamamo(tmp_path, database_url, "replay", "river", str(dirty))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, out + err
    (rejects,) = (tmp_path / "rejects").iterdir()
    assert rejects.name.endswith("-dirty.csv")
    assert rejects.name in out + err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("replay", "river", "gone.csv"), 1, "gone.csv: No such file"),
        (("replay", "river", "x.csv", "--from", "yesterday"), 2, "is not a time such as"),
        (("replay", "river", "x.csv", "--speed", "-1"), 2, "--speed"),
        (("replay", "river", "x.csv", "--speed", "nan"), 2, "nan is not a speed"),
        (("replay", "river", "x.csv", "--speed", "inf"), 2, "inf is not a speed"),
        (
            ("replay", "river", "x.csv", "--from", "2026-06-26", "--to", "2026-06-26"),
            2,
            "--from: is not before --to",
        ),
        (
            ("replay", "river", "x.csv", "--tenant", "nobody"),
            1,
            "--tenant: There is no tenant 'nobody'",
        ),
    ],
)
def test_wrong_use_is_one_clear_sentence(tmp_path, database_url, arguments, code, told):
    process = tamamo(tmp_path, database_url, *arguments)
    _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert told in err
    assert "Traceback" not in err


async def test_a_jump_is_kept_and_marked_whatever_the_batches(broker, tmp_path):
    path = recording(tmp_path, (0, "1.2"), (10, "1.3"), (20, "10.3"), (30, "1.3"))
    progress, _ = await play(broker, path)
    assert (progress.stored, progress.suspects) == (4, 1)
    assert str(progress).endswith(", 1 not believed")
    day = "2026-06-26T00:00+09:00", "2026-06-27T00:00+09:00"
    points = await levels(broker, "urn:ngsi-ld:FloodMonitoring:1", *day)
    assert [(p.value, reason_of(p.instance)) for p in points] == [
        (1.2, ""),
        (1.3, ""),
        (10.3, "jump"),
        (1.3, ""),
    ]
