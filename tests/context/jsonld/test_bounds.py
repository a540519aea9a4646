"""What a @context may stand for: reckoned from above, before it is made."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld import bounds
from tamamo.context.jsonld.resolve import default_map, term_map

URL = "https://city.example/"
CHAIN = {f"p{n}": f"p{n - 1}:{'x' * 100}/" for n in range(1, 100)}
LONG = "https://city.example/" + "x" * 3000 + "/"


def again(depth: int, times: int) -> dict[str, Any]:
    found: dict[str, Any] = {f"{URL}{n}": [f"{URL}{n + 1}"] * times for n in range(depth)}
    return found | {f"{URL}{depth}": {"a": "https://city.example/a"}}


@pytest.mark.parametrize(
    ("context", "documents"),
    [
        ({"p0": URL, **CHAIN}, {}),
        ([{"p0": URL}, *({name: CHAIN[name]} for name in CHAIN)], {}),
        ({"p0": URL, **{name: {"@id": value} for name, value in CHAIN.items()}}, {}),
        ({"p": LONG, "a": "p:a"}, {}),
        ({"@vocab": LONG, "a": "b"}, {}),
        ([{"@vocab": "x" * 600}] * 4, {}),
        ({f"t{n}": f"{URL}{n}/{'x' * 1500}" for n in range(6000)}, {}),
        (f"{URL}0", again(5, 20)),
        ([f"{URL}big"] * 20, {f"{URL}big": {f"t{n}": URL for n in range(9000)}}),
        (f"{URL}me", {f"{URL}me": [f"{URL}me"]}),
    ],
)
def test_what_stands_for_too_much_is_refused(context: Any, documents: dict[str, Any]) -> None:
    with pytest.raises(BadRequestData) as caught:
        term_map(context, documents)
    assert caught.value.extra["field"] == "/@context"
    assert len(caught.value.detail) < 300


def test_large_vocabularies_are_taken() -> None:
    terms = {f"term{n}": f"{URL}vocabulary#{n}" for n in range(20_000)}
    documents = {f"{URL}large": terms, f"{URL}small": {"a": "x:a", "x": URL}}
    found = term_map([f"{URL}large", f"{URL}small", f"{URL}small"], documents)
    assert found.expand_term("term19999") == f"{URL}vocabulary#19999"
    assert found.expand_term("a") == f"{URL}a"


names = st.sampled_from(["a", "b", "c", "d", "a:x", "b:y", "c:d:z"])
ends = st.sampled_from(["", "x", "x/", "longer#", "long/"])
values = st.one_of(
    st.builds(lambda name, end: f"{name}:{end}", names, ends),
    st.builds(lambda end: URL + end, ends),
    names,
)
definitions = st.dictionaries(
    names, st.one_of(values, st.none(), values.map(lambda value: {"@id": value}), st.just({}))
)
vocabularies = st.one_of(st.just({}), values.map(lambda value: {"@vocab": value}))
contexts = st.lists(
    st.builds(lambda one, two: {**two, **one}, definitions, vocabularies), max_size=3
)


@given(contexts)
@settings(max_examples=150, deadline=None)
def test_nothing_becomes_longer_than_was_reckoned(context: list[dict[str, Any]]) -> None:
    try:
        made = term_map(context, {})
    except BadRequestData:
        return  # no JSON-LD
    core = default_map().forward
    meter = bounds._Meter({}, core)
    meter.parts(context, "")
    for term, iri in made.definitions[0].items():
        if term not in core:
            assert len(iri) <= meter._lengths[term]
