"""Bodies to stored form, and errors that name the field."""

from typing import Any

import pytest

from tamamo.context.errors import BadRequestData, InvalidRequest
from tamamo.context.jsonld import TermMap
from tamamo.context.model import parse
from tamamo.context.model.values import MAX_VALUE_DEPTH, NGSI_NULL

DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"
ID = "urn:ngsi-ld:Gauge:1"
POINT = {"type": "Point", "coordinates": [134.05, 34.34]}
BOW_TIE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}


def _attr(value: Any, terms: TermMap) -> list[dict[str, Any]]:
    entity = parse.parse_entity({"id": ID, "type": "Gauge", "a": value}, terms)
    return entity.attrs[DEFAULT + "a"]


def _nested(levels: int, leaf: Any = 1) -> Any:
    for _ in range(levels):
        leaf = {"a": leaf}
    return leaf


def test_an_entity_in_stored_form(terms: TermMap) -> None:
    entity = parse.parse_entity(
        {
            "id": ID,
            "type": ["Gauge", "Thing"],
            "scope": "/Takamatsu/Kokubunji",
            "expiresAt": "2030-01-01T00:00:00Z",
            "createdAt": "1999-01-01T00:00:00Z",
            "level": {
                "type": "Property",
                "value": 1.2,
                "unitCode": "MTR",
                "observedAt": "2026-06-26T08:00:00,5Z",
                "modifiedAt": "1999-01-01T00:00:00Z",
                "quality": {"type": "Property", "value": "raw"},
            },
            "@context": "ignored here",
        },
        terms,
    )
    assert entity.id == ID
    assert entity.types == ["https://example.org/Gauge", DEFAULT + "Thing"]
    assert entity.scopes == ["/Takamatsu/Kokubunji"]
    assert entity.expires_at == "2030-01-01T00:00:00Z"
    assert entity.created_at is None
    assert entity.attrs == {
        "https://example.org/level": [
            {
                "type": "Property",
                "value": 1.2,
                "unitCode": "MTR",
                "observedAt": "2026-06-26T08:00:00.5Z",
                DEFAULT + "quality": [{"type": "Property", "value": "raw"}],
            }
        ]
    }


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (5, {"type": "Property", "value": 5}),
        (False, {"type": "Property", "value": False}),
        ("text", {"type": "Property", "value": "text"}),
        ([1, "b"], {"type": "Property", "value": [1, "b"]}),
        ([], {"type": "Property", "value": []}),
        ([{"a": 1}], {"type": "Property", "value": [{"a": 1}]}),
        ({"city": "T"}, {"type": "Property", "value": {"city": "T"}}),
        ({"value": None is None}, {"type": "Property", "value": True}),
        (POINT, {"type": "GeoProperty", "value": POINT}),
        ({"value": POINT}, {"type": "GeoProperty", "value": POINT}),
        (
            {"type": "Property", "value": POINT},
            {"type": "Property", "value": POINT},
        ),
        (
            {"type": "GeoProperty", "value": '{"type":"Point","coordinates":[134.05,34.34]}'},
            {"type": "GeoProperty", "value": POINT},
        ),
        ({"object": "urn:x:1"}, {"type": "Relationship", "object": "urn:x:1"}),
        ({"object": ["urn:x:1"]}, {"type": "Relationship", "object": ["urn:x:1"]}),
        (
            {"object": "urn:x:1", "objectType": "Gauge"},
            {
                "type": "Relationship",
                "object": "urn:x:1",
                "objectType": "https://example.org/Gauge",
            },
        ),
        (
            {"languageMap": {"ja": "川", "en": ["river", "stream"]}},
            {"type": "LanguageProperty", "languageMap": {"ja": "川", "en": ["river", "stream"]}},
        ),
        ({"vocab": "Gauge"}, {"type": "VocabProperty", "vocab": "https://example.org/Gauge"}),
        ({"vocab": ["x"]}, {"type": "VocabProperty", "vocab": [DEFAULT + "x"]}),
        ({"json": {"id": None}}, {"type": "JsonProperty", "json": {"id": None}}),
        ({"json": [{"type": "x"}]}, {"type": "JsonProperty", "json": [{"type": "x"}]}),
        ({"valueList": [1, [2]]}, {"type": "ListProperty", "valueList": [1, [2]]}),
        (
            {"objectList": ["urn:x:1", {"object": "urn:x:2"}]},
            {"type": "ListRelationship", "objectList": ["urn:x:1", "urn:x:2"]},
        ),
        (
            {"type": "https://uri.etsi.org/ngsi-ld/Property", "value": 1},
            {"type": "Property", "value": 1},
        ),
        ({"@type": "Property", "value": 1}, {"type": "Property", "value": 1}),
        ({"value": 1, "datasetId": "@none"}, {"type": "Property", "value": 1}),
        (
            {"value": 1, "valueType": "ex:double"},
            {"type": "Property", "value": 1, "valueType": "https://example.org/double"},
        ),
    ],
)
def test_kinds_normalized_and_concise(given: Any, stored: Any, terms: TermMap) -> None:
    assert _attr(given, terms) == [stored]


def test_several_instances_are_told_apart_by_dataset(terms: TermMap) -> None:
    instances = _attr([{"value": 1}, {"value": 2, "datasetId": "urn:d:2"}], terms)
    assert [instance.get("datasetId") for instance in instances] == [None, "urn:d:2"]


@pytest.mark.parametrize(
    ("attribute", "field"),
    [
        ({"type": "Propertyy", "value": 1}, "/a/type"),
        ({"type": ["Property"], "value": 1}, "/a/type"),
        ({"type": "GeometryCollection", "geometries": []}, "/a/type"),
        ({"type": "Property"}, "/a"),
        ({"type": "Property", "value": None}, "/a/value"),
        (None, "/a"),
        ({"type": "Property", "value": NGSI_NULL}, "/a/value"),
        (NGSI_NULL, "/a"),
        ({"type": "Property", "value": {"b": {"c": NGSI_NULL}}}, "/a/value/b/c"),
        ({"type": "Property", "value": [NGSI_NULL]}, "/a/value/0"),
        ([{"b": NGSI_NULL}], "/a/0/b"),
        ({"type": "Relationship"}, "/a"),
        ({"type": "Relationship", "object": "no uri"}, "/a/object"),
        ({"object": ["urn:x:1", 5]}, "/a/object/1"),
        ({"object": []}, "/a/object"),
        ({"object": "urn:x:1", "unitCode": "MTR"}, "/a/unitCode"),
        ({"object": "urn:x:1", "value": 1}, "/a/value"),
        ({"object": "urn:x:1", "previousObject": "urn:x:0"}, "/a/previousObject"),
        ({"type": "Property", "value": 1, "object": "urn:x:1"}, "/a/object"),
        ({"type": "Property", "value": 1, "objectType": "X"}, "/a/objectType"),
        ({"type": "Property", "value": 1, "entityIdSealed": "x"}, "/a/entityIdSealed"),
        ({"type": "Property", "value": 1, "@context": {}}, "/a/@context"),
        ({"value": 1, "observedAt": "yesterday"}, "/a/observedAt"),
        ({"value": 1, "observedAt": "2026-06-26T08:00:00+09:00"}, "/a/observedAt"),
        ({"value": 1, "observedAt": "2026-02-30T08:00:00Z"}, "/a/observedAt"),
        ({"value": 1, "observedAt": "1899-12-31T23:59:59Z"}, "/a/observedAt"),
        ({"value": 1, "observedAt": 1234567890}, "/a/observedAt"),
        ({"value": 1, "expiresAt": "2026-06-26"}, "/a/expiresAt"),
        ({"value": 1, "unitCode": 5}, "/a/unitCode"),
        ({"value": 1, "datasetId": "no uri"}, "/a/datasetId"),
        ({"observedAt": "2026-06-26T08:00:00Z"}, "/a"),
        ([{"value": 1}, {"value": 2}], "/a/1/datasetId"),
        ([{"value": 1}, {"value": 2, "datasetId": "@none"}], "/a/1/datasetId"),
        ([{"value": 1}, 5], "/a/1"),
        ({"languageMap": {}}, "/a/languageMap"),
        ({"languageMap": {"ja": 5}}, "/a/languageMap/ja"),
        ({"languageMap": {"": "x"}}, "/a/languageMap/"),
        ({"languageMap": {"@none": NGSI_NULL}}, "/a/languageMap/@none"),
        ({"languageMap": {"ja": "x"}, "valueType": "ex:text"}, "/a/valueType"),
        ({"vocab": 5}, "/a/vocab"),
        ({"vocab": []}, "/a/vocab"),
        ({"json": 5}, "/a/json"),
        ({"json": {"a": 1}, "unitCode": "MTR"}, "/a/unitCode"),
        ({"valueList": 5}, "/a/valueList"),
        ({"valueList": [1, None]}, "/a/valueList/1"),
        ({"objectList": ["no uri"]}, "/a/objectList/0"),
        ({"objectList": [{"object": "urn:x:1", "more": 1}]}, "/a/objectList/0"),
        ({"value": 1, "sub": {"value": 1, "observedAt": "x"}}, "/a/sub/observedAt"),
        ({"value": 1, "my sub": 1}, "/a/my sub"),
        ({"type": "GeoProperty", "value": BOW_TIE}, "/a/value/coordinates"),
        ({"type": "GeoProperty", "value": "{"}, "/a/value"),
        (BOW_TIE, "/a/coordinates"),
    ],
)
def test_a_wrong_attribute_is_refused_naming_the_field(
    attribute: Any, field: str, terms: TermMap
) -> None:
    with pytest.raises(BadRequestData) as caught:
        _attr(attribute, terms)
    assert caught.value.extra["field"] == field
    assert caught.value.status == 400
    assert caught.value.detail.startswith(field + ": ")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": None}, "/id"),
        ({"id": "no uri"}, "/id"),
        ({"id": NGSI_NULL}, "/id"),
        ({"id": "urn:x:a\u202eb"}, "/id"),
        ({"id": "urn:x:a b"}, "/id"),
        ({"type": ""}, "/type"),
        ({"type": []}, "/type"),
        ({"type": ["Gauge", 5]}, "/type"),
        ({"type": "9Gauge"}, "/type"),
        ({"type": "type"}, "/type"),
        ({"type": "my gauge"}, "/type"),
        ({"scope": "9bad"}, "/scope"),
        ({"scope": ["/ok", "/a//b"]}, "/scope"),
        ({"scope": "a-b"}, "/scope"),
        ({"scope": NGSI_NULL}, "/scope"),
        ({"expiresAt": "soon"}, "/expiresAt"),
        ({"my attr": 1}, "/my attr"),
        ({"a/b~c": 1}, "/a~1b~0c"),
        ({"": 1}, "/"),
        ({"datasetId": 1}, "/datasetId"),
        ({"observedAt": "2026-01-01T00:00:00Z"}, "/observedAt"),
        ({"value": 1}, "/value"),
        ({"ngsi-ld:observedAt": 1}, "/ngsi-ld:observedAt"),
        (
            {"https://uri.etsi.org/ngsi-ld/hasValue": 1},
            "/https:~1~1uri.etsi.org~1ngsi-ld~1hasValue",
        ),
        ({"https://x.example/\u200bb": 1}, "/https:~1~1x.example~1\u200bb"),
        ({"location": {"type": "Property", "value": 1}}, "/location/type"),
        ({"level": 1, "ex:level": 2}, "/ex:level"),
        ({"ngsildproof": {"type": "Property", "value": "x"}}, "/ngsildproof/value"),
    ],
)
def test_a_wrong_entity_is_refused_naming_the_field(
    change: dict[str, Any], field: str, terms: TermMap
) -> None:
    with pytest.raises(BadRequestData) as caught:
        parse.parse_entity({"id": ID, "type": "Gauge"} | change, terms)
    assert caught.value.extra["field"] == field


@pytest.mark.parametrize("missing", ["id", "type"])
def test_id_and_type_are_needed(missing: str, terms: TermMap) -> None:
    body = {"id": ID, "type": "Gauge"}
    del body[missing]
    with pytest.raises(BadRequestData) as caught:
        parse.parse_entity(body, terms)
    assert caught.value.extra["field"] == "/" + missing


@pytest.mark.parametrize("body", [None, [], "x", 5, [{"id": ID, "type": "Gauge"}]])
def test_a_body_that_is_no_object(body: Any, terms: TermMap) -> None:
    with pytest.raises(BadRequestData, match="JSON object"):
        parse.parse_entity(body, terms)


def test_letters_of_every_script_name_types_and_attributes(terms: TermMap) -> None:
    entity = parse.parse_entity(
        {"id": "urn:ngsi-ld:川:香東川", "type": "水位計", "výška_1": 7, "水位": 1.5}, terms
    )
    assert entity.types == [DEFAULT + "水位計"]
    assert set(entity.attrs) == {DEFAULT + "výška_1", DEFAULT + "水位"}


def test_values_nest_as_deep_as_they_can_be_written_out(terms: TermMap) -> None:
    _attr({"value": _nested(MAX_VALUE_DEPTH)}, terms)
    for depth in (MAX_VALUE_DEPTH + 1, 900):
        for body in (_nested(depth), {"value": _nested(depth)}, {"json": _nested(depth)}):
            with pytest.raises(BadRequestData, match="nest"):
                _attr(body, terms)


def test_sub_attributes_do_not_nest_for_ever(terms: TermMap) -> None:
    attribute: Any = {"value": 1}
    for _ in range(900):
        attribute = {"value": 1, "s": attribute}
    with pytest.raises(BadRequestData, match="16 levels"):
        _attr(attribute, terms)


def test_a_proof_keeps_its_sealed_members(terms: TermMap) -> None:
    proof = {
        "type": "Property",
        "entityIdSealed": ID,
        "entityTypeSealed": "Gauge",
        "value": {"type": "DataIntegrityProof", "proofValue": "z"},
    }
    entity = parse.parse_entity({"id": ID, "type": "Gauge", "ngsildproof": proof}, terms)
    assert entity.attrs[DEFAULT + "ngsildproof"] == [
        proof | {"entityTypeSealed": "https://example.org/Gauge"}
    ]


class TestTemporal:
    """Evolutions: many instances of one attribute."""

    def test_instances_of_one_dataset_at_several_times(self, terms: TermMap) -> None:
        body = {
            "id": ID,
            "type": "Gauge",
            "level": [
                {"type": "Property", "value": n, "observedAt": f"2026-01-0{n}T00:00:00Z"}
                for n in (1, 2, 3)
            ],
            "scope": [
                {"type": "Property", "value": ["/A"], "observedAt": "2026-01-01T00:00:00Z"},
                {"type": "Property", "value": ["/B", "/C"], "observedAt": "2026-01-02T00:00:00Z"},
            ],
        }
        entity = parse.parse_temporal(body, terms)
        assert [i["value"] for i in entity.attrs["https://example.org/level"]] == [1, 2, 3]
        assert entity.scopes == ["/B", "/C"]

    def test_a_deletion_in_the_past_is_an_instance(self, terms: TermMap) -> None:
        body = {"level": {"type": "Property", "value": NGSI_NULL}}
        entity = parse.parse_temporal(body, terms, whole=False)
        assert entity.attrs["https://example.org/level"][0]["value"] == NGSI_NULL
        assert (entity.id, entity.types) == ("", [])

    def test_simplified_evolutions(self, terms: TermMap) -> None:
        body = {
            "a": {"type": "Property", "values": [[1, "2026-01-01T00:00:00Z"]]},
            "b": {
                "type": "LanguageProperty",
                "languageMaps": [[{"languageMap": {"ja": "川"}}, "2026-01-01T00:00:00Z"]],
            },
            "c": {
                "type": "ListRelationship",
                "objectLists": [[["urn:x:1"], "2026-01-01T00:00:00Z"]],
            },
        }
        entity = parse.parse_temporal(body, terms, whole=False)
        first, second, third = (instances[0] for instances in entity.attrs.values())
        assert first == {"type": "Property", "value": 1, "observedAt": "2026-01-01T00:00:00Z"}
        assert second["languageMap"] == {"ja": "川"}
        assert third["objectList"] == ["urn:x:1"]

    def test_a_wrong_pair_is_named(self, terms: TermMap) -> None:
        body = {"a": {"type": "Property", "values": [[1, "2026-01-01T00:00:00Z"], [2]]}}
        with pytest.raises(BadRequestData) as caught:
            parse.parse_temporal(body, terms, whole=False)
        assert caught.value.extra["field"] == "/a/values/1"

    def test_the_whole_needs_id_and_type(self, terms: TermMap) -> None:
        for body in ({"id": ID}, {"type": "Gauge"}):
            with pytest.raises(BadRequestData):
                parse.parse_temporal(body, terms)


@pytest.mark.parametrize("body", [b"", b"{", b"nope", b'{"a":1e999}', b"[" * 2000, b'"\xff"'])
def test_what_is_not_json_is_an_invalid_request(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse.read_json(body)


def test_the_character_the_database_cannot_keep_is_refused() -> None:
    for body in (b'{"a":["\\u0000"]}', b'{"a\\u0000":1}'):
        with pytest.raises(BadRequestData, match=r"U\+0000"):
            parse.read_json(body)
    assert parse.read_json(b'{"a":"\\\\u0000"}') == {"a": "\\u0000"}
