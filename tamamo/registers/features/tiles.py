"""Vector tiles (OGC API - Tiles; Mapbox Vector Tile 2.1) of a collection, made when asked for.

A tile with few features holds each of them; one with many holds how many lie where, so that a map
of a million points stays as light as one of a thousand. The grid of these cells is that of the
whole world, so that no cell is in two tiles.
"""

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry import shape as shape_of
from shapely.geometry.base import BaseGeometry

from tamamo.kernel.geo import Bounds
from tamamo.registers.features import crs
from tamamo.registers.features.model import Cell, Collection, Place, Reader, Source

MEDIA_TYPE: Final = "application/vnd.mapbox-vector-tile"
LAYER: Final = "features"
#: The deepest zoom of a tile matrix set; deeper ones the map draws from these.
MOST_ZOOM: Final = 22
#: Units across a tile.
_EXTENT: Final = 4_096
#: What of lines and areas is kept around a tile, so that their edges are not seen.
_MARGIN: Final = 64
#: Features of a tile up to which each is in it.
MOST_PLACES: Final = 2_000
#: Cells across a tile where there are more.
CELLS: Final = 32
#: Seconds a tile counts, and bytes of them kept in this process.
SECONDS: Final = 60
_MEMORY: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile as it is sent. body: compressed (gzip). etag: strong, of what is in it."""

    body: bytes
    etag: str


class TileCache:
    """Tiles made a moment ago, by whoever may see what is in them."""

    def __init__(self) -> None:
        self._held: OrderedDict[Hashable, tuple[float, Tile]] = OrderedDict()
        self._bytes = 0

    async def tile(
        self, reader: Reader, source: Source, collection: Collection, place: tuple[int, int, int]
    ) -> Tile:
        """Return the tile at zoom, column, row."""
        key = (reader.tenant, reader.visitor.access.read, collection.id, place)
        found = self._held.get(key)
        if found is not None and found[0] > monotonic():
            self._held.move_to_end(key)
            return found[1]
        tile = await _make(reader, source, collection, place)
        self._keep(key, tile)
        return tile

    def _keep(self, key: Hashable, tile: Tile) -> None:
        before = self._held.pop(key, None)
        self._bytes += len(tile.body) - (len(before[1].body) if before else 0)
        self._held[key] = (monotonic() + SECONDS, tile)
        while self._bytes > _MEMORY:
            _, (_, oldest) = self._held.popitem(last=False)
            self._bytes -= len(oldest.body)


def bounds_of(zoom: int, column: int, row: int) -> Bounds:
    """Return west, south, east, north of a tile in degrees."""
    count = 2**zoom
    west, north = crs.from_square(column / count, row / count)
    east, south = crs.from_square((column + 1) / count, (row + 1) / count)
    return west, south, east, north


async def _make(
    reader: Reader, source: Source, collection: Collection, place: tuple[int, int, int]
) -> Tile:
    box = bounds_of(*place)
    # Counting is cheap where they are few, and all there is to do where they are many.
    cells = await source.cells(reader, collection, box, CELLS * 2 ** place[0])
    if sum(cell.count for cell in cells) <= MOST_PLACES:
        places = await source.places(reader, collection, box, MOST_PLACES) if cells else ()
        features = await asyncio.to_thread(_features, places, place)
    else:
        features = _cells(cells, place)
    body = await asyncio.to_thread(encode, features)
    digest = hashlib.blake2s(body, digest_size=12).hexdigest()
    return Tile(gzip.compress(body, 6, mtime=0), f'"{digest}"')


def encode(features: Sequence[dict[str, Any]]) -> bytes:
    """Return a tile of one layer; geometries are in units of the tile, downwards."""
    import mapbox_vector_tile  # noqa: PLC0415 - 8 MB that only tiles need

    layer = {"name": LAYER, "features": list(features)}
    options = {"y_coord_down": True, "extents": _EXTENT}
    return bytes(mapbox_vector_tile.encode(layer, default_options=options))


def _cells(cells: Sequence[Cell], place: tuple[int, int, int]) -> list[dict[str, Any]]:
    found = []
    for cell in cells:
        x, y = _units(cell.longitude, cell.latitude, place)
        if not (0 <= x < _EXTENT and 0 <= y < _EXTENT):
            continue  # on the edge: it is the neighbour's
        properties: dict[str, Any] = {"count": cell.count}
        if cell.id:
            properties["id"] = cell.id
        found.append({"geometry": shapely.Point(x, y), "properties": properties})
    return found


def _features(places: Sequence[Place], place: tuple[int, int, int]) -> list[dict[str, Any]]:
    found = []
    for one in places:
        geometry = _geometry(one, place)
        if geometry is not None and not geometry.is_empty:
            properties = {"id": one.id, "title": one.title}
            found.append({"geometry": geometry, "properties": properties})
    return found


def _geometry(one: Place, place: tuple[int, int, int]) -> BaseGeometry | None:
    if one.shape is None:
        x, y = _units(one.longitude, one.latitude, place)
        return shapely.Point(x, y) if 0 <= x < _EXTENT and 0 <= y < _EXTENT else None
    drawn = shapely.transform(
        shapely.force_2d(shape_of(one.shape)),
        lambda pairs: np.array([_units(float(x), float(y), place) for x, y in pairs]),
    )
    edge = -_MARGIN, -_MARGIN, _EXTENT + _MARGIN, _EXTENT + _MARGIN
    return shapely.clip_by_rect(drawn.simplify(1), *edge)


def _units(longitude: float, latitude: float, place: tuple[int, int, int]) -> tuple[float, float]:
    zoom, column, row = place
    x, y = crs.to_square(longitude, latitude)
    count = 2**zoom
    return (x * count - column) * _EXTENT, (y * count - row) * _EXTENT
