"""A rule over readings of the past: the same evaluator, event time for its clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tamamo.context.model.entity import Entity
from tamamo.rules.alert import label
from tamamo.rules.evaluator import evaluate, next_due, tick
from tamamo.rules.rule import Rule
from tamamo.rules.state import FIRING, NORMAL, Moment, Reading, State, Transition, to_datetime


@dataclass(slots=True)
class Run:
    """A rule on its way through the readings of one subject."""

    rule: Rule
    subject: str
    state: State

    @classmethod
    def of(cls, rule: Rule, subject: str) -> "Run":
        """Return the beginning."""
        return cls(rule, subject, State())

    def take(self, reading: Reading) -> list[Transition]:
        """Take the next reading in, and before it whatever the clock says up to then."""
        found = self.until(reading.at)
        self.state, moved = evaluate(self.rule, self.state, reading)
        return [*found, *moved]

    def until(self, clock: Moment) -> list[Transition]:
        """Let time pass to a moment."""
        found: list[Transition] = []
        while (due := next_due(self.rule, self.state)) is not None and due <= clock:
            self.state, moved = tick(self.rule, self.state, self.subject, due)
            found += moved
            if not moved and next_due(self.rule, self.state) == due:
                break
        return found


@dataclass(frozen=True, slots=True)
class Episode:
    """One time a rule would have fired.

    last: the newest reading at which it did. end: when it was over; None while it would still fire,
    or where nothing more was heard. peak: what was reached.
    """

    subject: str
    name: Mapping[str, str]
    start: datetime
    last: datetime
    end: datetime | None
    peak: float | None
    threshold: float | None


@dataclass(slots=True)
class Course:
    """What a rule says of one subject. changes: of state."""

    episodes: list[Episode]
    changes: list[Transition]


class Watch:
    """A rule that follows one subject through its past, piece by piece."""

    def __init__(self, rule: Rule, entity: Entity) -> None:
        self._entity = entity
        self._run = Run.of(rule, entity.id)
        self.course = Course([], [])

    def take(self, readings: Iterable[Reading]) -> None:
        """Take readings in, in the order of their times."""
        for one in readings:
            _follow(self.course, self._entity, self._run.take(one))
            _reach(self.course, self._run)

    def end(self, until: Moment) -> Course:
        """Let the clock go on to a moment, and return what the rule said of it all."""
        _follow(self.course, self._entity, self._run.until(until))
        return self.course


def simulate(
    rule: Rule, entity: Entity, readings: Iterable[Reading], until: Moment | None = None
) -> Course:
    """Return what a rule says of a subject; readings in the order of their times.

    until: to where the clock goes on after the last of them.
    """
    watch = Watch(rule, entity)
    watch.take(readings)
    return watch.course if until is None else watch.end(until)


def _follow(course: Course, entity: Entity, moves: Iterable[Transition]) -> None:
    for moved in moves:
        course.changes.append(moved)
        last = course.episodes[-1] if course.episodes else None
        if moved.begins:
            name = {language: label(entity, language) for language in ("ja", "en")}
            at = to_datetime(moved.at)
            begun = Episode(entity.id, name, at, at, None, moved.value, moved.threshold)
            course.episodes.append(begun)
        elif moved.after == NORMAL and last is not None and last.end is None:
            course.episodes[-1] = replace(last, end=to_datetime(moved.at))


def _reach(course: Course, run: Run) -> None:
    """Keep the value farthest beyond the threshold, and when it fired last."""
    last = course.episodes[-1] if course.episodes else None
    value, at = run.state.value, run.state.at
    if last is None or run.state.state != FIRING or at is None:
        return
    last = course.episodes[-1] = replace(last, last=max(last.last, to_datetime(at)))
    if last.peak is None or value is None:
        return
    below = last.threshold is not None and last.peak < last.threshold
    further = value < last.peak if below else value > last.peak
    if further:
        course.episodes[-1] = replace(last, peak=value)
