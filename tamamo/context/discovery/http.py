"""GET /types, /attributes and /info/sourceIdentity (clauses 6.25 to 6.28, 6.33)."""

from typing import Any
from uuid import uuid4

from starlette.responses import Response
from starlette.routing import Route

from tamamo.context import http
from tamamo.context.access.admission import Needs
from tamamo.context.discovery.service import AttributeInfo, TypeInfo
from tamamo.context.distribution import discovery
from tamamo.context.errors import BadRequestData
from tamamo.context.http import Exchange, Operation, Resource
from tamamo.context.jsonld import TermMap
from tamamo.context.model import parse
from tamamo.context.model.values import Fault, is_name
from tamamo.kernel.time import now, to_text


async def list_types(exchange: Exchange) -> Response:
    """Retrieve available entity types, or their details (clauses 5.7.5, 5.7.6)."""
    terms = exchange.terms
    if exchange.flag("details"):
        found = await discovery.types_with_attributes(exchange)
        return http.answer(exchange, [_type(iri, attrs, terms) for iri, attrs in found.items()])
    types = await discovery.types(exchange)
    payload = {
        "id": f"urn:ngsi-ld:EntityTypeList:{uuid4()}",
        "type": "EntityTypeList",
        "typeList": [terms.compact_iri(iri) for iri in types],
    }
    return http.answer(exchange, payload)


async def get_type(exchange: Exchange) -> Response:
    """Retrieve available entity type information (clause 5.7.7)."""
    try:
        (iri,) = parse.parse_types(exchange.path["type"], exchange.terms, "type")
    except Fault as fault:
        raise fault.problem() from None
    info = await discovery.type_info(exchange, iri)
    return http.answer(exchange, _type_info(info, exchange.terms))


async def list_attributes(exchange: Exchange) -> Response:
    """Retrieve available attributes, or their details (clauses 5.7.8, 5.7.9)."""
    terms = exchange.terms
    found = await discovery.attributes(exchange)
    if exchange.flag("details"):
        return http.answer(
            exchange, [_attribute(iri, types, terms) for iri, types in found.items()]
        )
    payload = {
        "id": f"urn:ngsi-ld:AttributeList:{uuid4()}",
        "type": "AttributeList",
        "attributeList": [terms.compact_iri(iri) for iri in found],
    }
    return http.answer(exchange, payload)


async def get_attribute(exchange: Exchange) -> Response:
    """Retrieve available attribute information (clause 5.7.10)."""
    name = exchange.path["attr"]
    if not is_name(name):
        raise BadRequestData(f"{name!r} is not a valid attribute name", field="attr")
    iri = exchange.terms.expand_term(name)
    info = await discovery.attribute_info(exchange, iri)
    return http.answer(exchange, _attribute_info(info, exchange.terms))


async def get_identity(exchange: Exchange) -> Response:
    """Retrieve context source identity information (clause 5.15.1)."""
    identity = await exchange.broker.discovery.identity(exchange.tenant)
    payload = {
        "id": identity.id,
        "type": "ContextSourceIdentity",
        "contextSourceAlias": identity.alias,
        "contextSourceUptime": f"PT{int(identity.uptime)}S",
        "contextSourceTimeAt": to_text(now()),
    }
    return http.answer(exchange, payload)


def _type(iri: str, attrs: list[str], terms: TermMap) -> dict[str, Any]:
    return {
        "id": iri,
        "type": "EntityType",
        "typeName": terms.compact_iri(iri),
        "attributeNames": [terms.compact_iri(attr) for attr in attrs],
    }


def _type_info(info: TypeInfo, terms: TermMap) -> dict[str, Any]:
    return {
        "id": info.iri,
        "type": "EntityTypeInfo",
        "typeName": terms.compact_iri(info.iri),
        "entityCount": info.entity_count,
        "attributeDetails": [
            {
                "id": attr,
                "type": "Attribute",
                "attributeName": terms.compact_iri(attr),
                "attributeTypes": kinds,
            }
            for attr, kinds in info.attributes.items()
        ],
    }


def _attribute(iri: str, types: list[str], terms: TermMap) -> dict[str, Any]:
    return {
        "id": iri,
        "type": "Attribute",
        "attributeName": terms.compact_iri(iri),
        "typeNames": [terms.compact_iri(type_) for type_ in types],
    }


def _attribute_info(info: AttributeInfo, terms: TermMap) -> dict[str, Any]:
    return {
        **_attribute(info.iri, info.types, terms),
        "attributeCount": info.count,
        "attributeTypes": info.kinds,
    }


_DETAILS = frozenset({"details"})

routes = [
    Route("/types", Resource(GET=Operation(handler=list_types, params=_DETAILS))),
    Route("/types/{type}", Resource(GET=Operation(handler=get_type))),
    Route("/attributes", Resource(GET=Operation(handler=list_attributes, params=_DETAILS))),
    Route("/attributes/{attr}", Resource(GET=Operation(handler=get_attribute))),
    # The identity of a tenant follows from its name: a peer may ask before anything is stored.
    Route(
        "/info/sourceIdentity",
        Resource(GET=Operation(handler=get_identity, needs=Needs.NOTHING, any_tenant=True)),
    ),
]
