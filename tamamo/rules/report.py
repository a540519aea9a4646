"""What rules say of a recording of river levels: each episode once, and what that spares.

Pure: nothing is stored and no database is needed. The clock is the recording's own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tamamo.context.jsonld.resolve import default_map
from tamamo.context.model.entity import Entity
from tamamo.feeds.readers import river
from tamamo.feeds.rejects import Reject
from tamamo.kernel.time import JST
from tamamo.rules.alert import figure, label
from tamamo.rules.leaves import Threshold, default_instance, number
from tamamo.rules.neighbours import reaches
from tamamo.rules.rule import Rule, iri_of
from tamamo.rules.simulation import Course, Episode, simulate
from tamamo.rules.state import Reading, moment


@dataclass(frozen=True, slots=True)
class Line:
    """One rule and gauge. at: readings at or beyond the threshold; crossings: how often one was
    reached from a reading below; None where the rule is not one threshold alone: what a single
    reading says of it is no number. episodes: what the rule makes of the readings.
    """

    rule: str
    subject: str
    name: str
    readings: int
    at: int | None
    crossings: int | None
    episodes: tuple[Episode, ...]
    changes: int

    @property
    def threshold(self) -> float | None:
        """The threshold of the first episode."""
        return self.episodes[0].threshold if self.episodes else None


@dataclass(frozen=True, slots=True)
class Report:
    """All of a recording. lines: rules and gauges that fired, in order."""

    gauges: int
    readings: int
    start: datetime
    end: datetime
    lines: tuple[Line, ...]

    def of(self, rule: str) -> list[Line]:
        """Return the lines of a rule, those with most episodes first."""
        own = [line for line in self.lines if line.rule == rule]
        return sorted(own, key=lambda line: (-len(line.episodes), -(line.at or 0), line.name))


def read(path: Path) -> dict[str, list[Reading]]:
    """Return the readings of a recording by gauge, in order of time; missing ones left out."""
    terms = default_map().terms
    found: dict[str, dict[datetime, Reading]] = defaultdict(dict)
    for item in river.read(path):
        if isinstance(item, Reject) or item.level is None:
            continue
        # The same moment twice is one reading, as it is in the history.
        entity = river.entity(item, terms)
        found[entity.id].setdefault(item.observed_at, Reading(entity, moment(item.observed_at)))
    return {gauge: [own[at] for at in sorted(own)] for gauge, own in found.items()}


def make(rules: Iterable[Rule], gauges: dict[str, list[Reading]]) -> Report:
    """Return what rules say of the readings of gauges."""
    moments = [reading.at for own in gauges.values() for reading in own]
    last, lines = max(moments), []
    for rule in rules:
        for gauge, readings in gauges.items():
            if not rule.subject.selects(readings[0].entity):
                continue
            heard = _with_others(rule, readings, gauges) if rule.elsewhere else readings
            course = simulate(rule, readings[0].entity, heard, last)
            if course.episodes:
                lines.append(_line(rule, gauge, readings, course))
    start, end = (datetime.fromtimestamp(at, JST) for at in (min(moments), last))
    return Report(len(gauges), len(moments), start, end, tuple(lines))


def _with_others(
    rule: Rule, readings: Sequence[Reading], gauges: dict[str, list[Reading]]
) -> list[Reading]:
    """Return the readings of a gauge among those of the others that its rule looks at."""
    subject = readings[0].entity
    near = [
        Reading(subject, one.at, one.entity)
        for own in gauges.values()
        if reaches(rule, subject, own[0].entity)
        for one in own
    ]
    return sorted([*readings, *near], key=lambda one: one.at)


def _line(rule: Rule, gauge: str, readings: Sequence[Reading], course: Course) -> Line:
    at = crossings = None
    if len(rule.leaves) == 1 and isinstance(leaf := rule.leaves[0], Threshold):
        beyond = [_is_beyond(leaf, reading.entity) for reading in readings]
        at = sum(beyond)
        crossings = sum(now and not was for was, now in zip([False, *beyond], beyond, strict=False))
    name = label(readings[-1].entity, "ja")
    return Line(
        rule.id, gauge, name, len(readings), at, crossings, tuple(course.episodes),
        len(course.changes),
    )  # fmt: skip


def _is_beyond(leaf: Threshold, entity: Entity) -> bool:
    """Whether a single reading is at the threshold: what a rule without memory would go by."""
    instance, bound = default_instance(entity, leaf.attribute), leaf.bound.of(entity)
    value = None if instance is None else number(instance)
    if value is None or bound is None:
        return False
    return value >= bound if leaf.above else value <= bound


def markdown(report: Report, rules: Iterable[Rule]) -> Iterator[str]:
    """Yield the lines of the report as tables."""
    yield (
        f"{report.readings:,} readings of {report.gauges} gauges,"
        f" {_time(report.start)} to {_time(report.end)} (JST)"
    )
    for rule in rules:
        lines = report.of(rule.id)
        episodes = sum(len(line.episodes) for line in lines)
        yield ""
        yield f"## {rule.id}: {rule.name['ja']} / {rule.name['en']}"
        yield f"{episodes} episodes at {len(lines)} gauges{_spared(lines)}"
        if any(leaf.others.type != iri_of("FloodMonitoring") for leaf in rule.elsewhere):
            yield "It also looks at what is not in this file, and so fires here less or never."
        if lines:
            yield ""
            yield "| gauge | threshold | first | last | highest | readings | crossings | episodes |"
            yield "|---|---|---|---|---|---|---|---|"
            yield from map(_row, lines)


def _spared(lines: Sequence[Line]) -> str:
    at = [line.at for line in lines if line.at is not None]
    crossings = sum(line.crossings or 0 for line in lines)
    return f" ({sum(at)} readings at the threshold, {crossings} crossings)" if at else ""


def _row(line: Line) -> str:
    first, last = line.episodes[0], line.episodes[-1]
    peaks = [episode.peak for episode in line.episodes if episode.peak is not None]
    counted = ("—" if number is None else number for number in (line.at, line.crossings))
    cells = (
        line.name, figure(line.threshold), _time(first.start), _time(last.last),
        figure(max(peaks, default=None)), *counted, len(line.episodes),
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def _time(moment_: datetime) -> str:
    return moment_.astimezone(JST).strftime("%m-%d %H:%M")
