"""Keeps values and writes them as entities: the values first, for they are what counts.

The entities follow from the values. An approval defers the job `plan.entities` in its own
transaction; `publish_all` does the same each night, and mends whatever differs.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from tamamo.context.broker import Broker
from tamamo.context.errors import ResourceNotFound
from tamamo.context.model.entity import Entity
from tamamo.kernel.jobs import Run
from tamamo.kernel.time import EARLIEST, from_text
from tamamo.plan.catalog import Plan, the_plan
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator
from tamamo.plan.values import entities
from tamamo.plan.values.model import NewValue, Recorded
from tamamo.plan.values.store import ValueStore

_STANDING: Final = "currentStanding"
_BATCH: Final = 500
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


async def keep(
    broker: Broker,
    tenant: str,
    indicator: tuple[Folder, Indicator],
    values: Sequence[NewValue],
    *,
    source: str,
    by: str,
    reason: str = "",
) -> Recorded:
    """Keep values of an indicator's series and write them as entities. Raises ValueError."""
    folder, one = indicator
    store, name = ValueStore(broker.pool), (folder.manifest.id, one.id)
    done = await store.record(tenant, name, values, source=source, by=by, reason=reason)
    await _write(broker, tenant, await _entities(broker, tenant, the_plan(), folder, one))
    return done


async def handle(run: Run) -> dict[str, int]:
    """The job that follows an approval: the entities are as the values are."""
    stored, repeated = await publish_all(run.broker, run.tenant, the_plan())
    return {"stored": stored, "repeated": repeated}


async def publish_all(broker: Broker, tenant: str, plan: Plan) -> tuple[int, int]:
    """Write every indicator of the plan, recorded and kept; return new and repeated values.

    Done again it changes nothing; what differs from the values is forgotten and written anew.
    """
    found: list[Entity] = []
    for folder in plan.folders:
        for indicator in folder.figures.indicator if folder.figures else []:
            found += await _entities(broker, tenant, plan, folder, indicator)
    return await _write(broker, tenant, found)


async def _entities(
    broker: Broker, tenant: str, plan: Plan, folder: Folder, indicator: Indicator
) -> list[Entity]:
    kept = await ValueStore(broker.pool).series(tenant, (folder.manifest.id, indicator.id))
    terms = await broker.contexts.resolve(tenant, None)
    return list(entities.measured(plan, folder, indicator, kept, terms))


async def _write(broker: Broker, tenant: str, found: Sequence[Entity]) -> tuple[int, int]:
    for wrong in await _differing(broker, tenant, found):
        await _forget(broker, tenant, wrong)
    stored = repeated = 0
    for start in range(0, len(found), _BATCH):
        done = await broker.observations.record(tenant, found[start : start + _BATCH])
        stored, repeated = stored + done.stored, repeated + done.repeated
    return stored, repeated


async def _differing(broker: Broker, tenant: str, found: Sequence[Entity]) -> set[str]:
    """Return the entities whose history says otherwise of a day than is to be written."""
    terms = await broker.contexts.resolve(tenant, None)
    names, differing = list({entity.id for entity in found}), set()
    for name in entities.MEASURED:
        attr = terms.expand_term(name)
        wanted = {
            (entity.id, from_text(one["observedAt"])): one["value"]
            for entity in found
            for one in entity.attrs.get(attr, [])
        }
        there = await broker.temporal.many_series(tenant, names, attr, EARLIEST, _LATEST)
        differing |= {
            id_
            for id_, points in there.items()
            for point in points
            # Only the newest day has a standing to be written; how it stood before stays.
            if wanted.get((id_, point.at), point.value if name == _STANDING else None)
            != point.value
        }
    return differing


async def _forget(broker: Broker, tenant: str, entity_id: str) -> None:
    """Drop an entity's measurements: a corrected one would be taken for a repeat of the wrong."""
    terms = await broker.contexts.resolve(tenant, None)
    for name in entities.MEASURED:
        with suppress(ResourceNotFound):
            await broker.evolutions.delete_attribute(
                tenant, entity_id, terms.expand_term(name), None
            )
