"""Datasets as one object: what pages, the catalogue's APIs and the commands call in process."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tamamo.context.broker import Broker
from tamamo.kernel.database import searching, single
from tamamo.publishing.datasets import comparing, counting, files, metadata, rows, store
from tamamo.publishing.datasets import rights as may
from tamamo.publishing.datasets import searching as find
from tamamo.publishing.datasets.counting import Count
from tamamo.publishing.datasets.errors import UnknownVersion
from tamamo.publishing.datasets.live import declaration
from tamamo.publishing.datasets.live.declaration import Live
from tamamo.publishing.datasets.metadata import THEMES, Theme
from tamamo.publishing.datasets.model import (
    Act,
    Change,
    Comparison,
    DataRow,
    Dataset,
    DatasetQuery,
    Format,
    Found,
    Organization,
    Rights,
    RowPage,
    RowsQuery,
    Version,
)
from tamamo.publishing.datasets.places import Box
from tamamo.publishing.datasets.rights import Sight
from tamamo.publishing.datasets.workflow import Workflow
from tamamo.registers.model import Visitor

#: Kinds of changes to rows, for `compare`.
ALL_CHANGES = ("added", "removed", "changed")


class Datasets(Workflow):
    """The datasets of all towns. visitor None: anybody of the public."""

    def __init__(self, broker: Broker, live: Mapping[str, Live] | None = None) -> None:
        """live: the declared live datasets by id, those of the project folders without it."""
        super().__init__(broker)
        self._live = declaration.declared() if live is None else live

    async def search(
        self, visitor: Visitor | None, town: str, query: DatasetQuery, facets: Sequence[str] = ()
    ) -> Found:
        """Return a page of the datasets that match. Raises BadDatasetQuery."""
        return await find.search(self._broker, await self._sight(visitor, town), query, facets)

    async def ids(self, visitor: Visitor | None, town: str) -> list[tuple[str, datetime]]:
        """Return the ids of what is public, each with when it was changed last."""
        return await find.ids(self._broker, await self._sight(visitor, town))

    async def one(self, visitor: Visitor | None, town: str, identifier: str) -> Dataset:
        """Return a dataset by its id or uuid. Raises UnknownDataset."""
        sight = await self._sight(visitor, town)
        return sight.require(await store.one(self._broker.pool, town, identifier))

    async def versions(self, visitor: Visitor | None, town: str, identifier: str) -> list[Version]:
        """Return a dataset's versions, the newest first; to the public those published."""
        sight = await self._sight(visitor, town)
        async with single(self._broker.pool) as connection:
            dataset = sight.require(await store.get(connection, town, identifier))
            return await store.versions(connection, town, dataset.id, public=not sight.staff)

    async def version(
        self, visitor: Visitor | None, town: str, identifier: str, number: int
    ) -> Version:
        """Return a version. Raises UnknownDataset, UnknownVersion."""
        _, version = await self._chosen(await self._sight(visitor, town), identifier, number)
        if version is None:
            raise UnknownVersion(f"The dataset {identifier} has no version {number}")
        return version

    async def rows(
        self,
        visitor: Visitor | None,
        town: str,
        identifier: str,
        query: RowsQuery | None = None,
    ) -> RowPage:
        """Return a page of rows. Raises BadDatasetQuery, TooComplexQuery, UnknownVersion."""
        query = query or RowsQuery()
        sight = await self._sight(visitor, town)
        dataset, version = await self._chosen(sight, identifier, query.version)
        if version is None:
            live = self._declared(dataset)
            return await rows.live_page(self._broker, sight, live, query)
        async with searching(self._broker.pool) as connection:
            shape = rows.Shape(version.fields)
            page = await rows.page(
                connection, town, version.id, shape, query=query, rows=version.rows or 0
            )
        return replace(page, version=version.number)

    async def row(
        self,
        visitor: Visitor | None,
        town: str,
        identifier: str,
        number: int,
        *,
        version: int | None = None,
    ) -> DataRow:
        """Return a row by its number. Raises UnknownVersion."""
        sight = await self._sight(visitor, town)
        dataset, chosen = await self._chosen(sight, identifier, version)
        if chosen is None:
            query = RowsQuery(after=number - 1, limit=1, count=False)
            page = await rows.live_page(self._broker, sight, self._declared(dataset), query)
            if not page.rows:
                raise UnknownVersion(f"There is no row {number}")
            return page.rows[0]
        async with single(self._broker.pool) as connection:
            return await rows.one(connection, town, chosen.id, rows.Shape(chosen.fields), number)

    async def points(
        self,
        visitor: Visitor | None,
        town: str,
        identifier: str,
        box: Box,
        *,
        limit: int = 2_000,
        version: int | None = None,
    ) -> list[DataRow]:
        """Return rows in a box (west, south, east, north), in no order of people's."""
        sight = await self._sight(visitor, town)
        dataset, chosen = await self._chosen(sight, identifier, version)
        if chosen is None:
            query = RowsQuery(bbox=box, limit=limit, count=False)
            live = self._declared(dataset)
            return list((await rows.live_page(self._broker, sight, live, query)).rows)
        shape = rows.Shape(chosen.fields)
        return await rows.points(self._broker, town, chosen.id, shape, box=box, limit=limit)

    async def download(
        self,
        visitor: Visitor | None,
        town: str,
        identifier: str,
        format_: Format,
        *,
        version: int | None = None,
    ) -> AsyncIterator[bytes]:
        """Yield a dataset as a file in the pieces in which it is made.

        Its name, media type and ETag: tamamo.publishing.datasets.files. Raises UnknownVersion, and
        BadDatasetQuery for GeoJSON of rows without places.
        """
        sight = await self._sight(visitor, town)
        dataset, chosen = await self._chosen(sight, identifier, version)
        live = None if chosen is not None else self._declared(dataset)
        fields = chosen.fields if chosen is not None else dataset.fields
        table = files.Table(town, dataset, fields, chosen, live, sight)
        async for piece in files.download(self._broker, table, format_):
            yield piece

    async def organizations(self, visitor: Visitor | None, town: str) -> list[Organization]:
        """Return the units of the town that have datasets."""
        return await find.organizations(self._broker, await self._sight(visitor, town))

    async def groups(self, visitor: Visitor | None, town: str) -> list[tuple[Theme, int]]:
        """Return all themes, each with how many datasets it has."""
        found = await self.search(visitor, town, DatasetQuery(rows=0), ("groups",))
        counted = {facet.value: facet.count for facet in found.facets["groups"]}
        return [(theme, counted.get(theme.id, 0)) for theme in THEMES.values()]

    async def tags(self, visitor: Visitor | None, town: str) -> list[tuple[str, int]]:
        """Return the tags in use, the most frequent first."""
        found = await self.search(visitor, town, DatasetQuery(rows=0), ("tags",))
        return [(facet.value, facet.count) for facet in found.facets["tags"]]

    async def changes(self, town: str, limit: int = 50, dataset: str | None = None) -> list[Change]:
        """Return what the public was told of, the newest first."""
        values = {"tenant": town, "limit": limit, "dataset": dataset}
        async with single(self._broker.pool) as connection:
            cursor = await connection.execute(store.SQL["changes"], values)
            found = await cursor.fetchall()
        return [
            Change(identifier, metadata.from_stored(told).title, *rest)
            for identifier, told, *rest in found
        ]

    async def stamp(self, town: str) -> str:
        """Return a text that differs after whatever changes the town's catalogue."""
        async with single(self._broker.pool) as connection:
            row = await store.execute(connection, "stamp", tenant=town)
        return str(row[0])

    async def count(self, town: str) -> Count:
        """Return how many datasets a town has open, by the rule of counting.py."""
        return await counting.count(self._broker, await self._sight(None, town))

    async def compare(
        self,
        visitor: Visitor | None,
        town: str,
        identifier: str,
        a: int,
        b: int,
        *,
        kinds: Sequence[str] = ALL_CHANGES,
        limit: int = 100,
        offset: int = 0,
    ) -> Comparison:
        """Return what differs between two versions, row by row. Raises UnknownVersion."""
        first = await self.version(visitor, town, identifier, a)
        second = await self.version(visitor, town, identifier, b)
        async with searching(self._broker.pool) as connection:
            return await comparing.compare(
                connection, town, first, second, kinds=kinds, limit=limit, offset=offset
            )

    async def open_versions(self, visitor: Visitor) -> list[Version]:
        """Return the versions of the town that somebody works at, what was changed last first."""
        if not may.rights_of(visitor, None).see:
            return []
        async with single(self._broker.pool) as connection:
            return await store.versions(connection, visitor.tenant, None, open_=True)

    async def acts(self, visitor: Visitor, identifier: str, limit: int = 50) -> list[Act]:
        """Return what was done to a dataset, the newest first; nothing to who sees no drafts."""
        dataset = await self.one(visitor, visitor.tenant, identifier)
        if not may.rights_of(visitor, dataset).see:
            return []
        values = {"tenant": visitor.tenant, "object": f"dataset:{dataset.id}", "limit": limit}
        async with single(self._broker.pool) as connection:
            cursor = await connection.execute(store.SQL["acts"], values)
            return [Act(*row) for row in await cursor.fetchall()]

    @staticmethod
    def rights(visitor: Visitor | None, dataset: Dataset | None = None, unit: str = "") -> Rights:
        """Return what a visitor may do with a dataset, or with a new one of a unit."""
        return may.rights_of(visitor, dataset, unit)

    async def _sight(self, visitor: Visitor | None, town: str) -> Sight:
        return await may.sight_of(self._broker, visitor, town, self._live)

    def _declared(self, dataset: Dataset) -> Live:
        live = self._live.get(dataset.id)
        if live is None:
            raise UnknownVersion(f"The dataset {dataset.id} has no version yet")
        return live

    async def _chosen(
        self, sight: Sight, identifier: str, number: int | None
    ) -> tuple[Dataset, Version | None]:
        """Return a dataset with a version; None of a live one. Raises UnknownVersion."""
        async with single(self._broker.pool) as connection:
            dataset = sight.require(await store.get(connection, sight.town, identifier))
            if dataset.kind == "live":
                if number:
                    raise UnknownVersion(f"The dataset {dataset.id} has no version {number}")
                return dataset, None
            number = dataset.version if number is None else number
            if number is None:
                raise UnknownVersion(f"The dataset {dataset.id} has no version yet")
            found = await store.version(
                connection, sight.town, dataset.id, number, public=not sight.staff
            )
        return dataset, found
