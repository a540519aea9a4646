"""What waits to be delivered, and what became of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tamamo.context.negotiation import JSON
from tamamo.context.notifications.policy import Policy
from tamamo.context.subscriptions.message import Sending
from tamamo.context.subscriptions.registry import Key
from tamamo.kernel.identity.reach import EVERYTHING, Reach

#: Notifications that are told as one at most, and the characters of their bodies.
TOGETHER: Final = 50
_CHARACTERS: Final = 1024 * 1024
#: Where the entities begin in a notification (5.3.1), and its end.
_DATA, _END = ',"data":[', "]}"


@dataclass(slots=True)
class Outbound:
    """A notification on its way. born: on the clock of delivery.

    seq: its place in the database; below 0 of one that is not stored (see ahead.py).
    """

    tenant: str
    subscription_id: str
    entity_id: str
    seq: int
    media: str
    body: str
    attempts: int
    born: float
    #: Not to be tried again before this moment.
    not_before: float = 0.0
    #: How it goes out where its subscription alone does not say it.
    sending: Sending | None = None
    #: What its subscriber might be told of when it was made.
    reach: Reach = EVERYTHING

    @property
    def key(self) -> Key:
        """The subscription it belongs to."""
        return self.tenant, self.subscription_id

    def joins(self, other: "Outbound") -> bool:
        """Whether both can be told as one notification, which has the entities of both.

        What failed before goes alone: another's fault must not be its own.
        """
        return (
            self.media == other.media == JSON
            and self.sending is None is other.sending
            and self.attempts == other.attempts == 0
            and self.reach == other.reach
        )


def joined(items: Sequence[Outbound]) -> str:
    """Return the body that tells of all: the first's, with the entities of the others."""
    if len(items) == 1:
        return items[0].body
    # Whatever stands before the entities is text, in which quotation marks are escaped.
    entities = [item.body[item.body.index(_DATA) + len(_DATA) : -len(_END)] for item in items]
    return items[0].body[: items[0].body.index(_DATA)] + _DATA + ",".join(entities) + _END


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt that began. again: not the first at this notification."""

    item: Outbound
    again: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt.

    error: None when the receiver has it. dead: it was the last. again: others failed before.
    """

    item: Outbound
    error: str | None = None
    dead: bool = False
    again: bool = False


@dataclass(slots=True)
class Account:
    """What began and what came of it, until somebody stores it."""

    begun: list[Begun] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def take(self) -> tuple[list[Begun], list[Outcome]]:
        """Return all of it and begin anew."""
        taken = self.begun, self.outcomes
        self.begun, self.outcomes = [], []
        return taken


@dataclass(slots=True)
class Queue:
    """The notifications of one subscription, in order.

    An entity whose notification is under way, or failed, holds back its later ones only. While the
    receiver fails nothing else is tried.
    """

    bucket: int
    waiting: dict[int, Outbound] = field(default_factory=dict)
    #: Entities with a notification under way.
    busy: set[str] = field(default_factory=set)
    #: Sequence numbers delivered but not yet gone from the database.
    done: set[int] = field(default_factory=set)
    failures: int = 0
    not_before: float = 0.0
    #: More waits in the database than is held here.
    full: bool = False

    def take(self, item: Outbound, limit: int) -> None:
        """Hold a notification, unless there are too many already."""
        if item.seq in self.waiting or item.seq in self.done:
            return
        if self.full or len(self.waiting) >= limit:
            self.full = True
            return
        self.waiting[item.seq] = item

    @property
    def free(self) -> bool:
        """Whether nothing waits, here or in the database, and the receiver answers."""
        return not (self.waiting or self.busy or self.full or self.failures)

    def place(self, limit: int, finished: Iterable[int]) -> None:
        """Hold what was told before it was stored by its place in the database.

        limit: as in `take`. finished: places of what came to an end while it was being stored.
        What has no place is not held any longer.
        """
        stored = [item for item in self.waiting.values() if item.seq > 0]
        kept = stored[:limit] + [item for item in stored[limit:] if item.entity_id in self.busy]
        self.full = self.full or len(kept) < len(stored)
        self.waiting = {item.seq: item for item in kept}
        self.done = {seq for seq in (*self.done, *finished) if seq > 0}

    def next(self, now: float) -> Outbound | None:
        """Return the next notification to try now."""
        if now < self.not_before or (self.failures and self.busy):
            return None
        held = set(self.busy)
        for item in self.waiting.values():
            if item.entity_id in held:
                continue
            if item.not_before <= now:
                return item
            held.add(item.entity_id)
        return None

    def together(self, first: Outbound) -> list[Outbound]:
        """Return what can be told with one that is to be tried now, itself first, in order."""
        found, held, size = [first], {*self.busy, first.entity_id}, len(first.body)
        for item in self.waiting.values():
            if item.entity_id in held:
                continue
            held.add(item.entity_id)
            size += len(item.body)
            if len(found) == TOGETHER or size > _CHARACTERS:
                break
            if item.joins(first):
                found.append(item)
        return found

    def wake_at(self) -> float | None:
        """Return when there may be something to try, None when nothing waits."""
        free = [i.not_before for i in self.waiting.values() if i.entity_id not in self.busy]
        return max(self.not_before, min(free)) if free else None

    def succeeded(self, item: Outbound) -> Outcome:
        """Note that the receiver has it."""
        self._finish(item)
        self.failures = 0
        return Outcome(item)

    def refused(self, item: Outbound, error: str, now: float, policy: Policy) -> Outcome:
        """Note that the receiver works but does not want this one."""
        item.attempts += 1
        self.failures = 0
        self.busy.discard(item.entity_id)
        if item.attempts >= policy.refusals:
            return self._bury(item, error)
        item.not_before = now + policy.pause(item.attempts)
        return Outcome(item, error, again=item.attempts > 1)

    def unreachable(
        self, items: Sequence[Outbound], error: str, now: float, policy: Policy, cooldown: float
    ) -> list[Outcome]:
        """Note that the receiver could not take them: nothing is tried for a while."""
        self.failures += 1
        self.not_before = now + max(policy.pause(self.failures), cooldown)
        return [self._unreachable(item, error, now, policy) for item in items]

    def _unreachable(self, item: Outbound, error: str, now: float, policy: Policy) -> Outcome:
        item.attempts += 1
        self.busy.discard(item.entity_id)
        if now - item.born >= policy.give_up:
            return self._bury(item, error)
        return Outcome(item, error, again=item.attempts > 1)

    def forbidden(self, item: Outbound, error: str) -> Outcome:
        """Note that its subscriber may not be told this any more."""
        item.attempts += 1
        return self._bury(item, error)

    def _bury(self, item: Outbound, error: str) -> Outcome:
        self._finish(item)
        return Outcome(item, error, dead=True, again=item.attempts > 1)

    def _finish(self, item: Outbound) -> None:
        self.busy.discard(item.entity_id)
        self.waiting.pop(item.seq, None)
        self.done.add(item.seq)
