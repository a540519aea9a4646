"""Measure and print a table: `make bench`, `make bench VS=http://host:port`."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import psycopg

from bench import (
    catalogue,
    guarded,
    history,
    installation,
    live,
    measures,
    mqtt,
    notify,
    opendata,
    places,
    plan,
    rules,
    speed,
    table,
)
from bench.broker import Broker
from bench.load import LoadError
from bench.table import Row

RECORDING = Path("river", "kagawa_crisis_waterlevel_2026-06.csv")
#: Parts that only the standard's API is needed for: another broker can do them too.
COMPARED = ("get", "patch", "batch", "query", "near", "history", "notify")
PARTS = (
    "replay",
    "idle",
    "page",
    "live",
    *COMPARED,
    "token",
    "register",
    "ogc",
    "mqtt",
    "rules",
    "opendata",
    "catalogue",
    "plan",
    "backup",
)


def options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--runs", type=int, default=3, help="runs of each measure [3]")
    parser.add_argument("--seconds", type=float, default=4, help="of each measure of a rate [4]")
    parser.add_argument("--entities", type=int, default=100_000, help="behind queries [100,000]")
    parser.add_argument("--only", help=f"parts, of {','.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="one short run over few entities")
    parser.add_argument(
        "--mqtt-seconds", type=float, default=15, help="of messages over MQTT [15]; 300 for proof"
    )
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    parser.add_argument("--vs", metavar="URL", help="let another NGSI-LD broker do the same work")
    parser.add_argument(
        "--vs-header", action="append", default=[], metavar="'NAME: VALUE'", help="sent to it"
    )
    default = installation.ROOT.parent / "shared" / "data"
    parser.add_argument("--data", type=Path, default=default, help="the recorded data")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.runs, chosen.seconds, chosen.entities = 1, 1.0, min(chosen.entities, 10_000)
    usual = COMPARED if chosen.vs else PARTS
    chosen.wanted = chosen.only.split(",") if chosen.only else list(usual)
    if unknown := set(chosen.wanted) - set(PARTS):
        parser.error(f"--only knows {', '.join(PARTS)}, not {', '.join(sorted(unknown))}")
    if chosen.vs and not chosen.vs.startswith("http://"):
        parser.error("--vs takes an address such as http://127.0.0.1:1026")
    return chosen


def main() -> None:
    """Run the parts asked for; exit code 1 with --check when a target is missed."""
    chosen = options()
    machine = table.machine()
    if float(machine["load average before"]) > float(machine["cores"]) / 2:
        print("This machine is busy with something else: expect worse figures.", file=sys.stderr)
    began = time.monotonic()
    rows, failures = run(chosen)
    machine["took"] = f"{time.monotonic() - began:.0f} s"
    if chosen.json:
        done = [asdict(row) | {"met": row.met} for row in rows]
        print(json.dumps({"machine": machine, "rows": done, "failures": failures}))
    else:
        print(", ".join(f"{name} {value}" for name, value in machine.items()), end="\n\n")
        print(table.markdown(rows, compared=chosen.vs is not None))
    missed = any(row.met is False for row in rows)
    sys.exit(bool(failures) or (chosen.check and missed))


def run(chosen: argparse.Namespace) -> tuple[list[Row], list[str]]:
    """Return the rows of the parts asked for, and what could not be measured."""
    rows: list[Row] = []
    failures: list[str] = []

    def take(part: str, measure: Callable[[], list[Row]]) -> None:
        if part not in chosen.wanted:
            return
        print(f"… {part}", file=sys.stderr, flush=True)
        try:
            rows.extend(measure())
        except (LoadError, OSError, psycopg.Error) as error:
            # The other parts are worth their time all the same.
            failures.append(f"{part}: {error}")
            print(f"  {failures[-1]}", file=sys.stderr)

    recording = chosen.data / RECORDING
    recorded = recording.is_file()
    if recorded:
        take("replay", lambda: measures.replay(recording, chosen.runs))
        take("rules", lambda: rules.evaluating(recording, chosen.runs))
        take("rules", lambda: rules.month(recording, chosen.runs))
        take("opendata", lambda: opendata.looking_over(chosen.data, chosen.runs))
    elif not chosen.vs:
        print(f"No recording at {recording}: replay left out, pages empty.", file=sys.stderr)
    take("opendata", opendata.million)
    take("live", lambda: live.live(chosen.runs))
    if set(chosen.wanted) - {"replay", "rules", "live", "opendata"}:
        with installation.server() as server:
            if recorded:
                installation.verb(server.home, "replay", "river", str(recording))
            take("idle", lambda: measures.idle(server, 10))
            take("page", lambda: measures.home_page(server, chosen.runs))
            bench = _bench(chosen, server)
            for part, measure in _MEASURES.items():
                take(part, partial(measure, bench))
            speed.tidy(bench)
            take("mqtt", lambda: mqtt.streaming(server, chosen.mqtt_seconds))
    return rows, failures


_MEASURES: dict[str, Callable[[speed.Bench], list[Row]]] = {
    "get": speed.reading,
    "patch": speed.changing,
    "batch": speed.batches,
    "query": speed.querying,
    "near": speed.finding,
    "history": history.aggregating,
    "notify": notify.notifying,
    "token": guarded.checking,
    "register": guarded.register,
    "ogc": places.features,
    "catalogue": catalogue.searching,
    "plan": plan.looking,
    "backup": guarded.backing_up,
}


def _bench(chosen: argparse.Namespace, server: installation.Server) -> speed.Bench:
    other = None
    if chosen.vs:
        pairs = (header.partition(":") for header in chosen.vs_header)
        headers = {name.strip(): value.strip() for name, _, value in pairs}
        other = Broker(chosen.vs.rstrip("/"), headers)
    return speed.Bench(
        server, Broker(server.base), other, chosen.runs, chosen.seconds, chosen.entities
    )


if __name__ == "__main__":
    main()
