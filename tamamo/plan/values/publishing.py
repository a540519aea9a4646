"""Keeps values and writes them as entities: the values first, for they are what counts.

The entities follow from the values and are written again by `publish_all` where a crash came in
between: a measurement that is there is a repeat.
"""

from collections.abc import Sequence
from contextlib import suppress

from tamamo.context.broker import Broker
from tamamo.context.errors import ResourceNotFound
from tamamo.context.model.entity import Entity
from tamamo.plan.catalog import Plan
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator
from tamamo.plan.values import entities
from tamamo.plan.values.model import NewValue, Recorded
from tamamo.plan.values.store import ValueStore

_BATCH = 500


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
    for area in done.areas_corrected:
        await _forget(broker, tenant, entities.entity_id(*name, area))
    await _write_kept(broker, tenant, folder, one)
    return done


async def _forget(broker: Broker, tenant: str, entity_id: str) -> None:
    """Drop an entity's measurements: a corrected one would be taken for a repeat of the wrong."""
    terms = await broker.contexts.resolve(tenant, None)
    for name in entities.MEASURED:
        with suppress(ResourceNotFound):
            await broker.evolutions.delete_attribute(
                tenant, entity_id, terms.expand_term(name), None
            )


async def publish_all(broker: Broker, tenant: str, plan: Plan) -> tuple[int, int]:
    """Write every indicator of the plan, recorded and kept; return new and repeated values."""
    terms = await broker.contexts.resolve(tenant, None)
    stored, repeated = await _write(broker, tenant, list(entities.recorded(plan, terms)))
    for folder in plan.folders:
        for indicator in folder.figures.indicator if folder.figures else []:
            more = await _write_kept(broker, tenant, folder, indicator)
            stored, repeated = stored + more[0], repeated + more[1]
    return stored, repeated


async def _write_kept(
    broker: Broker, tenant: str, folder: Folder, indicator: Indicator
) -> tuple[int, int]:
    kept = await ValueStore(broker.pool).series(tenant, (folder.manifest.id, indicator.id))
    if not kept:
        return 0, 0
    terms = await broker.contexts.resolve(tenant, None)
    return await _write(broker, tenant, list(entities.kept(folder, indicator, kept, terms)))


async def _write(broker: Broker, tenant: str, found: Sequence[Entity]) -> tuple[int, int]:
    stored = repeated = 0
    for start in range(0, len(found), _BATCH):
        done = await broker.observations.record(tenant, found[start : start + _BATCH])
        stored, repeated = stored + done.stored, repeated + done.repeated
    return stored, repeated
