"""Live datasets into the catalogues of towns: those whose entities are there."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.identity import organisation
from tamamo.kernel.time import now
from tamamo.publishing.datasets import metadata as described
from tamamo.publishing.datasets import store
from tamamo.publishing.datasets.files import formats_of
from tamamo.publishing.datasets.live import reading
from tamamo.publishing.datasets.live.declaration import Live, iri
from tamamo.publishing.datasets.metadata import Metadata
from tamamo.publishing.datasets.model import Field
from tamamo.publishing.datasets.rights import Sight, sight_of

_SQL: Final = sql.load("tamamo.publishing.datasets.live", "live.sql")
_BY: Final = "system:datasets"


async def sync(broker: Broker, live: Mapping[str, Live]) -> int:
    """Bring all towns to the declarations; return how many datasets are new."""
    made = 0
    for town in broker.towns.all():
        if town.drill is None and not town.suspended:
            made += await _sync(broker, town.name, live)
    return made


async def _sync(broker: Broker, town: str, live: Mapping[str, Live]) -> int:
    sight = await sight_of(broker, None, town, live)
    async with transaction(broker.pool) as connection:
        held = await _held(connection, town, [one.type for one in live.values() if one.type])
        units = {
            one.name: one.id for one in await organisation.units(connection, town, now().date())
        }
        cursor = await connection.execute(_SQL["known"], {"tenant": town})
        known = {row[0]: row for row in await cursor.fetchall()}
    made = 0
    found = {one.id: await _found(broker, sight, one, held) for one in live.values()}
    files = {live[name].file for name, (number, *_) in found.items() if number}
    for one in live.values():
        number, simulated, owner = found[one.id]
        there = number or one.id in known or (one.declared.empty and one.file in files)
        if not there:
            continue
        unit = units.get(owner or one.declared.unit, owner or "")
        told = one.metadata(unit, simulated)
        async with transaction(broker.pool) as connection:
            if one.id not in known:
                made += await _make(connection, town, one, told)
            elif _as_known(known[one.id]) != (told, one.fields, one.type or None):
                await _change(connection, town, one, told)
            box = await _box(connection, town, one)
            await connection.execute(
                _SQL["counted"], {"tenant": town, "id": one.id, "rows": number, "bbox": box}
            )
    async with transaction(broker.pool) as connection:
        await connection.execute(_SQL["retire"], {"tenant": town, "ids": list(live)})
    return made


async def _held(
    connection: Connection, town: str, types: Sequence[str]
) -> dict[str, tuple[int, bool, str | None]]:
    values = {"tenant": town, "types": sorted(set(types)), "most": reading.MOST,
              "simulated": iri("simulated")}  # fmt: skip
    cursor = await connection.execute(_SQL["types"], values)
    return {row[0]: (row[1], row[2], row[3]) for row in await cursor.fetchall()}


async def _found(
    broker: Broker, sight: Sight, one: Live, held: Mapping[str, tuple[int, bool, str | None]]
) -> tuple[int, bool, str | None]:
    """Return how many rows there are, whether they are simulated, and who answers for them."""
    if one.type:
        number, simulated, owner = held[one.type]
        return number, simulated, (owner or "").rpartition("/")[2] or None
    rows = [row async for row in reading.every(broker, sight, one)]
    return len(rows), bool(rows) and all(row.get("simulated") is True for row in rows), None


def _as_known(row: tuple[Any, ...]) -> tuple[Metadata, tuple[Field, ...], str | None]:
    return described.from_stored(row[2]), store.fields_of(row[3]), row[4]


async def _make(connection: Connection, town: str, one: Live, told: Metadata) -> int:
    formats = list(formats_of(one.fields, None))
    made = await store.insert(
        connection, town, one.id, kind="live", state="published", type=one.type or None,
        formats=formats, fields=store.fields_told(one.fields), by=_BY,
        **store.described_columns(one.id, told, one.fields),
    )  # fmt: skip
    if made:
        await store.execute(
            connection, "insert_change", tenant=town, dataset=one.id, version=None,
            kind="published", note="",
        )  # fmt: skip
    return int(made)


async def _change(connection: Connection, town: str, one: Live, told: Metadata) -> None:
    await store.execute(
        connection, "describe", tenant=town, id=one.id, due=None, by=_BY,
        fields=store.fields_told(one.fields), formats=list(formats_of(one.fields, None)),
        type=one.type or None, **store.described_columns(one.id, told, one.fields),
    )  # fmt: skip


async def _box(connection: Connection, town: str, one: Live) -> list[float] | None:
    located = {"latitude", "longitude"} <= {field.role for field in one.fields}
    if not (one.type and located):
        return None
    values = {"tenant": town, "type": one.type, "most": reading.MOST}
    row = await (await connection.execute(_SQL["box"], values)).fetchone()
    return list(row) if row is not None and row[0] is not None else None
