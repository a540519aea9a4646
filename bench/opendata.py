"""Open data: recorded files looked over in one go, and a table of a million rows checked."""

import asyncio
import csv
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import installation
from bench.table import Row
from tamamo.context.broker import open_broker
from tamamo.kernel import settings as kernel_settings
from tamamo.kernel.identity import Actor, Grant, Role, access_of
from tamamo.kernel.identity.resolve import Policy
from tamamo.kernel.installation import opened
from tamamo.kernel.settings import Settings
from tamamo.publishing.datasets import Datasets, Metadata, Words, checking, claims
from tamamo.registers import intake
from tamamo.registers.model import Visitor

ROWS = 1_000_000
_TOWN = "default"
AREA = "133.8,34.1,134.3,34.5"


def looking_over(data: Path, runs: int) -> list[Row]:
    """Look over the recorded files by one command, its start included."""
    folder = data / "opendata"

    def once() -> float:
        command = ["opendata", "survey", str(folder), "--area", AREA]
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "tamamo", *command],
            cwd=installation.ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        if "[25/25]" not in done.stderr:
            raise SystemExit(f"The survey said: {done.stderr[-400:]}")
        return time.perf_counter() - began

    took = statistics.median(once() for _ in range(runs))
    return [Row("25 recorded files looked over", took, "s", 30)]


def million(rows: int = ROWS) -> list[Row]:
    """Bring a CSV of a million rows from its upload to the end of its check, in one process.

    Looked at, settled as it was guessed, every row read, converted, copied into the database and
    compared with nothing: a first version. Its memory is that of a process of its own.
    """
    with tempfile.TemporaryDirectory(prefix="tamamo-bench-") as folder:
        path = Path(folder) / "large.csv"
        write(path, rows)
        small = Path(folder) / "small.csv"
        write(small, rows // 20)
        took, most = _apart(path)
        _, least = _apart(small)
    return [
        Row("a CSV of 1,000,000 rows, from its upload to its check", took, "s", 60),
        Row("its memory, more than for 50,000 rows", most - least, "MB", 64),
    ]


def write(path: Path, rows: int) -> None:
    """Write a table of invented points of measurement, as a department would."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("管理番号", "名称", "町名", "緯度", "経度", "調査日", "人数（人）", "区分")
        )
        for number in range(rows):
            writer.writerow(
                (
                    f"{number:07}", f"地点{number}", f"町{number % 300}",
                    f"{34.1 + chance.random() / 3:.6f}", f"{133.9 + chance.random() / 3:.6f}",
                    f"令和{number % 6 + 2}年{number % 12 + 1}月{number % 28 + 1}日",
                    number % 500, "甲乙丙"[number % 3],
                )
            )  # fmt: skip


def _apart(path: Path) -> tuple[float, float]:
    """Return the seconds and the most MB that a process of its own took for a file."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.opendata", str(path)],
        cwd=installation.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    took, most = done.stdout.split()[-2:]
    return float(took), float(most)


async def _checked(settings: Settings, path: Path) -> float:
    """Return the seconds from the upload of a file to the end of its check."""
    actor = Actor("user:1", "bench", (Grant("1", _TOWN, Role.EDITOR, None),))
    officer = Visitor(_TOWN, actor, access_of(actor, _TOWN, Policy()))
    async with open_broker(settings) as broker:
        datasets = Datasets(broker, {})
        await datasets.create(officer, "large", Metadata(title=Words("大きな表", "A large table")))
        began = time.perf_counter()
        begun = await datasets.begin(officer, "large", path, path.name)
        found = await datasets.profile(officer, "large", begun.number)
        await datasets.settle(officer, "large", begun.number, intake.settle(found))
        # What is too large to wait for is a job: here it is done at once.
        done = await datasets.check(officer, "large", begun.number)
        if done.state == "checking":
            assert done.job is not None
            claim = await claims.take_over(broker.pool, _TOWN, done.id, done.job)
            done = await checking.work(broker, officer, "large", begun.number, claim)
        took = time.perf_counter() - began
    if done.state != "checked":
        raise SystemExit(f"The check said: {done.state} {done.reason}")
    return took


def _alone() -> None:
    with (
        installation.home() as folder,
        opened(kernel_settings.load({"home": folder})) as settings,
    ):
        seconds = asyncio.run(_checked(settings, Path(sys.argv[1])))
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    _alone()
