"""Fragments and simplified bodies to stored form."""

from typing import Any

import pytest

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld import TermMap
from tamamo.context.model import parse
from tamamo.context.model.kinds import BARE, DELETED
from tamamo.context.model.values import NGSI_NULL

DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"
ID = "urn:ngsi-ld:Gauge:1"
POINT = {"type": "Point", "coordinates": [134.05, 34.34]}


class TestFragments:
    """What an update or a merge may leave out or delete."""

    def test_nulls_become_deletions(self, terms: TermMap) -> None:
        body = {
            "a": NGSI_NULL,
            "b": {"type": "Relationship", "object": NGSI_NULL, "datasetId": "urn:d:1"},
            "c": {"type": "LanguageProperty", "languageMap": {"@none": NGSI_NULL}},
            "d": {"type": "ListProperty", "valueList": [NGSI_NULL]},
            "e": {"type": "GeoProperty", "value": NGSI_NULL},
            "location": NGSI_NULL,
            "scope": NGSI_NULL,
            "expiresAt": NGSI_NULL,
        }
        fragment = parse.parse_fragment(body, terms, parse.UPDATE)
        deletions = [instances[0] for instances in fragment.attrs.values()]
        assert all(instance[DELETED] for instance in deletions)
        assert deletions[1]["datasetId"] == "urn:d:1"
        assert len(deletions) == 6
        assert fragment.scopes == []
        assert fragment.expires_at == NGSI_NULL

    def test_append_knows_no_null(self, terms: TermMap) -> None:
        with pytest.raises(BadRequestData):
            parse.parse_fragment({"a": NGSI_NULL}, terms, parse.APPEND)

    def test_nulls_inside_values_only_in_a_merge(self, terms: TermMap) -> None:
        body = {"a": {"value": {"b": NGSI_NULL}}}
        parse.parse_fragment(body, terms, parse.MERGE)
        with pytest.raises(BadRequestData) as caught:
            parse.parse_fragment(body, terms, parse.UPDATE)
        assert caught.value.extra["field"] == "/a/value/b"

    def test_a_merge_does_not_look_into_arrays(self, terms: TermMap) -> None:
        for value in ([NGSI_NULL], [{"b": NGSI_NULL}], {"c": [{"b": NGSI_NULL}]}):
            with pytest.raises(BadRequestData):
                parse.parse_fragment({"a": {"value": value}}, terms, parse.MERGE)

    def test_a_merge_may_name_only_what_changes(self, terms: TermMap) -> None:
        body = {"a": {"unitCode": "CMT"}, "b": {"type": "Property", "s": 1}}
        fragment = parse.parse_fragment(body, terms, parse.MERGE)
        assert fragment.attrs[DEFAULT + "a"] == [{"unitCode": "CMT"}]
        with pytest.raises(BadRequestData):
            parse.parse_fragment(body, terms, parse.UPDATE)

    def test_a_member_without_a_name_is_a_fault(self, terms: TermMap) -> None:
        for body in ({"a": {"": None, "datasetId": "urn:d:1"}}, {"a": {"": 1, "unitCode": "CMT"}}):
            with pytest.raises(BadRequestData) as caught:
                parse.parse_fragment(body, terms, parse.MERGE)
            assert caught.value.extra["field"] == "/a/"

    def test_the_id_must_be_the_one_addressed(self, terms: TermMap) -> None:
        parse.parse_fragment({"id": ID}, terms, parse.MERGE, entity_id=ID)
        with pytest.raises(BadRequestData) as caught:
            parse.parse_fragment({"id": ID + "2"}, terms, parse.MERGE, entity_id=ID)
        assert caught.value.extra["field"] == "/id"

    def test_what_is_not_mentioned_stays_open(self, terms: TermMap) -> None:
        fragment = parse.parse_fragment({}, terms, parse.MERGE)
        assert (fragment.id, fragment.types, fragment.scopes) == (None, [], None)
        assert fragment.expires_at is None

    def test_an_attribute_fragment(self, terms: TermMap) -> None:
        part = parse.parse_attribute({"value": 2}, terms, parse.PARTIAL, DEFAULT + "a")
        assert part == {"type": "Property", "value": 2}
        deletion = parse.parse_attribute({"value": NGSI_NULL}, terms, parse.PARTIAL, DEFAULT + "a")
        assert deletion == {DELETED: True}
        with pytest.raises(BadRequestData) as caught:
            parse.parse_attribute({"datasetId": NGSI_NULL}, terms, parse.PARTIAL, DEFAULT + "a")
        assert caught.value.extra["field"] == "/datasetId"

    def test_a_replacement_needs_a_value(self, terms: TermMap) -> None:
        for body in ({}, {"s": 1}, {"unitCode": "CEL"}):
            with pytest.raises(BadRequestData):
                parse.parse_attribute(body, terms, parse.APPEND, DEFAULT + "a")

    def test_a_replacement_may_come_under_the_name_of_its_attribute(self, terms: TermMap) -> None:
        for body in ({"a": {"value": 1}}, {"value": 1}):
            part = parse.parse_attribute(body, terms, parse.APPEND, DEFAULT + "a")
            assert part == {"type": "Property", "value": 1}
        for body in ({"b": {"value": 1}}, {"a": {"value": 1}, "unitCode": "CEL"}, {"a": 1}):
            with pytest.raises(BadRequestData):
                parse.parse_attribute(body, terms, parse.APPEND, DEFAULT + "a")
        json = parse.parse_attribute({"json": {"value": 1}}, terms, parse.APPEND, DEFAULT + "json")
        assert json["json"] == {"value": 1}

    @pytest.mark.parametrize("body", [5, [], None, "x"])
    def test_an_attribute_fragment_is_an_object(self, body: Any, terms: TermMap) -> None:
        with pytest.raises(BadRequestData):
            parse.parse_attribute(body, terms, parse.PARTIAL, DEFAULT + "a")

    def test_a_location_stays_a_geo_property(self, terms: TermMap) -> None:
        iri = terms.expand_term("location")
        with pytest.raises(BadRequestData):
            parse.parse_attribute({"value": 5}, terms, parse.PARTIAL, iri)


class TestSimplified:
    """The simplified representation as input (clause 4.5.4)."""

    def test_objects_are_values(self, terms: TermMap) -> None:
        entity = parse.parse_entity(
            {
                "id": ID,
                "type": "Gauge",
                "address": {"type": "PostalAddress", "value": "not a member here"},
                "location": POINT,
                "name": {"languageMap": {"ja": "川"}},
                "raw": {"json": {"a": 1}},
                "kind": {"vocab": "Gauge"},
                "list": [{"value": 1}],
                "many": {"dataset": {"@none": 1, "urn:d:1": {"vocab": "Gauge"}}},
            },
            terms,
            simplified=True,
        )
        kinds = [
            [instance["type"] for instance in instances] for instances in entity.attrs.values()
        ]
        assert kinds == [
            ["Property"],
            ["GeoProperty"],
            ["LanguageProperty"],
            ["JsonProperty"],
            ["VocabProperty"],
            ["Property"],
            ["Property", "VocabProperty"],
        ]
        assert entity.attrs[DEFAULT + "many"][1]["datasetId"] == "urn:d:1"

    def test_in_a_fragment_the_kind_is_left_open(self, terms: TermMap) -> None:
        fragment = parse.parse_fragment({"a": "urn:x:1"}, terms, parse.MERGE_SIMPLIFIED)
        assert fragment.attrs[DEFAULT + "a"] == [
            {"type": "Property", "value": "urn:x:1", BARE: True}
        ]
