"""What operations make of an entity: examples of the standard."""

from typing import Any

import pytest

from tamamo.context.errors import BadRequestData
from tamamo.context.model import merge, parse
from tamamo.context.model.entity import Entity, Instance
from tamamo.context.model.values import NGSI_NULL
from tests.context.model import steps
from tests.context.model.steps import D1, DEFAULT, T1, T2, TEMPERATURE, TERMS, WARMER


class TestExamplesOfTheStandard:
    def test_partial_update_keeps_other_members(self) -> None:  # 5.5.8 example 1
        part = parse.parse_attribute(WARMER, TERMS, parse.PARTIAL, DEFAULT + "t")
        entity, _ = merge.update_attribute(steps.entity(t=TEMPERATURE), DEFAULT + "t", part, T2)
        assert steps.shown(entity)["t"] == TEMPERATURE | WARMER

    def test_update_replaces_the_whole_attribute(self) -> None:  # 5.5.8 example 2
        entity, _ = steps.updated(steps.entity(t=TEMPERATURE, u=1), {"t": WARMER})
        assert steps.shown(entity)["t"] == WARMER
        assert steps.shown(entity)["u"] == {"type": "Property", "value": 1}

    def test_update_deletes_by_null(self) -> None:  # 5.5.8 example 3
        entity, change = steps.updated(
            steps.entity(t=TEMPERATURE, u=1), {"t": {"type": "Property", "value": NGSI_NULL}}
        )
        assert set(steps.shown(entity)) == {"id", "type", "u"}
        assert change.written[0].instance == {
            "type": "Property",
            "value": NGSI_NULL,
            "createdAt": T1,
            "modifiedAt": T2,
            "deletedAt": T2,
        }
        assert change.written[0].deleted

    def test_merge_keeps_other_members(self) -> None:  # 5.5.12 example 1
        entity, _ = steps.merged(steps.entity(t=TEMPERATURE), {"t": WARMER})
        assert steps.shown(entity)["t"] == TEMPERATURE | WARMER

    def test_merge_goes_into_values(self) -> None:  # 5.5.12 example 2
        address = {"street": "Straße des 17. Juni", "city": "Berlin", "country": "Germany"}
        entity, _ = steps.merged(
            steps.entity(address={"type": "Property", "value": address}),
            {"address": {"value": {"street": "Pariser Platz", "country": NGSI_NULL}}},
        )
        assert steps.shown(entity)["address"]["value"] == {
            "street": "Pariser Platz",
            "city": "Berlin",
        }


class TestCreate:
    def test_everything_is_stamped_and_goes_to_the_history(self) -> None:
        body = {
            "id": "urn:x:1",
            "type": "Gauge",
            "a": [{"value": 1}, {"value": 2, "datasetId": D1}],
        }
        entity, change = merge.create(parse.parse_entity(body, TERMS), T1)
        assert (entity.created_at, entity.modified_at) == (T1, T1)
        assert [row.instance["value"] for row in change.written] == [1, 2]
        assert all(row.instance["createdAt"] == T1 for row in change.written)
        assert change.changed == [DEFAULT + "a"]
        assert change.head

    def test_an_entity_without_attributes_is_a_change(self) -> None:
        entity, change = merge.create(
            parse.parse_entity({"id": "urn:x:1", "type": "Gauge"}, TERMS), T1
        )
        assert change
        assert entity.attrs == {}


class TestAppend:
    def test_without_overwriting(self) -> None:
        entity, change = steps.appended(
            steps.entity(a=1, scope="/A"),
            {"a": [{"value": 2}, {"value": 3, "datasetId": D1}], "b": 4, "scope": "/B"},
            overwrite=False,
        )
        shown = steps.shown(entity, format="simplified")
        assert shown["a"] == {"dataset": {"@none": 1, D1: 3}}
        assert shown["b"] == 4
        assert shown["scope"] == ["/A", "/B"]
        assert change.not_updated == [(DEFAULT + "a", "exists already")]
        assert change.changed == [DEFAULT + "a", DEFAULT + "b"]

    def test_overwriting(self) -> None:
        entity, change = steps.appended(
            steps.entity(a=1, scope="/A"), {"a": 2, "scope": "/B", "type": ["Gauge", "Thing"]}
        )
        assert steps.shown(entity, format="simplified") == {
            "id": "urn:ngsi-ld:Gauge:1",
            "type": ["Gauge", "Thing"],
            "scope": "/B",
            "a": 2,
        }
        assert change.head

    def test_a_scope_where_there_was_none(self) -> None:
        assert steps.appended(steps.entity(), {"scope": "/B"})[0].scopes == ["/B"]


class TestUpdate:
    def test_an_attribute_not_there_yet_is_added(self) -> None:
        entity, change = steps.updated(steps.entity(a=1), {"b": 2})
        assert steps.shown(entity, format="simplified")["b"] == 2
        assert change.written[0].before is None

    def test_a_scope_is_replaced_only_where_there_is_one(self) -> None:
        assert steps.updated(steps.entity(scope="/A"), {"scope": "/B"})[0].scopes == ["/B"]
        entity, change = steps.updated(steps.entity(), {"scope": "/B"})
        assert entity.scopes == []
        assert not change
        assert [iri for iri, _ in change.not_updated] == [merge.SCOPE]

    def test_deleting_what_is_not_there_does_nothing(self) -> None:
        before = steps.entity(a=1)
        entity, change = steps.updated(before, {"b": NGSI_NULL})
        assert entity is before
        assert not change


class TestMerge:
    def test_sub_attributes_merge_and_can_be_deleted(self) -> None:
        battery = {
            "type": "Property",
            "value": 9,
            "providedBy": {"type": "Relationship", "object": "urn:x:1"},
            "q": {"type": "Property", "value": 1, "unitCode": "CEL"},
        }
        entity, _ = steps.merged(
            steps.entity(battery=battery),
            {"battery": {"value": 7, "providedBy": NGSI_NULL, "q": {"value": 2}, "new": 5}},
        )
        assert steps.shown(entity)["battery"] == {
            "type": "Property",
            "value": 7,
            "q": {"type": "Property", "value": 2, "unitCode": "CEL"},
            "new": {"type": "Property", "value": 5},
        }

    def test_members_can_be_deleted(self) -> None:
        entity, _ = steps.merged(
            steps.entity(t=TEMPERATURE), {"t": {"unitCode": NGSI_NULL, "observedAt": NGSI_NULL}}
        )
        assert steps.shown(entity)["t"] == {"type": "Property", "value": 25}

    def test_instances_merge_by_dataset(self) -> None:
        entity, _ = steps.merged(
            steps.entity(a=[{"value": 1}, {"value": 2, "datasetId": D1}]),
            {
                "a": [
                    {"value": NGSI_NULL},
                    {"unitCode": "CEL", "datasetId": D1},
                    {"value": 3, "datasetId": "urn:dataset:2"},
                ]
            },
        )
        assert steps.shown(entity)["a"] == [
            {"type": "Property", "value": 2, "datasetId": D1, "unitCode": "CEL"},
            {"type": "Property", "value": 3, "datasetId": "urn:dataset:2"},
        ]

    @pytest.mark.parametrize(
        ("before", "bare", "after"),
        [
            ({"object": "urn:x:1"}, "urn:x:2", {"type": "Relationship", "object": "urn:x:2"}),
            (
                {"languageMap": {"ja": "川", "en": "river"}},
                "stream",
                {"type": "LanguageProperty", "languageMap": {"ja": "川", "en": "stream"}},
            ),
            ({"vocab": "Gauge"}, "other", {"type": "VocabProperty", "vocab": "other"}),
            ({"valueList": [1]}, [2], {"type": "ListProperty", "valueList": [2]}),
            (
                {"objectList": ["urn:x:1"]},
                ["urn:x:2"],
                {"type": "ListRelationship", "objectList": [{"object": "urn:x:2"}]},
            ),
            (
                {"value": 1, "unitCode": "CEL"},
                2,
                {"type": "Property", "value": 2, "unitCode": "CEL"},
            ),
        ],
    )
    def test_a_bare_value_keeps_the_kind(
        self, before: Any, bare: Any, after: dict[str, Any]
    ) -> None:
        entity, _ = steps.merged(steps.entity(a=before), {"a": bare}, lang="en")
        assert steps.shown(entity)["a"] == after

    @pytest.mark.parametrize(
        ("before", "bare"),
        [
            ({"object": "urn:x:1"}, "no uri"),
            ({"object": "urn:x:1"}, 5),
            ({"languageMap": {"ja": "川"}}, 5),
            ({"vocab": "Gauge"}, 5),
            ({"valueList": [1]}, 5),
            ({"objectList": []}, ["no uri"]),
            ({"json": {}}, 5),
            ({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}, 5),
        ],
    )
    def test_a_bare_value_that_does_not_suit_the_kind(self, before: Any, bare: Any) -> None:
        with pytest.raises(BadRequestData) as caught:
            steps.merged(steps.entity(a=before), {"a": bare})
        assert DEFAULT.replace("/", "~1") + "a" in str(caught.value.extra["field"])

    def test_another_kind_replaces_the_instance(self) -> None:
        entity, change = steps.merged(
            steps.entity(a={"value": 1, "unitCode": "CEL"}),
            {"a": {"type": "Relationship", "object": "urn:x:1"}},
        )
        assert steps.shown(entity)["a"] == {"type": "Relationship", "object": "urn:x:1"}
        assert change.written[0].instance["createdAt"] == T1

    def test_a_common_time_of_observation(self) -> None:
        entity, _ = steps.merged(
            steps.entity(a={"value": 1, "observedAt": T1}, b=1, c={"value": 1, "observedAt": T1}),
            {
                "a": {"value": 2},
                "b": {"value": 2},
                "c": {"value": 2, "observedAt": "2020-01-01T00:00:00Z"},
            },
            observed_at=T2,
        )
        shown = steps.shown(entity)
        assert shown["a"]["observedAt"] == T2
        assert "observedAt" not in shown["b"]
        assert shown["c"]["observedAt"] == "2020-01-01T00:00:00Z"

    def test_an_attribute_not_there_needs_a_value(self) -> None:
        with pytest.raises(BadRequestData, match="needs a value"):
            steps.merged(steps.entity(), {"a": {"unitCode": "CEL"}})

    def test_nulls_are_never_stored(self) -> None:
        entity, _ = steps.merged(
            steps.entity(),
            {
                "a": {
                    "value": {"b": NGSI_NULL, "c": {"d": NGSI_NULL}},
                    "unitCode": NGSI_NULL,
                    "s": NGSI_NULL,
                }
            },
        )
        assert steps.shown(entity)["a"] == {"type": "Property", "value": {"c": {}}}

    def test_languages_merge_and_cannot_all_go(self) -> None:
        before = steps.entity(a={"languageMap": {"ja": "川", "en": "river"}})
        entity, _ = steps.merged(before, {"a": {"languageMap": {"en": NGSI_NULL, "fr": "rivière"}}})
        assert steps.shown(entity)["a"]["languageMap"] == {"ja": "川", "fr": "rivière"}
        nothing = {"languageMap": {"ja": NGSI_NULL, "en": NGSI_NULL}}
        for target in (before, steps.entity()):
            with pytest.raises(BadRequestData):
                steps.merged(target, {"a": nothing})
        with pytest.raises(BadRequestData):
            steps.merged(before, {"a": {"languageMap": {"en": [NGSI_NULL]}}})

    def test_types_scopes_and_expiry(self) -> None:
        before = steps.entity(scope="/A", expiresAt="2030-01-01T00:00:00Z")
        entity, change = steps.merged(
            before, {"type": "Thing", "scope": NGSI_NULL, "expiresAt": NGSI_NULL}
        )
        assert entity.types == ["https://example.org/Gauge", DEFAULT + "Thing"]
        assert (entity.scopes, entity.expires_at) == ([], None)
        assert change.head
        assert not change.written
        assert steps.merged(before, {"scope": "/B"}, overwrite=False)[0].scopes == ["/A", "/B"]

    def test_without_overwriting(self) -> None:
        entity, change = steps.merged(steps.entity(a=1), {"a": NGSI_NULL, "b": 1}, overwrite=False)
        assert set(steps.shown(entity)) == {"id", "type", "a", "b"}
        assert change.changed == [DEFAULT + "b"]

    @pytest.mark.parametrize(
        ("target", "patch", "result"),
        [  # RFC 7396, appendix A, with the NGSI-LD Null for null
            ({"a": "b"}, {"a": "c"}, {"a": "c"}),
            ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
            ({"a": "b"}, {"a": NGSI_NULL}, {}),
            ({"a": "b", "b": "c"}, {"a": NGSI_NULL}, {"b": "c"}),
            ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
            ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
            ({"a": {"b": "c"}}, {"a": {"b": "d", "c": NGSI_NULL}}, {"a": {"b": "d"}}),
            ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
            (["a", "b"], ["c", "d"], ["c", "d"]),
            ({"a": "b"}, ["c"], ["c"]),
            ({"a": "foo"}, "bar", "bar"),
            ([1, 2], {"a": "b", "c": NGSI_NULL}, {"a": "b"}),
            ({}, {"a": {"bb": {"ccc": NGSI_NULL}}}, {"a": {"bb": {}}}),
        ],
    )
    def test_json_merge_patch(self, target: Any, patch: Any, result: Any) -> None:
        entity, _ = steps.merged(steps.entity(a={"value": target}), {"a": {"value": patch}})
        assert steps.shown(entity)["a"]["value"] == result


_TEXT: Instance = {"type": "Property", "value": "x"}


@pytest.mark.parametrize(
    ("before", "after", "again"),
    [
        (_TEXT, {**_TEXT}, True),
        (_TEXT, {"type": "Property", "value": "y"}, False),
        (_TEXT, {**_TEXT, "unitCode": "MTR"}, False),
        ({**_TEXT, "unitCode": "MTR"}, _TEXT, False),
        ({"type": "Property", "value": 1}, {"type": "Property", "value": True}, False),
        ({"type": "Property", "value": [1]}, {"type": "Property", "value": [True]}, False),
        ({**_TEXT, "observedAt": "2026-01-01T00:00:00Z"}, {**_TEXT}, False),
        ({**_TEXT, "sub": {"type": "Property", "value": 1}}, {**_TEXT}, False),
    ],
)
def test_replacing_notes_only_what_is_new(before: Instance, after: Instance, again: bool) -> None:
    old = Entity("urn:x:1", ["T"], {"a": [{**before, "createdAt": "1", "modifiedAt": "1"}]})
    new = Entity("urn:x:1", ["T"], {"a": [{**after}]})
    state, change = merge.replace_entity(old, new, "2")
    assert state.attrs["a"][0]["modifiedAt"] == "2"
    assert [row.again for row in change.written] == [again]
    assert change.changed == ["a"]
