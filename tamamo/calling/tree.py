"""Contact trees: who is called in which order, and when the next one is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

#: What a tree may have at most.
MOST_STEPS, MOST_PEOPLE, MOST_ROUNDS = 20, 50, 20
MOST_MINUTES: Final = 24 * 60


class Mode(StrEnum):
    """How the people of a step are called."""

    #: All at once; after the minutes the next step.
    TOGETHER = "together"
    #: One by one, the minutes between them; after the last one's the next step.
    IN_TURN = "in_turn"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a step calls: a contact, or whoever is on duty by a roster."""

    contact: str | None = None
    roster: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a tree. minutes: until the next one is called when nobody has answered."""

    targets: tuple[Target, ...]
    minutes: float = 5.0
    mode: Mode = Mode.TOGETHER
    name: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """A contact tree.

    rounds: how often all steps are gone through before the call is unanswered; 0: until somebody
    answers, or the alerts are over. gather: minutes in which further alerts of the same kind join a
    call instead of making another.
    """

    id: str
    name: str
    steps: tuple[Step, ...]
    rounds: int = 3
    gather: float = 10.0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a call stands: what is called next. place: of the next person of a step in turn."""

    round: int = 0
    step: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """What happens now. people: who is called. then: where the call stands after that, and when."""

    position: Position
    people: tuple[str, ...]
    then: Position
    next_at: datetime


def move(tree: Tree, position: Position, people: tuple[str, ...], now: datetime) -> Move:
    """Return whom to call at a position, and what comes after it.

    people: those of the step who can be called, in order; none: the step is passed at once. After
    the last step comes the next round; whether there is to be one the caller decides.
    """
    step = tree.steps[position.step]
    wait = timedelta(minutes=step.minutes)
    if step.mode is Mode.IN_TURN and position.place < len(people):
        called = people[position.place : position.place + 1]
        last = position.place + 1 >= len(people)
        then = (
            _after(tree, position)
            if last
            else Position(position.round, position.step, position.place + 1)
        )
        return Move(position, called, then, now + wait)
    if step.mode is Mode.TOGETHER and people:
        return Move(position, people, _after(tree, position), now + wait)
    return Move(position, (), _after(tree, position), now)


def _after(tree: Tree, position: Position) -> Position:
    if position.step + 1 < len(tree.steps):
        return Position(position.round, position.step + 1)
    return Position(position.round + 1)


def to_document(tree: Tree) -> dict[str, Any]:
    """Return a tree as it is stored."""
    return {
        "rounds": tree.rounds,
        "gather": tree.gather,
        "steps": [
            {
                "name": step.name,
                "minutes": step.minutes,
                "mode": step.mode.value,
                "targets": [
                    {"contact": one.contact} if one.contact else {"roster": one.roster}
                    for one in step.targets
                ],
            }
            for step in tree.steps
        ],
    }


def of_document(id: str, name: str, document: Mapping[str, Any]) -> Tree:  # noqa: A002
    """Return a tree as it is stored."""
    steps = tuple(
        Step(
            tuple(Target(one.get("contact"), one.get("roster")) for one in step["targets"]),
            float(step["minutes"]),
            Mode(step["mode"]),
            step.get("name", ""),
        )
        for step in document["steps"]
    )
    return Tree(id, name, steps, int(document["rounds"]), float(document["gather"]))
