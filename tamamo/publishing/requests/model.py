"""Requests for data as they are kept and shown."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

State = Literal["open", "working", "answered", "published", "declined"]
Visible = Literal["shown", "held", "hidden"]
STATES: tuple[State, ...] = ("open", "working", "answered", "published", "declined")
#: What a department can make of a request by an answer.
OUTCOMES: tuple[State, ...] = ("working", "answered", "published", "declined")


@dataclass(frozen=True, slots=True)
class Request:
    """A request for data. unit: who answers; "" where that is not settled. posts: texts shown."""

    tenant: str
    number: int
    title: str
    state: State
    unit: str
    dataset: str
    visible: Visible
    asked_at: datetime
    answered_at: datetime | None
    changed_at: datetime
    posts: int = 0
    waiting: int = 0

    @property
    def days(self) -> int | None:
        """Days from the question to the first answer; None where there is none yet."""
        return (self.answered_at - self.asked_at).days if self.answered_at else None


@dataclass(frozen=True, slots=True)
class Post:
    """A text of a thread. name: what the person wants to be called; "" for nobody in particular.

    state: of an answer, what the request became by it. known: the person can still be erased.
    """

    id: UUID
    request: int
    kind: Literal["request", "comment", "answer"]
    body: str
    state: State | None
    actor: str
    unit: str
    visible: Visible
    reason: str
    at: datetime
    name: str = ""
    known: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """A request with its texts, the oldest first."""

    request: Request
    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """What somebody of the public sends. trap: a field that only programs fill in."""

    title: str = ""
    body: str = ""
    name: str = ""
    mail: str = ""
    language: str = "ja"
    trap: str = ""


@dataclass(frozen=True, slots=True)
class Mine:
    """What somebody reaches by the secret of their own page. by_mail: by what a mail held."""

    request: int
    title: str
    name: str
    mail: str
    confirmed: bool
    visible: Visible
    by_mail: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a department says. seen: the request's `changed_at` that the answerer saw."""

    state: State
    body: str
    dataset: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of requests, the last changed first."""

    total: int
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """How requests are answered. median, mean: days to the first answer; None without any.

    within: share of the answered ones that were answered within 14 days. oldest: days the oldest
    unanswered one waits.
    """

    total: int
    counts: dict[State, int]
    answered: int
    median: float | None
    mean: float | None
    within: float | None
    oldest: int | None
    units: tuple["UnitStatistics", ...] = field(default=())


@dataclass(frozen=True, slots=True)
class UnitStatistics:
    """The same of one unit: requests given to it, those answered, and days in the middle."""

    unit: str
    total: int
    answered: int
    median: float | None
