"""An open broker, gauges to report, and rules about them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.context.model.entity import Entity, Instance
from tamamo.kernel.settings import Settings
from tamamo.rules.rule import iri_of
from tamamo.rules.service import Evaluation

START = datetime(2026, 6, 1, tzinfo=UTC)


def level_rule(**changes: Any) -> dict[str, Any]:
    """The declaration of a rule about the level of gauges."""
    threshold = {
        "attribute": "currentLevel", "at_least": {"attribute": "alertLevel"}, "clear_by": 0.2,
    }  # fmt: skip
    rule: dict[str, Any] = {
        "id": "level",
        "name": {"ja": "水位", "en": "Level"},
        "severity": "high",
        "unit": "m",
        "subject": {"type": "FloodMonitoring"},
        "condition": {"threshold": threshold},
        "text": {"ja": "{name} {value}{unit}", "en": "{name} {value} {unit}"},
    }
    return rule | changes


def gauge(
    name: str, level: float | None, minutes: float, *, start: datetime = START, **attrs: Any
) -> Entity:
    """A gauge that reports a level so many minutes after the start; its alert level is 1.0 m."""
    at = (start + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    given: dict[str, Instance] = {
        "name": {"type": "Property", "value": f"橋 {name}"},
        "alertLevel": {"type": "Property", "value": 1.0},
        # So that no shipped rule is about it.
        "category": {"type": "Property", "value": "underpass"},
        "location": {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [134.05, 34.34]},
        },
    }
    if level is not None:
        given["currentLevel"] = {"type": "Property", "value": level, "observedAt": at}
    given |= {key: {"type": "Property", "value": value} for key, value in attrs.items()}
    entity_attrs = {iri_of(key): [instance] for key, instance in given.items()}
    return Entity(f"urn:ngsi-ld:FloodMonitoring:{name}", [iri_of("FloodMonitoring")], entity_attrs)


async def caught_up(evaluation: Evaluation) -> None:
    """Evaluate all that has been committed."""
    while await evaluation.step():
        pass


@pytest.fixture
async def broker(settings: Settings) -> AsyncIterator[Broker]:
    """An open broker on this test's database."""
    async with open_broker(settings) as opened:
        yield opened
