"""Collections of features, and what a kind of collection has to do. Plain values, no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from tamamo.context.broker import Broker
from tamamo.kernel.geo import Bounds
from tamamo.registers.declaration import Texts
from tamamo.registers.features.crs import CRS84
from tamamo.registers.model import Visitor

#: Types of JSON that properties have.
JsonType = Literal["string", "number", "integer", "boolean", "array", "object"]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: never to be kept.

    broker: shows what may be read. whole: shows everything, for engines that look at `visitor`.
    """

    broker: Broker
    whole: Broker
    visitor: Visitor
    language: str = "ja"

    @property
    def tenant(self) -> str:
        """The town."""
        return self.visitor.tenant


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a collection's features. filtered: whether it can be asked for by value."""

    name: str
    type: JsonType = "string"
    title: Texts | None = None
    filtered: bool = True
    #: Values there are to choose from; empty: any.
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection as somebody may see it.

    kind: what it stands on. key: its name there. bounds: west, south, east, north, None where
    unknown. interval: first and last moment of its features. tiled: whether there are tiles.
    page: path of the page for people about the data, "" for none.
    """

    id: str
    kind: Literal["type", "register", "dataset"]
    key: str
    title: Texts
    description: Texts
    properties: tuple[Property, ...] = ()
    bounds: Bounds | None = None
    interval: tuple[datetime | None, datetime | None] | None = None
    tiled: bool = True
    licence: str = ""
    page: str = ""
    attribution: Texts | None = None

    def property(self, name: str) -> Property | None:
        """Return a property by name."""
        return next((one for one in self.properties if one.name == name), None)


@dataclass(frozen=True, slots=True)
class ItemsQuery:
    """Which features, a page of them.

    boxes: one, or two where a box spans the antimeridian; empty: everywhere. start, end: the
    features' time meets this interval, either end open. after: the key behind which the page
    begins. filters: property → its value as a text. properties: those shown, None: all.
    """

    limit: int = 100
    after: str = ""
    boxes: tuple[Bounds, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    properties: tuple[str, ...] | None = None
    system: str = CRS84


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature. geometry: GeoJSON in CRS84. key: what the next page begins behind."""

    id: str
    geometry: dict[str, Any] | None
    properties: Mapping[str, Any]
    key: str = ""


@dataclass(frozen=True, slots=True)
class FeaturePage:
    """A page. total: how many match in all, where that is known cheaply and exactly."""

    features: tuple[Feature, ...]
    more: bool = False
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A feature on the map. shape: GeoJSON where it is no point."""

    id: str
    title: str
    longitude: float
    latitude: float
    shape: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """Some features close to one another: how many, and their middle. id: of a lone one."""

    count: int
    longitude: float
    latitude: float
    id: str = ""


class Source(Protocol):
    """A kind of collections. What somebody may not see is as if it were not there."""

    #: What the ids of its collections begin with.
    prefix: str

    async def is_public(self, broker: Broker, tenant: str) -> bool:
        """Whether anybody may read something in a town, though no type of its is public."""

    async def collections(self, reader: Reader) -> Sequence[Collection]:
        """Return all, without what is costly to find (bounds, properties)."""

    async def collection(self, reader: Reader, key: str) -> Collection | None:
        """Return one with all there is to say of it."""

    async def page(self, reader: Reader, collection: Collection, query: ItemsQuery) -> FeaturePage:
        """Return a page of features, in the order of their keys."""

    async def feature(self, reader: Reader, collection: Collection, name: str) -> Feature | None:
        """Return a feature by its id."""

    async def places(
        self, reader: Reader, collection: Collection, box: Bounds, limit: int
    ) -> Sequence[Place]:
        """Return features that meet a box, at most `limit` of them."""

    async def cells(
        self, reader: Reader, collection: Collection, box: Bounds, count: int
    ) -> Sequence[Cell]:
        """Return how many features lie where: the Web Mercator world in count × count cells."""
