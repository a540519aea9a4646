"""What /plan/ shows of the years: trend, breaks, filters, and what that costs with five years."""

import time
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.test import RequestFactory
from django.utils import translation
from msgspec import structs

from tamamo.context.broker import open_broker
from tamamo.kernel.database import transaction
from tamamo.kernel.time import JST, now
from tamamo.plan import cards
from tamamo.plan.catalog import the_plan
from tamamo.plan.model import Change, Text
from tamamo.plan.views import index
from tamamo.plan.year.model import working_year
from tamamo.plan.year.public import Published, YearValue, break_between, judged
from tamamo.plan.yearviews import figure
from tamamo.projects.open_data import indicators

PLAN = the_plan()
HANDBOOK = PLAN.find("maternal_handbook")
assert HANDBOOK and HANDBOOK.figures
USERS = HANDBOOK.figures.indicator[0]
KEY = ("maternal_handbook", "registered_users")


def value(year: int, number: int, breaks: str = "") -> YearValue:
    return YearValue(year, Decimal(number), date(year + 1, 3, 31), "entered", "x", breaks=breaks)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def test_the_trend_in_words():
    series = [value(2023, 6990), value(2024, 6990), value(2025, 7120)]
    assert cards.trend(USERS, series, "en") == "130 people more than in FY2024"
    assert cards.trend(USERS, series[:2], "en") == "The same as in FY2023"
    assert cards.trend(USERS, [series[2], value(2026, 7000)], "en").startswith("120 people less")
    assert cards.trend(USERS, series[:1], "en") == ""
    folder = PLAN.find("mynumber_card")
    assert folder and folder.figures
    rates = [value(2024, 77), value(2025, 79)]
    assert cards.trend(folder.figures.indicator[0], rates, "en") == "2 points more than in FY2024"


def test_a_break_is_said_and_nothing_compared_over_it():
    entered = [value(2024, 6990), value(2025, 5000, "重複を除いた")]
    assert "counted differently (重複を除いた)" in cards.trend(USERS, entered, "en")
    change = Change(year=2025, why=Text(ja="統合", en="projects were merged"))
    merged = structs.replace(USERS, breaks=[change])
    plain = [value(2024, 6990), value(2025, 5000)]
    assert "projects were merged" in cards.trend(merged, plain, "en")
    assert break_between(merged, value(2025, 1), value(2026, 2)) is None
    assert break_between(merged, value(2023, 1), value(2024, 2)) is None


def test_simulated_values_are_counted_apart_and_compared_with_each_other_only():
    made = replace(value(2025, 7120), simulated=True)
    assert cards.trend(USERS, [value(2024, 6990), made], "en") == ""
    before = replace(value(2024, 7000), simulated=True)
    assert cards.trend(USERS, [before, made], "en").startswith("120 people more")
    values = Published.without_values(PLAN)
    values[KEY] = [*values[KEY], made]
    shown = cards.cards(values, {}, "en")
    assert [(name, made) for name, _, made in shown.counts if made] == [("Target met", 1)]


def test_a_year_that_is_not_over_says_so():
    running = working_year(now().astimezone(JST).date()) + 1
    assert cards.year_text(value(running, 1), "en").endswith(f"(31 Mar {running + 1})")
    assert cards.year_text(value(running - 1, 1), "en") == f"FY{running - 1}"


def test_what_another_address_narrows_to():
    values = Published.without_values(PLAN)
    whole = cards.cards(values, {}, "en")
    assert not any(made for _, _, made in whole.counts)
    assert whole.shown == 36 and sum(count for _, count, _ in whole.counts) == 25
    met = cards.cards(values, {"state": "met"}, "en")
    none = cards.cards(values, {"state": "no_figures"}, "en")
    assert 0 < met.shown < 25
    assert none.shown == sum(not (f.figures and f.figures.indicator) for f in PLAN.folders)
    by_chapter = [cards.cards(values, {"chapter": str(n)}, "en").shown for n in (1, 2, 3)]
    assert sum(by_chapter) == 36
    owners = [choice.value for choice in whole.filters[2][2] if choice.value]
    assert sum(cards.cards(values, {"owner": one}, "en").shown for one in owners) == 36
    nonsense = {"chapter": "9", "state": "<b>", "owner": "x", "year": "1900"}
    assert cards.cards(values, nonsense, "en").chosen == cards.Chosen()


def test_a_year_without_a_value_is_not_reported():
    values = Published.without_values(PLAN)
    values[KEY] = [*values[KEY], value(2025, 7120)]
    shown = cards.cards(values, {"year": "2025", "state": "not_reported"}, "en")
    assert shown.shown > 10
    assert "maternal_handbook" not in {
        p.id for c in shown.chapters for s in c.sections for p in s.projects
    }
    (figure,) = cards.cards(values, {"year": "2025"}, "en").figures["maternal_handbook"]
    assert (figure.row.value, figure.row.outcome) == ("7,120 people", "met")
    assert judged(USERS, value(2025, 1)).outcome == "not_met"


def test_a_moving_target_counts_by_its_value_of_the_year():
    folder = PLAN.find("mynumber_card")
    assert folder and folder.figures
    rate = folder.figures.indicator[0]
    shown = [
        YearValue(2025, Decimal("79.4"), date(2026, 3, 1), "imported", "x", benchmark=Decimal(goal))
        for goal in ("79.3", "79.5")
    ]
    assert [judged(rate, one).outcome for one in shown] == ["met", "not_met"]
    assert judged(rate, value(2025, 79)).outcome == "stated"


async def _about(request):
    """A figure opens its definition, query, values and who approved them, and what it is now."""
    for path, said in {
        ("open_data", "open_data_sets"): (
            "Computed now",
            "catalogue.figures:datasets",
            "counts once",
        ),
        KEY: ("more is better", "Approved by", "Every value"),
    }.items():
        page = (await figure(request, *path)).content.decode()
        assert [one for one in said if one not in page] == []


async def test_five_years_of_monthly_values_cost_one_statement(settings):
    names = [(f.manifest.id, i.id) for f in PLAN.folders
             for i in (f.figures.indicator if f.figures else [])]  # fmt: skip
    async with open_broker(settings) as broker:
        async with transaction(broker.pool) as connection:
            for project, one in names:
                await connection.execute(
                    "insert into plan_value (tenant, project, indicator, at, year, value, basis,"
                    " source, state, made_by, made_at, approved_by, approved_at)"
                    " select 'default', %s, %s, d, extract(year from d - interval '3 months'), 7,"
                    " 'entered', 'x', 'approved', 'user:1', now(), 'user:1', now() from"
                    " generate_series('2020-04-30'::date, '2025-04-01', '1 month') d",
                    [project, one],
                )
        statements: list[str] = []
        original = broker.pool.connection

        def counted(*args, **more):
            statements.append("one")
            return original(*args, **more)

        broker.pool.connection = counted
        request = RequestFactory().get("/en/plan/")
        request.scope = {"state": {"broker": broker}}
        spent = []
        for _round in range(4):
            statements.clear()
            before = time.process_time()
            try:
                answer = await index(request)
            finally:
                spent.append(time.process_time() - before)
            assert answer.status_code == 200 and answer.content.count(b"<article") == 36
            # Each year with something approved has its report.
            assert answer.content.count(b"/en/plan/report/") == 5
        broker.pool.connection = original
        rows = await indicators.years(broker, "default")
        assert len({row["id"] for row in rows}) == len(rows) == 25 * 5
        assert {(row["basis"], row["simulated"]) for row in rows} == {("entered", False)}
        await _about(request)
    print(f"/plan/: {[round(one * 1000) for one in spent]} ms of processor time")
    assert statements == ["one"]
    assert min(spent) < 0.15
