"""The demo's facilities: plausible places with invented facts, each marked 模擬.

A job, so that the simulator need not know of this part.
"""

from importlib.resources import files
from typing import Any, Final

import msgspec

from tamamo.context.broker import Broker
from tamamo.context.model.entity import Entity
from tamamo.kernel.database import transaction
from tamamo.kernel.jobs import Run
from tamamo.kernel.time import now, to_text
from tamamo.publishing.facilities import corrections, counting
from tamamo.publishing.facilities.corrections import Proposal
from tamamo.publishing.facilities.model import GROUPS, REGISTER
from tamamo.registers import Register, catalogue
from tamamo.registers.values import instance_for

_MARK: Final = ("（模擬）", " (simulated)")
_LIFTS: Final = {"yes": "yes", "no": "no", "one": "not_needed"}


class _Facility(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    en: str
    category: str
    place: tuple[float, float]
    entrance: str
    lift: str
    has: str
    surveyed: str
    width: int | None = None
    unknown: str = ""


class _Demo(msgspec.Struct, forbid_unknown_fields=True):
    facility: list[_Facility]


async def handle(run: Run) -> dict[str, int]:
    """Make the facilities where the town has none."""
    broker: Broker = run.broker
    if (await counting.count(broker, run.tenant)).listed:
        return {"made": 0}
    register = catalogue.declared()[REGISTER]
    text = files(__package__).joinpath("demo.toml").read_bytes()
    made = [
        _entity(register, number, one)
        for number, one in enumerate(msgspec.toml.decode(text, type=_Demo).facility, 1)
    ]
    await broker.observations.record(run.tenant, made)
    said = Proposal(
        {"nursingRoom": True}, {"nursingRoom": False},
        "2階に授乳室ができていました。（模擬の例です）",
    )  # fmt: skip
    async with transaction(broker.pool) as connection:
        await corrections.send(connection, run.tenant, made[6].id, said)
    return {"made": len(made)}


def _entity(register: Register, number: int, one: _Facility) -> Entity:
    key = f"sim-{number:02}"
    entity = Entity(register.entity_id(key), [register.type])
    moment = to_text(now())
    for name, value in {"facilityID": key, **values_of(one)}.items():
        column = register.column(name)
        instance = instance_for(column, value, None, moment)
        if instance is not None:
            entity.attrs[column.iri] = [instance]
    return entity


def values_of(one: _Facility) -> dict[str, Any]:
    """Return a facility's values by column; groups nobody has surveyed are left out."""
    there = set(one.has)
    spaces = 2 + len(one.has) % 3
    values: dict[str, Any] = {
        "name": one.name + _MARK[0],
        "alternateName": one.en + _MARK[1],
        "category": one.category,
        "address": f"香川県高松市（模擬の所在地）{one.name}",
        "location": {"longitude": one.place[0], "latitude": one.place[1]},
        "simulated": True,
        "entrance": one.entrance,
        "entranceWidth": one.width,
        "automaticDoor": one.entrance == "level",
        "lift": _LIFTS[one.lift],
        "wheelchairToilet": "w" in there,
        "ostomate": "o" in there,
        "toiletEquipment": _list({"b": "adult_bed", "w": "handrails"}, there),
        "accessibleParking": "p" in there,
        "accessibleParkingSpaces": spaces if "p" in there else 0,
        "nursingRoom": "n" in there,
        "childEquipment": _list({"d": "diaper_table"}, there),
        "assistanceDog": "a" in there,
        "informationSupport": _list({"h": "hearing_loop", "a": "writing"}, there),
    }
    values |= {group.surveyed: one.surveyed for group in GROUPS}
    for group in GROUPS:
        if group.id in one.unknown.split():
            values |= dict.fromkeys((*group.columns, group.surveyed))
    return values


def _list(names: dict[str, str], there: set[str]) -> list[str] | None:
    return [name for letter, name in names.items() if letter in there] or None
