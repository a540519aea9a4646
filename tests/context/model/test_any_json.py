"""Whatever a client sends: an entity that can be answered, or an error that names a field."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld.resolve import term_map
from tamamo.context.model import geojson, merge, parse
from tamamo.context.model.entity import Entity
from tamamo.context.model.kinds import KIND_BY_MEMBER, META_MEMBERS, OUTPUT_ONLY, VALUE_MEMBER
from tamamo.context.model.represent import View, represent
from tamamo.context.model.values import NGSI_NULL

TERMS = term_map({"Gauge": "https://example.org/Gauge"}, {})
T1, T2 = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"

keys = st.sampled_from(
    sorted({"type", "@type", "id", "a", "b c", "ngsildproof", "location", "coordinates"})
    + sorted(set(KIND_BY_MEMBER) | META_MEMBERS | OUTPUT_ONLY)
    + ["", "@context", "scope", "@none", "dataset", "values", "createdAt"]
)
leaves = st.sampled_from(
    (None, True, 0, 1.5, "", "x", "urn:x:1", NGSI_NULL, T1, "@none", "1899-01-01T00:00:00Z")
) | st.sampled_from((*VALUE_MEMBER, "Point", "Polygon", "CEL"))
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4)
)
bodies = st.dictionaries(keys, anything, max_size=4)


def _check_answers(entity: Entity) -> None:
    for form in ("normalized", "concise", "simplified"):
        view = View(format=form, sys_attrs=True, lang="ja")
        orjson.dumps(represent(entity, TERMS, view))
    orjson.dumps(geojson.feature(entity, TERMS))


def _has_null(value: Any) -> bool:
    """Whether an NGSI-LD Null got into storage; raw JSON may hold anything."""
    if isinstance(value, dict):
        return any(_has_null(item) for name, item in value.items() if name != "json")
    if isinstance(value, list):
        return any(_has_null(item) for item in value)
    return bool(value == NGSI_NULL)


@given(bodies, st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_new_entity(body: dict[str, Any], simplified: bool) -> None:
    whole = {**body, "id": "urn:x:1", "type": "Gauge"}
    try:
        entity = parse.parse_entity(whole, TERMS, simplified=simplified)
    except BadRequestData as problem:
        assert problem.extra["field"].startswith("/")
        orjson.dumps(problem.body())
        return
    stored, _ = merge.create(entity, T1)
    assert not _has_null(stored.attrs)
    _check_answers(stored)


@given(bodies, bodies)
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("rules", [parse.UPDATE, parse.MERGE, parse.MERGE_SIMPLIFIED])
def test_a_fragment(rules: Any, first: dict[str, Any], second: dict[str, Any]) -> None:
    entity = Entity("urn:x:1", ["https://example.org/Gauge"], created_at=T1)
    for whole in (first, second):
        body = {k: v for k, v in whole.items() if k not in {"id", "type", "@type"}}
        try:
            fragment = parse.parse_fragment(body, TERMS, rules)
            if rules is parse.UPDATE:
                entity, _ = merge.update(entity, fragment, T2)
            else:
                entity, _ = merge.merge_patch(entity, fragment, T2, terms=TERMS)
        except BadRequestData as problem:
            assert problem.extra["field"].startswith("/")
            orjson.dumps(problem.body())
        assert not _has_null(entity.attrs)
        _check_answers(entity)


@given(bodies)
@settings(max_examples=100, deadline=None)
def test_an_evolution(body: dict[str, Any]) -> None:
    body = {k: v for k, v in body.items() if k not in {"id", "type", "@type"}}
    try:
        entity = parse.parse_temporal(body, TERMS, whole=False)
    except BadRequestData as problem:
        assert problem.extra["field"].startswith("/")
        return
    orjson.dumps(entity.attrs)
