"""What every page of the map begins with: the town's facilities as any resident may see them."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Final

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from tamamo.context.broker import Broker
from tamamo.kernel.identity import resident_of
from tamamo.publishing.facilities.model import REGISTER, Facility, facility_of
from tamamo.publishing.facilities.needs import Wish
from tamamo.registers import Record, Register, Registers, UnknownRecord, UnknownRegister, Visitor
from tamamo.web.towns import town_of

#: Facilities read at once, and on one map, print or file at most.
STEP: Final = 200
MOST: Final = 5_000

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


@dataclass(frozen=True, slots=True)
class Room:
    """A town's facilities and who looks at them."""

    broker: Broker
    tenant: str
    visitor: Visitor
    register: Register

    @property
    def registers(self) -> Registers:
        """The engine."""
        return Registers(self.broker)

    def wish(self, request: HttpRequest) -> Wish:
        """Return which list an address asks for."""
        return Wish.parse(self.register, dict(request.GET.lists()))

    async def page(self, wish: Wish) -> tuple[list[Facility], int, int]:
        """Return a page of the list, its number and how many facilities the whole has."""
        found = await self.registers.page(self.visitor, REGISTER, wish.query())
        return [facility_of(row) for row in found.rows], found.page, found.total

    async def every(self, wish: Wish, most: int = MOST) -> list[Facility]:
        """Return the facilities of all pages of a list, in its order, at most `most`."""
        found: list[Facility] = []
        page = 1
        while len(found) < most:
            query = replace(wish, page=page).query(STEP)
            part = await self.registers.page(self.visitor, REGISTER, query)
            if part.page < page:  # beyond the last page the last one is answered
                break
            found += [facility_of(row) for row in part.rows]
            if page >= part.pages:
                break
            page += 1
        return found[:most]

    async def record(self, key: str) -> Record:
        """Return a facility as the register has it. Raises UnknownRecord."""
        entity_id = self.register.entity_id(key)
        return await self.registers.one(self.visitor, REGISTER, entity_id)


def facilities(view: View) -> View:
    """Open a view to the town's facilities; where residents may not see them there is no page."""

    @wraps(view)
    async def inside(request: HttpRequest, **named: Any) -> HttpResponseBase:
        broker: Broker = request.scope["state"]["broker"]  # type: ignore[attr-defined]
        tenant, engine = town_of(request).name, Registers(broker)
        visitor = await engine.visitor(resident_of(tenant), tenant)
        try:
            register = engine.register(REGISTER)
            if not engine.rights(visitor, register).read:
                raise UnknownRegister(REGISTER)
            return await view(request, Room(broker, tenant, visitor, register), **named)
        except (UnknownRecord, UnknownRegister) as unknown:
            raise Http404(str(unknown)) from unknown

    return inside
