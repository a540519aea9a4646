"""NGSIv2 as an ASGI application at /v2."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from tamamo.context.errors import BadRequestData
from tamamo.context.ngsiv2 import batch, entities, errors, http, query, resources, types
from tamamo.context.ngsiv2.http import JSON, TEXT, Call, Operation, Resource
from tamamo.context.ngsiv2.subscriptions import resources as subscriptions

#: Where the API stands.
PREFIX: Final = "/v2"

_TYPE: Final = frozenset({"type"})
_OPTIONS: Final = frozenset({"options"})
_FORMATS: Final = frozenset({*entities.FORMATS, *entities.DATES})
#: What some clients always send, though here no request is forwarded and none has to wait.
_WITHOUT_EFFECT: Final = frozenset({"flowControl", "skipForwarding"})
_VIEW: Final = frozenset({"type", "attrs", "metadata", "options"})
_WRITE: Final = frozenset({"keyValues", "overrideMetadata"}) | _WITHOUT_EFFECT


async def entry(call: Call) -> Response:
    """Retrieve API Resources (GET /v2): those that are there."""
    found = ("entities", "types", "subscriptions")
    return http.answer(call, {f"{name}_url": f"{PREFIX}/{name}" for name in found})


_ENTITIES = Resource(
    GET=Operation(
        handler=resources.list_entities, params=query.PARAMETERS, options=_FORMATS | {"count"}
    ),
    POST=Operation(
        handler=resources.create,
        params=_OPTIONS,
        options=_WRITE | {"upsert"},
        body=(JSON,),
        writes=True,
    ),
)
_ENTITY = Resource(
    GET=Operation(handler=resources.retrieve, params=_VIEW, options=_FORMATS),
    DELETE=Operation(handler=resources.delete, params=_TYPE, writes=True),
)
_ATTRIBUTES = Resource(
    GET=Operation(handler=resources.retrieve_attributes, params=_VIEW, options=_FORMATS),
    POST=Operation(
        handler=resources.append_attributes,
        params=_TYPE | _OPTIONS,
        options=_WRITE | {"append"},
        body=(JSON,),
        writes=True,
    ),
    PATCH=Operation(
        handler=resources.update_attributes,
        params=_TYPE | _OPTIONS,
        options=_WRITE,
        body=(JSON,),
        writes=True,
    ),
    PUT=Operation(
        handler=resources.replace_attributes,
        params=_TYPE | _OPTIONS,
        options=_WRITE,
        body=(JSON,),
        writes=True,
    ),
)
_ATTRIBUTE = Resource(
    GET=Operation(handler=resources.retrieve_attribute, params=_TYPE | {"metadata"}),
    PUT=Operation(
        handler=resources.update_attribute,
        params=_TYPE | _OPTIONS,
        options=frozenset({"overrideMetadata"}) | _WITHOUT_EFFECT,
        body=(JSON,),
        writes=True,
    ),
    DELETE=Operation(handler=resources.delete_attribute, params=_TYPE, writes=True),
)
_VALUE = Resource(
    GET=Operation(handler=resources.retrieve_value, params=_TYPE, offers=(JSON, TEXT)),
    PUT=Operation(
        handler=resources.update_value,
        params=_TYPE | _OPTIONS,
        options=_WITHOUT_EFFECT,
        body=(JSON, TEXT),
        writes=True,
    ),
)
_TYPES = Resource(
    GET=Operation(
        handler=types.list_types,
        params=frozenset({"limit", "offset", "options"}),
        options=frozenset({"count", "values", "noAttrDetail"}),
    )
)
_TYPE_ENTRY = Resource(
    GET=Operation(handler=types.retrieve_type, params=_OPTIONS, options=frozenset({"noAttrDetail"}))
)
_UPDATE = Resource(
    POST=Operation(handler=batch.update, params=_OPTIONS, options=_WRITE, body=(JSON,), writes=True)
)
_NOTIFY = Resource(
    POST=Operation(handler=batch.notify, params=_OPTIONS, options=_WRITE, body=(JSON,), writes=True)
)
_QUERY = Resource(
    POST=Operation(
        handler=resources.query_entities,
        params=query.PAGING,
        options=_FORMATS | {"count"},
        body=(JSON,),
    )
)


_SUBSCRIPTIONS = Resource(
    # Reading them needs the key too: they may hold their receivers' credentials.
    GET=Operation(
        handler=subscriptions.list_subscriptions,
        params=frozenset({"limit", "offset", "options"}),
        options=frozenset({"count"}),
        key=True,
    ),
    POST=Operation(handler=subscriptions.create, body=(JSON,), key=True),
)
_SUBSCRIPTION = Resource(
    GET=Operation(handler=subscriptions.retrieve, key=True),
    PATCH=Operation(handler=subscriptions.update, body=(JSON,), key=True),
    DELETE=Operation(handler=subscriptions.delete, key=True),
)


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive, send)
    problem = errors.NotFound(f"The API has no resource {request.url.path}")
    await errors.answer(problem, http.echo(request.headers))(scope, receive, send)


class _EncodedPath:
    """Routes by the path as it was sent, so that ids may hold encoded slashes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        path = raw.decode("latin-1").partition("?")[0]
        if "//" in path:
            problem = BadRequestData(f"The path {path} leaves out an id or a name")
            response = errors.answer(problem, http.echo(Headers(scope=scope)))
            await response(scope, receive, send)
            return
        inner = path.rstrip("/") if path.rstrip("/") != PREFIX else PREFIX + "/"
        await self._app({**scope, "path": inner, "root_path": PREFIX}, receive, send)


#: Everything the API answers to; its description is made from this (tamamo.context.description).
ROUTES: Final[Sequence[Route]] = [
    Route("/entities", _ENTITIES),
    Route("/entities/{id}", _ENTITY),
    Route("/entities/{id}/attrs", _ATTRIBUTES),
    Route("/entities/{id}/attrs/{attr}", _ATTRIBUTE),
    Route("/entities/{id}/attrs/{attr}/value", _VALUE),
    Route("/types", _TYPES),
    Route("/types/{type}", _TYPE_ENTRY),
    Route("/subscriptions", _SUBSCRIPTIONS),
    Route("/subscriptions/{id}", _SUBSCRIPTION),
    Route("/op/update", _UPDATE),
    Route("/op/notify", _NOTIFY),
    Route("/op/query", _QUERY),
    Route("/", Resource(GET=Operation(handler=entry))),
]

app: ASGIApp = _EncodedPath(Router(ROUTES, redirect_slashes=False, default=_nothing_here))
