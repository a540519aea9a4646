"""Which entities a rule is about, and when in the year."""

from dataclasses import dataclass
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from tamamo.context.model.entity import LOCATION, Entity
from tamamo.context.query.q import Test
from tamamo.kernel import geo
from tamamo.kernel.time import JST
from tamamo.rules.leaves import default_instance
from tamamo.rules.state import Moment, to_datetime

ADDRESS: Final = "https://uri.etsi.org/ngsi-ld/default-context/address"


@dataclass(frozen=True, slots=True)
class Season:
    """From one day of the year to another, both included, `06-01`; may go over New Year. JST."""

    first: str
    last: str

    def holds(self, at: Moment) -> bool:
        """Whether a moment lies in it."""
        day = to_datetime(at).astimezone(JST).strftime("%m-%d")
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last


@dataclass(frozen=True, slots=True)
class Subject:
    """Entities of a type (IRI) that meet everything given."""

    type: str
    ids: frozenset[str] | None = None
    where: Test | None = None
    #: IRIs of the attributes that `where` looks at.
    where_attrs: frozenset[str] = frozenset()
    area: BaseGeometry | None = None
    municipalities: tuple[str, ...] = ()
    season: Season | None = None

    @property
    def attrs(self) -> frozenset[str]:
        """IRIs of the attributes by which entities are selected."""
        places = {LOCATION} if self.area is not None else set()
        return self.where_attrs | places | ({ADDRESS} if self.municipalities else set())

    def selects(self, entity: Entity) -> bool:
        """Whether an entity is one of them; the season is not looked at."""
        if self.type not in entity.types or (self.ids is not None and entity.id not in self.ids):
            return False
        if self.municipalities and not self._is_in_municipality(entity):
            return False
        if self.area is not None and not self._is_in_area(entity):
            return False
        return self.where is None or self.where(entity, None)

    def _is_in_municipality(self, entity: Entity) -> bool:
        instance = default_instance(entity, ADDRESS)
        address = None if instance is None else instance.get("value")
        locality = address.get("addressLocality") if isinstance(address, dict) else None
        # 小豆郡小豆島町 is 小豆島町.
        return isinstance(locality, str) and locality.endswith(self.municipalities)

    def _is_in_area(self, entity: Entity) -> bool:
        instance = default_instance(entity, LOCATION)
        value = None if instance is None else instance.get("value")
        if isinstance(value, dict) and value.get("type") == "Point":
            east, north = value["coordinates"][:2]
            return bool(shapely.intersects_xy(self.area, east, north))
        place = geo.stored(value)
        assert self.area is not None
        return place is not None and self.area.intersects(place)
