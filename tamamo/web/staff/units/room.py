"""What the pages of units need: units and places by name, and who may move one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tamamo.context.model.entity import Entity
from tamamo.feeds import units
from tamamo.feeds.units import Stay, moving
from tamamo.kernel.database import single
from tamamo.kernel.errors import Forbidden
from tamamo.web.portal.gauges import GAUGE_TYPE, first, text
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.frame import Step


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: where it stands, since when, and what it said of itself."""

    name: str
    title: str
    place: str
    place_title: str
    since: datetime | None
    battery: int | None
    stays: tuple[tuple[str, datetime, datetime | None], ...]


async def may_move(desk: Desk) -> bool:
    """Whether somebody may move units: whoever may write what they measure."""
    access = await desk.broker.identity.access(desk.actor, desk.tenant)
    return access.write.allows([GAUGE_TYPE])


async def require_move(desk: Desk) -> None:
    """Raise Forbidden for whoever may not."""
    if not await may_move(desk):
        raise Forbidden("This needs the right to write river levels")


async def found(desk: Desk) -> tuple[list[Unit], dict[str, str]]:
    """Return the units by name, and the places they stood at: id to name."""
    async with single(desk.broker.pool) as connection:
        known = await units.listing(connection, desk.tenant)
    names = sorted({stay.unit for stay in known})
    places = await _titles(desk, {stay.place for stay in known})
    result = []
    for name in names:
        device = await desk.broker.entities.find(desk.tenant, moving.device_id(name))
        result.append(_unit(name, device, [s for s in known if s.unit == name], places))
    return result, places


def _unit(name: str, device: Entity | None, stays: Sequence[Stay], places: dict[str, str]) -> Unit:
    now = next((stay for stay in stays if stay.to_at is None), None)
    battery = first(device, "batteryLevel").get("value") if device is not None else None
    return Unit(
        name,
        (title(device) if device is not None else "") or name,
        now.place if now else "",
        places[now.place] if now else "",
        now.from_at if now else None,
        round(battery * 100) if isinstance(battery, int | float) else None,
        tuple((places[s.place], s.from_at, s.to_at) for s in stays),
    )


async def _titles(desk: Desk, places: Iterable[str]) -> dict[str, str]:
    titles = {}
    for place in sorted(places):
        entity = await desk.broker.entities.find(desk.tenant, place)
        titles[place] = (title(entity) if entity is not None else "") or place.rpartition(":")[2]
    return titles


def title(entity: Entity) -> str:
    """Return an entity's name in the page's language."""
    english = text(entity, "alternateName") if get_language() == "en" else ""
    return english or text(entity, "name")


def trail(desk: Desk, *steps: Step) -> list[Step]:
    """Return the trail above a page of units."""
    mine = Step(_("Portable units"), desk.url("units") if steps else "")
    return [Step(desk.town.title, desk.url("town")), mine, *steps]
