"""Operations of the model on a small entity, for the tests of what they make of it."""

from typing import Any

from tamamo.context.jsonld.resolve import term_map
from tamamo.context.model import merge, parse
from tamamo.context.model.entity import Entity
from tamamo.context.model.merge import Change
from tamamo.context.model.represent import View, represent

TERMS = term_map({"ex": "https://example.org/", "Gauge": "ex:Gauge", "level": "ex:level"}, {})
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"
T1, T2 = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
D1 = "urn:dataset:1"
TEMPERATURE = {
    "type": "Property",
    "value": 25,
    "unitCode": "CEL",
    "observedAt": "2022-03-14T01:59:26.535Z",
}
WARMER = {"type": "Property", "value": 100, "observedAt": "2022-03-14T13:00:00.000Z"}


def entity(**attrs: Any) -> Entity:
    body = {"id": "urn:ngsi-ld:Gauge:1", "type": "Gauge", **attrs}
    return merge.create(parse.parse_entity(body, TERMS), T1)[0]


def shown(entity: Entity, **view: Any) -> dict[str, Any]:
    return represent(entity, TERMS, View(**view))


def merged(entity: Entity, body: Any, **options: Any) -> tuple[Entity, Change]:
    fragment = parse.parse_fragment(body, TERMS, parse.MERGE)
    return merge.merge_patch(entity, fragment, T2, terms=TERMS, **options)


def updated(entity: Entity, body: Any) -> tuple[Entity, Change]:
    return merge.update(entity, parse.parse_fragment(body, TERMS, parse.UPDATE), T2)


def appended(entity: Entity, body: Any, **options: Any) -> tuple[Entity, Change]:
    return merge.append(entity, parse.parse_fragment(body, TERMS, parse.APPEND), T2, **options)
