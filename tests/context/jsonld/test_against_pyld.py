"""The term map means what JSON-LD means: PyLD's own expansion and compaction as the judge."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld

from tamamo.context.jsonld import DEFAULT_CORE, core
from tamamo.context.jsonld.resolve import default_map, term_map

BASES = ("https://a.example/", "https://b.example/v#", "urn:c:", "https://a.example/x/")
LOCAL = ("level", "flow", "x", "水位")
TERMS = ("level", "flow", "lvl", "gauge_1", "水位")
PREFIXES = ("a", "b", "ab")
NAMES = (*TERMS, *(f"{prefix}:{local}" for prefix in PREFIXES for local in LOCAL), "unheard")

contexts = st.builds(
    lambda prefixes, terms: {**prefixes, **terms},
    st.dictionaries(st.sampled_from(PREFIXES), st.sampled_from(BASES), max_size=3),
    st.dictionaries(
        st.sampled_from(TERMS),
        st.builds(
            lambda base, local, plain: base + local if plain else {"@id": base + local},
            st.sampled_from(BASES),
            st.sampled_from(LOCAL),
            st.booleans(),
        ),
        max_size=4,
    ),
)


def _whole(context: dict[str, Any]) -> list[dict[str, Any]]:
    return [context, core.document(DEFAULT_CORE)]


@given(contexts)
@settings(max_examples=25, deadline=None)
def test_names_expand_as_in_json_ld(context: dict[str, Any]) -> None:
    terms = term_map(context, {})
    for name in NAMES:
        # A type goes through the vocabulary as an attribute's name does, and may be any IRI.
        expanded = jsonld.expand({"@context": _whole(context), "@type": name})
        assert terms.expand_term(name) == expanded[0]["@type"][0]


@given(contexts)
@settings(max_examples=25, deadline=None)
def test_iris_compact_as_in_json_ld(context: dict[str, Any]) -> None:
    terms = term_map(context, {})
    iris = [base + local for base in BASES for local in LOCAL]
    iris += ["https://uri.etsi.org/ngsi-ld/default-context/" + local for local in (*LOCAL, "a")]
    for iri in iris:
        compacted = jsonld.compact({"@type": iri}, _whole(context))
        assert terms.compact_iri(iri) == compacted["type"]


def test_the_core_terms_are_those_of_pyld() -> None:
    """They are read without PyLD (core.terms)."""
    options = {"processingMode": "json-ld-1.1"}
    processor = jsonld.JsonLdProcessor()
    start = processor.process_context({}, None, options)
    active = processor.process_context(start, {"@context": core.document(DEFAULT_CORE)}, options)
    mappings = {
        term: mapping
        for term, mapping in active["mappings"].items()
        if mapping and not mapping["@id"].startswith("@")
    }
    assert default_map().forward == {term: mapping["@id"] for term, mapping in mappings.items()}
    prefixes = {term for term, mapping in mappings.items() if mapping["_prefix"]}
    assert set(default_map().prefixes) == prefixes
