"""Requests for data: anyone asks in public, a department answers, publishes or declines.

`Requests` is the door; docs/subsystems/requests.md says how it works.
"""

from tamamo.publishing.requests.errors import (
    InvalidPost,
    NoSuchRequest,
    RequestChanged,
    TooManyPosts,
)
from tamamo.publishing.requests.model import (
    OUTCOMES,
    STATES,
    Answer,
    Asking,
    Mine,
    Page,
    Post,
    Request,
    State,
    Statistics,
    Thread,
    UnitStatistics,
)
from tamamo.publishing.requests.rights import may_answer
from tamamo.publishing.requests.service import Requests

__all__ = [
    "OUTCOMES",
    "STATES",
    "Answer",
    "Asking",
    "InvalidPost",
    "Mine",
    "NoSuchRequest",
    "Page",
    "Post",
    "Request",
    "RequestChanged",
    "Requests",
    "State",
    "Statistics",
    "Thread",
    "TooManyPosts",
    "UnitStatistics",
    "may_answer",
]
