"""What a request's path addresses: an entity, an attribute of it (clauses 6.5.2, 6.7.2)."""

from tamamo.context.errors import BadRequestData
from tamamo.context.http import Exchange
from tamamo.context.model.instances import attribute_iri
from tamamo.context.model.values import Fault, check_uri
from tamamo.context.temporal.rows import SCOPE


def entity_id(exchange: Exchange) -> str:
    """Return the id in the path. Raises BadRequestData when it is no URI."""
    return uri(exchange.path["id"], "id")


def uri(text: str, field: str) -> str:
    """Return a URI. Raises BadRequestData, which names the field."""
    try:
        return check_uri(text, field)
    except Fault as fault:
        raise fault.problem() from None


def attribute(exchange: Exchange, *, scope: bool = False) -> str:
    """Return the IRI of the attribute in the path. scope: whether it may be the scope.

    Raises BadRequestData.
    """
    name = exchange.path["attr"]
    if name == "scope":
        if scope:
            return SCOPE
        raise BadRequestData("The scope is not an attribute to update", field="attr")
    try:
        return attribute_iri(name, exchange.terms)
    except Fault as fault:
        raise BadRequestData(f"{name!r} {fault.reason}", field="attr") from None
