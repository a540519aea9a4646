"""The first thing of a request to any of the APIs: who asks, and whether it is too often."""

from starlette.requests import Request

from tamamo.context import acting
from tamamo.context.broker import Broker
from tamamo.kernel.errors import Unauthorized
from tamamo.kernel.identity import Access, Actor
from tamamo.kernel.identity.devices import is_key
from tamamo.kernel.identity.refusals import UNKNOWN_KEY, KeyRefused


async def arrive(request: Request, tenant: str) -> tuple[Actor, Access]:
    """Return who asks, and what they may do in a tenant.

    Each request counts against the limits of whoever asks and of the tenant, so that of keys that
    are not valid only some can be tried. What the request does from here on is its act, to be ended
    with its answer (`acting.end`). Raises Unauthorized, TooManyRequests.
    """
    broker: Broker = request.state.broker
    try:
        actor = await broker.identity.actor(request.headers.get("authorization"))
    except Unauthorized as problem:
        shown = request.headers.get("authorization", "").partition(" ")[2].strip()
        stranger = not isinstance(problem, KeyRefused) and is_key(shown)
        if stranger and broker.towns.get(tenant) is not None:
            broker.identity.refusals.note(tenant, UNKNOWN_KEY)
        broker.limits.check_address(request.scope)
        raise
    broker.limits.check(tenant, actor, request.scope)
    access = await broker.identity.access(actor, tenant)
    if broker.identity.key is not None:  # with --open nobody is anybody
        personal = broker.towns.personal(tenant)
        acting.begin(acting.Act(tenant, actor.subject, request.scope, personal))
    return actor, access
