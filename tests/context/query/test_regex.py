"""Regular expressions: PostgreSQL, RE2 and Python's own engine agree on what is taken."""

import re
import time
from itertools import product
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.context.errors import BadRequestData, TooComplexQuery
from tamamo.context.query import idpattern, regex

CHARACTERS = "ab1_ ^-].\n高é"
literals = st.sampled_from(CHARACTERS).map(re.escape)
classes = st.sampled_from(
    [".", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", "[ab]", "[^a1]", "[a-z_]", r"[\d_-]", "[]a]"]
)
atoms = st.one_of(literals, classes)
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        inner.map(lambda part: f"^{part}"),
        inner.map(lambda part: f"{part}$"),
    ),
    max_leaves=6,
)


#: All short texts of a few telling characters, and some of others.
TEXTS = ["".join(text) for size in range(4) for text in product("a1\n", repeat=size)]
TEXTS += ["b", "_", " ", "^", "-", "]", ".", "高", "é", "ab", "b1_", "aé1", "高.a", "a-b]", "\n\n"]


@settings(max_examples=200, deadline=None)
@given(expression=expressions)
def test_all_engines_agree(connection: psycopg.Connection[Any], expression: str) -> None:
    found = regex.parse(expression, field="q")
    # Python's own engine, with ASCII classes and `$` at the very end, as the other two have it.
    plain = re.compile(expression.replace("$", r"\Z"), re.ASCII | re.DOTALL)
    expected = [text for text in TEXTS if plain.search(text)]
    assert [text for text in TEXTS if found.search(text)] == expected
    row = connection.execute(
        "select array(select t from unnest(%s::text[]) with ordinality as x(t, n)"
        " where t ~ %s::text order by n)",
        [TEXTS, found.sql],
    ).fetchone()
    assert row is not None
    assert row[0] == expected


@pytest.mark.parametrize("name", sorted(regex._CLASSES))
def test_named_classes_are_those_of_posix_in_ascii(
    connection: psycopg.Connection[Any], name: str
) -> None:
    found = regex.parse(f"^[[:{name}:]a]$", field="q")
    characters = [chr(code) for code in range(1, 128)]
    row = connection.execute(
        "select array(select (t collate \"C\") ~ %s or t = 'a' from unnest(%s::text[])"
        " with ordinality as x(t, n) order by n)",
        [f"^[[:{name}:]]$", characters],
    ).fetchone()
    assert row is not None
    assert [found.search(character) for character in characters] == row[0]


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("*a", "nothing to repeat"),
        ("a**", "two repeats"),
        ("a{2}{3}", "two repeats"),
        ("^*", "an anchor"),
        ("a{", "begins no"),
        ("a{x}", "begins no"),
        ("a{3,2}", "0 … 255"),
        ("a{256}", "0 … 255"),
        ("(a{200}){200}", "within repeats"),
        ("(?=a)", "a group other"),
        ("(?<n>a)", "a group other"),
        (r"(a)\1", "unknown escape"),
        (r"\bx", "unknown escape"),
        ("a\\", "unknown escape"),
        ("[z-a]", "a range"),
        (r"[\d-z]", "a range"),
        ("[a", "'[' without"),
        ("(a", "'(' without"),
        ("a)", "')' without"),
        ("[[.a.]]", "a class"),
        ("[[:nothing:]]", "a class"),
        (r"[\D]", "negated"),
    ],
)
def test_what_is_no_regular_expression_is_refused(expression: str, fault: str) -> None:
    with pytest.raises(BadRequestData, match=re.escape(fault)):
        idpattern.parse(expression)


def test_depth_and_length_are_bounded() -> None:
    with pytest.raises(TooComplexQuery):
        regex.parse("a" * 1_001, field="q")
    with pytest.raises(BadRequestData):
        regex.parse("(" * 60 + ")" * 60, field="q")


def test_no_expression_takes_exponential_time() -> None:
    bomb = regex.parse("(a+)+(a|aa)*$", field="q")
    start = time.perf_counter()
    assert not bomb.search("a" * 100_000 + "!")
    assert time.perf_counter() - start < 1


def test_ids_are_searched_not_matched_whole() -> None:
    assert idpattern.parse("coll42").search("urn:ngsi-ld:Vehicle:coll4233")
    assert not idpattern.parse("^coll42").search("urn:ngsi-ld:Vehicle:coll4233")
