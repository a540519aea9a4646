"""What operations on one attribute make of an entity."""

import pytest

from tamamo.context.errors import BadRequestData, ResourceNotFound
from tamamo.context.model import merge, parse
from tamamo.context.model.values import NGSI_NULL
from tests.context.model import steps
from tests.context.model.steps import D1, DEFAULT, T1, T2, TEMPERATURE, TERMS


class TestOneAttribute:
    def test_partial_update_of_a_dataset(self) -> None:
        before = steps.entity(a=[{"value": 1}, {"value": 2, "datasetId": D1}])
        part = parse.parse_attribute(
            {"value": 3, "datasetId": D1}, TERMS, parse.PARTIAL, DEFAULT + "a"
        )
        entity, change = merge.update_attribute(before, DEFAULT + "a", part, T2)
        assert [i["value"] for i in steps.shown(entity)["a"]] == [1, 3]
        assert change.written[0].before == before.attrs[DEFAULT + "a"][1]

    def test_a_sub_attribute_alone(self) -> None:
        before = steps.entity(a={"object": "urn:x:1", "by": {"object": "urn:x:2"}})
        part = parse.parse_attribute(
            {"by": {"object": "urn:x:3"}, "@context": "read before"},
            TERMS,
            parse.PARTIAL,
            DEFAULT + "a",
        )
        entity, _ = merge.update_attribute(before, DEFAULT + "a", part, T2)
        assert steps.shown(entity)["a"] == {
            "type": "Relationship",
            "object": "urn:x:1",
            "by": {"type": "Relationship", "object": "urn:x:3"},
        }

    def test_the_kind_cannot_change(self) -> None:
        part = parse.parse_attribute({"object": "urn:x:1"}, TERMS, parse.PARTIAL, DEFAULT + "a")
        with pytest.raises(BadRequestData, match="cannot become a Relationship"):
            merge.update_attribute(steps.entity(a=1), DEFAULT + "a", part, T2)

    def test_deletion_by_null(self) -> None:
        part = parse.parse_attribute({"value": NGSI_NULL}, TERMS, parse.PARTIAL, DEFAULT + "a")
        entity, _ = merge.update_attribute(steps.entity(a=1), DEFAULT + "a", part, T2)
        assert entity.attrs == {}

    def test_a_sub_attribute_by_null(self) -> None:
        before = steps.entity(a={"value": 1, "s": 2, "unitCode": "CEL"})
        part = parse.parse_attribute(
            {"s": NGSI_NULL, "unitCode": NGSI_NULL}, TERMS, parse.PARTIAL, DEFAULT + "a"
        )
        entity, _ = merge.update_attribute(before, DEFAULT + "a", part, T2)
        assert steps.shown(entity)["a"] == {"type": "Property", "value": 1}

    def test_replace(self) -> None:
        instance = parse.parse_attribute({"object": "urn:x:1"}, TERMS, parse.APPEND, DEFAULT + "a")
        entity, _ = merge.replace_attribute(
            steps.entity(a=TEMPERATURE), DEFAULT + "a", instance, T2
        )
        stored = entity.attrs[DEFAULT + "a"][0]
        assert stored == {
            "type": "Relationship",
            "object": "urn:x:1",
            "createdAt": T1,
            "modifiedAt": T2,
        }

    def test_what_is_not_there(self) -> None:
        entity = steps.entity(a={"value": 1, "datasetId": D1})
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
        before = steps.entity(a=[{"value": 1}, {"value": 2, "datasetId": D1}])
        entity, _ = merge.delete_attribute(before, DEFAULT + "a", T2)
        assert steps.shown(entity)["a"]["datasetId"] == D1
        entity, _ = merge.delete_attribute(before, DEFAULT + "a", T2, dataset_id=D1)
        assert steps.shown(entity)["a"] == {"type": "Property", "value": 1}
        entity, change = merge.delete_attribute(before, DEFAULT + "a", T2, delete_all=True)
        assert entity.attrs == {}
        assert [row.instance.get("datasetId") for row in change.written] == [None, D1]

    def test_delete_scope(self) -> None:
        entity, change = merge.delete_scope(steps.entity(scope="/A"), T2)
        assert entity.scopes == []
        assert change.head
