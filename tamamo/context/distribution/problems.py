"""Errors for what only another source could have done (clause 6.3.17)."""

from tamamo.context.distribution.client import Failure, Reply
from tamamo.context.errors import BadGateway, GatewayTimeout, LoopDetected, ResourceNotFound
from tamamo.kernel.errors import Problem


def gateway_problem(reply: Reply) -> Problem:
    """Return the error for the reply of the only source that has the data.

    404 and 508 stay what they are, no answer in time is 504, all else 502.
    """
    who = f"the context source of {reply.source.id}"
    if reply.failure is Failure.TIMEOUT:
        return GatewayTimeout(f"No answer in time from {who}")
    if reply.status == 404:
        return ResourceNotFound(f"Not found at {who}")
    if reply.status == 508:
        return LoopDetected(f"A loop of registrations behind {who}")
    why = reply.failure.value if reply.failure else f"HTTP status {reply.status}"
    return BadGateway(f"Not done by {who}: {why}")
