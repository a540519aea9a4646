"""Changes as they are committed: the outbox read in order, in process and as server-sent events."""

from collections.abc import Collection

from tamamo.context.changes.change import BBox, Change, Filter, Position
from tamamo.context.changes.subscription import Closed, SlowReader, Subscription
from tamamo.context.changes.tailer import ChangeService

__all__ = [
    "BBox",
    "Change",
    "ChangeService",
    "Closed",
    "Collection",
    "Filter",
    "Position",
    "SlowReader",
    "Subscription",
]
