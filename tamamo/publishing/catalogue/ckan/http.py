"""`/api/3/action/<name>`: what CKAN's clients ask, by GET or POST.

Only what the public sees is told, whoever asks: a key that is sent along changes nothing.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
import structlog
from psycopg import DataError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tamamo.kernel.errors import Problem
from tamamo.kernel.towns.errors import TooManyRequests
from tamamo.publishing.catalogue import addresses
from tamamo.publishing.catalogue.ckan.actions import ACTIONS
from tamamo.publishing.catalogue.ckan.asked import Asked
from tamamo.publishing.catalogue.ckan.errors import ActionError, TooMany, ValidationError
from tamamo.publishing.catalogue.towns import asked_place
from tamamo.publishing.datasets import Datasets

logger = structlog.get_logger()
_METHODS: Final = ("GET", "HEAD", "POST", "OPTIONS")
_JSON: Final = "application/json;charset=utf-8"
#: Bytes of a request: more than any search needs, and little enough to be looked through at once.
_LARGEST: Final = 100_000
_OPEN: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Authorization, X-CKAN-API-Key",
}


async def action(request: Request) -> Response:
    """Answer one action in CKAN's envelope: help, success, result or error."""
    if request.method == "OPTIONS":
        return Response(None, 204, _OPEN)
    if request.method not in _METHODS:
        return Response(None, 405, {**_OPEN, "Allow": ", ".join(_METHODS)})
    name = request.path_params["action"].rpartition("/")[2]
    found = ACTIONS.get(name)
    if found is None:
        return _answer(400, f"Bad request - Action name not known: {name}")
    api = request.url.path.rpartition("/")[0]
    told: dict[str, Any] = {"help": f"{api}/help_show?name={name}"}
    try:
        place = asked_place(request)
        told["help"] = f"{place.root}/api/3/action/help_show?name={name}"
        parameters = await _parameters(request)
        engine = Datasets(request.state.broker)
        result = await found(Asked(engine, place, api, parameters))
        return _answer(200, {**told, "success": True, "result": result})
    except _Unreadable as error:
        return _answer(400, f"Bad request - JSON Error: {error}")
    except ActionError as error:
        return _refused(told, error)
    except DataError:
        # A character or a number that no column holds, such as U+0000.
        return _refused(told, ValidationError("parameters", "Cannot be looked for"))
    except TooManyRequests as problem:
        return _refused(told, TooMany(problem.detail), dict(problem.headers))
    except Problem as problem:
        other = ActionError(problem.detail)
        other.status, other.kind = problem.status, _KINDS.get(problem.status, problem.title)
        return _refused(told, other, dict(problem.headers))


_KINDS: Final = {404: "Not Found Error", 403: "Authorization Error", 400: "Validation Error"}


class _Unreadable(ValueError):
    """The body is not what it says it is."""


def _refused(
    told: dict[str, Any], error: ActionError, headers: Mapping[str, str] | None = None
) -> Response:
    return _answer(error.status, {**told, "success": False, "error": error.body()}, headers)


def _answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    about = {**_OPEN, "Cache-Control": "no-cache", **(headers or {})}
    return Response(orjson.dumps(body), status, about, _JSON)


async def _parameters(request: Request) -> dict[str, Any]:
    """Return the parameters: of the query, or of the body as JSON or a form."""
    if request.method in {"GET", "HEAD"}:
        return _mixed(request.query_params.multi_items())
    body = await request.body()
    if len(body) > _LARGEST:
        raise _Unreadable(f"More than {_LARGEST} bytes")
    if not body.strip():
        return _mixed(request.query_params.multi_items())
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind == "application/x-www-form-urlencoded" and body[:1] != b"{":
        return _mixed(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _Unreadable(f"Error decoding JSON data. Error: {error}") from error
    if not isinstance(read, dict):
        raise _Unreadable("Request data JSON decoded to a list or a value, not a dictionary.")
    return read


def _mixed(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return each parameter; one that is there several times as a list, as CKAN does."""
    found: dict[str, list[str]] = {}
    for name, value in items:
        found.setdefault(name, []).append(str(value))
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


class ActionEndpoint:
    """The route of all actions."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        response = await action(Request(scope, receive))
        await response(scope, receive, send)


addresses.register()

routes = [
    Route(f"{prefix}/api/{{action:{addresses.ACTION}}}", ActionEndpoint())
    for prefix in ("", "/t/{town}")
]
