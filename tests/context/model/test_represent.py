"""What clients see: formats, filters, languages, GeoJSON."""

from typing import Any

import pytest

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld import TermMap
from tamamo.context.jsonld.resolve import default_map
from tamamo.context.model import geojson, merge, parse
from tamamo.context.model.entity import Entity
from tamamo.context.model.language import choose, preferences
from tamamo.context.model.represent import Format, View, projection, represent, represent_instance

DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"
ID = "urn:ngsi-ld:Gauge:1"
T1 = "2026-01-01T00:00:00Z"
POINT = {"type": "Point", "coordinates": [134.05, 34.34]}
BODY: dict[str, Any] = {
    "id": ID,
    "type": "Gauge",
    "scope": ["/A", "/B"],
    "expiresAt": "2030-01-01T00:00:00Z",
    "level": [
        {
            "type": "Property",
            "value": 1.2,
            "unitCode": "MTR",
            "q": {"type": "Property", "value": 1},
        },
        {"type": "Property", "value": 1.3, "datasetId": "urn:d:1"},
    ],
    "location": {"type": "GeoProperty", "value": POINT},
    "river": {"type": "Relationship", "object": "urn:x:1", "objectType": "Gauge"},
    "name": {"type": "LanguageProperty", "languageMap": {"ja": "川", "en-GB": "river"}},
    "kind": {"type": "VocabProperty", "vocab": ["Gauge", "other"]},
    "raw": {"type": "JsonProperty", "json": {"type": "x"}},
    "list": {"type": "ListProperty", "valueList": [1, 2]},
    "route": {"type": "ListRelationship", "objectList": [{"object": "urn:x:1"}]},
    "plain": {"type": "Property", "value": "x"},
}


@pytest.fixture
def entity(terms: TermMap) -> Entity:
    return merge.create(parse.parse_entity(BODY, terms), T1)[0]


def test_normalized_is_what_was_sent_without_system_members(entity: Entity, terms: TermMap) -> None:
    assert represent(entity, terms) == {k: v for k, v in BODY.items() if k != "expiresAt"}


def test_concise(entity: Entity, terms: TermMap) -> None:
    assert represent(entity, terms, View(format="concise")) == {
        "id": ID,
        "type": "Gauge",
        "scope": ["/A", "/B"],
        "level": [
            {"value": 1.2, "unitCode": "MTR", "q": 1},
            {"value": 1.3, "datasetId": "urn:d:1"},
        ],
        "location": POINT,
        "river": {"object": "urn:x:1", "objectType": "Gauge"},
        "name": {"languageMap": {"ja": "川", "en-GB": "river"}},
        "kind": {"vocab": ["Gauge", "other"]},
        "raw": {"json": {"type": "x"}},
        "list": {"valueList": [1, 2]},
        "route": {"objectList": ["urn:x:1"]},
        "plain": "x",
    }


@pytest.mark.parametrize(
    ("value", "concise"),
    [
        ({"city": "T"}, {"city": "T"}),
        ([1, 2], [1, 2]),
        ([{"a": 1}], [{"a": 1}]),
        # alone, these would be read as something else
        ({"type": "PostalAddress"}, {"value": {"type": "PostalAddress"}}),
        ({"value": 1}, {"value": {"value": 1}}),
        ({"object": "urn:x:1"}, {"value": {"object": "urn:x:1"}}),
        ({"observedAt": 1}, {"value": {"observedAt": 1}}),
        ([{"value": 1}], {"value": [{"value": 1}]}),
        (POINT, {"type": "Property", "value": POINT}),
    ],
)
def test_a_concise_value_stands_bare_only_where_it_reads_the_same(
    value: Any, concise: Any, terms: TermMap
) -> None:
    instance = {"type": "Property", "value": value}
    assert represent_instance(instance, terms, View(format="concise")) == concise


def test_simplified(entity: Entity, terms: TermMap) -> None:
    assert represent(entity, terms, View(format="simplified")) == {
        "id": ID,
        "type": "Gauge",
        "scope": ["/A", "/B"],
        "level": {"dataset": {"@none": 1.2, "urn:d:1": 1.3}},
        "location": POINT,
        "river": "urn:x:1",
        "name": {"languageMap": {"ja": "川", "en-GB": "river"}},
        "kind": {"vocab": ["Gauge", "other"]},
        "raw": {"json": {"type": "x"}},
        "list": [1, 2],
        "route": ["urn:x:1"],
        "plain": "x",
    }


@pytest.mark.parametrize("form", ["normalized", "concise"])
def test_system_members_on_request(form: Format, entity: Entity, terms: TermMap) -> None:
    shown = represent(entity, terms, View(format=form, sys_attrs=True))
    assert (shown["createdAt"], shown["modifiedAt"]) == (T1, T1)
    assert shown["expiresAt"] == "2030-01-01T00:00:00Z"
    assert shown["plain"]["createdAt"] == shown["plain"]["modifiedAt"] == T1


def test_names_follow_the_readers_context(entity: Entity) -> None:
    shown = represent(entity, default_map().terms)
    assert shown["type"] == "https://example.org/Gauge"
    assert "https://example.org/level" in shown
    assert shown["kind"]["vocab"] == ["https://example.org/Gauge", "other"]
    assert shown["river"]["objectType"] == "https://example.org/Gauge"
    assert shown["location"]["value"] == POINT


@pytest.mark.parametrize(
    ("view", "members"),
    [
        ({"pick": "plain"}, {"plain"}),
        ({"pick": "id,plain"}, {"id", "plain"}),
        ({"pick": "id|type|scope"}, {"id", "type", "scope"}),
        ({"omit": "id,plain|level"}, set(BODY) - {"id", "plain", "level", "expiresAt"}),
        ({"attrs": "plain,level"}, {"id", "type", "scope", "plain", "level"}),
        ({"attrs": "unheard"}, {"id", "type", "scope"}),
        ({"pick": "id,plain,level", "omit": "level"}, {"id", "plain"}),
    ],
)
def test_projection(
    view: dict[str, str], members: set[str], entity: Entity, terms: TermMap
) -> None:
    filters = {name: projection(names, terms, name) for name, names in view.items()}
    assert set(represent(entity, terms, View(**filters))) == members


@pytest.mark.parametrize("names", ["", "a,,b", "a||b", "a b", "river{name}", ",a"])
def test_a_wrong_projection_names_its_parameter(names: str, terms: TermMap) -> None:
    with pytest.raises(BadRequestData) as caught:
        projection(names, terms, "pick")
    assert caught.value.extra["field"] == "pick"


def test_datasets(entity: Entity, terms: TermMap) -> None:
    only = represent(entity, terms, View(dataset_ids=frozenset({"urn:d:1"})))
    assert set(only) == {"id", "type", "scope", "level"}
    assert only["level"]["value"] == 1.3
    default = represent(entity, terms, View(dataset_ids=frozenset({"@none"})))
    assert default["level"]["value"] == 1.2


class TestLanguage:
    def test_a_language_property_becomes_a_property(self, entity: Entity, terms: TermMap) -> None:
        shown = represent(entity, terms, View(lang="en"))
        assert shown["name"] == {"type": "Property", "value": "river", "lang": "en-GB"}
        assert represent(entity, terms, View(lang="ja", format="simplified"))["name"] == "川"
        assert represent(entity, terms, View(lang="ja", format="concise"))["name"] == {
            "value": "川",
            "lang": "ja",
        }

    @pytest.mark.parametrize(
        ("wanted", "tag"),
        [
            ("fr;q=0.2,nl;q=0.9", "nl"),
            ("FR", "fr"),
            ("nl-BE", "nl"),
            ("en", "en-US"),
            ("pt,fr;q=0.1", "fr"),
            ("pt", "@none"),
            ("*", "@none"),
            ("pt,*;q=0.5,fr;q=0.1", "@none"),
            ("fr;q=0,nl", "nl"),
            ("fr;q=much,nl;q=0.1", "nl"),
            ("", "@none"),
        ],
    )
    def test_choice(self, wanted: str, tag: str) -> None:
        languages = {"@none": "square", "fr": "place", "nl": "markt", "en-US": "square"}
        assert choose(languages, wanted) == (tag, languages[tag])

    def test_without_a_default_any_language_serves(self) -> None:
        assert choose({"de": "Platz", "fr": "place"}, "pt") == ("de", "Platz")

    def test_preferences_keep_their_order(self) -> None:
        assert preferences("fr-CH, fr;q=0.9 ,en;q=0.8,*;q=0.5") == ("fr-ch", "fr", "en", "*")


class TestGeoJson:
    def test_a_feature(self, entity: Entity, terms: TermMap) -> None:
        shown = geojson.feature(entity, terms, View(format="simplified"))
        assert (shown["id"], shown["type"], shown["geometry"]) == (ID, "Feature", POINT)
        assert "id" not in shown["properties"]
        assert shown["properties"]["type"] == "Gauge"
        assert shown["properties"]["location"] == POINT

    def test_a_collection(self, entity: Entity, terms: TermMap) -> None:
        shown = geojson.feature_collection([entity, entity], terms)
        assert shown["type"] == "FeatureCollection"
        assert [feature["id"] for feature in shown["features"]] == [ID, ID]

    def test_the_geometry_is_there_although_not_picked(
        self, entity: Entity, terms: TermMap
    ) -> None:
        view = View(pick=projection("plain", terms, "pick"))
        shown = geojson.feature(entity, terms, view)
        assert shown["geometry"] == POINT
        assert set(shown["properties"]) == {"plain"}

    def test_selection_of_the_instance(self, terms: TermMap) -> None:
        other = {"type": "Point", "coordinates": [9, 9]}
        body = {
            "id": ID,
            "type": "Gauge",
            "area": [{"value": other, "datasetId": "urn:d:1"}, {"value": POINT}],
            "only": {"value": other, "datasetId": "urn:d:1"},
            "text": "x",
        }
        entity = parse.parse_entity(body, terms)
        assert geojson.geometry_of(entity, View(geometry_property=DEFAULT + "area")) == POINT
        dataset = View(geometry_property=DEFAULT + "area", dataset_ids=frozenset({"urn:d:1"}))
        assert geojson.geometry_of(entity, dataset) == other
        for name in ("only", "text", "unheard"):
            assert geojson.geometry_of(entity, View(geometry_property=DEFAULT + name)) is None
        assert geojson.geometry_of(entity) is None
