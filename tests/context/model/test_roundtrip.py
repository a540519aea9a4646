"""Representations lose nothing they should keep (clause 4.5)."""

from typing import Any

import orjson
from hypothesis import given, settings

from tamamo.context.jsonld.resolve import term_map
from tamamo.context.model import parse
from tamamo.context.model.entity import Entity
from tamamo.context.model.represent import Format, View, represent
from tests.context.model import bodies

TERMS = term_map({"ex": "https://example.org/", "Gauge": "ex:Gauge", "level": "ex:level"}, {})


def _json(value: Any) -> bytes:
    """Tell 1, 1.0 and true apart, and nothing by order."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _stored(entity: Entity) -> bytes:
    return _json([entity.id, entity.types, entity.scopes, entity.attrs])


def _sent(entity: Entity, form: Format) -> Any:
    return orjson.loads(orjson.dumps(represent(entity, TERMS, View(format=form))))


@given(bodies.entities)
@settings(max_examples=120, deadline=None)
def test_normalized_and_concise_read_back_as_the_same_entity(body: dict[str, Any]) -> None:
    entity = parse.parse_entity(body, TERMS)
    for form in ("normalized", "concise"):
        again = parse.parse_entity(_sent(entity, form), TERMS)
        assert _stored(again) == _stored(entity), form


@given(bodies.entities)
@settings(max_examples=80, deadline=None)
def test_normalized_gives_back_what_was_sent(body: dict[str, Any]) -> None:
    entity = parse.parse_entity(body, TERMS)
    assert _json(_sent(entity, "normalized")) == _json(body)


@given(bodies.entities)
@settings(max_examples=80, deadline=None)
def test_simplified_reads_back_as_the_same_simplified(body: dict[str, Any]) -> None:
    simplified = _sent(parse.parse_entity(body, TERMS), "simplified")
    again = parse.parse_entity(simplified, TERMS, simplified=True)
    assert _json(_sent(again, "simplified")) == _json(simplified)


@given(bodies.entities)
@settings(max_examples=40, deadline=None)
def test_reading_alters_nothing(body: dict[str, Any]) -> None:
    before = _json(body)
    entity = parse.parse_entity(body, TERMS)
    stored = _stored(entity)
    for form in ("normalized", "concise", "simplified"):
        represent(entity, TERMS, View(format=form, lang="ja", sys_attrs=True))
    assert _json(body) == before
    assert _stored(entity) == stored
