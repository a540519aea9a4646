"""Methods that every resource answers to beside its operations: HEAD and OPTIONS (RFC 9110)."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from starlette.responses import Response

Operation = TypeVar("Operation")


def allowed(methods: Iterable[str]) -> str:
    """Return the value of Allow for a resource with operations for these methods."""
    own = set(methods)
    return ", ".join(sorted(own | {"OPTIONS"} | ({"HEAD"} if "GET" in own else set())))


def find(operations: Mapping[str, Operation], method: str) -> Operation | None:
    """Return the operation of a method: of HEAD that of GET."""
    return operations.get("GET" if method == "HEAD" else method)


def choices(methods: Iterable[str]) -> Response:
    """Return the answer to OPTIONS: what there is to choose from."""
    return Response(None, 204, {"Allow": allowed(methods)})


def without_body(response: Response) -> Response:
    """Return the answer to HEAD: the headers of that to GET, Content-Length too."""
    response.body = b""
    return response
