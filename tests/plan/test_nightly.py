from datetime import UTC, datetime

import pytest

from tamamo.context.broker import open_broker
from tamamo.plan.catalog import load_plan
from tamamo.plan.nightly import due, once
from tamamo.plan.values import ValueStore, entities


@pytest.mark.parametrize(
    ("now", "at"),
    [
        (datetime(2026, 11, 23, 3, 0, tzinfo=UTC), "2026-11-23T23:40:00+09:00"),
        (datetime(2026, 11, 23, 14, 40, tzinfo=UTC), "2026-11-24T23:40:00+09:00"),
        (datetime(2026, 11, 23, 14, 39, 59, tzinfo=UTC), "2026-11-23T23:40:00+09:00"),
    ],
)
def test_the_next_night(now, at):
    assert due(now).isoformat() == at


async def test_a_night_keeps_what_is_computed_and_writes_every_indicator(settings):
    async with open_broker(settings) as broker:
        await once(broker)
        await once(broker)
        computed = await ValueStore(broker.pool).series(
            "default", ("disaster_watch", "data_sources_shown")
        )
        (one,) = computed  # counted twice, the same both times
        assert (one.value, one.basis, one.source) == (
            0,
            "computed",
            "tamamo.feeds.counting:sources_figure",
        )
        terms = await broker.contexts.resolve("default", None)
        ids = {
            entities.entity_id(f.manifest.id, i.id)
            for f in load_plan().folders
            for i in (f.figures.indicator if f.figures else [])
            if any(r.value is not None for r in i.recorded)
        }
        found = await broker.entities.find_many("default", sorted(ids))
        assert len(found) == len(ids) == 24
        kpi = terms.expand_type(entities.TYPE)
        assert {tuple(entity.types) for entity in found.values()} == {(kpi,)}
