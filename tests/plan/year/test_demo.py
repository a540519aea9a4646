"""The demo's years: everything simulated, left out of the report, shown on the pages."""

from datetime import date

from tamamo.context.access.seen import seen_by
from tamamo.context.broker import open_broker
from tamamo.kernel.database import transaction
from tamamo.kernel.identity import ANONYMOUS, resident_of
from tamamo.kernel.jobs import Run
from tamamo.kernel.time import JST, now
from tamamo.plan import demo, live
from tamamo.plan.catalog import the_plan
from tamamo.plan.panels import shown
from tamamo.plan.report.document import Grid
from tamamo.plan.values import ValueStore
from tamamo.plan.values.courses import by_area, crossings
from tamamo.plan.values.keeping import courses_of
from tamamo.plan.year import PlanYear
from tamamo.plan.year.model import working_year
from tamamo.plan.year.public import Published
from tamamo.plan.year.reported import reported, reported_years
from tamamo.registers import catalogue
from tamamo.registers.projection import own_types


def test_invented_rates_pass_the_nation_once():
    rates = list(demo.card_rates(["372013", "00000"], date(2026, 11, 23)))
    assert len(rates) == 48 and rates[-1].at == date(2026, 11, 1)
    points = {code: [v for v in rates if v.area == code] for code in ("372013", "00000")}
    (crossing,) = crossings(*(by_area(points[code])[code] for code in points))
    assert crossing.above


async def test_the_example_is_marked_and_made_once(settings):
    async with open_broker(settings) as broker:
        async with transaction(broker.pool) as connection:
            await own_types(connection, catalogue.declared())
        run = Run(broker.pool, broker, "default", "system:demo", 1, "plan.demo", {})
        done = await demo.handle(run)
        assert done["values"] > 400 and done["records"] == 32
        assert await demo.handle(run) == {"values": 0}
        async with broker.pool.connection() as connection:
            rows = await connection.execute("select count(*) from plan_value where not simulated")
            assert await rows.fetchone() == (0,)
        year = working_year(now().astimezone(JST).date())
        states = {i.state for i in await PlanYear(broker.pool).sheets("default", [year])}
        assert states == {"entered", "confirmed", "approved"}
        # The report is of real years: it takes nothing from the example.
        store = ValueStore(broker.pool)
        assert (await reported(broker.pool, "default", the_plan(), year - 1)).values == {}
        assert await reported_years(broker.pool, "default") == []
        assert await courses_of(store, "default", the_plan()) == {}
        # What is counted from the example is kept, and shown, as what it is.
        assert await live.keep(broker, the_plan()) == []
        for project in ("mynumber_card", "ai_rpa"):
            rows = await live.rows(broker, the_plan(), project, "ja")
            assert rows and all(row.simulated and row.value != "—" for row in rows)
            folder = the_plan().find(project)
            assert folder
            # As everybody reads it.
            access = await broker.identity.access(resident_of("default"), "default")
            public = seen_by(broker, access, ANONYMOUS.subject)
            blocks = [one.block for one in await shown(public, "default", folder, "ja") or []]
            assert len(blocks) > 4
            grids = [block.caption for block in blocks if isinstance(block, Grid)]
            assert grids and all("【模擬】" in one for one in grids if "6週間" not in one)
        computed = await store.series("default", ("ai_rpa", "rpa_hours_saved"))
        assert [(one.simulated, one.year) for one in computed] == [(True, year)]
        values = await Published(broker.pool, "default", the_plan()).by_year()
        handbook = values["maternal_handbook", "registered_users"]
        assert [v.year for v in handbook] == [2020, *range(year - 4, year + 1)]
        assert all(v.simulated for v in handbook[1:]) and not handbook[0].simulated
