"""What names mean: expansion and compaction by clause 5.5.7 and JSON-LD 1.1."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld import DEFAULT_CORE, core
from tamamo.context.jsonld.pack import pack, unpack
from tamamo.context.jsonld.resolve import default_map, remote_urls, term_map

CITY = {
    "ex": "https://example.org/",
    "Gauge": "ex:Gauge",
    "level": {"@id": "ex:level", "@type": "ex:Metre"},
    "waterLevel": "ex:level",
    "location": "https://example.org/not-the-core-one",
    "kind": "@type",
    "nothing": None,
}
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"


@pytest.mark.parametrize(
    ("name", "iri"),
    [
        ("Gauge", "https://example.org/Gauge"),
        ("level", "https://example.org/level"),
        ("waterLevel", "https://example.org/level"),
        ("ex:anything", "https://example.org/anything"),
        ("location", "https://uri.etsi.org/ngsi-ld/location"),
        ("unheardOf", DEFAULT + "unheardOf"),
        ("水位", DEFAULT + "水位"),
        ("nothing", DEFAULT + "nothing"),
        ("https://example.com/x", "https://example.com/x"),
        ("urn:x:y", "urn:x:y"),
        ("ngsi-ld:default-context/x", DEFAULT + "x"),
    ],
)
def test_expansion(name: str, iri: str) -> None:
    assert term_map(CITY, {}).expand_term(name) == iri


@pytest.mark.parametrize(
    ("iri", "name"),
    [
        ("https://example.org/Gauge", "Gauge"),
        ("https://example.org/level", "level"),  # the shortest of two terms
        ("https://example.org/other", "ex:other"),
        ("https://example.org/", "ex"),
        ("https://uri.etsi.org/ngsi-ld/location", "location"),
        (DEFAULT + "unheardOf", "unheardOf"),
        (DEFAULT + "Gauge", "ngsi-ld:default-context/Gauge"),  # the name means something else
        (DEFAULT + "type", "ngsi-ld:default-context/type"),
        ("https://example.com/x", "https://example.com/x"),
    ],
)
def test_compaction(iri: str, name: str) -> None:
    assert term_map(CITY, {}).compact_iri(iri) == name


def test_values_of_a_vocabulary_expand_and_compact_alone_or_in_a_list() -> None:
    terms = term_map(CITY, {})
    expanded = terms.expand_vocab_value(["Gauge", "non-commercial"])
    assert expanded == ["https://example.org/Gauge", DEFAULT + "non-commercial"]
    assert terms.compact_vocab_value(expanded) == ["Gauge", "non-commercial"]
    assert terms.compact_vocab_value("https://example.org/level") == "level"


@pytest.mark.parametrize(
    "context",
    [
        [CITY, DEFAULT_CORE],
        [DEFAULT_CORE, CITY],
        [core._BASE + "-v1.3.jsonld", CITY, core._BASE + ".jsonld"],
    ],
)
def test_the_core_has_precedence_wherever_it_stands(context: list[object]) -> None:
    terms = term_map(context, {})
    assert terms.expand_term("location") == "https://uri.etsi.org/ngsi-ld/location"
    assert terms.expand_term("Gauge") == "https://example.org/Gauge"


def test_a_user_vocabulary_does_not_displace_the_default_one() -> None:
    terms = term_map({"@vocab": "https://example.org/vocab#"}, {})
    assert terms.expand_term("speed") == DEFAULT + "speed"


def test_members_that_concern_values_do_no_harm() -> None:
    context = {
        "@vocab": None,
        "@language": None,
        "@direction": None,
        "@base": None,
        "level": "https://example.org/level",
    }
    for whole, documents in (
        (context, {}),
        ("https://x.example/", {"https://x.example/": context}),
    ):
        terms = term_map(whole, documents)
        assert terms.expand_term("level") == "https://example.org/level"
        assert terms.expand_term("speed") == DEFAULT + "speed"


def test_definitions_may_use_core_terms() -> None:
    terms = term_map({"seen": {"@id": "ngsi-ld:seen", "@type": "DateTime"}}, {})
    assert terms.expand_term("seen") == "https://uri.etsi.org/ngsi-ld/seen"


def test_protected_terms_of_a_user_do_not_make_the_core_fail() -> None:
    terms = term_map({"@protected": True, "location": "https://example.org/l"}, {})
    assert terms.expand_term("location") == "https://uri.etsi.org/ngsi-ld/location"


@pytest.mark.parametrize(
    ("context", "field"),
    [
        ({"a": 7}, "/@context"),
        ({"@version": "one"}, "/@context"),
        ({"a": {"@id": "b:c", "@container": "@nonsense"}}, "/@context"),
        ({"a": "b:x", "b": "a:x"}, "/@context"),
    ],
)
def test_a_context_json_ld_does_not_allow_is_refused(context: object, field: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        term_map(context, {})
    assert caught.value.extra["field"] == field


@pytest.mark.parametrize("version", ["1.3", "1.4", "1.5", "1.6", "1.7", "1.8", "1.9"])
def test_every_core_context_is_pinned_and_valid(version: str) -> None:
    url = f"https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v{version}.jsonld"
    assert core.is_core(url)
    assert core.is_core(url.replace("https:", "http:"))
    terms = term_map([core.document(url)], {})
    assert terms.expand_term("Property") == "https://uri.etsi.org/ngsi-ld/Property"
    assert terms.expand_term("speed") == DEFAULT + "speed"


def test_a_core_context_that_does_not_exist_is_not_taken_for_one() -> None:
    assert not core.is_core(
        "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-non-existing.jsonld"
    )


def test_the_echo_is_the_users_context_alone() -> None:
    terms = term_map([CITY, DEFAULT_CORE], {})
    assert terms.echo == [CITY, DEFAULT_CORE]
    assert terms.link_url == DEFAULT_CORE
    city = "https://city.example/context.jsonld"
    for context in ([DEFAULT_CORE, city], [CITY, city], city):
        assert term_map(context, {city: {}}).link_url == city
    core_alone = default_map().terms
    assert core_alone.echo == core_alone.link_url == DEFAULT_CORE
    assert core_alone.with_link("https://example.org/c").echo == "https://example.org/c"
    assert core_alone.echo == DEFAULT_CORE


def test_only_a_context_without_parts_of_its_own_is_named_by_an_address() -> None:
    city, port = "https://city.example/c.jsonld", "https://port.example/c.jsonld"
    named: tuple[Any, ...] = (city, [city], [city, DEFAULT_CORE], DEFAULT_CORE, [], [None, city])
    for context in named:
        assert default_map().terms.with_link(context).has_address
    unnamed: tuple[Any, ...] = ({"a": "urn:a:b"}, [city, {}], [city, port], [{}, DEFAULT_CORE])
    for context in unnamed:
        assert not default_map().terms.with_link(context).has_address
    assert default_map().terms.has_address


def test_a_context_may_be_served_at_an_address() -> None:
    terms = term_map([CITY, DEFAULT_CORE], {})
    named = terms.with_address("https://broker.example/c")
    for form in (named, unpack(pack(named))):
        assert form.has_address
        assert form.link_url == "https://broker.example/c"
        assert form.echo == terms.echo
        assert form.expand_term("level") == terms.expand_term("level")
    assert not unpack(pack(terms)).has_address
    assert not named.with_link([CITY, {}]).has_address
    assert terms.link_url == DEFAULT_CORE


def test_memory_of_names_is_bounded() -> None:
    terms = term_map(CITY, {})
    for number in range(50_000):
        terms.expand_term(f"n{number}")
        terms.compact_iri(f"{DEFAULT}n{number}")
    assert len(terms._expanded) <= 20_000
    assert len(terms._compacted) <= 20_000


_names = (
    st.sampled_from(
        ("a", "b", "a:b", "", ":", "_:b", "http://x/y", "id", "type", "location", "ngsi-ld", "@foo")
    )
    | st.sampled_from(
        ("@id", "@type", "@vocab", "@base", "@language", "@direction", "@version", "@container")
    )
    | st.sampled_from(
        ("@reverse", "@nest", "@index", "@prefix", "@protected", "@propagate", "@import")
    )
)
_anything = st.recursive(
    st.none()
    | st.booleans()
    | st.just(1.1)
    | _names
    | st.sampled_from(("http://x.example/#", "../x")),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@given(st.dictionaries(_names, _anything, max_size=4))
@settings(max_examples=200, deadline=None)
def test_any_object_is_a_context_or_bad_data(context: dict[str, Any]) -> None:
    try:
        assert list(remote_urls(context)) == []
        terms = term_map([context], {})
    except BadRequestData as problem:
        assert str(problem.extra["field"]).startswith("/@context")
        return
    assert terms.expand_term("location") == "https://uri.etsi.org/ngsi-ld/location"
