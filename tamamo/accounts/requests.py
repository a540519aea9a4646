"""What a request of a page brings along: the broker of this process, where it comes from."""

from typing import Any

from django.http import HttpRequest

from tamamo.context.broker import Broker


def broker_of(request: HttpRequest) -> Broker:
    """Return the broker that the outer application put into the request's scope."""
    broker: Broker = scope_of(request)["state"]["broker"]
    return broker


def scope_of(request: HttpRequest) -> dict[str, Any]:
    """Return the ASGI scope of a request; {} where a test made the request by hand."""
    scope: dict[str, Any] = getattr(request, "scope", {})
    return scope


def address_of(request: HttpRequest) -> str:
    """Return the address a request comes from; behind a trusted proxy the one it tells of."""
    scope = scope_of(request)
    limits = getattr(scope.get("state", {}).get("broker"), "limits", None)
    if limits is not None:
        return str(limits.address(scope))
    client = scope.get("client")
    return str(client[0]) if client else str(request.META.get("REMOTE_ADDR", ""))
