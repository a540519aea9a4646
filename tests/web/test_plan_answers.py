"""How many answered a survey: entered with the share, shown with it, put right with a reason."""

import io
from decimal import Decimal

import pytest
from django.test import RequestFactory
from openpyxl import load_workbook

from tamamo.context.broker import open_broker
from tamamo.plan import openvalues
from tamamo.plan.catalog import load_plan
from tamamo.plan.report.build import build
from tamamo.plan.report.document import FigureLine
from tamamo.plan.report.inputs import gather
from tamamo.plan.values import ValueStore, entities
from tamamo.plan.year import PlanYear, TypedValue, YearRefused, book, overview
from tamamo.plan.year.desk import judge, same_answers
from tamamo.plan.year.public import Published
from tamamo.plan.yearviews import figure

PLAN = load_plan()
SCHOOL = PLAN.find("school_ict")
COUNCIL = PLAN.find("council")
assert SCHOOL and COUNCIL
LESSONS = overview.indicators(SCHOOL)[0]
KEY = "school_ict/understandable_lessons"


def share(text="97", answers="1,203", **more):
    return TypedValue(text, "%", "授業アンケート", answers=answers, **more)


@pytest.mark.parametrize(
    ("answers", "faults"),
    [("", set()), ("１,２０３", set()), ("0", {"answers"}), ("-3", {"answers"}),
     ("12.5", {"answers"}), ("約800", {"answers"})],
)  # fmt: skip
def test_answers_are_a_whole_number_of_a_survey_or_not_said(answers, faults):
    assert set(judge(LESSONS, share(answers=answers), None)[1]) == faults
    count = TypedValue("7", overview.indicators(COUNCIL)[0].unit.ja, "名簿", answers="12")
    assert set(judge(overview.indicators(COUNCIL)[0], count, None)[1]) == {"answers"}


def test_only_what_reads_as_the_same_number_is_the_same():
    assert same_answers(" ", None) and same_answers("1,203", Decimal(1203))
    assert not same_answers("x", None) and not same_answers("", Decimal(3))
    assert not same_answers("3", None)


def come_back(items, year, **cells):
    """Return what the year's workbook would enter after somebody typed into the lessons' row."""
    workbook = load_workbook(io.BytesIO(book.write(PLAN, year, items)))
    at = {name: place for place, (_head, name) in enumerate(book.HEADS)}
    (row,) = [row for row in workbook.active.iter_rows(min_row=2) if row[0].value == KEY]
    for name, value in cells.items():
        row[at[name]].value = value
    out = io.BytesIO()
    workbook.save(out)
    return row[at["answers"]].value, book.read(
        out.getvalue(), PLAN, year, items, {folder.manifest.id: True for folder in PLAN.folders}
    )


def test_a_workbook_adds_n_to_what_the_report_printed_and_refuses_what_is_none():
    _shown, reading = come_back([], 2020, answers=812, source="調査票")
    assert [(row.typed.text, row.typed.answers) for row in reading.rows] == [("96", "812")]
    for value, column in (({"answers": "x"}, "L"), ({"answers": 5, "value": None}, "F")):
        _shown, reading = come_back([], 2020, source="調査票", **value)
        (reject,) = reading.rejects
        assert reading.rows == [] and {w.cell[0] for w in reject.reasons} >= {column}


async def test_n_goes_with_the_value_to_the_report_the_page_and_the_entity(settings):
    async with open_broker(settings) as broker:
        year = PlanYear(broker.pool)

        async def enter(of, typed):
            of = ("default", "school_ict", of)
            await year.save(of, [(LESSONS, typed)], {}, "user:1", outcomes=frozenset(),
                            printed=overview.printed(SCHOOL, of[2]))  # fmt: skip
            await year.confirm(of, "user:1")
            waiting = [i for i in (await year.sheet(*of)).items if i.waits]
            await year.decide("default", waiting, "user:2", "approve")

        async def lines(of, language):
            document = build(await gather(broker.pool, "default", PLAN, of, language))
            return [b.text for b in document.blocks
                    if isinstance(b, FigureLine) and b.indicator == KEY]  # fmt: skip

        await enter(2025, share("97", ""))
        (line,) = await lines(2025, "ja")
        assert line.endswith("：97%（R3目標値：90%）")
        for wrong, field in ((share("97", ""), "value"), (share(), "reason")):
            with pytest.raises(YearRefused) as caught:
                await enter(2025, wrong)
            assert set(caught.value.faults) == {f"{field}.{LESSONS.id}"}
        await enter(2025, share(reason="回答数を落としていた"))
        await enter(2020, share("96", "812"))  # n beside what the report printed
        items = await year.sheets("default", [2020, 2025], "school_ict")
        assert [i.whole for i in items] == [None, 1203, 812]
        shown, reading = come_back(items, 2025)
        assert (shown, list(reading.rows), list(reading.rejects)) == (1203, [], [])
        assert come_back(items, 2025, answers=1204)[1].rejects[0].reasons[0].cell[0] == "K"

        for of, language, said in (
            (2025, "ja", "：97%（n=1,203）（R3目標値：90%）"),
            (2025, "en", ": 97% (n=1,203) (FY2021 target: 90%)"),
            (2020, "ja", "：96%（n=812）（R3目標値：90%）"),
            (2020, "en", ": 96% (n=812) (FY2021 target: 90%)"),
        ):
            (line,) = await lines(of, language)
            assert line.endswith(said), line
        kept = await ValueStore(broker.pool).series("default", ("school_ict", LESSONS.id))
        terms = await broker.contexts.resolve("default", None)
        found = list(entities.measured(PLAN, SCHOOL, LESSONS, kept, terms))
        told = [e.attrs[terms.expand_term("denominator")][0]["value"] for e in found]
        assert told == [812, 1203]
        values = await Published(broker.pool, "default", PLAN).by_year()
        rows = [row for row in openvalues.rows(PLAN, values) if row["indicator"] == LESSONS.id]
        assert [row["answers"] for row in rows] == [812, 1203]
        request = RequestFactory().get(f"/en/plan/{KEY}/about/")
        request.scope = {"state": {"broker": broker}}
        page = (await figure(request, "school_ict", LESSONS.id)).content.decode()
        assert page.count("n=1,203") == 2 and page.count("n=812") == 1
        audited = "select after from audit_event where action = 'plan.values.enter'"
        async with broker.pool.connection() as connection:
            acts = await (await connection.execute(audited + " order by seq")).fetchall()
        assert [act[0].get("whole") for act in acts] == [None, "1203", "812"]
