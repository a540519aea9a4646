"""What NGSIv2 writes it reads back the same: pure mappings, for whatever a client may send."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tamamo.context.jsonld.resolve import default_map
from tamamo.context.model import parse, represent
from tamamo.context.model.entity import DEFAULT_VOCABULARY, LOCATION, Entity
from tamamo.context.model.values import NGSI_NULL, Fault, is_uri
from tamamo.context.ngsiv2 import attributes, entities, names
from tamamo.context.ngsiv2.entities import View

TERMS = default_map().terms

printable = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="&?/#")
fields = st.text(printable, min_size=1, max_size=40)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8
)
#: Types that mean nothing to the broker, as nearly all do.
kinds = st.sampled_from(["Number", "Text", "Boolean", "StructuredValue", "None", "percentage"])
elements = st.fixed_dictionaries({"value": values, "type": kinds | fields})


def storable(value: Any) -> bool:
    """Whether nothing in the value is what NGSI-LD takes for null."""
    if isinstance(value, dict):
        return value != attributes.NULL and all(storable(item) for item in value.values())
    if isinstance(value, list):
        return all(storable(item) for item in value)
    return bool(value != NGSI_NULL)


@given(fields)
def test_ids_come_back(entity_id: str) -> None:
    uri = names.to_uri(entity_id)
    assert is_uri(uri)
    assert names.to_id(uri) == entity_id


@given(st.one_of(fields, fields.map(lambda text: names.ID_PREFIX + text)))
def test_uris_come_back(text: str) -> None:
    assume(is_uri(text))
    assert names.to_uri(names.to_id(text)) == text


@pytest.mark.parametrize(
    ("entity_id", "uri"),
    [
        ("Room1", "urn:ngsi-ld:ngsiv2:Room1"),
        ("urn:ngsi-ld:Room:1", "urn:ngsi-ld:Room:1"),
        ("Room:1", "Room:1"),  # has the form of a URI
        ("100%", "urn:ngsi-ld:ngsiv2:100%25"),
        ("a|b", "urn:ngsi-ld:ngsiv2:a%7Cb"),
        ("urn:ngsi-ld:ngsiv2:x", "urn:ngsi-ld:ngsiv2:urn:ngsi-ld:ngsiv2:x"),
        (NGSI_NULL, f"urn:ngsi-ld:ngsiv2:{NGSI_NULL}"),
    ],
)
def test_how_ids_are_stored(entity_id: str, uri: str) -> None:
    assert names.to_uri(entity_id) == uri
    assert names.to_id(uri) == entity_id


@given(fields)
def test_names_come_back_or_are_refused(name: str) -> None:
    try:
        iri = names.attribute(name, TERMS)
    except Fault:
        assert ":" in name  # only short forms of IRIs can stand for something else
        return
    assert ":" in iri
    assert names.name_of(iri, TERMS) == name


@pytest.mark.parametrize(
    ("name", "iri"),
    [
        ("temperature", DEFAULT_VOCABULARY + "temperature"),
        ("location", LOCATION),
        ("水位", DEFAULT_VOCABULARY + "水位"),
        ("my-attr.x", DEFAULT_VOCABULARY + "my-attr.x"),
        ("value", DEFAULT_VOCABULARY + "value"),
        ("scope", DEFAULT_VOCABULARY + "scope"),
        ("createdAt", DEFAULT_VOCABULARY + "createdAt"),
        ("@a", DEFAULT_VOCABULARY + "@a"),
        ("a{b", DEFAULT_VOCABULARY + "a%7Bb"),
        ("schema:name", "schema:name"),
    ],
)
def test_how_names_are_stored(name: str, iri: str) -> None:
    assert names.attribute(name, TERMS) == iri
    assert names.name_of(iri, TERMS) == name


@given(elements, st.dictionaries(fields, elements, max_size=3))
def test_attributes_come_back(element: dict[str, Any], metadata: dict[str, Any]) -> None:
    body = {**element, "metadata": metadata}
    assume(storable(body))
    special = {"DateTime", "ISO8601", "Relationship"}
    assume(not special & {item["type"] for item in (element, *metadata.values())})
    iri = DEFAULT_VOCABULARY + "a"
    try:
        instance = attributes.write(iri, body, TERMS)
    except Fault as fault:
        # Only short names that stand for something else, and names of the broker's own.
        assert ":" in str(fault) or fault.reason.startswith("is written by"), fault.reason
        return
    assert attributes.read(instance, TERMS) == body
    # NGSI-LD clients can read it, and by NGSI-LD's own rules write it back as it is.
    entity = Entity("urn:x:1", [DEFAULT_VOCABULARY + "T"], {iri: [instance]})
    document = represent.represent(entity, TERMS)
    if all(names_plainly(name) for name in metadata):
        assert parse.parse_entity(document, TERMS).attrs == entity.attrs


def names_plainly(name: str) -> bool:
    """Whether NGSI-LD has the same short name for it."""
    return name.isidentifier() and not name.startswith("_")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("geo:point", "41.3763726, 2.186447514"),
        ("geo:point", "41.3763726,2.1864475140"),
        ("geo:line", ["1.0, 2.0", "3, 4"]),
        ("geo:box", ["40.6388, -8.6533", "40.6391, -8.6531"]),
        ("geo:polygon", ["0, 0", "0, 2", "2, 2", "0, 0"]),
        ("geo:json", {"type": "Point", "coordinates": [2.18, 41.37, 12.5]}),
        ("geo:json", {"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}),
        ("geo:json", None),
        ("geo:point", None),
        ("DateTime", "2017-06-17T07:21:24.238Z"),
        ("DateTime", "2017-06-17T07:21:24Z"),
        ("DateTime", None),
        ("Relationship", "urn:ngsi-ld:Building:1"),
        ("Relationship", ["urn:a:1", "urn:a:2"]),
        ("Relationship", "Building 1"),
        ("Reference", "urn:ngsi-ld:Building:1"),
        ("Property", 5),
        ("urn:phenomenum:temperature", 21.5),
    ],
)
def test_types_with_a_meaning_come_back(kind: str, value: Any) -> None:
    body = {"type": kind, "value": value, "metadata": {}}
    instance = attributes.write(DEFAULT_VOCABULARY + "a", body, TERMS)
    assert attributes.read(instance, TERMS) == body


@pytest.mark.parametrize(
    ("given_time", "kept"),
    [
        ("2017-06-17T09:21:24.238+02:00", "2017-06-17T07:21:24.238Z"),
        ("2017-06-17T07:21:24", "2017-06-17T07:21:24.000Z"),
        ("2017-06-17", "2017-06-17T00:00:00.000Z"),
    ],
)
def test_other_times_are_put_in_utc_as_orion_does(given_time: str, kept: str) -> None:
    assert attributes.to_utc(given_time) == kept


TIME = {"type": "DateTime", "value": "2026-06-26T08:00:00Z"}
LATER = {"type": "DateTime", "value": "2026-06-26T09:00:00Z"}


@pytest.mark.parametrize(
    ("metadata", "observed"),
    [
        ({"TimeInstant": TIME}, TIME["value"]),
        ({"dateObserved": TIME}, TIME["value"]),
        ({"TimeInstant": TIME, "dateObserved": LATER}, TIME["value"]),
        ({"dateObserved": LATER, "TimeInstant": TIME}, TIME["value"]),
        ({"TimeInstant": {**TIME, "type": "ISO8601"}}, TIME["value"]),
        (
            {"TimeInstant": {**TIME, "value": "2026-06-26T17:00:00+09:00"}},
            "2026-06-26T08:00:00.000Z",
        ),
        ({"TimeInstant": {"type": "Text", "value": "noon"}}, None),
        ({"timestamp": TIME}, None),
    ],
)
def test_times_of_observation(metadata: dict[str, Any], observed: str | None) -> None:
    body = {"type": "Number", "value": 1, "metadata": metadata}
    instance = attributes.write(DEFAULT_VOCABULARY + "a", body, TERMS)
    assert instance.get("observedAt") == observed
    assert attributes.read(instance, TERMS) == body
    # A time that NGSI-LD sets afterwards is the one that counts.
    if observed is not None:
        instance["observedAt"] = "2027-01-01T00:00:00Z"
        shown = attributes.read(instance, TERMS)["metadata"]
        assert shown == {"TimeInstant": {"type": "DateTime", "value": "2027-01-01T00:00:00Z"}}


@given(st.dictionaries(fields, elements, min_size=1, max_size=4))
def test_entities_come_back(attrs: dict[str, Any]) -> None:
    assume(storable(attrs))
    body = {"id": "x", "type": "T", **attrs}
    special = {"DateTime", "ISO8601", "Relationship"}
    assume(not special & {item["type"] for item in attrs.values()})
    try:
        draft = entities.read_entity(body, TERMS, plain=False)
    except Fault:
        assume(False)
    entity = draft.entity([])
    shown = entities.represent(entity, TERMS, View())
    assert shown == {"id": "x", "type": "T"} | {
        name: {**element, "metadata": {}} for name, element in attrs.items()
    }
    plain = entities.represent(entity, TERMS, View("keyValues"))
    assert plain == {"id": "x", "type": "T"} | {name: e["value"] for name, e in attrs.items()}
