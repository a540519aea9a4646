"""POST /v2/op/update and /v2/op/notify (NGSIv2, "Batch Operations").

The whole body is read before anything is written. What the state of an entity does not allow is
that entity's own failure: the others are written, and the answer names those that were not.
"""

from typing import Any, Final

from starlette.responses import Response

from tamamo.context.entities import service
from tamamo.context.entities.write import Mutation, Written
from tamamo.context.errors import BadRequestData, ResourceNotFound
from tamamo.context.model import merge
from tamamo.context.model.values import Fault
from tamamo.context.ngsiv2 import changes, entities, http, names, query
from tamamo.context.ngsiv2.entities import Draft
from tamamo.context.ngsiv2.errors import NotFound, Unprocessable
from tamamo.context.ngsiv2.http import Call
from tamamo.context.ngsiv2.resources import not_updated
from tamamo.kernel.errors import Problem

#: Largest number of entities in one batch.
MAX_ENTITIES: Final = 10_000
#: Most entities named in the description of an error.
_NAMED = 10
#: Name of an action, the older ones of Orion too → what is done.
ACTIONS: Final = {
    "append": "append",
    "appendStrict": "appendStrict",
    "update": "update",
    "delete": "delete",
    "replace": "replace",
    "APPEND": "append",
    "APPEND_STRICT": "appendStrict",
    "UPDATE": "update",
    "DELETE": "delete",
    "REPLACE": "replace",
}


async def update(call: Call) -> Response:
    """Update (POST /v2/op/update)."""
    body = _check_body(call.body, {"actionType", "entities"})
    action = body.get("actionType")
    if not isinstance(action, str) or action not in ACTIONS:
        raise Fault("is none of append, appendStrict, update, delete, replace", "actionType")
    return await _run(call, ACTIONS[action], body.get("entities"), "entities")


async def notify(call: Call) -> Response:
    """Notify (POST /v2/op/notify): the data of a notification are appended."""
    body = _check_body(call.body, {"subscriptionId", "data"})
    return await _run(call, "append", body.get("data"), "data")


def _check_body(body: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise BadRequestData("The body is not a JSON object")
    for name in body:
        if name not in known:
            raise Fault(f"is none of {', '.join(sorted(known))}", name)
    return body


async def _run(call: Call, action: str, elements: Any, field: str) -> Response:
    if not isinstance(elements, list) or not 1 <= len(elements) <= MAX_ENTITIES:
        raise Fault(f"is not an array of 1 to {MAX_ENTITIES} entities", field)
    mutations = []
    for at, element in enumerate(elements):
        try:
            mutations.append(_mutation(call, action, element))
        except Fault as fault:
            raise fault.under(field, at) from None
    if action in {"append", "appendStrict"}:
        await call.make_tenant()
    results = await call.broker.entities.run(mutations)
    failures = [
        (mutation.entity_id, problem)
        for mutation, result in zip(mutations, results, strict=True)
        if (problem := _problem(call, result)) is not None
    ]
    if failures:
        raise _whole(failures)
    return http.no_content(call)


def _mutation(call: Call, action: str, element: Any) -> Mutation:
    if action == "delete":
        return _deletion(call, element)
    draft = entities.read_entity(element, call.terms, plain=call.plain)
    scope = query.scope_of(call.paths)
    override = "overrideMetadata" in call.options
    types = query.types_node(draft.types)
    if action == "update":
        step = changes.update(draft, scope, override=override)
        return service.changing(call.tenant, draft.uri, step, types)
    if action == "replace":
        return service.changing(call.tenant, draft.uri, changes.replace(draft, scope), types)
    strict = action == "appendStrict"
    step = changes.create_or_append(draft, scope, strict=strict, override=override)
    return service.upsertion(call.tenant, draft.entity(call.scopes()), step)


def _deletion(call: Call, element: Any) -> Mutation:
    """Delete the attributes an element names, or the entity when it names none."""
    attrs = {}
    head = element
    if isinstance(element, dict):
        # Their values mean nothing here and need not be any that could be written.
        attrs = {name: name for name in element if name not in {"id", "type"}}
        head = {name: value for name, value in element.items() if name in {"id", "type"}}
    draft: Draft = entities.read_entity(head, call.terms, plain=False)
    scope, types = query.scope_of(call.paths), query.types_node(draft.types)
    if not attrs:
        return changes.deletion(call.tenant, draft.uri, scope, types)
    iris = {}
    for name in attrs:
        try:
            iris[entities.attribute_iri(name, call.terms)] = name
        except Fault as fault:
            raise fault.under(name) from None
    return service.changing(call.tenant, draft.uri, changes.remove(iris, scope), types)


def _problem(call: Call, result: Written | Problem) -> Problem | None:
    """Return why an entity was not written, or not all of it."""
    if isinstance(result, Problem):
        return result
    change = result.change.result if result.change is not None else None
    if isinstance(change, merge.Change) and change.not_updated:
        return Unprocessable(not_updated(change.not_updated, call.terms))
    return None


def _whole(failures: list[tuple[str, Problem]]) -> Problem:
    """Return one error for a batch: 404 when all that failed was not found, else 422."""
    told = [f"{names.to_id(uri)}: {problem.detail}" for uri, problem in failures[:_NAMED]]
    rest = len(failures) - len(told)
    detail = "; ".join(told) + (f"; and {rest} more" if rest else "")
    missing = all(isinstance(problem, NotFound | ResourceNotFound) for _, problem in failures)
    return NotFound(detail) if missing else Unprocessable(detail)
