"""Files of versions: kept in parts, given to the reader as files of the system, handed out."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec
from psycopg.types.json import Jsonb

from tamamo.context.broker import Broker
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.towns.quota import guard_of
from tamamo.kernel.uploads import clean_name
from tamamo.publishing.datasets import store
from tamamo.publishing.datasets.acting import locked, note
from tamamo.publishing.datasets.errors import DatasetConflict, DatasetRefused
from tamamo.publishing.datasets.model import Dataset, Version
from tamamo.publishing.datasets.rights import require_write, rights_of
from tamamo.registers.model import Visitor

if TYPE_CHECKING:
    from tamamo.registers import intake

#: Bytes of a part, and parts written in one transaction: a long one would hold up the changes of
#: all others (docs/adr/0051).
PART: Final = 1024 * 1024
_AT_ONCE: Final = 16


async def begin(
    broker: Broker,
    visitor: Visitor,
    identifier: str,
    path: Path,
    *,
    filename: str,
    choice: "intake.Choice | None",
) -> Version:
    """Keep a file as the next version."""
    from tamamo.registers import intake  # noqa: PLC0415 - readers only where tables are read

    async with single(broker.pool) as connection:
        dataset = await store.get(connection, visitor.tenant, identifier)
        await _require_room(connection, visitor.tenant)
    require_write(visitor, dataset)
    _require_free(dataset)
    told = None if choice is None else choice.encoding
    inspected = await asyncio.to_thread(intake.inspect, path, filename, told)
    if inspected.refusal is not None:
        refusal = inspected.refusal
        raise DatasetRefused(refusal.code, refusal.ja, refusal.en)
    recipe = await last_recipe(broker.pool, dataset)
    number = await _reserve(broker.pool)
    try:
        await keep(broker.pool, visitor.tenant, number, "original", path)
        async with transaction(broker.pool) as connection:
            dataset = await locked(connection, visitor, dataset.id)
            _require_free(dataset)
            row = await store.execute(
                connection, "next_version", tenant=visitor.tenant, id=dataset.id
            )
            await store.execute(
                connection, "insert_version", id=number, tenant=visitor.tenant,
                dataset=dataset.id, number=row[0], filename=clean_name(filename),
                size=inspected.size, sha256=inspected.sha256,
                choice=_json(choice), recipe=_json(recipe), by=visitor.actor.subject,
            )  # fmt: skip
            said = {"version": row[0], "filename": clean_name(filename), "size": inspected.size,
                    "sha256": inspected.sha256}  # fmt: skip
            await note(connection, visitor, "begin", dataset.id, after=said)
            return await store.version(connection, visitor.tenant, dataset.id, row[0])
    except BaseException:
        await asyncio.shield(_forget(broker.pool, visitor.tenant, number))
        raise


async def _require_room(connection: Connection, tenant: str) -> None:
    """Raise StorageExceeded where the town has used up its space."""
    guard = await guard_of(connection, [tenant])
    problem = guard.refuses(tenant, existed=True, exists=True) if guard is not None else None
    if problem is not None:
        raise problem


def _require_free(dataset: Dataset) -> None:
    if dataset.kind != "file":
        ja, en = "データ連携のデータセットにファイルは登録できません", "It is fed by live data"
        raise DatasetRefused("live", ja, en)
    if dataset.open_version is not None:
        open_ = dataset.open_version
        ja = f"第{open_}版の作業が終わっていません。公開するか、取りやめてください。"
        en = f"Version {open_} is still being worked on: publish or discard it first"
        raise DatasetConflict("open_version", ja, en, {"version": open_})


def _json(told: Any) -> Jsonb | None:
    return None if told is None else Jsonb(msgspec.to_builtins(told))


async def _reserve(pool: Pool) -> int:
    """Return the id of a version that is still to be: its file comes first, bit by bit."""
    async with single(pool) as connection:
        row = await store.execute(connection, "reserve_version")
    return int(row[0])


async def _forget(pool: Pool, tenant: str, version: int) -> None:
    async with transaction(pool) as connection:
        await store.execute(
            connection, "forget_file", tenant=tenant, version=version, kind="original"
        )


async def keep(pool: Pool, tenant: str, version: int, kind: str, path: Path) -> None:
    """Put a file into the database, part by part; what stood there is gone."""
    async with transaction(pool) as connection:
        await store.execute(connection, "forget_file", tenant=tenant, version=version, kind=kind)
    with path.open("rb") as file:
        number = 0
        while parts := await asyncio.to_thread(_read, file):
            async with transaction(pool) as connection:
                for part in parts:
                    values = {"tenant": tenant, "version": version, "kind": kind}
                    await store.execute(
                        connection, "insert_part", part=number, content=part, **values
                    )
                    number += 1


def _read(file: IO[bytes]) -> list[bytes]:
    return [part for _ in range(_AT_ONCE) if (part := file.read(PART))]


async def pieces(pool: Pool, tenant: str, version: int, kind: str) -> AsyncIterator[bytes]:
    """Yield a kept file."""
    number = 0
    while True:
        async with single(pool) as connection:
            row = await store.execute(
                connection, "part", tenant=tenant, version=version, kind=kind, part=number
            )
        if row is None:
            return
        yield bytes(row[0])
        number += 1


@asynccontextmanager
async def as_file(pool: Pool, tenant: str, version: int) -> AsyncIterator[Path]:
    """Yield a version's file as a file of the system."""
    with tempfile.TemporaryDirectory(prefix="tamamo-dataset-") as folder:
        path = Path(folder, "original")
        with await asyncio.to_thread(path.open, "wb") as file:
            async for piece in pieces(pool, tenant, version, "original"):
                await asyncio.to_thread(file.write, piece)
        yield path


async def last_recipe(pool: Pool, dataset: Dataset) -> "intake.Recipe | None":
    """Return how the newest published version was read; None where there is none."""
    from tamamo.registers import intake  # noqa: PLC0415

    async with single(pool) as connection:
        published = await store.versions(connection, dataset.town, dataset.id, public=True)
    recipe = next((one.recipe for one in published if one.recipe is not None), None)
    return None if recipe is None else msgspec.convert(recipe, intake.Recipe)


async def profile(
    broker: Broker,
    visitor: Visitor,
    identifier: str,
    number: int,
    choice: "intake.Choice | None" = None,
) -> "intake.Profile":
    """Return what a version's file looks like. Raises Forbidden, IntakeRefused."""
    from tamamo.registers import intake  # noqa: PLC0415

    version = await seen(broker, visitor, identifier, number)
    if choice is None:
        choice = msgspec.convert(version.choice or {}, intake.Choice)
    if choice.area is None:
        choice = msgspec.structs.replace(choice, area=area_of(broker, visitor.tenant))
    async with as_file(broker.pool, visitor.tenant, version.id) as path:
        return await asyncio.to_thread(intake.profile, path, version.filename, choice)


async def differences(
    broker: Broker, visitor: Visitor, identifier: str, number: int
) -> "list[intake.Difference]":
    """Return how a file differs from the mapping of the last published version; [] without one."""
    from tamamo.registers import intake  # noqa: PLC0415

    async with single(broker.pool) as connection:
        dataset = await store.get(connection, visitor.tenant, identifier)
    recipe = await last_recipe(broker.pool, dataset)
    if recipe is None:
        return []
    found = await profile(broker, visitor, identifier, number)
    return list(await asyncio.to_thread(intake.compare, recipe, found))


async def fitting(broker: Broker, visitor: Visitor, version: Version) -> "intake.Recipe | None":
    """Return the mapping of the last published version where a file fits it; else None."""
    from tamamo.registers import intake  # noqa: PLC0415

    found = await differences(broker, visitor, version.dataset, version.number)
    if version.recipe is None or any(one.blocking for one in found):
        return None
    return msgspec.convert(version.recipe, intake.Recipe)


def area_of(broker: Broker, tenant: str) -> tuple[float, float, float, float] | None:
    """Return where a town's places should be: what its map shows. None: nobody has said."""
    town = broker.towns.get(tenant)
    return town.map_view.box if town is not None and town.map_view is not None else None


async def seen(broker: Broker, visitor: Visitor, identifier: str, number: int) -> Version:
    """Return a version for who sees drafts. Raises Forbidden, UnknownVersion."""
    async with single(broker.pool) as connection:
        dataset = await store.get(connection, visitor.tenant, identifier)
        if not rights_of(visitor, dataset).see:
            raise Forbidden("This needs a role of the town's staff")
        return await store.version(connection, visitor.tenant, dataset.id, number)


async def handed_out(
    broker: Broker, visitor: Visitor, identifier: str, number: int, kind: str
) -> AsyncIterator[bytes]:
    """Yield a file of a version to who works at it: nobody has looked what is in it (yet).

    Raises Forbidden.
    """
    version = await seen(broker, visitor, identifier, number)
    async with single(broker.pool) as connection:
        require_write(visitor, await store.get(connection, visitor.tenant, identifier))
    async for piece in pieces(broker.pool, visitor.tenant, version.id, kind):
        yield piece
