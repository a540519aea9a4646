"""Whom a kind of change may concern, and which of them its values leave."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tamamo.context.model.entity import Entity
from tamamo.context.query import q
from tamamo.context.query.q import Bound
from tamamo.context.query.values import Comparison
from tamamo.context.subscriptions.compiled import OtherSubscription, Subscription

#: Fewer than these are held against an entity one by one.
_FEW = 3


class Audience:
    """The subscriptions that one kind of change may concern.

    newest: a transaction of this number or a later one came after all of them were made.
    """

    __slots__ = ("_bounded", "_others", "newest", "subscriptions")

    def __init__(self, subscriptions: Iterable[Subscription]) -> None:
        """Make it of subscriptions of which some may stand there twice."""
        self.subscriptions = tuple({one.id: one for one in subscriptions}.values())
        self.newest = max((one.since.xmax for one in self.subscriptions), default=0)
        bounds: dict[tuple[str, Comparison], list[tuple[float, Subscription]]] = {}
        others: list[Subscription] = []
        for one in self.subscriptions:
            bound = _bound(one)
            if bound is None:
                others.append(one)
            else:
                bounds.setdefault((bound.attr, bound.operator), []).append((bound.number, one))
        self._bounded: list[_Bounded] = []
        for (attr, operator), found in bounds.items():
            if len(found) < _FEW:
                others += [one for _, one in found]
            else:
                self._bounded.append(_Bounded.of(attr, operator, found))
        self._others = tuple(others)

    def left_by(self, entity: Entity) -> Sequence[Subscription]:
        """Return those whose bounds the entity's numbers meet, and all that have none.

        A subscriber that may see less of the entity is met by no more of its numbers.
        """
        if not self._bounded:
            return self.subscriptions
        left = list(self._others)
        for bounded in self._bounded:
            left += bounded.met_by(entity)
        return left


def _bound(subscription: Subscription) -> Bound | None:
    asked = subscription.query.q
    if asked is None or isinstance(subscription, OtherSubscription):
        return None
    return q.bound(asked)


@dataclass(frozen=True, slots=True)
class _Bounded:
    """Subscriptions that compare one attribute with numbers, in the order of these."""

    attr: str
    operator: Comparison
    numbers: list[float]
    subscriptions: list[Subscription]

    @classmethod
    def of(
        cls, attr: str, operator: Comparison, found: list[tuple[float, Subscription]]
    ) -> "_Bounded":
        found.sort(key=lambda pair: pair[0])
        return cls(attr, operator, [number for number, _ in found], [one for _, one in found])

    def met_by(self, entity: Entity) -> Sequence[Subscription]:
        instances = entity.attrs.get(self.attr, ())
        met: dict[str, Subscription] = {}
        for instance in instances:
            value = instance.get("value")
            if type(value) is not float and type(value) is not int:
                return self.subscriptions  # each may see something else in it
            some = self.subscriptions[self._place(value)]
            if len(instances) == 1:
                return some
            met |= {one.id: one for one in some}
        return list(met.values())

    def _place(self, value: float) -> slice:
        """Return where the numbers stand that a value meets."""
        match self.operator:
            case "<":
                return slice(bisect_right(self.numbers, value), None)
            case "<=":
                return slice(bisect_left(self.numbers, value), None)
            case ">":
                return slice(bisect_left(self.numbers, value))
            case ">=":
                return slice(bisect_right(self.numbers, value))
            case "==":
                return slice(bisect_left(self.numbers, value), bisect_right(self.numbers, value))
