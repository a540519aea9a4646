"""What a Subscription may hold (clauses 5.2.12 to 5.2.15, 5.2.33)."""

from typing import Any

import pytest

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld import resolve
from tamamo.context.subscriptions import document
from tamamo.context.subscriptions.compiled import compile_subscription
from tamamo.kernel.errors import Problem

RECEIVER = "http://127.0.0.1:1/notify"


def body(**members: Any) -> dict[str, Any]:
    return {
        "type": "Subscription",
        "entities": [{"type": "Building"}],
        "notification": {"endpoint": {"uri": RECEIVER}},
        **members,
    }


def fault_of(written: dict[str, Any]) -> str:
    """Return the member that the error names."""
    terms = resolve.default_map().terms
    with pytest.raises(BadRequestData) as caught:
        document.read_id(written)
        compile_subscription("t", "urn:x:s", document.read(written, terms), terms, terms)
    problem: Problem = caught.value
    return str(problem.extra["field"])


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"type": "Entity"}, "/type"),
        ({"id": "no uri"}, "/id"),
        ({"entities": []}, "/entities"),
        ({"entities": [{"id": "urn:x:1"}]}, "/entities/0/type"),
        ({"entities": [{"type": "A", "id": "x"}]}, "/entities/0/id"),
        ({"entities": [{"type": "A;"}]}, "type"),
        ({"entities": [{"type": "A", "idPattern": "("}]}, "idPattern"),
        ({"watchedAttributes": []}, "/watchedAttributes"),
        ({"watchedAttributes": ["a b"]}, "/watchedAttributes/0"),
        ({"watchedAttributes": ["a"], "timeInterval": 5}, "/watchedAttributes"),
        ({"throttling": 1, "timeInterval": 5}, "/throttling"),
        ({"throttling": 0}, "/throttling"),
        ({"throttling": True}, "/throttling"),
        ({"timeInterval": -1}, "/timeInterval"),
        ({"notificationTrigger": ["entityChanged"]}, "/notificationTrigger/0"),
        ({"notificationTrigger": []}, "/notificationTrigger"),
        ({"q": "a=="}, "q"),
        ({"q": 5}, "/q"),
        ({"csf": "(("}, "csf"),
        ({"scopeQ": "//"}, "scopeQ"),
        ({"geoQ": {"georel": "near", "geometry": "Point", "coordinates": [0, 0]}}, "georel"),
        ({"geoQ": {"georel": "within"}}, "/geoQ/geometry"),
        ({"isActive": "true"}, "/isActive"),
        ({"expiresAt": "2000-01-01T00:00:00Z"}, "/expiresAt"),
        ({"expiresAt": "tomorrow"}, "/expiresAt"),
        ({"datasetId": ["x y"]}, "/datasetId/0"),
        ({"ngsildConformance": "one"}, "/ngsildConformance"),
        ({"entities": [{"type": "*"}], "localOnly": False}, "/localOnly"),
        ({"notification": None}, "/notification"),
        ({"notification": {}}, "/notification/endpoint"),
    ],
)
def test_a_fault_is_named(members: dict[str, Any], field: str) -> None:
    assert fault_of(body(**members)) == field


@pytest.mark.parametrize(
    ("endpoint", "field"),
    [
        ({}, "uri"),
        ({"uri": "ftp://h/x"}, "uri"),
        ({"uri": "http:///x"}, "uri"),
        ({"uri": "http://h:99999/x"}, "uri"),
        ({"uri": "mqtt://h"}, "uri"),
        ({"uri": "mqtt://h/a/#"}, "uri"),
        ({"uri": RECEIVER, "accept": "text/plain"}, "accept"),
        ({"uri": RECEIVER, "timeout": 0}, "timeout"),
        ({"uri": RECEIVER, "receiverInfo": [{"key": "a"}]}, "receiverInfo/0/value"),
        ({"uri": RECEIVER, "receiverInfo": [{"key": "a b", "value": "c"}]}, "receiverInfo/0/key"),
        ({"uri": RECEIVER, "receiverInfo": [{"key": "Host", "value": "c"}]}, "receiverInfo/0/key"),
        (
            {"uri": RECEIVER, "receiverInfo": [{"key": "a", "value": "b\r\nc: d"}]},
            "receiverInfo/0/value",
        ),
        (
            {"uri": RECEIVER, "notifierInfo": [{"key": "MQTT-QoS", "value": "3"}]},
            "notifierInfo/0/value",
        ),
    ],
)
def test_an_endpoint_at_fault_is_named(endpoint: dict[str, Any], field: str) -> None:
    written = body(notification={"endpoint": endpoint})
    assert fault_of(written) == f"/notification/endpoint/{field}"


@pytest.mark.parametrize(
    "members",
    [
        {"format": "keyValues", "showChanges": True},
        {"attributes": []},
        {"pick": []},
        {"pick": ["a"], "attributes": ["a"]},
        {"pick": ["a"], "omit": ["a"]},
        {"pick": ["a{b}"]},
        {"join": "sideways"},
        {"join": "flat", "joinLevel": 0},
        {"format": "xml"},
    ],
)
def test_notification_parameters_at_fault(members: dict[str, Any]) -> None:
    assert fault_of(body(notification={"endpoint": {"uri": RECEIVER}, **members}))
