"""Whatever text comes in: a tree that PostgreSQL can run, or a problem that says what is wrong."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tamamo.context.errors import BadRequestData, TooComplexQuery
from tamamo.context.model.entity import Entity
from tamamo.context.query import (
    geoq,
    idpattern,
    order,
    paging,
    plan,
    projection,
    q,
    request,
    scopeq,
    temporalq,
    typeq,
)

from .conftest import VOCABULARY, Select, Terms

PIECES = [
    "a",
    "b.c",
    "type",
    "createdAt",
    "観測",
    "urn:x:1",
    "https://x.example/a",
    '"x"',
    '"',
    "\\",
]
PIECES += [
    "==",
    "!=",
    ">",
    "<=",
    "~=",
    "!~=",
    "!",
    "..",
    ",",
    ";",
    "|",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
]
PIECES += ["*", "+", "?", "#", "/", "^", "$", ".", "-", "1", "0.5", "1e400", "true", " ", "\0"]
PIECES += ["2020-01-01T00:00:00Z", "2020-02-30", "12:00:00Z", "asc", "dist-desc", "[:alpha:]", "%s"]
PIECES += ["\ud800", "PT1S", "near;maxDistance==", "\u3000", "%(tenant)s", "{2,3}", "(?:", "\\d"]
texts = st.one_of(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.text())

THING = Entity(
    "urn:x:1",
    ["https://x.example/a"],
    {
        VOCABULARY + "a": [
            {"type": "Property", "value": ["x", 1, {"a": 1}], "observedAt": "2020-01-01T00:00:00Z"},
            {"type": "LanguageProperty", "languageMap": {"a": ["x"]}, "datasetId": "urn:x:2"},
        ],
        VOCABULARY + "観測": [{"type": "Relationship", "object": "urn:x:1"}],
    },
    scopes=["/a"],
    created_at="2020-01-01T00:00:00Z",
)

Parse = Callable[[str, Terms], Any]
PARSERS: dict[str, tuple[Parse, Callable[[Any, dict[str, Any]], str] | None]] = {
    "q": (q.parse, q.to_sql),
    "scopeQ": (lambda text, _: scopeq.parse(text), scopeq.to_sql),
    "type": (typeq.parse, typeq.to_sql),
    "idPattern": (lambda text, _: idpattern.parse(text), idpattern.to_sql),
    "pick": (projection.parse, None),
    "attrs": (projection.parse_attrs, None),
    "orderBy": (lambda text, terms: order.parse(text, terms, order_from="[8,40]"), None),
    "coordinates": (
        lambda text, terms: geoq.parse("within", "Polygon", text or "0", terms=terms),
        geoq.to_sql,
    ),
    "georel": (
        lambda text, terms: geoq.parse(text or "0", "Point", [8, 40], terms=terms),
        geoq.to_sql,
    ),
    "geoproperty": (
        lambda text, terms: geoq.parse("within", "Point", [8, 40], text, terms=terms),
        geoq.to_sql,
    ),
    "timeAt": (lambda text, _: temporalq.parse({"timerel": "after", "timeAt": text}), None),
    "aggrPeriodDuration": (
        lambda text, _: temporalq.parse_duration({"aggrPeriodDuration": text}),
        None,
    ),
    "limit": (lambda text, _: paging.parse({"limit": text}), None),
    "id": (lambda text, terms: request.read({"type": "T", "id": text}, terms), plan.where),
}


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=150, deadline=None)
@given(text=texts)
@example(text="")
@example(text="urn:x:\0")
@example(text="9" * 400)
@example(text="(" * 5_000)
@example(text="[" * 5_000)
@example(text="a{" * 5_000)
@example(text="!" * 5_000)
def test_a_tree_or_a_problem(select: Select, terms: Terms, name: str, text: str) -> None:
    parse, to_sql = PARSERS[name]
    try:
        node = parse(text, terms)
    except (BadRequestData, TooComplexQuery, paging.TooManyResults) as problem:
        assert len(problem.detail) > 10
        orjson.dumps(problem.body())
        return
    if to_sql is not None:
        params: dict[str, Any] = {}
        condition = to_sql(node, params)
        assert select([THING], condition, params) <= {THING.id}
