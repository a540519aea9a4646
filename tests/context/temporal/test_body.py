"""Temporal evolutions in request bodies."""

from typing import Any

import pytest

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld import ContextStore, TermMap
from tamamo.context.model.entity import DEFAULT_VOCABULARY as V
from tamamo.context.temporal.body import read_evolution, read_single
from tamamo.context.temporal.rows import SCOPE
from tamamo.kernel.outgoing import Outgoing
from tamamo.kernel.settings import Settings


@pytest.fixture
async def terms() -> TermMap:
    async with Outgoing(Settings()) as outgoing:
        return await ContextStore(outgoing).resolve("default", None)


def body(**members: Any) -> dict[str, Any]:
    return {"id": "urn:ngsi-ld:Gauge:1", "type": "Gauge", **members}


async def test_instances_of_one_attribute(terms: TermMap) -> None:
    level = [
        {"type": "Property", "value": v, "observedAt": f"2026-06-01T0{v}:00:00Z"} for v in (1, 2)
    ]
    found = read_evolution(body(level=level), terms, whole=True)
    assert (found.id, found.types, found.scopes) == ("urn:ngsi-ld:Gauge:1", [V + "Gauge"], None)
    assert found.instances == [(V + "level", instance) for instance in level]


@pytest.mark.parametrize(
    ("simplified", "instance"),
    [
        ({"type": "Property", "values": [[1.5, "T"]]}, {"type": "Property", "value": 1.5}),
        (
            {"type": "Relationship", "objects": [["urn:x:1", "T"]]},
            {"type": "Relationship", "object": "urn:x:1"},
        ),
        (
            {"type": "LanguageProperty", "languageMaps": [[{"languageMap": {"ja": "川"}}, "T"]]},
            {"type": "LanguageProperty", "languageMap": {"ja": "川"}},
        ),
        (
            {"type": "GeoProperty", "values": [[{"type": "Point", "coordinates": [1, 2]}, "T"]]},
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}},
        ),
        (
            {"type": "ListProperty", "valueLists": [[[1, 2], "T"]]},
            {"type": "ListProperty", "valueList": [1, 2]},
        ),
        (
            {"type": "JsonProperty", "jsons": [[{"json": {"a": 1}}, "T"]]},
            {"type": "JsonProperty", "json": {"a": 1}},
        ),
    ],
)
async def test_the_simplified_form(
    terms: TermMap, simplified: dict[str, Any], instance: dict[str, Any]
) -> None:
    moment = "2026-06-01T00:00:00Z"
    for member, pairs in simplified.items():
        if member != "type":
            pairs[0][1] = moment
    found = read_evolution(body(attr=simplified), terms, whole=True)
    assert found.instances == [(V + "attr", {**instance, "observedAt": moment})]


async def test_simplified_datasets(terms: TermMap) -> None:
    level = [
        {"type": "Property", "values": [[1, "2026-06-01T00:00:00Z"]]},
        {"type": "Property", "datasetId": "urn:d:1", "values": [[2, "2026-06-01T00:00:00Z"]]},
    ]
    found = read_evolution(body(level=level), terms, whole=True)
    assert [i.get("datasetId") for _, i in found.instances] == [None, "urn:d:1"]


async def test_a_recorded_deletion(terms: TermMap) -> None:
    level = [
        {"type": "Property", "value": 1, "observedAt": "2026-06-01T00:00:00Z"},
        {"type": "Property", "value": "urn:ngsi-ld:null", "deletedAt": "2026-06-02T00:00:00Z"},
    ]
    found = read_evolution(body(level=level), terms, whole=True)
    gone = {"type": "Property", "value": "urn:ngsi-ld:null", "deletedAt": "2026-06-02T00:00:00Z"}
    assert (V + "level", gone) in found.instances
    assert len(found.instances) == 2


async def test_scopes_with_and_without_times(terms: TermMap) -> None:
    plain = read_evolution(body(scope=["/A", "/B"]), terms, whole=True)
    assert (plain.scopes, plain.instances) == (["/A", "/B"], [])
    timed = {"type": "Property", "value": "/A", "observedAt": "2026-06-01T00:00:00Z"}
    reified = read_evolution(body(scope=[timed]), terms, whole=True)
    assert reified.instances == [(SCOPE, {**timed, "value": ["/A"]})]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"level": [{"type": "Property", "value": 1, "observedAt": "gestern"}]}, "/level"),
        ({"level": {"type": "Property", "values": [[1]]}}, "/level/values/0"),
        ({"level": {"type": "Property", "values": 3}}, "/level/values"),
        ({"scope": [{"type": "Property", "value": "no scope!"}]}, "/scope/0/value"),
        ({"scope": [{"type": "Relationship", "object": "urn:x:1"}]}, "/scope/0"),
        (
            {"level": [{"type": "Relationship", "value": "urn:ngsi-ld:null"}]},
            "/level",
        ),
    ],
)
async def test_errors_name_the_field(terms: TermMap, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequestData) as caught:
        read_evolution(body(**wrong), terms, whole=True)
    assert caught.value.extra["field"].startswith(field)


async def test_one_instance(terms: TermMap) -> None:
    instance = {"type": "Property", "value": 129, "observedAt": "2026-06-01T00:00:00Z"}
    assert read_single(dict(instance), terms, V + "level") == instance
    assert read_single({"level": [dict(instance)]}, terms, V + "level") == instance
    for wrong in ({"level": [instance, instance]}, {"rain": [instance]}, {}):
        with pytest.raises(BadRequestData):
            read_single(wrong, terms, V + "level")
