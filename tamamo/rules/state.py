"""Where a rule stands with one subject, and what a reading changed of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

from tamamo.context.model.entity import Entity

StateName = Literal["normal", "pending", "firing", "recovering", "noData", "error"]
NORMAL: Final = "normal"
PENDING: Final = "pending"
FIRING: Final = "firing"
RECOVERING: Final = "recovering"
NO_DATA: Final = "noData"
ERROR: Final = "error"
#: States in which somebody has, or may soon have, something to do.
OPEN: Final = frozenset({PENDING, FIRING, RECOVERING})

#: Seconds since 1970, UTC.
Moment = float
#: What a condition remembers; JSON values only. Never changed in place.
Memory = list[Any] | None


class State(msgspec.Struct, omit_defaults=True):
    """Where a rule stands with a subject; the same in memory and, as JSON, in the database.

    at: event time of the newest reading that counted. since: of the last change of state. watched:
    whether silence counts: the subject has reported in time once. onset: since when the condition
    holds (pending) or holds no longer (recovering). under: the state under noData and error, to
    which a good reading returns. opened: this episode's start.
    """

    state: StateName = "normal"
    at: Moment | None = None
    since: Moment | None = None
    watched: bool = False
    onset: Moment | None = None
    under: StateName = "normal"
    episode: int = 0
    opened: Moment | None = None
    value: float | None = None
    threshold: float | None = None
    memories: list[Memory] = []
    #: When the subject was last none of the rule's: what was measured before says nothing.
    left: Moment | None = None
    #: Version of the rule that wrote the memories.
    version: int = 0

    @property
    def logical(self) -> StateName:
        """The state by what is known of the condition."""
        return self.under if self.state in (NO_DATA, ERROR) else self.state


@dataclass(frozen=True, slots=True)
class Reading:
    """A subject as it was reported at one moment.

    entity: with all its attributes as of then. at: event time, for attributes without observedAt.
    other: the entity whose reading it is, where it is not the subject's own (`elsewhere`).
    """

    entity: Entity
    at: Moment
    other: Entity | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state of a rule and subject, at an event time."""

    rule: str
    subject: str
    before: StateName
    after: StateName
    at: Moment
    episode: int
    value: float | None = None
    threshold: float | None = None
    opened: Moment | None = None
    #: Whether an episode begins: the one change people are called for.
    begins: bool = False


def moment(when: datetime) -> Moment:
    """Return a time as seconds."""
    return when.timestamp()


def to_datetime(at: Moment) -> datetime:
    """Return seconds as a time; exact to the microsecond."""
    return datetime.fromtimestamp(at, UTC)
