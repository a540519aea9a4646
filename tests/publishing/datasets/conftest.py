"""A town of the test's own with an officer and an approver, and files written by the test.

Everything in the files is invented.
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from psycopg.types.json import Jsonb

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.identity import Actor, Grant, Role, access_of
from tamamo.kernel.identity.resolve import Policy
from tamamo.kernel.settings import Settings
from tamamo.publishing.datasets import Dataset, Datasets, Field, Metadata, Version, Words, copying
from tamamo.publishing.datasets import store as kept
from tamamo.publishing.datasets.files import formats_of
from tamamo.registers.model import Visitor

_TOWNS = count(1)
FIELDS = (
    Field("id", Words("番号", "Number"), "text", role="key"),
    Field("name", Words("名称", "Name")),
    Field("seats", Words("座席数", "Seats"), "integer"),
    Field("latitude", Words("緯度", "Latitude"), "latitude", role="latitude"),
    Field("longitude", Words("経度", "Longitude"), "longitude", role="longitude"),
)


def person(number: int, role: Role, tenant: str, unit: str | None = None) -> Visitor:
    """Somebody with one role in one town."""
    actor = Actor(f"user:{number}", f"P{number}", (Grant(str(number), tenant, role, unit),))
    return Visitor(tenant, actor, access_of(actor, tenant, Policy()))


def row(number: int, **changes: Any) -> dict[str, Any]:
    """A row of FIELDS."""
    values = {
        "id": f"K{number:03}", "name": f"模擬ホール{number}", "seats": number * 10,
        "latitude": 34.3 + number / 1000, "longitude": 134.0 + number / 1000,
    }  # fmt: skip
    return values | changes


@dataclass
class Hall:
    """A town hall: the engine, the officer, the approver."""

    tenant: str
    broker: Broker
    datasets: Datasets
    officer: Visitor
    approver: Visitor
    folder: Path

    async def dataset(self, identifier: str, **said: Any) -> Dataset:
        """Make a dataset without a version."""
        said = {"title": Words(f"模擬の表 {identifier}", f"Table {identifier}")} | said
        return await self.datasets.create(self.officer, identifier, Metadata(**said))

    async def shown(
        self, identifier: str, rows: Sequence[Mapping[str, Any]], fields: Sequence[Field] = FIELDS
    ) -> Dataset:
        """Bring rows before the public as they are, beside the workflow."""
        async with transaction(self.broker.pool) as connection:
            number = (await kept.execute(connection, "reserve_version"))[0]
            at = await kept.execute(connection, "next_version", tenant=self.tenant, id=identifier)
            await kept.execute(
                connection, "insert_version", tenant=self.tenant, id=number, dataset=identifier,
                number=at[0], filename="x.csv", size=1, sha256="0", choice=None, recipe=None,
                by="user:1",
            )  # fmt: skip

        async def tell(_: Connection, done: int) -> None: ...

        done = await copying.copy(
            self.broker.pool, self.tenant, number, fields, rows=iter(rows), tell=tell
        )
        async with transaction(self.broker.pool) as connection:
            await connection.execute(
                "update dataset_version set state = 'published', published_at = now(),"
                " fields = %s, rows = %s, bbox = %s, reports = %s where id = %s",
                [kept.fields_told(fields), done.rows, done.bbox, Jsonb({}), number],
            )
            await kept.execute(
                connection, "show_version", tenant=self.tenant, id=identifier, version=number,
                by="user:1", formats=list(formats_of(fields, done.rows)), data_at=None, due=None,
            )  # fmt: skip
            found = await kept.get(connection, self.tenant, identifier)
            await kept.execute(
                connection, "fold_again", tenant=self.tenant, id=identifier,
                folded=kept.described_columns(identifier, found.metadata, fields)["folded"],
            )  # fmt: skip
        return await self.datasets.one(None, self.tenant, identifier)

    def file(self, name: str, text: str, encoding: str = "utf-8") -> Path:
        """Write a file of a department."""
        path = self.folder / name
        path.write_bytes(text.encode(encoding))
        return path

    async def published(self, identifier: str, path: Path, **said: Any) -> Version:
        """Bring a file to the public as two people do."""
        made = await self.checked(identifier, path)
        assert made.state == "checked", made.reason
        number = made.number
        await self.datasets.submit(self.officer, identifier, number, accept_loss=True)
        return await self.datasets.approve(
            self.approver, identifier, number, seen_privacy=True, privacy_note="模擬の値です"
        )

    async def checked(self, identifier: str, path: Path, key: str = "") -> Version:
        """Bring a file as far as its check, as an unattended import would settle it.

        key: the heading of the column that the officer says tells rows apart.
        """
        from tamamo.registers import intake

        begun = await self.datasets.begin(self.officer, identifier, path, path.name)
        profile = await self.datasets.profile(self.officer, identifier, begun.number)
        recipe = intake.settle(profile)
        if key:
            names = [column.name for column in recipe.columns if column.source == key]
            recipe = msgspec.structs.replace(recipe, key=names)
        await self.datasets.settle(self.officer, identifier, begun.number, recipe)
        return await self.datasets.check(self.officer, identifier, begun.number)

    async def all(self, statement: str, *values: Any) -> list[Any]:
        """Return the rows of a statement."""
        async with transaction(self.broker.pool) as connection:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchall()


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a CSV."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([header, *rows])
    return out.getvalue()


@pytest.fixture
async def hall(shared_database_url: str, tmp_path: Path) -> AsyncIterator[Hall]:
    """A town of the test's own."""
    number = next(_TOWNS)
    name = f"town{number}"
    settings = Settings(home=tmp_path, database_url=shared_database_url)
    async with open_broker(settings) as broker:
        async with transaction(broker.pool) as connection:
            await connection.execute(
                "insert into tenant (name, title, code, public_types) values (%s, %s, %s, %s)",
                [name, Jsonb({"ja": "玉藻市", "en": "Tamamo City"}), str(980000 + number), ["*"]],
            )
            await connection.execute("update town_generation set generation = generation + 1")
        await broker.towns.refresh()
        yield Hall(
            name, broker, Datasets(broker, {}), person(1, Role.EDITOR, name),
            person(2, Role.APPROVER, name), tmp_path,
        )  # fmt: skip
