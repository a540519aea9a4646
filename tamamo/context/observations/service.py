"""Recording observations: one call is one transaction of state, history and outbox."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from tamamo.context.entities import write
from tamamo.context.entities.write import Apply, Change, HistoryItem, Mutation
from tamamo.context.errors import BadRequestData
from tamamo.context.model.entity import Entity
from tamamo.context.observations.merge import Batch, Counts, Key, ParseTime, collect, merge
from tamamo.context.temporal.partitions import Partitions
from tamamo.context.tenants import Tenants
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool
from tamamo.kernel.errors import Problem
from tamamo.kernel.time import EARLIEST, from_text

_SQL = sql.load(__package__)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of the readings of one call.

    stored: measurements that are new in the history, the late ones included. repeated: those the
    history had already, not stored again. late: those of the stored that are older than the state,
    which they leave as it is. created: entities that did not exist. metadata: attribute instances
    without observedAt that were written because they differ.
    """

    stored: int = 0
    repeated: int = 0
    late: int = 0
    created: int = 0
    metadata: int = 0

    def __add__(self, other: "Recorded") -> "Recorded":
        return Recorded(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


class ObservationService:
    """The door through which feeds write."""

    def __init__(self, pool: Pool, partitions: Partitions, tenants: Tenants) -> None:
        self._pool = pool
        self._partitions = partitions
        self._tenants = tenants

    async def record(self, tenant: str, entities: Sequence[Entity]) -> Recorded:
        """Store what a feed brings and say what became of it.

        An attribute instance with observedAt is a measurement: the same entity, attribute,
        datasetId and observedAt is stored once, whatever its value the second time. Instances
        without observedAt are metadata, written when they differ from the state. The same entity
        may stand in `entities` many times. createdAt and modifiedAt are set here. A tenant that
        does not exist is made.
        Raises BadRequestData naming the entity and attribute of an unusable observedAt; then
        nothing at all is stored.
        """
        batches = collect(entities, ParseTime(_parse))
        await self._tenants.require(tenant, create=True)
        keys = [r.key for b in batches.values() for r in b.readings if r.key is not None]
        await self._partitions.cover(key.observed_at for key in keys)
        known: set[Key] = set()

        async def read_known(connection: Connection) -> None:
            known.clear()
            known.update(await _known(connection, tenant, keys))

        mutations = [
            self._permitted(Mutation(tenant, batch.entity_id, _apply(batch, known)))
            for batch in batches.values()
        ]
        recorded = Recorded()
        for written in await write.run(self._pool, mutations, read_known):
            if isinstance(written, Problem):
                raise written
            if written.change is not None:
                counts: Counts = written.change.result
                recorded += Recorded(**{f.name: getattr(counts, f.name) for f in fields(counts)})
        return recorded

    def _permitted(self, mutation: Mutation) -> Mutation:
        """Return the mutation as whoever records may make it."""
        return mutation


def _apply(batch: Batch, known: set[Key]) -> Apply:
    def apply(before: Entity | None, now: str) -> Change | None:
        outcome = merge(before, batch, known, now)
        return Change(
            after=outcome.after,
            history=[HistoryItem(attr, instance) for attr, instance in outcome.history],
            changed=outcome.changed,
            write_state=outcome.writes_state,
            result=outcome.counts,
        )

    return apply


async def _known(connection: Connection, tenant: str, keys: Sequence[Key]) -> set[Key]:
    if not keys:
        return set()
    cursor = await connection.execute(
        _SQL["known_readings"],
        {
            "tenant": tenant,
            "ids": [k.entity_id for k in keys],
            "attrs": [k.attr for k in keys],
            "datasets": [k.dataset_id for k in keys],
            "ats": [k.observed_at for k in keys],
        },
    )
    return {keys[n - 1] for (n,) in await cursor.fetchall()}


def _parse(text: str) -> datetime:
    try:
        moment = from_text(text)
    except (TypeError, ValueError) as error:
        raise BadRequestData(f"observedAt {text!r} is no RFC 3339 date and time.") from error
    if moment < EARLIEST:
        raise BadRequestData(f"observedAt {text} is before {EARLIEST.year}: no reading is so old.")
    return moment
