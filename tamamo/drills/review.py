"""What was expected against what was done, and after how long. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tamamo.drills.events import Note
from tamamo.drills.log import Line
from tamamo.drills.script import Expected


class Verdict(StrEnum):
    """How an expected decision went. The texts are words that stay."""

    DONE = "done"
    LATE = "late"
    #: Its time is over and nobody did it.
    MISSED = "missed"
    #: There is time left.
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Judged:
    """An expected decision and what became of it."""

    expected: Expected
    verdict: Verdict
    #: Second of the drill's clock when it was taken; None: it was not.
    done: float | None = None
    #: The entry of the log that shows it; None: a person said so.
    line: Line | None = None
    #: Who said so.
    by: str = ""

    @property
    def margin(self) -> float | None:
        """Return the seconds left when it was taken, negative when it was late."""
        return None if self.done is None else self.expected.position - self.done

    @property
    def took(self) -> float | None:
        """Return the seconds since it could first be taken."""
        return None if self.done is None else self.done - self.expected.since


def judge(
    expected: Sequence[Expected], lines: Sequence[Line], notes: Sequence[Note], position: float
) -> list[Judged]:
    """Return each expected decision with what became of it by a second of the drill's clock.

    What a person noted last goes before what the log shows.
    """
    return [_judged(one, lines, notes, position) for one in expected]


def shows(line: Line, expected: Expected) -> bool:
    """Return whether an entry of the log means that a decision was taken."""
    if line.kind != "act" or not expected.actions or line.position < expected.since:
        return False
    meant = any(line.what.startswith(action) for action in expected.actions)
    named = not expected.about or any(about in line.about for about in expected.about)
    return meant and named


def _judged(
    expected: Expected, lines: Sequence[Line], notes: Sequence[Note], position: float
) -> Judged:
    said = [one for one in notes if one.about == expected.key and one.verdict is not None]
    if said:
        return _said(expected, said[-1])
    line = next((line for line in lines if shows(line, expected)), None)
    if line is not None:
        return Judged(expected, _timely(expected, line.position), line.position, line, line.actor)
    verdict = Verdict.MISSED if position > expected.position else Verdict.OPEN
    return Judged(expected, verdict)


def _said(expected: Expected, note: Note) -> Judged:
    verdict = Verdict(note.verdict or Verdict.OPEN)
    if verdict is Verdict.MISSED:
        return Judged(expected, verdict, by=note.by)
    done = note.done_position
    if done is not None:
        verdict = _timely(expected, done)
    return Judged(expected, verdict, done, by=note.by)


def _timely(expected: Expected, position: float) -> Verdict:
    return Verdict.DONE if position <= expected.position else Verdict.LATE
