"""The working year: entered, confirmed, approved; corrections, evidence, reminders by the clock."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec import structs
from openpyxl import load_workbook

from tamamo.context.broker import open_broker
from tamamo.kernel.identity import Actor, Grant, Role
from tamamo.kernel.uploads import UploadRefused
from tamamo.plan.catalog import load_plan
from tamamo.plan.model import Change, Division, Text
from tamamo.plan.values.working import ValueRefused
from tamamo.plan.year import (
    PlanYear,
    TypedText,
    TypedValue,
    YearRefused,
    book,
    may_approve,
    may_enter,
    overview,
    reminding,
)
from tamamo.plan.year.desk import judge, number_of
from tamamo.plan.year.evidence import EvidenceStore, fault_of_link
from tamamo.plan.year.model import due_day, is_late, reminded_on, working_year
from tests.accounts.signing import make_user

PLAN = load_plan()
HANDBOOK = PLAN.find("maternal_handbook")
assert HANDBOOK and HANDBOOK.figures
USERS = next(one for one in HANDBOOK.figures.indicator if one.id == "registered_users")
OF = ("default", "maternal_handbook", 2025)
OUTCOMES = frozenset(PLAN.words["state"])
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


def typed(text="7,120", **more):
    return replace(TypedValue(text, "人", "利用者管理画面", "3月末"), **more)


@pytest.mark.parametrize(
    ("today", "year"),
    [(date(2026, 11, 23), 2025), (date(2026, 4, 1), 2025), (date(2026, 3, 31), 2024)],
)
def test_the_year_that_is_reported_is_the_newest_that_is_over(today, year):
    assert working_year(today) == year


def test_reminders_by_the_clock():
    days = {date(2026, 4, 14): None, date(2026, 4, 15): date(2026, 4, 15),
            date(2026, 5, 20): date(2026, 4, 15), date(2026, 5, 21): date(2026, 5, 21),
            date(2026, 5, 31): date(2026, 5, 21), date(2026, 6, 1): date(2026, 6, 1),
            date(2026, 6, 7): date(2026, 6, 1), date(2026, 6, 8): date(2026, 6, 8)}  # fmt: skip
    assert {day: reminded_on(2025, day) for day in days} == days
    assert due_day(2025) == date(2026, 5, 31)
    assert not is_late(2025, date(2026, 5, 31)) and is_late(2025, date(2026, 6, 1))


@pytest.mark.parametrize(
    ("text", "number"),
    [("７，１２０", 7120), ("28.8", Decimal("28.8")), ("約7000", None), ("7千", None), ("", None),
     ("1e9", None), ("NaN", None), ("--1", None), ("=1+1", None)],
)  # fmt: skip
def test_only_numbers_are_numbers(text, number):
    assert number_of(text) == number


def test_rights_follow_the_division():
    def actor(role, unit):
        return Actor("user:1", grants=(Grant("g", "default", role, unit),))

    owner, head = actor(Role.EDITOR, "健康福祉局/こども家庭課"), actor(Role.APPROVER, None)
    assert may_enter(owner, "default", "こども家庭課") and may_enter(
        head, "default", "こども家庭課"
    )
    assert not may_enter(owner, "default", "交通政策課") and not may_enter(
        owner, "b", "こども家庭課"
    )
    assert may_approve(head, "default", "こども家庭課")
    assert not may_approve(owner, "default", "こども家庭課")
    # Nobody answers for what stands above the own unit.
    section = actor(Role.APPROVER, "健康福祉局/こども家庭課/手当係")
    assert not may_approve(section, "default", "こども家庭課")
    assert not may_enter(section, "default", "健康福祉局")
    assert not may_enter(actor(Role.AUDITOR, None), "default", "")


def test_a_project_of_a_division_that_is_no_more_goes_to_its_successor():
    division = [
        Division(name=one.name, until=date(2024, 3, 31), successor="市民課")
        if one.name.ja == HANDBOOK.manifest.owner else one
        for one in PLAN.outline.division
    ]  # fmt: skip
    outline = structs.replace(PLAN.outline, division=division)
    plan = replace(PLAN, outline=outline)
    owner = overview.owner_on(plan, HANDBOOK, date(2026, 4, 1))
    assert owner.name == "市民課" and owner.left and owner.left.name.ja == HANDBOOK.manifest.owner
    assert overview.owner_on(plan, HANDBOOK, date(2023, 4, 1)).left is None


def test_a_count_may_fall_where_the_folder_says_it_is_counted_otherwise():
    why = Text(ja="二つの事業を統合した", en="two projects were merged")
    merged = structs.replace(USERS, breaks=[Change(year=2024, why=why)])
    folder = replace(HANDBOOK, figures=structs.replace(HANDBOOK.figures, indicator=[merged]))
    before = overview.before(folder, 2024, [])
    assert before == {"registered_users": (2020, Decimal(5967))}
    assert overview.broken(merged, 2020, 2024) == why and overview.comparable(
        folder, 2024, before) == {}  # fmt: skip
    assert overview.comparable(folder, 2023, before) == {"registered_users": Decimal(5967)}
    for held, faults in (({}, set()), ({"registered_users": Decimal(5967)}, {"value"})):
        assert set(judge(merged, typed("5000"), held.get("registered_users"))[1]) == faults


def test_a_percentage_typed_into_a_spreadsheet_is_what_it_shows():
    workbook = load_workbook(io.BytesIO(book.write(PLAN, 2024, [])))
    sheet = workbook.active
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=2)}
    for key, unit_is in (("one_stop_counter/satisfaction", True), ("council/members", False)):
        cell = rows[key][5]
        cell.value, cell.number_format = 0.985, "0.0%"
        rows[key][7].value = "調査"
        assert (rows[key][6].value == "%") is unit_is
    out = io.BytesIO()
    workbook.save(out)
    mine = {folder.manifest.id: True for folder in PLAN.folders}
    reading = book.read(out.getvalue(), PLAN, 2024, [], mine)
    assert [row.typed.text for row in reading.rows] == ["98.5"]
    (reject,) = reading.rejects
    assert [(w.cell[0], w.reason.code) for w in reject.reasons] == [("F", "not_a_number")]


async def test_from_the_first_entry_to_a_correction(settings):
    async with open_broker(settings) as broker:
        year = PlanYear(broker.pool)
        before = {"registered_users": Decimal(5967)}

        async def save(values, texts=None, of=OF, by="user:1"):
            return await year.save(of, values, texts or {}, by, outcomes=OUTCOMES, before=before)

        async def refused(step, *names):
            with pytest.raises(YearRefused) as caught:
                await step
            assert set(caught.value.faults) == set(names), caught.value

        wrong = typed("9,8x", source=" ")
        await refused(
            save([(USERS, wrong)], {"decision": TypedText("", outcome="?", decided_on="きのう")}),
            "value.registered_users", "source.registered_users", "decision", "outcome",
            "decided_on",
        )  # fmt: skip
        await refused(save([(USERS, typed(unit="件"))]), "value.registered_users")
        await refused(save([(USERS, typed("5,000"))]), "value.registered_users")  # it fell
        await refused(save([]), "all")
        assert await year.sheets("default", [2025]) == []  # nothing half kept

        story = {"narrative": TypedText("対象を広げた。"), "decision": TypedText(
            "費用が見合わない。", outcome="shelved", decided_on="2026-02-03")}  # fmt: skip
        await save([(USERS, typed("5,000", counted_otherwise="重複を除いた"))], story)
        await save([(USERS, typed())])  # the first is taken back
        sheet = await year.sheet("default", *OF[1:])
        assert [i.state for i in sheet.items if i.kind == "value"] == ["withdrawn", "entered"]
        waiting = [i for i in sheet.items if i.waits]
        with pytest.raises(ValueRefused):
            await year.decide("default", waiting, "user:2", "approve")  # not confirmed yet
        assert await year.confirm(OF, "user:1") == 3
        await refused(year.confirm(OF, "user:1"), "all")
        waiting = [i for i in (await year.sheet("default", *OF[1:])).items if i.waits]
        with pytest.raises(ValueRefused):
            await year.decide("default", waiting, "user:1", "approve")  # by the same person
        await year.decide("default", waiting, "user:2", "approve")
        sheet = await year.sheet("default", *OF[1:])
        assert sheet.holding("registered_users").value == 7120
        assert sheet.holding("decision").outcome == "shelved"
        assert sheet.missing(["registered_users", "narrative", "other"]) == ["other"]

        await refused(save([(USERS, typed("7,200"))]), "reason.registered_users")
        await refused(save([], {"narrative": TypedText("書き直した。")}), "reason.narrative")
        await refused(save([], {"narrative": TypedText("対象を広げた。", reason="x")}), "narrative")
        await save([(USERS, typed("7,200", reason="二重に数えていた"))])
        await year.confirm(OF, "user:1")
        fresh = next(i for i in (await year.sheet("default", *OF[1:])).items if i.waits)
        with pytest.raises(ValueRefused):
            await year.decide("default", [fresh], "user:2", "decline")
        await year.decide("default", [fresh], "user:2", "decline", "根拠を付けてください")
        sheet = await year.sheet("default", *OF[1:])
        assert sheet.holding("registered_users").value == 7120
        past = sheet.past("registered_users")
        assert [(i.value, i.state) for i in past] == [
            (5000, "withdrawn"), (7200, "declined")
        ]  # fmt: skip
        assert past[-1].declined_why == "根拠を付けてください"
        assert await year.sheets("elsewhere", [2025]) == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://example.jp/a?q=b@c#d@e", None), ("http://example.jp:8080/", None),
        ("https://www.city.example.jp@evil.example/", "user_in_url"),
        ("https://user:secret@example.jp/", "user_in_url"), ("https://@example.jp/", "user_in_url"),
        ("ftp://example.jp/a", "no_url"), ("mailto:user@example.jp", "no_url"),
        ("javascript:alert(1)//@", "no_url"), ("//example.jp/", "no_url"), ("https:///x", "no_url"),
        ("file:///etc/passwd", "no_url"), ("data:text/html,x", "no_url"),
        ("https://example.jp\\@evil.example/", "no_url"), ("https://a b/", "no_url"),
        ("https://example.jp:port/", "no_url"), ("https://[::1/", "no_url"),
    ],
)  # fmt: skip
def test_what_a_page_may_link_to(url, code):
    fault = fault_of_link(url)
    assert (fault.code if fault else None) == code


async def test_evidence_is_a_link_or_a_file_that_carries_nothing_out(settings):
    async with open_broker(settings) as broker:
        store = EvidenceStore(broker.pool)
        link = await store.attach(OF, "集計表", "user:1", url="https://example.jp/a.pdf")
        file = await store.attach(OF, "画面", "user:1", file=("../画面.exe", PNG))
        for title, url, body in (("", "", None), ("x", "javascript:alert(1)", None),
                                 ("x", "https://a.jp/", ("a.png", PNG))):  # fmt: skip
            with pytest.raises(YearRefused):
                await store.attach(OF, title, "user:1", url=url, file=body)
        with pytest.raises(UploadRefused):
            await store.attach(OF, "x", "user:1", file=("a.pdf", b"MZ" + b"0" * 90))
        assert [e.id for e in await store.listed("default", [2025])] == [link, file]
        found, body = await store.find("default", file)
        assert (found.filename, found.media_type, body) == ("画面.png", "image/png", PNG)
        with pytest.raises(LookupError):
            await store.find("elsewhere", file)
        await store.remove("default", link, "user:2")
        assert len(await store.listed("default", [2025], OF[1])) == 1


async def test_owners_are_reminded_once_of_what_is_missing(settings):
    async with open_broker(settings) as broker:
        number = make_user(settings.database_url, "owner@example.jp", ("default", "editor"))
        make_user(settings.database_url, "all@example.jp", ("default", "editor"))
        async with broker.pool.connection() as connection:
            await connection.execute(
                "update role_grant set unit = '健康福祉局/こども家庭課' where subject = %s",
                [f"user:{number}"],
            )
        assert await reminding.once(broker, datetime(2026, 4, 10, tzinfo=UTC)) == 0
        for day in (15, 16):
            assert await reminding.once(broker, datetime(2026, 4, day, tzinfo=UTC)) == 2
        assert await reminding.once(broker, datetime(2026, 6, 2, tzinfo=UTC)) == 2
        async with broker.pool.connection() as connection:
            rows = await (
                await connection.execute(
                    "select recipient, subject, body from message order by recipient desc, subject"
                )
            ).fetchall()
        # What no division answers for goes to whoever may enter for the whole town.
        assert [row[0] for row in rows] == ["owner@example.jp"] * 2 + ["all@example.jp"] * 2
        assert "入力できる人のいない課" in rows[2][2]
        assert HANDBOOK.manifest.name.ja not in rows[2][2]
        assert rows[2][2].count("\n- ") == 35
        assert "期限を過ぎています" in rows[0][1] + rows[1][1]
        assert "2026年5月31日" in rows[0][2] and HANDBOOK.manifest.name.ja in rows[0][2]
    assert reminding.due(datetime(2026, 11, 23, 0, 0, tzinfo=UTC)).isoformat() == (
        "2026-11-24T09:00:00+09:00"
    )
