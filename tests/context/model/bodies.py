"""Hypothesis strategies for entities in normalized representation."""

from typing import Any

from hypothesis import strategies as st

from tamamo.context.model.values import NGSI_NULL

#: Each name is another attribute; some are core terms, some prefixed, some Japanese.
NAMES = ("level", "ex:flow", "name", "水位", "status", "description", "a_1", "dataProvider")
#: Keys that mean something in NGSI-LD are likelier to be misread than others.
KEYS = st.sampled_from(
    ("a", "b", "type", "value", "object", "observedAt", "unitCode", "json", "@type")
)

texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8
).filter(lambda text: text != NGSI_NULL)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False, width=32)
scalars = texts | numbers | st.booleans()
uris = st.sampled_from(
    ("urn:ngsi-ld:River:1", "urn:ngsi-ld:川:香東川", "https://example.org/r?x=1#y")
)
moments = st.sampled_from(
    ("2026-06-26T08:00:00Z", "2026-06-26T08:00:00.5Z", "1900-01-01T00:00:00Z")
)
positions = st.tuples(
    st.floats(-180, 180, allow_nan=False), st.floats(-90, 90, allow_nan=False)
).map(list)
geometries = (
    positions.map(lambda position: {"type": "Point", "coordinates": position})
    | st.lists(positions, min_size=2, max_size=4).map(
        lambda line: {"type": "LineString", "coordinates": line}
    )
    | st.just({"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 0]]]})
)
values = st.recursive(
    scalars | geometries,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)

_own = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("Property"), "value": values},
        optional={"unitCode": st.sampled_from(("MTR", "CEL")), "valueType": st.just("DateTime")},
    ),
    st.fixed_dictionaries({"type": st.just("GeoProperty"), "value": geometries}),
    st.fixed_dictionaries(
        {
            "type": st.just("Relationship"),
            "object": uris | st.lists(uris, min_size=1, max_size=3, unique=True),
        },
        optional={"objectType": st.sampled_from(("Gauge", "River"))},
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("LanguageProperty"),
            "languageMap": st.dictionaries(
                st.sampled_from(("ja", "en-GB", "@none")),
                texts | st.lists(texts, min_size=1, max_size=2),
                min_size=1,
            ),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("VocabProperty"),
            "vocab": st.sampled_from(("Gauge", "ex:x", "non-commercial"))
            | st.lists(st.sampled_from(("Gauge", "other")), min_size=1, max_size=2),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("JsonProperty"),
            "json": st.dictionaries(KEYS, values | st.none(), max_size=3)
            | st.lists(st.dictionaries(KEYS, values, max_size=2), max_size=2),
        }
    ),
    st.fixed_dictionaries(
        {"type": st.just("ListProperty"), "valueList": st.lists(values, max_size=3)}
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("ListRelationship"),
            "objectList": st.lists(uris.map(lambda uri: {"object": uri}), max_size=3),
        }
    ),
)


def _with_more(own: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {**own, **more}


_plain_instance = st.builds(
    _with_more, _own, st.fixed_dictionaries({}, optional={"observedAt": moments})
)
_instance = st.builds(
    _with_more,
    _plain_instance,
    st.dictionaries(st.sampled_from(NAMES), _plain_instance, max_size=2),
)


def _several(instances: list[dict[str, Any]]) -> Any:
    """Give all but the first a datasetId of its own."""
    named = [
        instance if number == 0 else {**instance, "datasetId": f"urn:dataset:{number}"}
        for number, instance in enumerate(instances)
    ]
    return named[0] if len(named) == 1 else named


attributes = st.lists(_instance, min_size=1, max_size=3).map(_several)
attribute_sets = st.dictionaries(st.sampled_from(NAMES), attributes, max_size=4)
entities = st.builds(
    lambda head, attrs: {"id": "urn:ngsi-ld:Gauge:1", **head, **attrs},
    st.fixed_dictionaries(
        {"type": st.sampled_from(("Gauge", ["Gauge", "Thing"]))},
        optional={"scope": st.sampled_from(("/A", ["/A", "/B/C"]))},
    ),
    attribute_sets,
)
