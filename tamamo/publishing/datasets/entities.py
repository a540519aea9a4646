"""The rows of a public version as entities of a Smart Data Model, where one fits.

Up to FEW rows are written in the transaction that publishes. More are written by a job, a part in
each transaction: one long transaction would hold up the alerts of the whole installation (changes
are read in the order of commits). The job begins anew after being cut off, and ends at whatever the
public sees by then. An entity that was not made from this dataset is never touched.
"""

from collections.abc import Sequence
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.context.entities import write
from tamamo.context.entities.service import deletion
from tamamo.context.jsonld.resolve import default_map
from tamamo.context.model.entity import Attributes, Entity
from tamamo.context.model.sameness import same
from tamamo.kernel import jobs, sql
from tamamo.kernel.database import Connection, single, transaction
from tamamo.kernel.errors import Problem
from tamamo.kernel.jobs import Run
from tamamo.kernel.time import now, to_text
from tamamo.publishing.datasets import metadata as described
from tamamo.publishing.datasets import store
from tamamo.publishing.datasets.metadata import Metadata
from tamamo.publishing.datasets.model import Version
from tamamo.publishing.standard import Column, Town, converter, entity, kind
from tamamo.registers.record import Step, mutation

SQL: Final = sql.load("tamamo.publishing.datasets", "entities.sql")
JOB: Final = "dataset.entities"
#: Rows up to which a version's entities are written where it is published.
FEW: Final = 2_000
_STEP: Final = 500


def wanted(metadata: Metadata) -> bool:
    """Whether the rows of a dataset become entities."""
    if not (metadata.entities and metadata.standard):
        return False
    try:
        return kind(metadata.standard).model is not None
    except KeyError:
        return False


def columns_of(version: Version) -> list[Column]:
    """Return a version's fields as the standard's checks take them, with the file's headings."""
    told = (version.recipe or {}).get("columns", [])
    headings = {one["name"]: one["source"] for one in told}
    return [
        Column(f.name, headings.get(f.name, f.label.ja), f.label.ja, f.kind) for f in version.fields
    ]


def town_of(broker: Broker, tenant: str) -> Town:
    """Return a town as the standard's first columns name it."""
    known = broker.towns.get(tenant)
    return Town() if known is None else Town(code=known.code or "", city=known.locality)


class Maker:
    """Makes entities of rows."""

    def __init__(self, broker: Broker, tenant: str, version: Version) -> None:
        metadata = version.metadata
        self._kind = metadata.standard
        self._names = [field.name for field in version.fields]
        town = town_of(broker, tenant)
        self._convert = converter(metadata.standard, columns_of(version), town)
        self._dataset, self._simulated = version.dataset, metadata.simulated
        self._provider = metadata.source.ja or metadata.unit.rpartition("/")[2]
        self._terms = default_map().terms

    def make(self, key: str, cells: Sequence[Any]) -> Entity | None:
        """Return the entity of a row; None where it has no place."""
        row = self._convert(dict(zip(self._names, cells, strict=False)))
        return entity(
            self._kind, row, dataset=self._dataset, key=key, terms=self._terms,
            provider=self._provider, simulated=self._simulated,
        )  # fmt: skip


def stepping(made: Entity, owned: bool) -> Step:
    """Return the step that brings an entity to what its row says, and keeps what it says already.

    owned: whether the one there is was made from the dataset.
    """

    def step(before: Entity | None, moment: str) -> Entity | None:
        if before is not None and not owned:
            return before
        old: Attributes = {} if before is None else before.attrs
        attrs = {iri: [_instance(old.get(iri), items[0], moment)] for iri, items in
                 made.attrs.items()}  # fmt: skip
        if before is not None and attrs == before.attrs and before.types == made.types:
            return before
        created = moment if before is None else before.created_at
        return Entity(made.id, made.types, attrs, made.scopes, created, moment)

    return step


def _instance(old: list[dict[str, Any]] | None, new: dict[str, Any], moment: str) -> dict[str, Any]:
    if old and same(old[0], new):
        return old[0]
    created = old[0].get("createdAt", moment) if old else moment
    return {**new, "createdAt": created, "modifiedAt": moment}


async def align(
    connection: Connection, broker: Broker, tenant: str, dataset: str, version: Version | None
) -> int:
    """Make the entities of a dataset those of a version, in an open transaction; None: none.

    Returns how many rows have one.
    """
    number = 0
    if version is not None and wanted(version.metadata):
        maker = Maker(broker, tenant, version)
        after = 0
        while rows := await _rows(connection, tenant, version.id, after):
            after = rows[-1][0]
            number += await _put(connection, tenant, dataset, version.id, maker=maker, rows=rows)
    keep = version.id if number and version is not None else 0
    while await _drop(connection, tenant, dataset, keep):
        pass
    return number


async def _rows(
    connection: Connection, tenant: str, version: int, after: int
) -> list[tuple[Any, ...]]:
    values = {"tenant": tenant, "version": version, "after": after, "limit": _STEP}
    return await (await connection.execute(SQL["rows"], values)).fetchall()


async def _put(
    connection: Connection,
    tenant: str,
    dataset: str,
    version: int,
    *,
    maker: Maker,
    rows: Sequence[tuple[Any, ...]],
) -> int:
    made = [one for _, key, cells in rows if (one := maker.make(key, cells)) is not None]
    ids = [one.id for one in made]
    cursor = await connection.execute(SQL["owned"], {"tenant": tenant, "ids": ids})
    owners = {row[0]: row[1] for row in await cursor.fetchall()}
    mine = [one for one in made if owners.get(one.id, dataset) == dataset]
    steps = [mutation(tenant, one.id, stepping(one, one.id in owners)) for one in mine]
    kept = []
    for one, written in zip(
        mine, await write.write(connection, steps, None, to_text(now())), strict=True
    ):
        if isinstance(written, Problem):
            raise written
        if written.before is None or one.id in owners:
            kept.append(one.id)
    values = {"tenant": tenant, "dataset": dataset, "version": version, "ids": kept}
    await connection.execute(SQL["own"], values)
    return len(kept)


async def _drop(connection: Connection, tenant: str, dataset: str, keep: int) -> int:
    """Delete some entities that no row stands for any more; return how many."""
    values = {"tenant": tenant, "dataset": dataset, "version": keep, "limit": _STEP}
    found = await (await connection.execute(SQL["left_over"], values)).fetchall()
    ids = [row[0] for row in found]
    if ids:
        # One that somebody has deleted already answers with a Problem; it is gone either way.
        await write.write(connection, [deletion(tenant, one) for one in ids])
        await connection.execute(SQL["disown"], {"tenant": tenant, "ids": ids})
    return len(ids)


async def follow(
    connection: Connection, broker: Broker, tenant: str, dataset: str, version: Version | None,
    *, by: str,
) -> bool:  # fmt: skip
    """Bring the entities after what was just published or taken away; False: a job does it."""
    values = {"tenant": tenant, "dataset": dataset, "version": 0, "limit": FEW + 1}
    there = await (await connection.execute(SQL["left_over"], values)).fetchall()
    coming = version.rows or 0 if version is not None and wanted(version.metadata) else 0
    if not there and not coming:
        return True
    if max(len(there), coming) <= FEW:
        await align(connection, broker, tenant, dataset, version)
        return True
    await jobs.defer(connection, JOB, tenant=tenant, actor=by, args={"dataset": dataset})
    return False


async def handle(run: Run) -> dict[str, Any]:
    """Bring the entities of a dataset to what the public sees, a part in each transaction."""
    broker: Broker = run.broker
    tenant, dataset = run.tenant, run.args["dataset"]
    while True:
        version = await _current(broker, tenant, dataset)
        made = await _align_in_parts(run, dataset, version)
        now_wanted = await _current(broker, tenant, dataset)
        if (now_wanted and now_wanted.id) == (version and version.id):
            break
    async with transaction(broker.pool) as connection:
        await connection.execute(SQL["done"], {"tenant": tenant, "dataset": dataset})
    return {"dataset": dataset, "entities": made}


async def _current(broker: Broker, tenant: str, dataset: str) -> Version | None:
    async with single(broker.pool) as connection:
        row = await (
            await connection.execute(SQL["wanted"], {"tenant": tenant, "dataset": dataset})
        ).fetchone()
        if row is None or not row[0] or not wanted(described.from_stored(row[1])):
            return None
        found = await store.versions(connection, tenant, dataset)
    return next((one for one in found if one.id == row[0]), None)


async def _align_in_parts(run: Run, dataset: str, version: Version | None) -> int:
    broker: Broker = run.broker
    made = after = 0
    if version is not None:
        maker = Maker(broker, run.tenant, version)
        while True:
            async with transaction(broker.pool) as connection:
                rows = await _rows(connection, run.tenant, version.id, after)
                if not rows:
                    break
                made += await _put(
                    connection, run.tenant, dataset, version.id, maker=maker, rows=rows
                )
            after = rows[-1][0]
            await run.progress(after, version.rows)
    keep = version.id if version is not None else 0
    while True:
        async with transaction(broker.pool) as connection:
            if not await _drop(connection, run.tenant, dataset, keep):
                return made
