"""The features of a town as somebody may see them, whatever they stand on."""

from collections.abc import Sequence

from tamamo.context.broker import Broker
from tamamo.registers.features.errors import NothingHere
from tamamo.registers.features.model import (
    Collection,
    Feature,
    FeaturePage,
    ItemsQuery,
    Reader,
    Source,
)
from tamamo.registers.features.tiles import MOST_ZOOM, Tile, TileCache


class Features:
    """Collections of several kinds; each id begins with the prefix of its kind."""

    def __init__(self, sources: Sequence[Source]) -> None:
        """sources: one a kind; at most one of them has no prefix."""
        self._sources = tuple(sources)
        self._by_prefix = sorted(sources, key=lambda one: -len(one.prefix))
        self._tiles = TileCache()

    async def is_public(self, broker: Broker, tenant: str) -> bool:
        """Whether anybody may read something in a town, though no type of its is public."""
        for source in self._sources:
            if await source.is_public(broker, tenant):
                return True
        return False

    async def collections(self, reader: Reader) -> list[Collection]:
        """Return all collections that may be seen, in the order of their sources."""
        found: list[Collection] = []
        for source in self._sources:
            found += await source.collections(reader)
        return found

    async def collection(self, reader: Reader, name: str) -> Collection:
        """Return a collection. Raises NothingHere."""
        return (await self._find(reader, name))[1]

    async def page(self, reader: Reader, collection: Collection, query: ItemsQuery) -> FeaturePage:
        """Return a page of a collection's features."""
        return await self._source(collection.id).page(reader, collection, query)

    async def feature(self, reader: Reader, collection: Collection, name: str) -> Feature:
        """Return a feature. Raises NothingHere."""
        found = await self._source(collection.id).feature(reader, collection, name)
        if found is None:
            raise NothingHere(f"{collection.id} has no feature {name!r}")
        return found

    async def tile(self, reader: Reader, name: str, zoom: str, row: str, column: str) -> Tile:
        """Return a tile of a collection. Raises NothingHere for one that cannot be."""
        source, collection = await self._find(reader, name)
        numbers = [int(text) for text in (zoom, column, row) if text.isdigit() and len(text) < 9]
        if not collection.tiled or len(numbers) != 3 or numbers[0] > MOST_ZOOM:
            raise NothingHere(f"{name} has no tile {zoom}/{row}/{column}")
        z, x, y = numbers
        if x >= 2**z or y >= 2**z:
            raise NothingHere(f"{name} has no tile {zoom}/{row}/{column}")
        return await self._tiles.tile(reader, source, collection, (z, x, y))

    async def _find(self, reader: Reader, name: str) -> tuple[Source, Collection]:
        source = self._source(name)
        found = await source.collection(reader, name.removeprefix(source.prefix))
        if found is None:
            raise NothingHere(f"There is no collection {name!r}")
        return source, found

    def _source(self, name: str) -> Source:
        for source in self._by_prefix:
            if name.startswith(source.prefix):
                return source
        raise NothingHere(f"There is no collection {name!r}")
