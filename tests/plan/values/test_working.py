"""Owners enter, others approve, corrections keep the old value and the reason."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tamamo.context.broker import open_broker
from tamamo.kernel import jobs
from tamamo.plan.catalog import load_plan
from tamamo.plan.model import Indicator
from tamamo.plan.values import ValueStore, entities, publishing
from tamamo.plan.values.judging import falls, judge_value
from tamamo.plan.values.working import Entry, ValueRefused, WorkingYear
from tamamo.plan.year.reported import reported

PLAN = load_plan()
YEAR_END = date(2021, 3, 31)
NAME = ("council", "study_meetings")


def indicator(project: str, id_: str) -> Indicator:
    folder = PLAN.find(project)
    assert folder and folder.figures
    return next(one for one in folder.figures.indicator if one.id == id_)


MEETINGS = (NAME[0], indicator(*NAME))
BOTH_YEARS = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC))


def _council():
    folder = PLAN.find(NAME[0])
    assert folder
    return folder, MEETINGS[1]


async def values_of(pool, year):
    """What the report of a year takes from the desk."""
    found = await reported(pool, "default", PLAN, year)
    return {key: one.value for key, one in found.values.items()}


@pytest.mark.parametrize(
    ("project", "id_", "value", "unit", "code"),
    [
        ("security_training", "elearning_attendants", "5648", "件", "other_unit"),
        ("one_stop_counter", "satisfaction", "980", "%", "over_100"),
        ("one_stop_counter", "satisfaction", "98.0", "%", None),
        ("council", "study_meetings", "6.5", "回", "not_whole"),
        ("council", "study_meetings", "-1", "回", "negative"),
        ("council", "study_meetings", "NaN", "meetings", "not_finite"),
        ("ai_rpa", "rpa_hours_saved", "11.5", "hours", None),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_reason(project, id_, value, unit, code):
    reason = judge_value(indicator(project, id_), Decimal(value), unit)
    assert (reason.code if reason else None) == code


def test_a_cumulative_count_that_falls_is_doubted():
    users = indicator("maternal_handbook", "registered_users")
    assert falls(users, Decimal(5967), Decimal(5000))
    assert falls(users, Decimal(5967), Decimal(6100)) is None
    assert falls(MEETINGS[1], Decimal(6), Decimal(2)) is None  # counted anew each year


async def test_two_people_and_a_correction_that_keeps_what_was(settings):
    async with open_broker(settings) as broker:
        year, store = WorkingYear(broker.pool), ValueStore(broker.pool)

        async def refused(code, step):
            with pytest.raises(ValueRefused) as caught:
                await step
            assert caught.value.reason.code == code

        first = Entry(YEAR_END, Decimal(6), "回", "会議録", "3頁")
        one = await year.enter("default", MEETINGS, first, "user:1")
        await refused("waiting", year.enter("default", MEETINGS, first, "user:1"))
        await refused("not_waiting", year.approve("elsewhere", one, "user:2"))
        await year.confirm("default", one, "user:1")
        await refused("same_person", year.approve("default", one, "user:1"))
        assert await values_of(broker.pool, 2020) == {}  # nothing holds yet
        await year.approve("default", one, "user:2")
        assert await values_of(broker.pool, 2020) == {NAME: 6}
        await refused("not_waiting", year.approve("default", one, "user:2"))

        await refused("same", year.enter("default", MEETINGS, first, "user:1"))
        right = Entry(YEAR_END, Decimal(7), "回", "会議録")
        await refused("no_reason", year.enter("default", MEETINGS, right, "user:1"))
        reasoned = Entry(YEAR_END, Decimal(7), "回", "会議録", reason="一回数え落としていた")
        two = await year.enter("default", MEETINGS, reasoned, "user:1")
        assert await values_of(broker.pool, 2020) == {NAME: 6}  # the old one holds until then
        await refused("no_reason", year.decline("default", two, "user:2", " "))
        await year.decline("default", two, "user:2", "会議録を添えてください")
        three = await year.enter("default", MEETINGS, reasoned, "user:1")
        await year.approve("default", three, "user:2")
        assert await values_of(broker.pool, 2020) == {NAME: 7}

        # Entities follow: a job of the approval's own transaction, one however many there were.
        async with broker.pool.connection() as connection:
            (job,) = await jobs.listed(connection, name="plan.entities")
        assert (job.tenant, job.actor, job.state) == ("default", "user:2", "waiting")
        terms, id_ = await broker.contexts.resolve("default", None), entities.entity_id(*NAME)
        run = jobs.Run(broker.pool, broker, job.tenant, job.actor, job.id, job.name, job.args)
        # The printed value (6) was written before, and is no repeat of what put it right (7).
        (printed,) = entities.measured(PLAN, *_council(), [], terms)
        await broker.observations.record("default", [printed])
        await publishing.handle(run)
        assert (await publishing.handle(run))["stored"] == 0
        attr = terms.expand_term("kpiValue")
        points = await broker.temporal.series("default", id_, attr, *BOTH_YEARS)
        assert [point.value for point in points] == [7]
        state = (await broker.entities.get("default", id_)).attrs
        assert state[attr][0]["value"] == 7
        assert state[terms.expand_term("currentStanding")][0]["value"] == "bad"  # of 12

        past = await store.past("default", NAME, "", YEAR_END)
        assert [(one.value, one.state, one.reason) for one in past] == [
            (6, "replaced", ""),
            (7, "declined", "一回数え落としていた"),
            (7, "approved", "一回数え落としていた"),
        ]
        assert past[2].replaces == past[0].id
        assert past[1].declined_why == "会議録を添えてください"
        async with broker.pool.connection() as connection:
            cursor = await connection.execute(
                "select actor, action from audit_event where action like 'plan.%' order by seq"
            )
            steps = [
                f"{actor} {action.rpartition('.')[2]}" for actor, action in await cursor.fetchall()
            ]
        assert steps == [
            "user:1 enter", "user:1 confirm", "user:2 approve", "user:1 enter", "user:2 decline",
            "user:1 enter", "user:2 approve",
        ]  # fmt: skip
