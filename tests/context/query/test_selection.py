"""Type selection (4.17), scope query (4.19), ids: PostgreSQL and Python against plain models."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.context.errors import BadRequestData, TooComplexQuery
from tamamo.context.model.entity import Entity
from tamamo.context.query import idpattern, scopeq, typeq

from .conftest import VOCABULARY, Select, Terms

TYPES = ["A", "B", "C"]
SCOPES = ["/Madrid", "/Madrid/Gardens", "/Madrid/Gardens/Norte", "/Madrid/Sights/Norte"]
SCOPES += ["Madrid/Gardens", "/Kagawa/高松", "/Mad"]

groups = st.lists(st.sampled_from(TYPES), min_size=1, max_size=3)
selections = st.lists(groups, min_size=1, max_size=3)
PATTERNS = ["/#", "/Madrid", "/Madrid/#", "/Madrid/+", "/+/Gardens", "/Madrid/+/Norte", "/+/#"]
PATTERNS += ["Madrid", "/Kagawa/高松", "/Mad", "/Madrid/Gardens/#", "/+", "/Mad/#", "/Nowhere"]
scope_queries = st.sampled_from(PATTERNS)
entities = st.lists(
    st.tuples(
        st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
        st.lists(st.sampled_from(SCOPES), max_size=2, unique=True),
    ),
    min_size=1,
    max_size=5,
)


def made(found: list[tuple[list[str], list[str]]]) -> list[Entity]:
    return [
        Entity(f"urn:x:{n}", [VOCABULARY + name for name in types], scopes=scopes)
        for n, (types, scopes) in enumerate(found)
    ]


@settings(max_examples=150, deadline=None)
@given(found=entities, wanted=selections, sign=st.sampled_from("|,"))
def test_types(
    select: Select,
    terms: Terms,
    found: list[tuple[list[str], list[str]]],
    wanted: list[list[str]],
    sign: str,
) -> None:
    text = sign.join(f"({';'.join(group)})" if len(group) > 1 else group[0] for group in wanted)
    node = typeq.parse(text, terms)
    world = made(found)
    expected = {
        f"urn:x:{n}"
        for n, (types, _) in enumerate(found)
        if any(set(group) <= set(types) for group in wanted)
    }
    params: dict[str, Any] = {}
    condition = typeq.to_sql(node, params)
    assert {entity.id for entity in world if typeq.matches(node, entity)} == expected
    assert select(world, condition, params) == expected


def covers(wanted: str, scope: str) -> bool:
    want, have = wanted.strip("/").split("/"), scope.strip("/").split("/")
    if want[-1] == "#":
        want, have = want[:-1], have[: len(want) - 1]
    return len(want) == len(have) and all(w in ("+", h) for w, h in zip(want, have, strict=True))


@settings(max_examples=150, deadline=None)
@given(
    found=entities,
    wanted=st.lists(st.lists(scope_queries, min_size=1, max_size=2), min_size=1, max_size=2),
    sign=st.sampled_from("|,"),
)
def test_scopes(
    select: Select,
    found: list[tuple[list[str], list[str]]],
    wanted: list[list[str]],
    sign: str,
) -> None:
    node = scopeq.parse(sign.join(f"({';'.join(group)})" for group in wanted))
    world = made(found)
    expected = {
        f"urn:x:{n}"
        for n, (_, scopes) in enumerate(found)
        if any(all(any(covers(w, s) for s in scopes) for w in group) for group in wanted)
    }
    params: dict[str, Any] = {}
    condition = scopeq.to_sql(node, params)
    assert {entity.id for entity in world if scopeq.matches(node, entity)} == expected
    assert select(world, condition, params) == expected


def test_the_examples_of_4_19() -> None:
    def held(text: str, *scopes: str) -> bool:
        return scopeq.matches_scopes(scopeq.parse(text), scopes)

    assert held("/Madrid/Gardens/#", "/Madrid/Gardens")
    assert held("/Madrid/Gardens/#", "/Madrid/Gardens/ParqueNorte/Parterre1")
    assert not held("/Madrid/Gardens/#", "/Madrid/GardensOfStone")
    assert held("/Madrid/+/ParqueNorte", "/Madrid/Sights/ParqueNorte")
    assert not held("/Madrid/+/ParqueNorte", "/Madrid/ParqueNorte")
    assert held("(/Madrid/Districts;/CompanyA),CompanyB", "/CompanyB")
    assert not held("(/Madrid/Districts;/CompanyA),CompanyB", "/CompanyA")
    assert held("/Madrid;/CompanyA", "/CompanyA", "/Madrid")
    assert not held("/#")


def test_what_a_selection_is(terms: Terms) -> None:
    assert typeq.parse("*", terms) is None
    assert typeq.single(typeq.parse("Building", terms)) == VOCABULARY + "Building"
    assert typeq.single(typeq.parse("(Building)", terms)) == VOCABULARY + "Building"
    assert typeq.single(typeq.parse("A|B", terms)) is None
    iri = "https://ngsi-ld-test-suite/context#Building"
    assert typeq.alternatives(typeq.parse(f"{iri},B", terms)) == (iri, VOCABULARY + "B")


@pytest.mark.parametrize(
    ("text", "position"),
    [("", 1), ("A|", 3), ("A,,B", 3), ("(A;B", 5), ("A)", 2), ("A B", 1), ("*,A", 1), ("1", 1)],
)
def test_faults_of_types(terms: Terms, text: str, position: int) -> None:
    with pytest.raises(BadRequestData) as raised:
        typeq.parse(text, terms)
    assert raised.value.extra == {"field": "type", "position": position}


@pytest.mark.parametrize(
    ("text", "position"),
    [("", 1), ("/", 2), ("/A//B", 4), ("/A/1", 4), ("/A/#/B", 5), ("/A;", 4), ("(/A", 4)],
)
def test_faults_of_scopes(text: str, position: int) -> None:
    with pytest.raises(BadRequestData) as raised:
        scopeq.parse(text)
    assert raised.value.extra == {"field": "scopeQ", "position": position}


def test_size_is_bounded(terms: Terms) -> None:
    with pytest.raises(TooComplexQuery):
        typeq.parse("(" * 31 + "A" + ")" * 31, terms)
    with pytest.raises(TooComplexQuery):
        typeq.parse("A," * 20_000 + "A", terms)
    with pytest.raises(TooComplexQuery):
        scopeq.parse("|".join(["/A"] * 501))


def test_id_patterns_in_postgresql(select: Select) -> None:
    world = [Entity(f"urn:x:{name}", ["T"]) for name in ("a1", "a2", "b1")]
    params: dict[str, Any] = {}
    condition = idpattern.to_sql(idpattern.parse(r":a\d$"), params)
    assert select(world, condition, params) == {"urn:x:a1", "urn:x:a2"}
