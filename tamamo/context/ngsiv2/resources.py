"""/v2/entities, their attributes and values (NGSIv2, "Entities Operations")."""

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson
from starlette.responses import Response

from tamamo.context import acting
from tamamo.context.entities import store
from tamamo.context.entities.service import Step, TypeSelector, upsertion
from tamamo.context.errors import BadRequestData, NotAcceptable
from tamamo.context.jsonld import TermMap
from tamamo.context.model import merge
from tamamo.context.model.entity import Entity, Instance
from tamamo.context.model.parse import Fragment
from tamamo.context.model.values import Fault
from tamamo.context.ngsiv2 import attributes, changes, entities, http, names, query
from tamamo.context.ngsiv2.entities import View
from tamamo.context.ngsiv2.errors import NotFound, Unprocessable
from tamamo.context.ngsiv2.http import JSON, TEXT, Call
from tamamo.context.query.plan import Row
from tamamo.kernel.errors import Problem

PATH = "/v2/entities/"


def read_view(call: Call, attrs: Any, metadata: Any) -> View:
    """Return how the client wants to see entities. Raises Fault."""
    asked = [name for name in entities.FORMATS if name in call.options]
    if len(asked) > 1:
        raise Fault(f"{' and '.join(asked)} cannot stand together", "options")
    wanted = query.read_names(metadata, "metadata")
    shown = query.read_names(attrs, "attrs")
    # The older way to ask for them, which clients still have ("Deprecated features").
    dates = [name for name in entities.DATES if name in call.options]
    if dates:
        shown = tuple(dict.fromkeys((*(shown or ("*",)), *dates)))
    return View(
        asked[0] if asked else "normalized",
        shown,
        None if wanted is None else frozenset(wanted),
    )


async def list_entities(call: Call) -> Response:
    """List Entities (GET /v2/entities)."""
    params = call.params
    view = read_view(call, params.get("attrs"), params.get("metadata"))
    page = query.read_page(params, count="count" in call.options)
    return await _answer(call, query.read([params], params, page, call.terms), view)


async def query_entities(call: Call) -> Response:
    """Query (POST /v2/op/query)."""
    body = call.body
    if not isinstance(body, dict):
        raise BadRequestData("The body is not a JSON object")
    for name in body:
        if name not in {"entities", "attrs", "expression", "metadata"}:
            raise Fault("is none of entities, attrs, expression, metadata", name)
    view = read_view(call, body.get("attrs"), body.get("metadata"))
    page = query.read_page(call.params, count="count" in call.options)
    params = {**query.read_expression(body), "orderBy": call.params.get("orderBy")}
    wanted = query.read(query.read_selectors(body), params, page, call.terms)
    return await _answer(call, wanted, view)


async def _answer(call: Call, wanted: query.Wanted, view: View) -> Response:
    """Answer a page of entities, with the total when it was asked for."""
    rows: Sequence[Row] = ()
    total = 0
    asked = await query.build(call, wanted)
    if asked is not None:
        result = await call.broker.entities.query(call.tenant, asked)
        rows, total = result.rows, result.total or 0
    found = [entities.represent(store.living(row.entity()), call.terms, view) for row in rows]
    counted = {"Fiware-Total-Count": str(total)} if "count" in call.options else {}
    return http.answer(call, found, counted)


async def create(call: Call) -> Response:
    """Create Entity (POST /v2/entities), or with options=upsert update the one there is."""
    draft = entities.read_entity(call.body, call.terms, plain=call.plain)
    await call.make_tenant()
    scope = query.scope_of(call.paths)
    new = draft.entity(call.scopes())
    if "upsert" in call.options:
        override = "overrideMetadata" in call.options
        step = changes.create_or_append(draft, scope, override=override)
        (result,) = await call.broker.entities.run([upsertion(call.tenant, new, step)])
        if isinstance(result, Problem):
            raise result
    else:
        await call.broker.entities.create(call.tenant, new)
    kind = names.name_of(new.types[0], call.terms)
    place = f"{PATH}{quote(names.to_id(draft.uri), safe=':')}?type={quote(kind, safe=':')}"
    headers = {**call.echo, "Location": place}
    return Response(None, 204 if "upsert" in call.options else 201, headers)


async def retrieve(call: Call) -> Response:
    """Retrieve Entity (GET /v2/entities/{id})."""
    view = read_view(call, call.params.get("attrs"), call.params.get("metadata"))
    return http.answer(call, entities.represent(await _entity(call), call.terms, view))


async def retrieve_attributes(call: Call) -> Response:
    """Retrieve Entity Attributes (GET /v2/entities/{id}/attrs)."""
    view = read_view(call, call.params.get("attrs"), call.params.get("metadata"))
    entity = await _entity(call)
    return http.answer(call, entities.represent(entity, call.terms, view, head=False))


async def delete(call: Call) -> Response:
    """Remove Entity (DELETE /v2/entities/{id})."""
    scope = query.scope_of(call.paths)
    (result,) = await call.broker.entities.run(
        [changes.deletion(call.tenant, _uri(call), scope, _types(call))]
    )
    if isinstance(result, Problem):
        raise result
    return http.no_content(call)


async def append_attributes(call: Call) -> Response:
    """Update or Append Entity Attributes (POST /v2/entities/{id}/attrs)."""
    draft = entities.read_attributes(call.body, call.terms, plain=call.plain)
    step = changes.append(
        draft,
        query.scope_of(call.paths),
        strict="append" in call.options,
        override="overrideMetadata" in call.options,
    )
    return await _change(call, step)


async def update_attributes(call: Call) -> Response:
    """Update Existing Entity Attributes (PATCH /v2/entities/{id}/attrs)."""
    draft = entities.read_attributes(call.body, call.terms, plain=call.plain)
    override = "overrideMetadata" in call.options
    return await _change(call, changes.update(draft, query.scope_of(call.paths), override=override))


async def replace_attributes(call: Call) -> Response:
    """Replace all entity attributes (PUT /v2/entities/{id}/attrs)."""
    draft = entities.read_attributes(call.body, call.terms, plain=call.plain)
    return await _change(call, changes.replace(draft, query.scope_of(call.paths)))


async def retrieve_attribute(call: Call) -> Response:
    """Get attribute data (GET /v2/entities/{id}/attrs/{attr})."""
    wanted = query.read_names(call.params.get("metadata"), "metadata")
    instance = await _instance(call)
    shown = attributes.read(instance, call.terms, None if wanted is None else frozenset(wanted))
    return http.answer(call, shown)


async def update_attribute(call: Call) -> Response:
    """Update Attribute Data (PUT /v2/entities/{id}/attrs/{attr})."""
    iri = _attribute(call)
    draft = entities.Draft(attrs={iri: [attributes.write(iri, call.body, call.terms)]})
    override = "overrideMetadata" in call.options
    step = changes.update(draft, query.scope_of(call.paths), override=override)
    return await _change(call, partial(_existing, iri, call.path["attr"], step))


async def delete_attribute(call: Call) -> Response:
    """Remove a Single Attribute (DELETE /v2/entities/{id}/attrs/{attr})."""
    iris = {_attribute(call): call.path["attr"]}
    return await _change(call, changes.remove(iris, query.scope_of(call.paths)))


async def retrieve_value(call: Call) -> Response:
    """Get Attribute Value (GET /v2/entities/{id}/attrs/{attr}/value)."""
    _, value = attributes.read_value(await _instance(call), call.terms)
    media = call.accepts[0]
    if not isinstance(value, dict | list):
        if TEXT not in call.accepts:
            raise NotAcceptable(f"This value can be had as {TEXT}")
        media = TEXT
    # A text stands between its marks as it is, and is taken so when it is sent back.
    body = f'"{value}"'.encode() if isinstance(value, str) else orjson.dumps(value)
    return Response(body, 200, call.echo, media)


async def update_value(call: Call) -> Response:
    """Update Attribute Value (PUT /v2/entities/{id}/attrs/{attr}/value): type and metadata stay."""
    value = call.body
    if call.media == TEXT:
        value = _value_of(value)
    elif not isinstance(value, dict | list):
        raise BadRequestData(f"The body in {JSON} is an object or an array; send others as {TEXT}")
    iri = _attribute(call)
    scope = query.scope_of(call.paths)

    def step(before: Entity, now: str) -> changes.Outcome:
        changes.check_place(before, scope)
        known = changes.default_instance(before, iri)
        if known is None:
            raise NotFound(f"The entity has no attribute {call.path['attr']}")
        return merge.append(before, _with_value(iri, known, value, call.terms), now)

    return await _change(call, step)


def _with_value(iri: str, known: Instance, value: Any, terms: TermMap) -> Fragment:
    kind, _ = attributes.read_value(known, terms)
    try:
        written = attributes.write(iri, {"type": kind, "value": value}, terms)
    except Fault as fault:
        raise fault.problem() from None
    return Fragment(attrs={iri: [attributes.keep_metadata(written, known)]})


def _value_of(text: str) -> Any:
    """Return the value of a text/plain body (NGSIv2, "Update Attribute Value")."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        inner = text[1:-1]
        if "\0" in inner:
            raise BadRequestData("The body holds the character U+0000, which cannot be stored")
        return inner
    if text in {"true", "false", "null"}:
        return orjson.loads(text)
    try:
        number = orjson.loads(text)
    except orjson.JSONDecodeError:
        number = None
    if type(number) not in {int, float} or not math.isfinite(number):
        raise BadRequestData('The body is no number, true, false, null or text within "')
    return number


async def _change(call: Call, step: Step) -> Response:
    """Change the entity of the path; 422 when something was left as it is."""
    change = await call.broker.entities.change(call.tenant, _uri(call), step, _types(call))
    if change.not_updated:
        raise Unprocessable(not_updated(change.not_updated, call.terms))
    return http.no_content(call)


def not_updated(left: Iterable[tuple[str, str]], terms: TermMap) -> str:
    """Return the sentence that tells which attributes were left as they are, and why."""
    found = [f"{names.name_of(iri, terms)} {why}" for iri, why in left]
    return f"Not all attributes were written: {', '.join(found)}"


def _existing(iri: str, name: str, step: Step, before: Entity, now: str) -> changes.Outcome:
    if iri not in before.attrs:
        raise NotFound(f"The entity has no attribute {name}")
    return step(before, now)


async def _entity(call: Call) -> Entity:
    entity = await call.broker.entities.get(call.tenant, _uri(call), _types(call))
    changes.check_place(entity, query.scope_of(call.paths))
    return entity


async def _instance(call: Call) -> Instance:
    iri = _attribute(call)
    entity = await _entity(call)
    if iri not in entity.attrs:
        raise NotFound(f"The entity has no attribute {call.path['attr']}")
    acting.shown(entity.id, entity.types)
    return entities.chosen(entity.attrs[iri])


def _uri(call: Call) -> str:
    return names.read_id(call.path["id"], "id")


def _attribute(call: Call) -> str:
    try:
        return entities.attribute_iri(call.path["attr"], call.terms)
    except Fault as fault:
        raise fault.under("attr") from None


def _types(call: Call) -> TypeSelector:
    text = call.params.get("type")
    return None if text is None else query.types_node([names.type_iri(text, call.terms, "type")])
