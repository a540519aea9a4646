"""Jobs: work that takes longer than a request, done once it is committed that it shall be.

`defer` puts a job into the queue in the caller's transaction; `tamamo work` does it (worker.py).
Each job has a tenant and an actor, and tells its progress, result or error.
"""

from tamamo.kernel.jobs.queue import (
    STATES,
    Job,
    JobConflict,
    State,
    busy,
    cancel,
    defer,
    find,
    listed,
    retry,
)
from tamamo.kernel.jobs.run import Handler, Kind, Run

__all__ = [
    "STATES",
    "Handler",
    "Job",
    "JobConflict",
    "Kind",
    "Run",
    "State",
    "busy",
    "cancel",
    "defer",
    "find",
    "listed",
    "retry",
]
