"""What is stored, asked and changed: the same for every broker, by the standard's API only."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from bench.broker import Broker
from bench.load import COUNTER

#: Entities that are read and changed one by one.
GAUGES = 10_000
#: A prime, so that numbers in turn are far from each other.
_STEP = 7_919
_WATCHED = "currentLevel"
#: Devices tell of now: what is old goes through more hands.
_NOW = datetime.now(UTC).replace(microsecond=0)
_WEST, _SOUTH, _WIDTH, _HEIGHT = 134.0, 34.2, 0.5, 0.3


def entity(kind: str, number: int, level: float = 0.0) -> dict[str, Any]:
    """Return a gauge as devices send it: three attributes and a place."""
    east = round(_WEST + _WIDTH * (number * 7919 % 10_007) / 10_007, 6)
    north = round(_SOUTH + _HEIGHT * (number * 104_729 % 9_973) / 9_973, 6)
    return {
        "id": entity_id(kind, number),
        "type": kind,
        "name": {"type": "Property", "value": f"水位計 {number}"},
        "location": {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [east, north]},
        },
        "currentLevel": {
            "type": "Property",
            "value": level + number % 100 / 100,
            "unitCode": "MTR",
            "observedAt": (_NOW + timedelta(minutes=level)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }


def entity_id(kind: str, number: int) -> str:
    """Return the id of an entity."""
    return f"urn:ngsi-ld:{kind}:{number:07}"


def _scattered(count: int) -> Iterator[int]:
    return (n * _STEP % count for n in range(count))


def gets(broker: Broker, kind: str) -> list[bytes]:
    """Return requests for one entity each."""
    return [
        broker.request("GET", f"/entities/{entity_id(kind, number)}")
        for number in _scattered(GAUGES)
    ]


def patches(broker: Broker, kind: str) -> list[bytes]:
    """Return requests that give an attribute of one entity a new value."""
    body = b'{"type":"Property","value":%b,"unitCode":"MTR"}' % COUNTER
    return [
        broker.request("PATCH", f"/entities/{entity_id(kind, number)}/attrs/{_WATCHED}", body)
        for number in _scattered(GAUGES)
    ]


def queries(broker: Broker, kind: str) -> list[bytes]:
    """Return queries by type and value, of which 5 % to 95 % of the entities meet each."""
    return [
        broker.request("GET", f"/entities?type={kind}&q=currentLevel%3E0.{part:02}&limit=100")
        for part in range(5, 95)
    ]


def near_queries(broker: Broker, kind: str) -> list[bytes]:
    """Return queries for what is within a kilometre of places all over the area."""
    asked = []
    for number in range(500):
        east = _WEST + _WIDTH * (0.1 + 0.8 * (number * 37 % 100) / 100)
        north = _SOUTH + _HEIGHT * (0.1 + 0.8 * (number * 53 % 97) / 97)
        where = quote(f"[{east:.4f},{north:.4f}]", safe=",")
        geo = f"georel={quote('near;maxDistance==1000')}&geometry=Point&coordinates={where}"
        asked.append(broker.request("GET", f"/entities?type={kind}&{geo}&limit=20"))
    return asked


def subscriptions(kind: str, receiver: str, count: int = 100) -> list[dict[str, Any]]:
    """Return subscriptions of which only the last is met by a change of `patches`.

    The others are for another type, watch another attribute or ask for another value.
    """
    found = []
    for number in range(count - 1):
        entities = [{"type": f"{kind}Other{number}" if number % 3 == 0 else kind}]
        subscription = {"entities": entities, "watchedAttributes": [_WATCHED]}
        if number % 3 == 1:
            subscription["watchedAttributes"] = ["name"]
        elif number % 3 == 2:
            subscription["q"] = f"{_WATCHED}<-{number}"
        found.append(_subscription(subscription, number, receiver))
    met = {"entities": [{"type": kind}], "watchedAttributes": [_WATCHED]}
    found.append(_subscription(met, count, receiver, attributes=[_WATCHED]))
    return found


def watch_of_moments(kind: str, receiver: str) -> dict[str, Any]:
    """Return the subscription to `moment`."""
    body = {"entities": [{"type": kind}], "watchedAttributes": ["sentAt"]}
    return _subscription(body, 1_000, receiver, attributes=["sentAt"])


def moment(broker: Broker, kind: str, number: int, nanoseconds: int) -> bytes:
    """Return the request that writes down when it was sent."""
    body = {"sentAt": {"type": "Property", "value": nanoseconds}}
    return broker.request("POST", f"/entities/{entity_id(kind, number)}/attrs", body)


def _subscription(
    body: dict[str, Any], number: int, receiver: str, attributes: list[str] | None = None
) -> dict[str, Any]:
    notification: dict[str, Any] = {
        "endpoint": {"uri": receiver, "accept": "application/json"},
    }
    if attributes:
        notification["attributes"] = attributes
    identifier = f"urn:ngsi-ld:Subscription:bench-{number}"
    return {"id": identifier, "type": "Subscription", **body, "notification": notification}
