"""What owners report and heads approve stands in the report; nothing else is told as fact."""

from datetime import date
from decimal import Decimal

import pytest

from tamamo.context.broker import open_broker
from tamamo.kernel.errors import SetupError
from tamamo.plan.catalog import load_plan
from tamamo.plan.report import reading
from tamamo.plan.report.build import build, one_page, years
from tamamo.plan.report.commands import write
from tamamo.plan.report.compare import compare
from tamamo.plan.report.inputs import Inputs, gather
from tamamo.plan.values import NewValue, ValueStore
from tamamo.plan.year import PlanYear, TypedText, TypedValue, overview
from tamamo.plan.year.evidence import EvidenceStore
from tamamo.plan.year.reported import reported_years

PLAN = load_plan()
OUTCOMES = frozenset(PLAN.words["state"])
USERS, MEETINGS = "maternal_handbook", "council"


def values_of(project, *texts, **more):
    folder = PLAN.find(project)
    assert folder
    return [
        (one, TypedValue(text, one.unit.ja, "台帳", **more))
        for one, text in zip(overview.indicators(folder), texts, strict=False)
    ]


class Desk:
    """Enters and decides as people do."""

    def __init__(self, broker):
        self.year = PlanYear(broker.pool)

    async def enter(self, project, year, values=(), *, approved=True, simulated=False, **told):
        of = ("default", project, year)
        await self.year.save(of, values, told, "user:1", outcomes=OUTCOMES, simulated=simulated)
        await self.year.confirm(of, "user:1")
        if approved:
            waiting = [i for i in (await self.year.sheet(*of)).items if i.waits]
            await self.year.decide("default", waiting, "user:2", "approve")


def text_of(inputs):
    return reading.markdown(write(build(inputs), "md", lambda _: None))


async def test_a_year_that_no_folder_holds_is_made_from_the_desk(settings):
    async with open_broker(settings) as broker:
        desk, pool = Desk(broker), broker.pool
        await desk.enter("school_ict", 2025, values_of("school_ict", "97", "92"), simulated=True)
        await desk.enter(MEETINGS, 2025, values_of(MEETINGS, "13"), approved=False,
                         narrative=TypedText("まだ誰にも見せない文"))  # fmt: skip
        assert await reported_years(pool, "default") == []
        inputs = await gather(pool, "default", PLAN, 2025, "ja")
        with pytest.raises(SetupError, match=r"2025 is approved yet; entries that wait.*: 2\."):
            build(inputs)

        decided = TypedText("費用が見合わない。", outcome="shelved", decided_on="2026-02-03")
        await desk.enter(
            USERS, 2025, values_of(USERS, "7,120", counted_otherwise="重複を除いた", reason="なし"),
            narrative=TypedText("対象を広げた。\n\n○これは本文です：1人"), decision=decided,
        )  # fmt: skip
        await EvidenceStore(pool).attach(("default", USERS, 2025), "集計表", "user:1",
                                         url="https://example.jp/a")  # fmt: skip
        counted = [NewValue("", date(2026, 3, 30), Decimal(47))]
        await ValueStore(pool).record("default", ("online_procedures", "procedures_online"),
                                      counted, source="q:f", by="system:plan",
                                      basis="computed")  # fmt: skip
        rates = [NewValue(code, date(2026, month, 1), Decimal(rate)) for code, month, rate in (
            ("372013", 2, "79.1"), ("372013", 3, "79.4"), ("00000", 3, "79.3"))]  # fmt: skip
        await ValueStore(pool).record("default", ("mynumber_card", "issue_rate"), rates,
                                      source="総務省の表", by="system:plan")  # fmt: skip
        assert years(PLAN, await reported_years(pool, "default")) == [2020, 2025]
        inputs = await gather(pool, "default", PLAN, 2025, "ja")
        text = text_of(inputs)
        for told in (
            "○電子母子健康手帳ユーザー登録者数（延べ）：7,120人（R3目標値：5,600人）",
            "対象を広げた。", "○これは本文です：1人",
            "決定：見送り（2026年2月3日）", "費用が見合わない。", "（重複を除いた）",
            "集計表: https://example.jp/a",
            "○スマートシティたかまつ推進協議会勉強会の回数（年間）：未承認",
            "未承認（取組内容は入力され、承認を待っています。）",
            "未承認（Tamamoの計算では47", "36事業のうち、報告済み1、承認待ちのあるもの1、",
        ):  # fmt: skip
            assert told in text, f"{told}\n{text}"
        assert "交付率：79.4%（R3目標値：全国の交付率以上" in text and "79.4%、全国 79.3%" in text
        assert "公表資料から取り込んだ値です（総務省の表）" in text
        for hidden in ("訂正しました", "まだ誰にも見せない文", "：13回", "97%", "報告書では"):
            assert hidden not in text
        assert text.count("未報告（取組内容") == 34  # the simulated one too
        english = text_of(await gather(pool, "default", PLAN, 2025, "en"))
        assert "7,120 people (FY2021 target: 5,600 people)" in english
        assert "Decision: Not taken forward (3 Feb 2026)" in english
        assert english.count("Not reported (nothing") == 34
        for name in ("html", "docx", "xlsx"):
            assert write(build(inputs), name, lambda _: None)
        cells = [c.text for b in one_page(inputs).blocks if hasattr(b, "rows")
                 for row in b.rows for c in row]  # fmt: skip
        assert (cells.count("未承認"), cells.count("7,120人")) == (2, 1)


async def test_what_is_put_right_at_the_desk_wins_over_the_folders(settings, report_text):
    async with open_broker(settings) as broker:
        desk, pool = Desk(broker), broker.pool
        await desk.enter(USERS, 2020, values_of(USERS, "5968", reason="一人数え落とした"),
                         narrative=TypedText("書き直した取組内容"))  # fmt: skip
        await desk.enter(MEETINGS, 2020, values_of(MEETINGS, "9", reason="x"), approved=False)
        inputs = await gather(pool, "default", PLAN, 2020, "ja")
        text, before = text_of(inputs), text_of(Inputs(PLAN, 2020, "ja"))
        assert "書き直した取組内容" in text
        assert "訂正しました（報告書では5,967人）。理由：一人数え落とした" in text
        assert "9回" not in text and "回数（年間）：入力され、承認を待って" in text
        assert compare(report_text, before).missing == ()
        missing = compare(report_text, text).missing
        assert [one.figures for one in missing if one.figures] == [("5,967人",)]
