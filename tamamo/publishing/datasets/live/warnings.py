"""The warnings a town published, as rows."""

from typing import Any

from tamamo.context.broker import Broker
from tamamo.kernel.database import single
from tamamo.kernel.time import JST
from tamamo.publishing.warnings import store


async def rows(broker: Broker, town: str) -> list[dict[str, Any]]:
    """Return the messages of a town, the newest first, as they were published."""
    moment = broker.towns.clock(town)
    async with single(broker.pool) as connection:
        found = await store.messages(connection, town)
    return [
        {
            "identifier": one.identifier,
            "type": one.type,
            "status": one.status,
            "state": one.state(moment),
            "level": one.content.level,
            "event": one.content.event.ja,
            "headline": one.content.headline.ja,
            "headline_en": one.content.headline.en,
            "description": one.content.description.ja,
            "area": one.content.area.named.ja,
            "sent": one.sent.astimezone(JST).isoformat(),
            "valid_from": one.valid_from.astimezone(JST).isoformat(),
            "valid_to": one.valid_to.astimezone(JST).isoformat(),
            "simulated": one.status != "Actual",
        }
        for one in found
    ]
