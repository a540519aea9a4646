"""What operations make of an entity: examples of the standard, and laws."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.context.errors import BadRequestData, ResourceNotFound
from tamamo.context.jsonld.resolve import term_map
from tamamo.context.model import merge, parse
from tamamo.context.model.entity import Entity
from tamamo.context.model.merge import Change
from tamamo.context.model.represent import View, represent
from tamamo.context.model.values import NGSI_NULL
from tests.context.model import bodies

TERMS = term_map({"ex": "https://example.org/", "Gauge": "ex:Gauge", "level": "ex:level"}, {})
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"
T1, T2 = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
D1 = "urn:dataset:1"


def _entity(**attrs: Any) -> Entity:
    body = {"id": "urn:ngsi-ld:Gauge:1", "type": "Gauge", **attrs}
    return merge.create(parse.parse_entity(body, TERMS), T1)[0]


def _shown(entity: Entity, **view: Any) -> dict[str, Any]:
    return represent(entity, TERMS, View(**view))


def _merged(entity: Entity, body: Any, **options: Any) -> tuple[Entity, Change]:
    fragment = parse.parse_fragment(body, TERMS, parse.MERGE)
    return merge.merge_patch(entity, fragment, T2, terms=TERMS, **options)


def _updated(entity: Entity, body: Any) -> tuple[Entity, Change]:
    return merge.update(entity, parse.parse_fragment(body, TERMS, parse.UPDATE), T2)


def _appended(entity: Entity, body: Any, **options: Any) -> tuple[Entity, Change]:
    return merge.append(entity, parse.parse_fragment(body, TERMS, parse.APPEND), T2, **options)


TEMPERATURE = {
    "type": "Property",
    "value": 25,
    "unitCode": "CEL",
    "observedAt": "2022-03-14T01:59:26.535Z",
}
WARMER = {"type": "Property", "value": 100, "observedAt": "2022-03-14T13:00:00.000Z"}


class TestExamplesOfTheStandard:
    def test_partial_update_keeps_other_members(self) -> None:  # 5.5.8 example 1
        part = parse.parse_attribute(WARMER, TERMS, parse.PARTIAL, DEFAULT + "t")
        entity, _ = merge.update_attribute(_entity(t=TEMPERATURE), DEFAULT + "t", part, T2)
        assert _shown(entity)["t"] == TEMPERATURE | WARMER

    def test_update_replaces_the_whole_attribute(self) -> None:  # 5.5.8 example 2
        entity, _ = _updated(_entity(t=TEMPERATURE, u=1), {"t": WARMER})
        assert _shown(entity)["t"] == WARMER
        assert _shown(entity)["u"] == {"type": "Property", "value": 1}

    def test_update_deletes_by_null(self) -> None:  # 5.5.8 example 3
        entity, change = _updated(
            _entity(t=TEMPERATURE, u=1), {"t": {"type": "Property", "value": NGSI_NULL}}
        )
        assert set(_shown(entity)) == {"id", "type", "u"}
        assert change.written[0].instance == {
            "type": "Property",
            "value": NGSI_NULL,
            "createdAt": T1,
            "modifiedAt": T2,
            "deletedAt": T2,
        }
        assert change.written[0].deleted

    def test_merge_keeps_other_members(self) -> None:  # 5.5.12 example 1
        entity, _ = _merged(_entity(t=TEMPERATURE), {"t": WARMER})
        assert _shown(entity)["t"] == TEMPERATURE | WARMER

    def test_merge_goes_into_values(self) -> None:  # 5.5.12 example 2
        address = {"street": "Straße des 17. Juni", "city": "Berlin", "country": "Germany"}
        entity, _ = _merged(
            _entity(address={"type": "Property", "value": address}),
            {"address": {"value": {"street": "Pariser Platz", "country": NGSI_NULL}}},
        )
        assert _shown(entity)["address"]["value"] == {"street": "Pariser Platz", "city": "Berlin"}


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
        entity, change = _appended(
            _entity(a=1, scope="/A"),
            {"a": [{"value": 2}, {"value": 3, "datasetId": D1}], "b": 4, "scope": "/B"},
            overwrite=False,
        )
        shown = _shown(entity, format="simplified")
        assert shown["a"] == {"dataset": {"@none": 1, D1: 3}}
        assert shown["b"] == 4
        assert shown["scope"] == ["/A", "/B"]
        assert change.not_updated == [(DEFAULT + "a", "exists already")]
        assert change.changed == [DEFAULT + "a", DEFAULT + "b"]

    def test_overwriting(self) -> None:
        entity, change = _appended(
            _entity(a=1, scope="/A"), {"a": 2, "scope": "/B", "type": ["Gauge", "Thing"]}
        )
        assert _shown(entity, format="simplified") == {
            "id": "urn:ngsi-ld:Gauge:1",
            "type": ["Gauge", "Thing"],
            "scope": "/B",
            "a": 2,
        }
        assert change.head

    def test_a_scope_where_there_was_none(self) -> None:
        assert _appended(_entity(), {"scope": "/B"})[0].scopes == ["/B"]


class TestUpdate:
    def test_an_attribute_not_there_yet_is_added(self) -> None:
        entity, change = _updated(_entity(a=1), {"b": 2})
        assert _shown(entity, format="simplified")["b"] == 2
        assert change.written[0].before is None

    def test_a_scope_is_replaced_only_where_there_is_one(self) -> None:
        assert _updated(_entity(scope="/A"), {"scope": "/B"})[0].scopes == ["/B"]
        entity, change = _updated(_entity(), {"scope": "/B"})
        assert entity.scopes == []
        assert not change
        assert [iri for iri, _ in change.not_updated] == [merge.SCOPE]

    def test_deleting_what_is_not_there_does_nothing(self) -> None:
        before = _entity(a=1)
        entity, change = _updated(before, {"b": NGSI_NULL})
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
        entity, _ = _merged(
            _entity(battery=battery),
            {"battery": {"value": 7, "providedBy": NGSI_NULL, "q": {"value": 2}, "new": 5}},
        )
        assert _shown(entity)["battery"] == {
            "type": "Property",
            "value": 7,
            "q": {"type": "Property", "value": 2, "unitCode": "CEL"},
            "new": {"type": "Property", "value": 5},
        }

    def test_members_can_be_deleted(self) -> None:
        entity, _ = _merged(
            _entity(t=TEMPERATURE), {"t": {"unitCode": NGSI_NULL, "observedAt": NGSI_NULL}}
        )
        assert _shown(entity)["t"] == {"type": "Property", "value": 25}

    def test_instances_merge_by_dataset(self) -> None:
        entity, _ = _merged(
            _entity(a=[{"value": 1}, {"value": 2, "datasetId": D1}]),
            {
                "a": [
                    {"value": NGSI_NULL},
                    {"unitCode": "CEL", "datasetId": D1},
                    {"value": 3, "datasetId": "urn:dataset:2"},
                ]
            },
        )
        assert _shown(entity)["a"] == [
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
        entity, _ = _merged(_entity(a=before), {"a": bare}, lang="en")
        assert _shown(entity)["a"] == after

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
            _merged(_entity(a=before), {"a": bare})
        assert DEFAULT.replace("/", "~1") + "a" in str(caught.value.extra["field"])

    def test_another_kind_replaces_the_instance(self) -> None:
        entity, change = _merged(
            _entity(a={"value": 1, "unitCode": "CEL"}),
            {"a": {"type": "Relationship", "object": "urn:x:1"}},
        )
        assert _shown(entity)["a"] == {"type": "Relationship", "object": "urn:x:1"}
        assert change.written[0].instance["createdAt"] == T1

    def test_a_common_time_of_observation(self) -> None:
        entity, _ = _merged(
            _entity(a={"value": 1, "observedAt": T1}, b=1, c={"value": 1, "observedAt": T1}),
            {
                "a": {"value": 2},
                "b": {"value": 2},
                "c": {"value": 2, "observedAt": "2020-01-01T00:00:00Z"},
            },
            observed_at=T2,
        )
        shown = _shown(entity)
        assert shown["a"]["observedAt"] == T2
        assert "observedAt" not in shown["b"]
        assert shown["c"]["observedAt"] == "2020-01-01T00:00:00Z"

    def test_an_attribute_not_there_needs_a_value(self) -> None:
        with pytest.raises(BadRequestData, match="needs a value"):
            _merged(_entity(), {"a": {"unitCode": "CEL"}})

    def test_nulls_are_never_stored(self) -> None:
        entity, _ = _merged(
            _entity(),
            {
                "a": {
                    "value": {"b": NGSI_NULL, "c": {"d": NGSI_NULL}},
                    "unitCode": NGSI_NULL,
                    "s": NGSI_NULL,
                }
            },
        )
        assert _shown(entity)["a"] == {"type": "Property", "value": {"c": {}}}

    def test_languages_merge_and_cannot_all_go(self) -> None:
        before = _entity(a={"languageMap": {"ja": "川", "en": "river"}})
        entity, _ = _merged(before, {"a": {"languageMap": {"en": NGSI_NULL, "fr": "rivière"}}})
        assert _shown(entity)["a"]["languageMap"] == {"ja": "川", "fr": "rivière"}
        nothing = {"languageMap": {"ja": NGSI_NULL, "en": NGSI_NULL}}
        for target in (before, _entity()):
            with pytest.raises(BadRequestData):
                _merged(target, {"a": nothing})
        with pytest.raises(BadRequestData):
            _merged(before, {"a": {"languageMap": {"en": [NGSI_NULL]}}})

    def test_types_scopes_and_expiry(self) -> None:
        before = _entity(scope="/A", expiresAt="2030-01-01T00:00:00Z")
        entity, change = _merged(
            before, {"type": "Thing", "scope": NGSI_NULL, "expiresAt": NGSI_NULL}
        )
        assert entity.types == ["https://example.org/Gauge", DEFAULT + "Thing"]
        assert (entity.scopes, entity.expires_at) == ([], None)
        assert change.head
        assert not change.written
        assert _merged(before, {"scope": "/B"}, overwrite=False)[0].scopes == ["/A", "/B"]

    def test_without_overwriting(self) -> None:
        entity, change = _merged(_entity(a=1), {"a": NGSI_NULL, "b": 1}, overwrite=False)
        assert set(_shown(entity)) == {"id", "type", "a", "b"}
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
        entity, _ = _merged(_entity(a={"value": target}), {"a": {"value": patch}})
        assert _shown(entity)["a"]["value"] == result


class TestOneAttribute:
    def test_partial_update_of_a_dataset(self) -> None:
        before = _entity(a=[{"value": 1}, {"value": 2, "datasetId": D1}])
        part = parse.parse_attribute(
            {"value": 3, "datasetId": D1}, TERMS, parse.PARTIAL, DEFAULT + "a"
        )
        entity, change = merge.update_attribute(before, DEFAULT + "a", part, T2)
        assert [i["value"] for i in _shown(entity)["a"]] == [1, 3]
        assert change.written[0].before == before.attrs[DEFAULT + "a"][1]

    def test_a_sub_attribute_alone(self) -> None:
        before = _entity(a={"object": "urn:x:1", "by": {"object": "urn:x:2"}})
        part = parse.parse_attribute(
            {"by": {"object": "urn:x:3"}, "@context": "read before"},
            TERMS,
            parse.PARTIAL,
            DEFAULT + "a",
        )
        entity, _ = merge.update_attribute(before, DEFAULT + "a", part, T2)
        assert _shown(entity)["a"] == {
            "type": "Relationship",
            "object": "urn:x:1",
            "by": {"type": "Relationship", "object": "urn:x:3"},
        }

    def test_the_kind_cannot_change(self) -> None:
        part = parse.parse_attribute({"object": "urn:x:1"}, TERMS, parse.PARTIAL, DEFAULT + "a")
        with pytest.raises(BadRequestData, match="cannot become a Relationship"):
            merge.update_attribute(_entity(a=1), DEFAULT + "a", part, T2)

    def test_deletion_by_null(self) -> None:
        part = parse.parse_attribute({"value": NGSI_NULL}, TERMS, parse.PARTIAL, DEFAULT + "a")
        entity, _ = merge.update_attribute(_entity(a=1), DEFAULT + "a", part, T2)
        assert entity.attrs == {}

    def test_a_sub_attribute_by_null(self) -> None:
        before = _entity(a={"value": 1, "s": 2, "unitCode": "CEL"})
        part = parse.parse_attribute(
            {"s": NGSI_NULL, "unitCode": NGSI_NULL}, TERMS, parse.PARTIAL, DEFAULT + "a"
        )
        entity, _ = merge.update_attribute(before, DEFAULT + "a", part, T2)
        assert _shown(entity)["a"] == {"type": "Property", "value": 1}

    def test_replace(self) -> None:
        instance = parse.parse_attribute({"object": "urn:x:1"}, TERMS, parse.APPEND, DEFAULT + "a")
        entity, _ = merge.replace_attribute(_entity(a=TEMPERATURE), DEFAULT + "a", instance, T2)
        stored = entity.attrs[DEFAULT + "a"][0]
        assert stored == {
            "type": "Relationship",
            "object": "urn:x:1",
            "createdAt": T1,
            "modifiedAt": T2,
        }

    def test_what_is_not_there(self) -> None:
        entity = _entity(a={"value": 1, "datasetId": D1})
        part = {"type": "Property", "value": 2}
        for call in (
            lambda: merge.update_attribute(entity, DEFAULT + "a", part, T2),
            lambda: merge.replace_attribute(entity, DEFAULT + "a", part, T2),
            lambda: merge.delete_attribute(entity, DEFAULT + "a", T2),
            lambda: merge.delete_attribute(entity, DEFAULT + "a", T2, dataset_id="urn:other"),
            lambda: merge.delete_attribute(entity, DEFAULT + "b", T2, delete_all=True),
            lambda: merge.delete_scope(entity, T2),
        ):
            with pytest.raises(ResourceNotFound):
                call()

    def test_delete_one_or_all(self) -> None:
        before = _entity(a=[{"value": 1}, {"value": 2, "datasetId": D1}])
        entity, _ = merge.delete_attribute(before, DEFAULT + "a", T2)
        assert _shown(entity)["a"]["datasetId"] == D1
        entity, _ = merge.delete_attribute(before, DEFAULT + "a", T2, dataset_id=D1)
        assert _shown(entity)["a"] == {"type": "Property", "value": 1}
        entity, change = merge.delete_attribute(before, DEFAULT + "a", T2, delete_all=True)
        assert entity.attrs == {}
        assert [row.instance.get("datasetId") for row in change.written] == [None, D1]

    def test_delete_scope(self) -> None:
        entity, change = merge.delete_scope(_entity(scope="/A"), T2)
        assert entity.scopes == []
        assert change.head


@pytest.mark.parametrize(
    ("body", "null"),
    [
        ({"value": 1}, {"value": NGSI_NULL}),
        ({"object": "urn:x:1"}, {"object": NGSI_NULL}),
        ({"languageMap": {"ja": "川"}}, {"languageMap": {"@none": NGSI_NULL}}),
        ({"vocab": "x"}, {"vocab": NGSI_NULL}),
        ({"json": {}}, {"json": NGSI_NULL}),
        ({"valueList": []}, {"valueList": [NGSI_NULL]}),
        ({"objectList": []}, {"objectList": [NGSI_NULL]}),
    ],
)
def test_the_history_of_a_deletion_by_kind(body: Any, null: dict[str, Any]) -> None:
    change = merge.delete_entity(_entity(a=body), T2)
    assert len(change.written) == 1
    assert null.items() <= change.written[0].instance.items()


def test_replacing_an_entity_records_what_is_gone() -> None:
    before = _entity(a=1, b=[{"value": 2}, {"value": 3, "datasetId": D1}], c=4)
    new = parse.parse_entity({"id": "urn:ngsi-ld:Gauge:1", "type": "Gauge", "b": 5, "d": 6}, TERMS)
    entity, change = merge.replace_entity(before, new, T2)
    assert (entity.created_at, entity.modified_at) == (T1, T2)
    gone = [(row.attr, row.instance.get("datasetId")) for row in change.written if row.deleted]
    assert gone == [(DEFAULT + "a", None), (DEFAULT + "b", D1), (DEFAULT + "c", None)]
    kept = entity.attrs[DEFAULT + "b"][0]
    assert (kept["value"], kept["createdAt"], kept["modifiedAt"]) == (5, T1, T2)


def _replayed(state: dict[str, list[Any]], change: Change) -> dict[str, list[Any]]:
    """Apply the history rows of a change to the attributes before it."""
    attrs = {attr: list(instances) for attr, instances in state.items()}
    for row in change.written:
        instances = attrs.setdefault(row.attr, [])
        dataset = row.instance.get("datasetId")
        at = next((n for n, one in enumerate(instances) if one.get("datasetId") == dataset), None)
        if row.deleted:
            assert at is not None
            del instances[at]
        elif at is None:
            instances.append(row.instance)
        else:
            instances[at] = row.instance
        if not instances:
            del attrs[row.attr]
    return attrs


FRAGMENT_RULES = {"append": parse.APPEND, "update": parse.UPDATE, "merge": parse.MERGE}


@given(bodies.entities, bodies.attribute_sets, st.sets(st.sampled_from(bodies.NAMES), max_size=3))
@settings(max_examples=100, deadline=None)
@pytest.mark.parametrize("operation", ["append", "update", "merge"])
def test_laws_of_every_operation(
    operation: str, body: dict[str, Any], attrs: dict[str, Any], deleted: set[str]
) -> None:
    if operation != "append":
        attrs = attrs | dict.fromkeys(sorted(deleted), NGSI_NULL)
    before = merge.create(parse.parse_entity(body, TERMS), T1)[0]
    kept = copy.deepcopy(before)

    def apply(entity: Entity) -> tuple[Entity, Change]:
        fragment = parse.parse_fragment(attrs, TERMS, FRAGMENT_RULES[operation])
        if operation == "append":
            return merge.append(entity, fragment, T2)
        if operation == "update":
            return merge.update(entity, fragment, T2)
        return merge.merge_patch(entity, fragment, T2, terms=TERMS)

    after, change = apply(before)
    assert before == kept, "the entity before is not altered"
    assert _replayed(before.attrs, change) == after.attrs, "the history tells the whole change"
    assert (after.modified_at == T2) == bool(change)
    assert all(row.instance["modifiedAt"] == T2 for row in change.written)
    assert after.created_at == T1
    again, _ = apply(after)
    assert again.attrs == after.attrs, "doing it twice is doing it once"
    for name in set(attrs) & (deleted if operation != "append" else set()):
        instances = after.attrs.get(TERMS.expand_term(name), [])
        assert all("datasetId" in one for one in instances), "the default instance is gone"


@given(bodies.entities)
@settings(max_examples=60, deadline=None)
def test_merging_an_entity_with_itself_changes_no_content(body: dict[str, Any]) -> None:
    before = merge.create(parse.parse_entity(body, TERMS), T1)[0]
    after, _ = _merged(before, _shown(before))
    assert after.attrs.keys() == before.attrs.keys()
    for attr, instances in before.attrs.items():
        for one, other in zip(instances, after.attrs[attr], strict=True):
            assert merge.same(one, other)


@given(bodies.entities, bodies.attribute_sets)
@settings(max_examples=60, deadline=None)
def test_append_without_overwriting_never_loses_anything(
    body: dict[str, Any], attrs: dict[str, Any]
) -> None:
    before = merge.create(parse.parse_entity(body, TERMS), T1)[0]
    after, change = _appended(before, attrs, overwrite=False)
    for attr, instances in before.attrs.items():
        assert after.attrs[attr][: len(instances)] == instances
    assert all(row.before is None for row in change.written)
