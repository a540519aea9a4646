"""Which feeds are on in which town: what operators say on the console, else TAMAMO_FEEDS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.feeds.offers import Offer
from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import SetupError
from tamamo.kernel.identity.model import Actor, require_operator
from tamamo.kernel.settings import Settings

_SQL = sql.load(__package__)
#: Tenant and id of a feed.
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Switch:
    """Whether a feed is on in a town. changed_by None: TAMAMO_FEEDS or nobody says so."""

    is_on: bool
    options: Mapping[str, str] = field(default_factory=dict)
    changed_at: datetime | None = None
    changed_by: str | None = None


OFF = Switch(False)


def by_settings(settings: Settings) -> dict[Place, Switch]:
    """Return the feeds TAMAMO_FEEDS names: `id`, for the first town, or `id@town`."""
    found: dict[Place, Switch] = {}
    for text in settings.feeds:
        feed, _, tenant = text.strip().partition("@")
        if feed:
            found[(tenant or DEFAULT_TENANT, feed)] = Switch(True)
    return found


async def switches(
    connection: Connection, settings: Settings, tenant: str | None = None
) -> dict[Place, Switch]:
    """Return what is said of feeds, in all towns or in one; of others nothing is: they are off."""
    found = {
        place: switch
        for place, switch in by_settings(settings).items()
        if tenant is None or place[0] == tenant
    }
    rows = await (await connection.execute(_SQL["switches"], {"tenant": tenant})).fetchall()
    for name, feed, *switch in rows:
        found[(name, feed)] = Switch(*switch)
    return found


async def turn(
    connection: Connection,
    by: Actor,
    tenant: str,
    offer: Offer,
    *,
    on: bool,
    options: Mapping[str, str],
    before: Switch = OFF,
) -> None:
    """Switch a feed on or off in a town; noted in the audit log in the same transaction.

    Raises Forbidden, and SetupError where a required option is empty.
    """
    require_operator(by, tenant)
    if on and (lacking := offer.lacking(options)):
        raise SetupError(f"{offer.id} needs {', '.join(one.name for one in lacking)}")
    kept = {one.name: options.get(one.name, "").strip() for one in offer.options}
    kept = {name: value for name, value in kept.items() if value}
    values = {"tenant": tenant, "id": offer.id, "is_on": on, "options": Jsonb(kept)}
    await connection.execute(_SQL["switch_feed"], values | {"by": by.subject})
    action = "feed.on" if on else "feed.off"
    event = Event(
        tenant, by.subject, action, f"feed:{offer.id}", _told(before), _told(Switch(on, kept))
    )
    await append(connection, event)


def _told(switch: Switch) -> dict[str, Any]:
    return {"on": switch.is_on, **switch.options}
