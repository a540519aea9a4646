"""The description says what the APIs do: nothing less, nothing else."""

import re
from typing import Any

import httpx
import jsonschema_rs
import pytest

from tamamo.context.description import document
from tamamo.context.description.document import DOORS, NGSI_LD, Door


def each(door: Door) -> Any:
    described = document.build(door)
    for path, method, operation in document.operations(door):
        yield path, method, operation, described["paths"][path][method.lower()]


def address(door: Door, path: str) -> str:
    """Return an address with an example in the place of each variable."""
    names = {"id": "urn:ngsi-ld:Room:1", "attr": "name", "type": "Room", "instance": "urn:x:1"}
    return door.prefix + re.sub(r"\{(\w+)\}", lambda match: names[match[1]], path)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_every_route_is_in_it_and_nothing_else(door: Door) -> None:
    routes = {f"{method} {path}" for path, method, _ in document.operations(door)}
    described = {
        f"{method.upper()} {path}"
        for path, methods in document.build(door)["paths"].items()
        for method in methods
    }
    assert routes == described
    assert routes == set(door.about), "answers.py knows each operation and no other"
    for path, method, operation, entry in each(door):
        facts = document.facts_of(operation, method)
        named = {one["name"] for one in entry["parameters"] if one["in"] == "query"}
        assert named == facts.params, path
        assert entry["summary"], f"{method} {path} has a handler without a description"
        assert ("requestBody" in entry) == bool(facts.reads)
        assert ("security" in entry) == facts.needs_key
    identifiers = [entry["operationId"] for *_, entry in each(door)]
    assert len(identifiers) == len(set(identifiers))


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_every_schema_is_one_and_examples_fit(door: Door) -> None:
    described = document.build(door)
    components = {"components": described["components"]}
    for name, schema in described["components"]["schemas"].items():
        jsonschema_rs.validator_for({**schema, **components})
        assert name
    for path, _, _, entry in each(door):
        for one in entry["parameters"]:
            if "example" in one:
                assert jsonschema_rs.is_valid(one["schema"], one["example"]), (path, one)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
async def test_every_parameter_is_taken_and_no_other(client: httpx.AsyncClient, door: Door) -> None:
    for path, method, operation, entry in each(door):
        facts = document.facts_of(operation, method)
        body = {"content": b"{}", "headers": {"Content-Type": "application/json"}}
        more: dict[str, Any] = body if facts.reads else {}
        for one in entry["parameters"]:
            if one["in"] != "query" or (one["name"] == "options" and not facts.options):
                continue
            value = one["example"]
            text = str(value).lower() if isinstance(value, bool) else str(value)
            params = {one["name"]: text}
            answer = await client.request(method, address(door, path), params=params, **more)
            assert answer.status_code < 500
            assert not refused(answer), f"{method} {path}: {params}: {answer.text}"
        for params in ({"colour": "red"}, {"options": "colour"}):
            answer = await client.request(method, address(door, path), params=params, **more)
            assert answer.status_code == 400
            assert refused(answer), f"{method} {path}: {params}: {answer.text}"


def refused(answer: httpx.Response) -> bool:
    """Whether an answer says that there is no such parameter or option."""
    return bool(re.search("no parameter|no option|not a parameter", answer.text))


async def test_it_is_served_to_machines_and_people(client: httpx.AsyncClient) -> None:
    page = await client.get("/api")
    assert page.headers["Content-Type"].startswith("text/html")
    for door in DOORS:
        assert f"/api/{door.name}.json" in page.text
        answer = await client.get(f"/api/{door.name}.json")
        assert answer.json() == document.build(door)
        for path, method, *_ in document.operations(door):
            assert f"{method} {path}" in page.text


def test_members_come_from_the_tables_they_are_read_by() -> None:
    schemas = document.build(NGSI_LD)["components"]["schemas"]
    subscription = schemas["Subscription"]["properties"]
    assert subscription["notificationTrigger"]["items"]["enum"][0] == "entityCreated"
    assert subscription["notification"]["required"] == ["endpoint"]
    information = schemas["Registration"]["properties"]["information"]
    assert "propertyNames" in information["items"]["properties"]
