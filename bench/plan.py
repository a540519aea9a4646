"""The plan: its page with five years of monthly values, and the progress report as a PDF."""

import statistics
import subprocess
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import httpx
import psycopg

from bench import installation
from bench.speed import Bench
from bench.table import Row
from tamamo.plan.catalog import load_plan
from tamamo.plan.values.importing import areas_of

#: Monthly values of five fiscal years, the newest of which is over.
_FIRST, _LAST = "2021-04-30", "2026-04-01"
_ROUNDS: Final = 10
_VALUES: Final = f"""
insert into plan_value (tenant, project, indicator, area, at, year, value, basis, source, state,
    made_by, made_at, approved_by, approved_at)
select 'default', p.project, p.indicator, p.area, d::date,
    extract(year from d - interval '3 months')::int, 50 + extract(month from d),
    case when p.area = '' then 'entered' else 'imported' end, 'bench', 'approved',
    'user:1', now(), 'user:1', now()
from unnest(%(projects)s::text[], %(indicators)s::text[], %(areas)s::text[])
        as p (project, indicator, area),
    generate_series('{_FIRST}'::date, '{_LAST}'::date, '1 month') as d
"""
_GONE: Final = "delete from plan_value where tenant = 'default' and source = 'bench'"


def looking(bench: Bench) -> list[Row]:
    """Measure the plan's pages with values of all projects, then the making of the PDF."""
    with psycopg.connect(bench.server.dsn, autocommit=True) as connection:
        connection.execute(_VALUES, _kept())
        connection.execute("vacuum analyze plan_value")
        try:
            return [*_pages(bench), _pdf(bench.server.home, bench.runs)]
        finally:
            connection.execute(_GONE)


def _kept() -> dict[str, list[str]]:
    """Return what has values: every indicator, in all areas it has, and one of each other project.

    Those of projects without an indicator stand in nobody's way but the statement's.
    """
    found: list[tuple[str, str, str]] = []
    for folder in load_plan().folders:
        indicators = folder.figures.indicator if folder.figures else []
        for one in indicators:
            areas = [area.code for area in areas_of(folder, one).area] if one.series else []
            found += [(folder.manifest.id, one.id, area) for area in ("", *areas)]
        if not indicators:
            found.append((folder.manifest.id, "bench", ""))
    names = ("projects", "indicators", "areas")
    return dict(zip(names, map(list, zip(*found, strict=True)), strict=True))


def _pages(bench: Bench) -> list[Row]:
    base = bench.server.base
    asked = {
        "/plan/ of 36 projects with five years of monthly values": [
            f"{base}/plan/", f"{base}/en/plan/",
        ],
        "  narrowed by chapter, state and year": [
            f"{base}/plan/?chapter=1&state=met", f"{base}/plan/?year=2023",
        ],
        "  a project's page, an indicator's page": [
            f"{base}/plan/school_ict/", f"{base}/plan/mynumber_card/issue_rate/about/",
        ],
    }  # fmt: skip
    with httpx.Client(timeout=60) as client:
        return [
            Row(name, statistics.median(_times(client, addresses, bench.runs)), "ms", 150)
            for name, addresses in asked.items()
        ]


def _times(client: httpx.Client, addresses: list[str], runs: int) -> list[float]:
    """Return milliseconds of requests in turns; the first of each, which compiles, left out."""
    for address in addresses:
        client.get(address).raise_for_status()
    found = []
    for address in islice(cycle(addresses), runs * _ROUNDS):
        began = time.perf_counter()
        client.get(address).raise_for_status()
        found.append((time.perf_counter() - began) * 1000)
    return found


def _pdf(home: Path, runs: int) -> Row:
    """Make the report of FY2020 by the command line, its start included."""

    def once() -> float:
        out = home / "bench-report.pdf"
        command = ["plan", "report", "--year", "2020", "--format", "pdf", "--out", str(out)]
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "tamamo", *command, "--home", str(home)],
            cwd=installation.ROOT,
            env=installation.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        took = time.perf_counter() - began
        if len(done.stderr.splitlines()) < 3 or not out.read_bytes().startswith(b"%PDF"):
            raise SystemExit(f"The report said: {done.stderr[-400:]}")
        out.unlink()
        return took

    return Row("progress report as PDF", statistics.median(once() for _ in range(runs)), "s", 15)
