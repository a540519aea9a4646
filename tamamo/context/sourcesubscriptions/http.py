"""/csourceSubscriptions (clauses 6.12, 6.13): as /subscriptions, but told of registrations."""

from tamamo.context.access.admission import Needs
from tamamo.context.subscriptions.http import Face

routes = Face(
    "/csourceSubscriptions", lambda broker: broker.source_subscriptions, Needs.SOURCES
).routes
