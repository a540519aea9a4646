"""The OpenAPI 3.1 document of an API, made from the routes it dispatches on."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from starlette.routing import Route

from tamamo.context import api, negotiation, tenants
from tamamo.context import http as ld
from tamamo.context.access.admission import Needs
from tamamo.context.description import answers, parameters, schemas
from tamamo.context.description.answers import ANYTHING, About
from tamamo.context.description.parameters import Parameter
from tamamo.context.ngsiv2 import http as v2
from tamamo.context.ngsiv2 import routes as orion
from tamamo.context.readers import Schema
from tamamo.kernel.identity import Right

OPENAPI: Final = "3.1.0"
AnyOperation = ld.Operation | v2.Operation
_VARIABLE = re.compile(r"\{(\w+)(?::\w+)?\}")
_CODES: Final = {
    200: "What was asked for.",
    201: "It was created; Location says where.",
    204: "Done.",
    206: "A part: narrow the times for more (6.3.10).",
    207: "Some of it was done.",
    400: "The request cannot be understood, or breaks a rule.",
    401: "The key or token is missing, or not, or no more, valid.",
    403: "This may not be done with this key, or the query is beyond what the broker evaluates.",
    404: "There is no such thing.",
    406: "None of the media types asked for can be given.",
    408: "The body did not arrive in time.",
    409: "It is there already, or its present state does not allow it.",
    411: "The header Content-Length is missing.",
    413: "The body is too large.",
    415: "The body is of no media type that is read here.",
    422: "The broker does not do this, or not in the present state.",
    429: "Too many requests; Retry-After says when to ask again.",
    503: "The broker cannot answer just now; Retry-After says when to ask again.",
    504: "A remote @context cannot be had.",
}
_SCOPES: Final = {
    Right.READ.value: "Read what may be read.",
    Right.WRITE.value: "Change what may be changed.",
    Right.SUBSCRIBE.value: "Be told of changes.",
    Right.ADMINISTER.value: "Keep what the operations of others depend on.",
}
_RIGHTS: Final = {
    Needs.WRITE: Right.WRITE,
    Needs.SUBSCRIBE: Right.SUBSCRIBE,
    Needs.FOLLOW: Right.SUBSCRIBE,
    Needs.READ: Right.READ,
    Needs.OWN: Right.READ,
    Needs.CONTEXTS: Right.ADMINISTER,
    Needs.SNAPSHOTS: Right.ADMINISTER,
    Needs.SOURCES: Right.ADMINISTER,
}
_SIGNING_IN: Final = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "The key of a device, of the installation, or an access token.",
    },
    "oauth2": {
        "type": "oauth2",
        "flows": {
            "clientCredentials": {"tokenUrl": "/oauth/token", "scopes": _SCOPES},
            "authorizationCode": {
                "authorizationUrl": "/oauth/authorize",
                "tokenUrl": "/oauth/token",
                "refreshUrl": "/oauth/token",
                "scopes": _SCOPES,
            },
        },
    },
}
#: Beside those of `_WITH_BODY`: what any operation may answer.
_ANY: Final = frozenset({400, 401, 403, 404, 406, 422, 429, 503})
_WITH_BODY: Final = frozenset({408, 411, 413, 415})
#: Answered without a word in NGSI-LD (6.3.4).
_BARE: Final = frozenset({411, 415})
#: What a variable of a path is: an example of it, and its meaning.
_VARIABLES: Final[Mapping[str, tuple[str, str]]] = {
    "id": ("urn:ngsi-ld:Room:1", "The id."),
    "attr": ("name", "The name of an attribute, or its IRI with encoded slashes."),
    "type": ("Room", "The name of a type, or its IRI with encoded slashes."),
    "instance": ("urn:ngsi-ld:Instance:1", "The instanceId of an instance of the attribute."),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What an operation takes and gives, of whichever API."""

    params: frozenset[str]
    options: frozenset[str]
    reads: tuple[str, ...]
    gives: tuple[str, ...]
    needs_key: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Door:
    """One of the APIs. errors: statuses of errors beside those of any operation."""

    name: str
    prefix: str
    title: str
    text: str
    routes: Sequence[Route]
    parameters: Mapping[str, Parameter]
    about: Mapping[str, About]
    schemas: Mapping[str, Schema]
    headers: Mapping[str, tuple[str, str]]
    problem: str
    errors: frozenset[int]


NGSI_LD: Final = Door(
    name="ngsi-ld",
    prefix=api.PREFIX,
    title="NGSI-LD",
    text="ETSI GS CIM 009 V1.9.1. Clauses in the summaries are those of this document.",
    routes=api.ROUTES,
    parameters=parameters.NGSI_LD,
    about=answers.NGSI_LD,
    schemas=schemas.NGSI_LD,
    headers={
        tenants.TENANT_HEADER: ("town", "The tenant (6.3.14)."),
        tenants.SNAPSHOT_HEADER: ("", "The snapshot that is meant instead (5.16)."),
        "Link": ("", "The @context: `<URL>; rel=http://www.w3.org/ns/json-ld#context` (6.3.5)."),
    },
    problem="Problem",
    errors=frozenset({409, 504}),
)
NGSIV2: Final = Door(
    name="ngsiv2",
    prefix=orion.PREFIX,
    title="NGSIv2",
    text="FIWARE-NGSI v2 for clients of Orion, over the same entities.",
    routes=orion.ROUTES,
    parameters=parameters.NGSIV2,
    about=answers.NGSIV2,
    schemas=schemas.NGSIV2,
    headers={
        v2.SERVICE: ("town", "The tenant."),
        v2.SERVICE_PATH: ("/city", "The service path."),
        v2.CORRELATOR: ("1", "Repeated in the answer."),
    },
    problem="Error",
    errors=frozenset(),
)
DOORS: Final = (NGSI_LD, NGSIV2)


def operations(door: Door) -> Iterator[tuple[str, str, AnyOperation]]:
    """Yield path, method and operation of everything an API answers to."""
    for route in door.routes:
        path = _VARIABLE.sub(r"{\1}", route.path)
        assert isinstance(route.endpoint, ld.Resource | v2.Resource)
        for method, operation in route.endpoint.operations.items():
            yield path, method, operation


def facts_of(operation: AnyOperation, method: str) -> Facts:
    """Return what an operation takes and gives."""
    if isinstance(operation, v2.Operation):
        key = operation.writes or operation.key
        return Facts(operation.params, operation.options, operation.body, operation.offers, key)
    reads: tuple[str, ...] = ()
    if operation.body is not None:
        merge = (negotiation.MERGE_PATCH,) if method == "PATCH" else ()
        reads = (negotiation.JSON, negotiation.LD_JSON, *merge)
    geo = (negotiation.GEO_JSON,) if operation.geojson else ()
    return Facts(
        operation.params | ld.COMMON,
        operation.options,
        reads,
        (negotiation.JSON, negotiation.LD_JSON, *geo),
        operation.writes,
    )


@cache
def build(door: Door) -> Mapping[str, Any]:
    """Return the OpenAPI document of an API."""
    paths: dict[str, dict[str, Any]] = {}
    for path, method, operation in operations(door):
        paths.setdefault(path, {})[method.lower()] = _describe(door, path, method, operation)
    return {
        "openapi": OPENAPI,
        "info": {"title": f"Tamamo: {door.title}", "version": "1.9.1", "description": door.text},
        "servers": [{"url": door.prefix}],
        "paths": paths,
        "components": {
            "schemas": door.schemas,
            "securitySchemes": _SIGNING_IN,
        },
        # What a town shows to everybody is read without; the rest with a key or token.
        "security": [{}, {"key": []}, {"oauth2": [Right.READ.value]}],
    }


def summary_of(operation: AnyOperation) -> str:
    """Return what an operation does: the first sentence of its handler's description."""
    return (inspect.getdoc(operation.handler) or "").partition("\n\n")[0].replace("\n", " ")


def _describe(door: Door, path: str, method: str, operation: AnyOperation) -> dict[str, Any]:
    facts = facts_of(operation, method)
    about = door.about.get(f"{method} {path}", answers.UNDESCRIBED)
    described: dict[str, Any] = {
        "summary": summary_of(operation),
        "operationId": _identifier(method, path),
        "tags": [path.split("/")[1] or "entry"],
        "parameters": [*_path_parameters(path), *_query_parameters(door, facts), *_headers(door)],
        "responses": _responses(door, facts, about),
    }
    if facts.reads:
        assert about.body is not None, f"{method} {path}"
        described["requestBody"] = {
            "required": True,
            "content": {media: {"schema": _body(about.body, media)} for media in facts.reads},
        }
    if facts.needs_key:
        described["security"] = [
            {"key": []},
            {"oauth2": [_RIGHTS[operation.needs or Needs.READ].value]},
        ]
    return described


def _identifier(method: str, path: str) -> str:
    words = [word for word in re.split(r"\W+", path) if word]
    return method.lower() + "".join(word[0].upper() + word[1:] for word in words)


def _path_parameters(path: str) -> Iterator[dict[str, Any]]:
    for name in _VARIABLE.findall(path):
        example, meaning = _VARIABLES[name]
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": meaning,
            "schema": {"type": "string", "minLength": 1},
            "example": example,
        }


def _query_parameters(door: Door, facts: Facts) -> Iterator[dict[str, Any]]:
    for name in sorted(facts.params):
        known = door.parameters[name]
        if name == "options":
            known = parameters.of_options(facts.options)
        yield {
            "name": name,
            "in": "query",
            "description": known.meaning,
            "schema": known.schema,
            "example": known.example,
        }


def _headers(door: Door) -> Iterator[dict[str, Any]]:
    for name, (example, meaning) in door.headers.items():
        header: dict[str, Any] = {"name": name, "in": "header", "description": meaning}
        if example:
            header["example"] = example
        yield {**header, "schema": {"type": "string"}}


def _body(name: str, media: str) -> Schema:
    """Return the schema of a body: in JSON-LD it carries its @context."""
    if media == v2.TEXT:
        return {"type": "string"}
    if media != negotiation.LD_JSON:
        return schemas.ref(name)
    context = {"type": "object", "required": ["@context"]}
    if name in schemas.LISTS:
        return {"type": "array", "items": {"allOf": [schemas.LISTS[name], context]}}
    return {"allOf": [schemas.ref(name), context]}


def _responses(door: Door, facts: Facts, about: About) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, schema in about.answers.items():
        answer: dict[str, Any] = {"description": _CODES[status]}
        found[str(status)] = answer
        if schema is not None:
            media = facts.gives if schema == ANYTHING else (negotiation.JSON,)
            shape = {} if schema == ANYTHING else schemas.ref(schema)
            answer["content"] = {each: {"schema": shape} for each in media}
    errors = _ANY | door.errors
    if facts.reads:
        errors |= _WITH_BODY
    content = {"content": {negotiation.JSON: {"schema": schemas.ref(door.problem)}}}
    for status in sorted(errors):
        bare = status in _BARE and door is NGSI_LD
        error: dict[str, Any] = {"description": _CODES[status]}
        found[str(status)] = error if bare else error | content
    return found
