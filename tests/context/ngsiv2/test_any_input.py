"""Whatever a client sends is understood or refused by name: never a failure of the broker."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tamamo.context.jsonld.resolve import default_map
from tamamo.context.model.values import Fault
from tamamo.context.ngsiv2 import attributes, entities, filters, names, query
from tamamo.context.ngsiv2.entities import View
from tamamo.context.ngsiv2.geometry import GEO_TYPES
from tamamo.context.query import q
from tamamo.kernel.errors import Problem

TERMS = default_map().terms

texts = st.text(max_size=12) | st.sampled_from(["value", "type", "metadata", "id", "unitCode", "a"])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
json = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
kinds = st.sampled_from([*sorted(GEO_TYPES), "DateTime", "ISO8601", "Relationship", "None"])
meta = st.sampled_from(["TimeInstant", "dateObserved", "unitCode", "objectType", "dateCreated"])
attribute = st.fixed_dictionaries(
    {},
    optional={
        "type": kinds | json,
        "value": json | st.lists(st.sampled_from(["1,2", "3,4", "1,", "x"]), max_size=5),
        "metadata": json | st.dictionaries(meta | texts, json),
    },
)


@given(st.dictionaries(texts | st.just("location"), attribute | json), st.booleans())
def test_bodies(body: dict[str, Any], plain: bool) -> None:
    try:
        draft = entities.read_entity({"id": "x", **body}, TERMS, plain=plain)
    except Fault as fault:
        assert fault.problem().status == 400
        return
    entity = draft.entity([])
    shown = entities.represent(entity, TERMS, View())
    again = entities.read_entity(shown, TERMS, plain=False).entity([])
    again.expires_at = entity.expires_at  # builtin: shown only when it is asked for
    assert entities.represent(again, TERMS, View()) == shown


@given(attribute)
def test_a_value_that_is_read_can_be_written_back(body: dict[str, Any]) -> None:
    try:
        instance = attributes.write("urn:a", body, TERMS)
    except Fault:
        return
    shown = attributes.read(instance, TERMS)
    assert attributes.read(attributes.write("urn:a", shown, TERMS), TERMS) == shown


WORDS = "a b.c 'x.y' == != > <= ~= : ! ; , .. 1 2.5 's' true 2020-01-01 2020-01-01T00:00:00Z"
pieces = st.sampled_from([*WORDS.split(), "'", ".", " ", "dateCreated", "水"])


@given(st.lists(pieces, max_size=10).map("".join) | st.text(max_size=30), st.booleans())
def test_filters(text: str, metadata: bool) -> None:
    try:
        node = filters.parse([("mq" if metadata else "q", text)], TERMS)
    except Fault:
        return
    except Problem as problem:
        assert problem.status < 500
        return
    assert node is not None
    params: dict[str, Any] = {}
    assert q.to_sql(node, params)


@given(
    st.sampled_from(["near;maxDistance:1", "coveredBy", "equals", "near;minDistance:0"]) | texts,
    st.sampled_from(["point", "line", "box", "polygon"]) | texts,
    st.lists(st.sampled_from(["1,2", "3,4", "90,180", "-90,0", "1", "nan,1", ""]) | texts)
    .map(";".join),
)  # fmt: skip
def test_geography(georel: str, geometry: str, coords: str) -> None:
    try:
        query.read_geo({"georel": georel, "geometry": geometry, "coords": coords})
    except Fault:
        return
    except Problem as problem:
        assert problem.status < 500


@given(st.text())
def test_service_paths(header: str) -> None:
    try:
        paths = names.read_paths(header)
    except Fault:
        return
    query.scope_of(paths)
