"""Values kept, put right and shown: nothing overwritten, entities with the same history."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tamamo.context.broker import open_broker
from tamamo.plan.catalog import load_plan
from tamamo.plan.report.drawing import svg
from tamamo.plan.report.series import chart
from tamamo.plan.values import NewValue, ValueStore, entities, fiscal_year_of, real_or_all
from tamamo.plan.values.importing import with_series
from tamamo.plan.values.keeping import courses_of, series_data
from tamamo.plan.values.publishing import keep, publish_all
from tamamo.plan.year.reported import reported

PLAN = load_plan()
RATE = with_series(PLAN, "mynumber_card")
START, END = (datetime(year, 1, 1, tzinfo=UTC) for year in (2020, 2022))
NOTED = "select actor, after from audit_event where action = 'plan.values.record' order by seq"
NAME = ("mynumber_card", "issue_rate")
BY = {"source": "published.csv", "by": "system:test"}


def value(area: str, at: date, part: int, whole: int) -> NewValue:
    rate = (Decimal(part) * 100 / whole).quantize(Decimal("0.1"))
    return NewValue(area, at, rate, Decimal(part), Decimal(whole), date(2020, 1, 1))


VALUES = [
    value("372013", date(2021, 1, 1), 239, 1000),
    value("372013", date(2021, 2, 1), 252, 1000),
    value("00000", date(2021, 1, 1), 2420, 10000),
    value("00000", date(2021, 2, 1), 2515, 10000),
]


async def values_of(pool, year):
    """What the report of a year takes from the desk."""
    found = await reported(pool, "default", PLAN, year)
    return {key: one.value for key, one in found.values.items()}


@pytest.mark.parametrize(
    ("day", "year"),
    [(date(2021, 4, 1), 2020), (date(2021, 3, 31), 2020), (date(2020, 4, 2), 2020)],
)
def test_what_is_counted_on_1_april_closes_the_year_before(day, year):
    assert fiscal_year_of(day) == year


async def test_a_real_value_takes_the_place_of_an_invented_one_of_the_same_size(settings):
    async with open_broker(settings) as broker:
        store = ValueStore(broker.pool)
        await store.record("default", NAME, VALUES[:2], simulated=True, **BY)
        terms = await broker.contexts.resolve("default", None)
        told = terms.expand_term("simulated")
        id_ = entities.entity_id(*NAME, "372013")
        await publish_all(broker, "default", PLAN)
        assert (await broker.entities.get("default", id_)).attrs[told][0]["value"] is True
        done = await keep(broker, "default", RATE, VALUES[1:2], reason="published", **BY)
        assert (done.stored, done.corrected) == (0, 1)
        held = await store.series("default", NAME)
        assert [one.simulated for one in held] == [True, False]
        assert [one.at for one in real_or_all(held)] == [date(2021, 2, 1)]
        points = await broker.temporal.series("default", id_, told, START, END)
        assert [point.value for point in points] == [True, False]
        assert (await broker.entities.get("default", id_)).attrs[told][0]["value"] is False
        data = series_data(*RATE, held)
        drawn = chart("rate", data, date(2021, 1, 1), date(2021, 4, 1), "ja")
        assert drawn and "模擬データ" in svg(drawn, "ja")


async def test_values_are_kept_once_put_right_in_the_open_and_read_as_entities(settings):
    async with open_broker(settings) as broker:
        store = ValueStore(broker.pool)
        assert (await keep(broker, "default", RATE, VALUES, **BY)).stored == 4
        again = await keep(broker, "default", RATE, VALUES, **BY)
        assert (again.stored, again.repeated) == (0, 4)

        with pytest.raises(ValueError, match="372013 has two values as of 2021-01-01"):
            await store.record("default", NAME, [VALUES[0], replace(VALUES[0])], **BY)

        right = value("372013", date(2021, 2, 1), 251, 1000)
        mended = await keep(
            broker,
            "default",
            RATE,
            [right],
            **{**BY, "by": "user:7"},
            reason="the ministry's errata",
        )
        assert (mended.corrected, mended.areas_corrected) == (1, ("372013",))
        old, new = await store.past("default", NAME, "372013", date(2021, 2, 1))
        assert (old.state, old.part, old.made_by) == ("replaced", 252, "system:test")
        assert (new.state, new.part, new.replaces) == ("approved", 251, old.id)
        assert (new.reason, new.approved_by) == ("the ministry's errata", "user:7")

        terms = await broker.contexts.resolve("default", None)
        id_, attr = entities.entity_id(*NAME, "372013"), terms.expand_term("kpiValue")
        points = await broker.temporal.series("default", id_, attr, START, END)
        assert [point.value for point in points] == [23.9, 25.1]
        state = await broker.entities.get("default", id_)
        assert state.attrs[attr][0]["value"] == 25.1

        # Another town has none of it.
        assert await store.series("elsewhere", NAME) == []
        async with broker.pool.connection() as connection:
            cursor = await connection.execute(NOTED)
            events = await cursor.fetchall()
        assert [actor for actor, _ in events] == ["system:test", "user:7"]
        assert events[1][1]["corrected"] == 1

        data = (await courses_of(store, "default", PLAN))["mynumber_card/issue_rate"]
        assert [course.code for course in data.courses] == ["372013", "00000"]  # no prefecture
        stored, repeated = await publish_all(broker, "default", PLAN)
        assert (stored, repeated) == (40, 19)  # the rate's were written by keep
        one = await broker.entities.get("default", entities.entity_id("council", "study_meetings"))
        assert one.attrs[attr][0]["value"] == 6
        assert (await publish_all(broker, "default", PLAN))[0] == 0


async def test_the_value_that_closes_a_year_is_the_last_of_it(settings):
    async with open_broker(settings) as broker:
        store = ValueStore(broker.pool)
        days = [date(2020, 9, 30), date(2021, 3, 31), date(2021, 9, 30)]
        values = [NewValue("", day, Decimal(800 + n)) for n, day in enumerate(days)]
        name = ("universal_design_map", "map_entries")
        await store.record("default", name, values, **BY, basis="entered")
        assert await values_of(broker.pool, 2020) == {
            ("universal_design_map", "map_entries"): Decimal(801)
        }
        assert await values_of(broker.pool, 2019) == {}
