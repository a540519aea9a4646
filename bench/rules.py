"""Rules: evaluations on one core, and a recorded month with all shipped rules."""

import asyncio
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

from bench import installation
from bench.table import Row
from tamamo.context.broker import open_broker
from tamamo.feeds.rejects import RejectsFile
from tamamo.feeds.replay import Plan, Progress, replay
from tamamo.kernel import settings as kernel_settings
from tamamo.kernel.installation import opened
from tamamo.rules.book import Town
from tamamo.rules.evaluator import evaluate
from tamamo.rules.report import read
from tamamo.rules.rule import Rule, build, iri_of
from tamamo.rules.service import Evaluation
from tamamo.rules.shipped import shipped
from tamamo.rules.state import State

#: Rules about other types that must cost a reading nothing.
_OTHERS = 100
_TYPE = [iri_of("FloodMonitoring")]


def evaluating(recording: Path, runs: int) -> list[Row]:
    """Evaluate the shipped rules over the recording's readings, among many other rules."""
    gauges = read(recording)
    document = shipped()["river-danger-level"].document
    others: list[Rule] = [
        build({**document, "id": f"other-{n}", "subject": {"type": f"Type{n}"}})
        for n in range(_OTHERS)
    ]
    town = Town([*shipped().values(), *others])

    def once() -> float:
        done, began = 0, time.process_time()
        for gauge, readings in gauges.items():
            states: dict[str, State] = {}
            for reading in readings:
                for rule in town.about(_TYPE, gauge):
                    state = states.get(rule.id) or State()
                    states[rule.id], _ = evaluate(rule, state, reading)
                    done += 1
        return done / (time.process_time() - began)

    rate = statistics.median(once() for _ in range(runs))
    return [Row("rules evaluated on one core", rate, "/s", 10_000, "high", cpu=1e6 / rate)]


def month(recording: Path, runs: int) -> list[Row]:
    """Replay the month into an empty home and evaluate all shipped rules, alerts written."""

    def once() -> float:
        with (
            installation.home() as folder,
            opened(kernel_settings.load({"home": folder})) as settings,
        ):
            began = time.perf_counter()
            told = asyncio.run(_replayed(settings, recording))
            took = time.perf_counter() - began
        if not told:
            raise SystemExit("The replay made no alert")
        return took

    took = statistics.median(once() for _ in range(runs))
    return [Row("replay of a month with all rules", took, "s", 20)]


async def _replayed(settings: kernel_settings.Settings, recording: Path) -> int:
    async with open_broker(settings) as broker:
        evaluation = Evaluation(broker)
        with RejectsFile(settings.home, recording, datetime.now(UTC)) as rejects:
            await replay(broker, Plan(path=recording, tenant="default"), rejects, Progress())
        while await evaluation.step():
            pass
        async with broker.pool.connection() as connection:
            row = await (await connection.execute("select count(*) from alert_event")).fetchone()
    assert row is not None
    return int(row[0])
