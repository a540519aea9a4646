"""Measure and print a table: `python -m bench [--json] [--only replay,idle] [--runs 5]`."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from bench import installation, measures
from bench.measures import Row

RECORDING = Path("river", "kagawa_crisis_waterlevel_2026-06.csv")
PARTS = ("replay", "idle", "page", "read", "batch")


def main() -> None:
    """Run the parts asked for; exit code 1 with --check when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--runs", type=int, default=3, help="runs of each measure [3]")
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts, of {','.join(PARTS)}")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    default = installation.ROOT.parent / "shared" / "data"
    parser.add_argument("--data", type=Path, default=default, help="the recorded data")
    options = parser.parse_args()
    wanted = options.only.split(",")
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"--only knows {', '.join(PARTS)}, not {', '.join(sorted(unknown))}")
    machine = measures.machine()
    if float(machine["load average before"]) > float(machine["cores"]) / 2:
        print("This machine is busy with something else: expect worse figures.", file=sys.stderr)
    rows = run(wanted, options.runs, options.data / RECORDING)
    if options.json:
        print(json.dumps({"machine": machine, "rows": [asdict(r) | {"met": r.met} for r in rows]}))
    else:
        print_table(machine, rows)
    sys.exit(options.check and any(row.met is False for row in rows))


def run(wanted: list[str], runs: int, recording: Path) -> list[Row]:
    """Return the rows of the parts asked for, telling on stderr what is under way."""
    rows: list[Row] = []

    def take(part: str, measure: Callable[[], list[Row]]) -> None:
        if part in wanted:
            print(f"… {part}", file=sys.stderr, flush=True)
            rows.extend(measure())

    recorded = recording.is_file()
    if recorded:
        take("replay", lambda: measures.replay(recording, runs))
    else:
        print(f"No recording at {recording}: replay left out, pages empty.", file=sys.stderr)
    if set(wanted) - {"replay"}:
        with installation.server() as server:
            if recorded:
                installation.verb(server.home, "replay", "river", str(recording))
            take("idle", lambda: measures.idle(server, 10))
            take("page", lambda: measures.home_page(server, runs))
            take("read", lambda: measures.reading(server, runs))
            take("batch", lambda: measures.batches(server, runs))
    return rows


def print_table(machine: dict[str, str], rows: list[Row]) -> None:
    """Print the figures with their targets."""
    print(", ".join(f"{name} {value}" for name, value in machine.items()), end="\n\n")
    print(f"{'measure':<40} {'median':>12}    {'target':>12}")
    for row in rows:
        digits = 0 if abs(row.value) >= 1000 else 2
        value = f"{row.value:,.{digits}f} {row.unit}".strip()
        target = (
            "" if row.target is None else f"{'≤' if row.better == 'low' else '≥'} {row.target:,}"
        )
        mark = {True: "met", False: "MISSED", None: ""}[row.met]
        print(f"{row.name:<40} {value:>12}    {target:>12} {mark}")


main()
