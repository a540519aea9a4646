"""Published datasets with coordinates, as collections: of the version that the public sees.

A feature's id is the number of its row. Rows of live datasets are numbered as they are read.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg.errors import QueryCanceled

from tamamo.context.broker import Broker
from tamamo.context.errors import TooComplexQuery
from tamamo.kernel.database import searching, single
from tamamo.kernel.geo import Bounds
from tamamo.kernel.time import JST
from tamamo.publishing.datasets import (
    LICENCES,
    DataRow,
    Dataset,
    DatasetQuery,
    Datasets,
    Field,
    RowsQuery,
    UnknownDataset,
    UnknownVersion,
)
from tamamo.publishing.datasets.model import NUMBERS
from tamamo.publishing.datasets.places import ZOOM, tile_range
from tamamo.registers.declaration import Texts
from tamamo.registers.features import crs, tiles
from tamamo.registers.features.errors import BadParameter
from tamamo.registers.features.model import (
    Cell,
    Collection,
    Feature,
    FeaturePage,
    ItemsQuery,
    JsonType,
    Place,
    Property,
    Reader,
)

#: Datasets of one search.
_STEP: Final = 1_000
#: Rows looked through for a time, which has no index.
_MOST_LOOKED_AT: Final = 200_000
_BATCH: Final = 2_000
_ROLES: Final = frozenset({"latitude", "longitude"})
#: Cells across a tile, as a number of bits.
_CELL_BITS: Final = tiles.CELLS.bit_length() - 1

_ANY_PUBLIC: Final = """
select exists (
    select from dataset
    where tenant = %(tenant)s and state = 'published' and kind = 'file' and bbox is not null
)
"""
_CELLS: Final = """
select count(*), r.quad >> %(shift)s
from dataset_row r
where r.tenant = %(tenant)s and r.version = %(version)s
    and r.quad >= %(low)s and r.quad < %(high)s
group by 2
"""


class PublishedDatasets:
    """A collection a dataset."""

    prefix = "dataset."

    async def is_public(self, broker: Broker, tenant: str) -> bool:
        """Whether anybody may read something here, though no type of entities is public."""
        async with single(broker.pool) as connection:
            cursor = await connection.execute(_ANY_PUBLIC, {"tenant": tenant})
            row = await cursor.fetchone()
        return bool(row and row[0])

    async def collections(self, reader: Reader) -> Sequence[Collection]:
        """Return the published datasets whose rows have places."""
        found: list[Collection] = []
        start, total = 0, 1
        while start < total:
            query = DatasetQuery(sort="id", start=start, rows=_STEP)
            page = await Datasets(reader.whole).search(reader.visitor, reader.tenant, query)
            found += [_collection(one) for one in page.datasets if one.located]
            start, total = start + _STEP, page.total
        return found

    async def collection(self, reader: Reader, key: str) -> Collection | None:
        """Return a dataset's collection."""
        dataset = await _dataset(reader, key)
        return None if dataset is None else _collection(dataset)

    async def page(self, reader: Reader, collection: Collection, query: ItemsQuery) -> FeaturePage:
        """Return a page of rows in the order of their numbers."""
        dataset = await _dataset(reader, collection.key)
        if dataset is None:
            return FeaturePage(())
        asked = RowsQuery(
            filters=dict(query.filters),
            limit=query.limit,
            after=_number(query.after),
            bbox=_box(query.boxes),
            count=not (query.after or query.filters),
        )
        engine = Datasets(reader.whole)
        timed = dataset.time_field is not None and (query.start or query.end)
        if dataset.time_field is not None and timed:
            rows, more = await _in_time(engine, reader, dataset, asked, query)
            total = None
        else:
            found = await engine.rows(reader.visitor, reader.tenant, dataset.id, asked)
            rows, more, total = list(found.rows), found.more, found.total
        if not more and not query.after:
            total = len(rows)
        features = [_feature(dataset, row, query.properties) for row in rows]
        return FeaturePage(tuple(features), more, total)

    async def feature(self, reader: Reader, collection: Collection, name: str) -> Feature | None:
        """Return a row by its number."""
        dataset = await _dataset(reader, collection.key)
        if dataset is None or not _is_number(name):
            return None
        try:
            engine = Datasets(reader.whole)
            row = await engine.row(reader.visitor, reader.tenant, dataset.id, int(name))
        except UnknownVersion:
            return None
        return _feature(dataset, row, None)

    async def places(
        self, reader: Reader, collection: Collection, box: Bounds, limit: int
    ) -> Sequence[Place]:
        """Return rows of an area."""
        dataset = await _dataset(reader, collection.key)
        if dataset is None:
            return []
        rows = await Datasets(reader.whole).points(
            reader.visitor, reader.tenant, dataset.id, box, limit=limit
        )
        heading = _heading(dataset.fields)
        return [
            Place(str(row.number), str(row.values.get(heading) or ""), row.longitude, row.latitude)
            for row in rows
            if row.longitude is not None and row.latitude is not None
        ]

    async def cells(
        self, reader: Reader, collection: Collection, box: Bounds, count: int
    ) -> Sequence[Cell]:
        """Return how many rows lie where in the tile that a box is."""
        dataset = await _dataset(reader, collection.key)
        if dataset is None:
            return []
        if dataset.kind == "live":
            places = await self.places(reader, collection, box, _MOST_LOOKED_AT)
            return _gathered(places, count)
        bits = count.bit_length() - 1
        zoom = max(0, bits - _CELL_BITS)
        x, y = crs.to_square((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        low, high = tile_range(zoom, int(x * 2**zoom), int(y * 2**zoom))
        shift = 2 * max(0, ZOOM - bits)
        params = {"tenant": reader.tenant, "version": dataset.version_id}
        params |= {"low": low, "high": high, "shift": shift}
        try:
            async with searching(reader.whole.pool) as connection:
                rows = await (await connection.execute(_CELLS, params)).fetchall()
        except QueryCanceled as error:
            raise TooComplexQuery("This takes too long: zoom in") from error
        return [Cell(number, *_middle(cell, shift)) for number, cell in rows]


async def _dataset(reader: Reader, key: str) -> Dataset | None:
    """Return a dataset that the public sees and that has places."""
    try:
        found = await Datasets(reader.whole).one(reader.visitor, reader.tenant, key)
    except UnknownDataset:
        return None
    return found if found.state == "published" and found.located else None


def _collection(dataset: Dataset) -> Collection:
    shown = [one for one in dataset.fields if one.role not in _ROLES]
    words = dataset.description
    licence = LICENCES.get(dataset.metadata.licence)
    return Collection(
        f"{PublishedDatasets.prefix}{dataset.id}",
        "dataset",
        dataset.id,
        Texts(dataset.title.in_("ja"), dataset.title.in_("en")),
        Texts(words.in_("ja"), words.in_("en")),
        tuple(_property(one) for one in shown),
        dataset.bbox,
        licence=licence.url if licence else "",
        page=f"/data/{dataset.id}/",
    )


def _property(field: Field) -> Property:
    kind: JsonType = "string"
    if field.kind in NUMBERS:
        kind = "integer" if field.kind in ("integer", "year") else "number"
    elif field.kind == "boolean":
        kind = "boolean"
    return Property(field.name, kind, Texts(field.label.in_("ja"), field.label.in_("en")))


def _heading(fields: Sequence[Field]) -> str:
    """Return the field whose value heads a row: the one called name, else the first text."""
    texts = [one.name for one in fields if one.kind == "text" and one.role == ""]
    named = [name for name in texts if name in ("name", "title")]
    return next(iter([*named, *texts]), "")


def _number(after: str) -> int | None:
    """Return the row behind which a page begins. Raises BadParameter."""
    if not after:
        return None
    if not _is_number(after):
        raise BadParameter("after: take it from the link next", field="after")
    return int(after)


def _is_number(text: str) -> bool:
    """Whether a text is the number of a row: they count from 1."""
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0


def _box(boxes: Sequence[Bounds]) -> Bounds | None:
    if not boxes:
        return None
    return (boxes[0][0], boxes[0][1], boxes[-1][2], boxes[-1][3])


def _feature(dataset: Dataset, row: DataRow, shown: tuple[str, ...] | None) -> Feature:
    values = {
        field.name: row.values.get(field.name)
        for field in dataset.fields
        if field.role not in _ROLES and (shown is None or field.name in shown)
    }
    geometry = None
    if row.longitude is not None and row.latitude is not None:
        geometry = {"type": "Point", "coordinates": [row.longitude, row.latitude]}
    return Feature(str(row.number), geometry, values, str(row.number))


async def _in_time(
    engine: Datasets, reader: Reader, dataset: Dataset, asked: RowsQuery, query: ItemsQuery
) -> tuple[list[DataRow], bool]:
    """Return the rows of a page whose time meets an interval, by looking at one after another."""
    field = dataset.time_field
    assert field is not None
    taken: list[DataRow] = []
    after, looked = asked.after or 0, 0
    while len(taken) <= query.limit and looked < _MOST_LOOKED_AT:
        step = RowsQuery(
            filters=asked.filters, limit=_BATCH, after=after, bbox=asked.bbox, count=False
        )
        page = await engine.rows(reader.visitor, reader.tenant, dataset.id, step)
        taken += [r for r in page.rows if _meets(r.values.get(field.name), query)]
        if not page.more or not page.rows:
            return taken[: query.limit], len(taken) > query.limit
        after, looked = page.rows[-1].number, looked + len(page.rows)
    if len(taken) <= query.limit:
        raise TooComplexQuery("This takes too long: narrow it by bbox or a property")
    return taken[: query.limit], True


def _meets(value: Any, query: ItemsQuery) -> bool:
    """Whether the time of a row meets an interval; a row without one is of all times."""
    span = span_of(value)
    if span is None:
        return value is None
    first, last = span
    return (query.start is None or last >= query.start) and (
        query.end is None or first <= query.end
    )


def span_of(value: Any) -> tuple[datetime, datetime] | None:
    """Return the first and last moment of a year, a date or a time (Japan where none is said)."""
    text = str(value)
    try:
        if len(text) == 4 and text.isdigit():
            year = int(text)
            start, end = (datetime(one, 1, 1, tzinfo=JST) for one in (year, year + 1))
            return start, end - timedelta(microseconds=1)
        if len(text) == 10:
            start = datetime.fromisoformat(text).replace(tzinfo=JST)
            return start, start + timedelta(days=1, microseconds=-1)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=JST)
    return moment, moment


def _gathered(places: Sequence[Place], count: int) -> list[Cell]:
    held: Mapping[tuple[int, int], list[Place]] = defaultdict(list)
    for one in places:
        x, y = crs.to_square(one.longitude, one.latitude)
        held[int(x * count), int(y * count)].append(one)
    return [
        Cell(
            len(some),
            sum(one.longitude for one in some) / len(some),
            sum(one.latitude for one in some) / len(some),
            some[0].id if len(some) == 1 else "",
        )
        for some in held.values()
    ]


def _middle(cell: int, shift: int) -> tuple[float, float]:
    """Return the middle of a cell of the map, given its quadkey without its last bits."""
    side = 2 ** (ZOOM - shift // 2)
    return crs.from_square(
        (_every_other(cell) + 0.5) / side, (_every_other(cell >> 1) + 0.5) / side
    )


def _every_other(value: int) -> int:
    """Return the number of every other bit: what was spread, put together again."""
    found = 0
    for bit in range(ZOOM):
        found |= (value >> 2 * bit & 1) << bit
    return found


__all__ = ["PublishedDatasets", "span_of"]
