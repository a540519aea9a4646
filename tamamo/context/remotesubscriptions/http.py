"""Where sources tell this broker of what it subscribed to at them.

No key is needed: the id of the subscription there is known to the source alone, and nothing else
can be done with it.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tamamo.context import http, negotiation
from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.context.remotesubscriptions.arriving import arrive
from tamamo.context.subscriptions.http import CALLBACK
from tamamo.kernel.errors import Problem


async def notified(request: Request) -> Response:
    """Take a notification: 200 when it is kept, 404 when nobody here is subscribed."""
    broker: Broker = request.state.broker
    settings = broker.settings
    try:
        body = await http.read_body(request, settings.max_body, settings.body_seconds)
        links = tuple(request.headers.getlist("link"))
        link = negotiation.context_link(links) if links else None
        terms = None
        if link is not None:
            terms = await broker.contexts.resolve(DEFAULT_TENANT, link)
        await arrive(broker, body, terms)
    except Problem as problem:
        return http.problem_answer(problem, request.headers)
    return Response(None, 200)


class Callback:
    """The resource of all sources."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await notified(Request(scope, receive, send))
        await response(scope, receive, send)


routes = [Route(CALLBACK, Callback(), methods=["POST"])]
