"""Where somebody works: who they are, in which town, and what they may see there."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from tamamo.context.broker import Broker
from tamamo.kernel.drills import http as drill_marks
from tamamo.kernel.identity import EVERY_TENANT, STAFF, Actor
from tamamo.kernel.towns.town import DEFAULT, Town
from tamamo.registers import Register, Registers, Rights, Visitor


@dataclass(frozen=True, slots=True)
class Place:
    """A town in the switch of towns."""

    name: str
    title: str
    #: Whether everybody reads all that is not personal; else the types they read.
    everything_public: bool = False
    public_types: frozenset[str] = frozenset()

    def shows(self, register: Register) -> bool:
        """Whether what a register holds is there for everybody to read."""
        if register.personal:
            return False
        return self.everything_public or register.type in self.public_types


@dataclass(frozen=True, slots=True)
class Desk:
    """One request of one member of staff in one town."""

    broker: Broker
    actor: Actor
    visitor: Visitor
    town: Place
    towns: tuple[Place, ...]
    #: The units the actor's grants name here, as people call them.
    department: str
    #: The registers that may be read here.
    visible: tuple[Register, ...]

    @property
    def tenant(self) -> str:
        """The tenant whose registers are on the desk."""
        return self.town.name

    @property
    def registers(self) -> Registers:
        """The engine."""
        return Registers(self.broker)

    def register(self, name: str) -> Register:
        """Return a register that may be read here; 404 for any other, whether it exists or not."""
        for register in self.visible:
            if register.id == name:
                return register
        raise Http404(name)

    def rights(self, register: Register) -> Rights:
        """Return what may be done with a register."""
        return self.registers.rights(self.visitor, register)

    def url(self, name: str, **parts: Any) -> str:
        """Return the address of a staff page of this town."""
        return reverse(f"staff:{name}", kwargs={"town": self.tenant, **parts})


async def open_desk(request: HttpRequest, actor: Actor, town: str) -> Desk | None:
    """Return somebody's desk in a town, or in their own when none is named; None: no such one."""
    broker: Broker = request.scope["state"]["broker"]  # type: ignore[attr-defined]
    towns = _places(actor, broker)
    place = next((p for p in towns if p.name == (town or actor.tenant)), None)
    if place is None and not town and towns:
        place = towns[0]
    if place is None:
        return None
    drill_marks.note(request.scope, broker.towns.drill(place.name))  # type: ignore[attr-defined]
    engine = Registers(broker)
    visitor = await engine.visitor(actor, place.name)
    visible = engine.visible(visitor)
    return Desk(broker, actor, visitor, place, towns, _department(actor, place.name), visible)


def _places(actor: Actor, broker: Broker) -> tuple[Place, ...]:
    """Return the towns somebody works for, the home town first."""
    held = {grant.tenant for grant in actor.grants if grant.role in STAFF}
    language = get_language() or "ja"

    def order(town: Town) -> tuple[bool, bool, bool, str]:
        drill = town.drill is not None
        return town.name != actor.tenant, drill, town.name != DEFAULT, town.name

    known = sorted(broker.towns.all(), key=order)
    mine = [town for town in known if EVERY_TENANT in held or town.name in held]
    return tuple(
        Place(town.name, town.title(language), town.everything_public, town.public_types)
        for town in mine
    )


def _department(actor: Actor, tenant: str) -> str:
    """Return the last names of the units of somebody's grants in a town."""
    units = [g.unit.rpartition("/")[2] for g in actor.grants if g.unit and g.counts_in(tenant)]
    return "・".join(dict.fromkeys(units))
