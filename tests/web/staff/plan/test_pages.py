"""The desk's pages of a year: forms that keep what was typed, rights, the workbook's round trip."""

import io
import re
from collections.abc import Iterator

import pytest
from openpyxl import Workbook, load_workbook

from tests.plan.year.office import Office, open_office

ALL = "/staff/default/plan/"
SHEET = f"{ALL}maternal_handbook/2025/"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture(scope="module")
def office(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(cluster_dsn, tmp_path_factory.mktemp("plan-year")) as opened:
        yield opened


def book_of(office: Office, who: str) -> list[list[object]]:
    answer = office.get(f"{ALL}values.xlsx?year=2024", who)
    assert answer.status_code == 200
    sheet = load_workbook(io.BytesIO(answer.content)).active
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def as_file(rows: list[list[object]]) -> tuple[str, bytes]:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return ("values.xlsx", out.getvalue())


def test_the_list_says_whose_what_is_missing_and_late(office: Office) -> None:
    mine = office.get(f"{ALL}?year=2025", "owner").text
    assert mine.count("row-link") == 1 and "期限超過" in mine and "2026年5月31日" in mine
    everything = office.get(f"/en{ALL}?year=2025&show=all", "owner").text
    assert everything.count("row-link") == 36 and "36 projects are late" in everything
    # Of the four units three have somebody who may enter.
    assert everything.count("Nobody of it may enter") == 34
    # The year of the published report is reported.
    assert office.get(f"{ALL}?year=2020&show=late", "owner").text.count("row-link") == 0
    assert office.get(ALL).status_code == 302
    for path in (f"{ALL}none/2025/", f"{ALL}maternal_handbook/1999/"):
        assert office.get(path, "owner").status_code == 404


def test_what_is_wrong_is_said_and_all_of_it_is_kept(office: Office) -> None:
    typed = {
        "value.registered_users": "約7000", "source.registered_users": "",
        "detail.registered_users": "<b>3頁</b>", "narrative": "途中まで書いた文",
        "outcome": "", "decision": "理由だけ", "decided_on": "きのう",
    }  # fmt: skip
    answer = office.send(SHEET, "owner", **typed)
    assert answer.status_code == 422
    for kept in ("約7000", "&lt;b&gt;3頁", "途中まで書いた文", "理由だけ", "きのう"):
        assert kept in answer.text
    for said in ("数だけを入力してください", "出典を入力してください", "決定を選んでください"):
        assert said in answer.text
    assert office.one("select count(*) from plan_text") == 0
    assert office.send(SHEET, "other", form=ALL, **typed).status_code == 403
    empty = office.send(SHEET, "owner")
    assert empty.status_code == 422 and "何も入力されていません" in empty.text


def test_what_a_report_printed_stands_beside_and_is_put_right_with_a_reason(office: Office) -> None:
    path = f"{ALL}maternal_handbook/2020/"
    page = office.get(path, "owner").text
    assert "令和2年度(2020年度)の報告書に載った文章" in page and "reason.narrative" in page
    assert "報告書に載った文章" in office.get(f"{ALL}maternal_handbook/2021/", "owner").text
    silent = office.send(path, "owner", narrative="書き直した文")
    assert silent.status_code == 422 and "訂正の理由" in silent.text
    assert "書き直した文" in silent.text


def test_entered_confirmed_sent_back_approved_and_put_right(office: Office) -> None:
    first = {"value.registered_users": "7,120", "source.registered_users": "管理画面",
             "narrative": "対象を広げた。"}  # fmt: skip
    assert office.send(SHEET, "owner", **first).headers["location"].endswith("?done=saved")
    assert office.send(f"{SHEET}decide/", "owner", form=SHEET).status_code == 403
    assert office.send(f"{SHEET}confirm/", "owner", form=SHEET).status_code == 302
    page = office.get(SHEET, "head").text
    assert "5,967人" in page and "7,120人" in page and "香川 花子" in page
    assert "推進プランの承認" in office.get("/staff/default/", "head").text
    items = re.findall(r'type="checkbox" name="item" value="([\w-]+)"', page)
    assert len(items) == 2
    nothing = office.send(f"{SHEET}decide/", "head", form=SHEET, step="approve")
    silent = office.send(f"{SHEET}decide/", "head", form=SHEET, step="decline", item=items[0])
    assert (nothing.status_code, silent.status_code) == (422, 422)
    office.send(f"{SHEET}decide/", "head", form=SHEET, step="decline", item=items[1], reason="短い")
    office.send(f"{SHEET}decide/", "head", form=SHEET, step="approve", item=items[0])
    again = office.send(f"{SHEET}decide/", "head", form=SHEET, step="approve", item=items[0])
    assert again.status_code == 409
    page = office.get(SHEET, "owner").text
    assert "讃岐 課長が承認" in page and "差し戻しました：短い" in page

    other = {**first, "value.registered_users": "7,200"}
    assert "訂正の理由" in office.send(SHEET, "owner", **other).text
    office.send(SHEET, "owner", **{**other, "reason.registered_users": "二重計上"})
    office.send(f"{SHEET}confirm/", "owner", form=SHEET)
    page = office.get(SHEET, "head").text
    assert "<s>7,120人</s>" in page and "訂正の理由：二重計上" in page
    acts = office.one("select count(*) from audit_event where action like 'plan.%%'")
    assert acts == 10  # value and text entered, confirmed, decided; both entered, confirmed again


def test_whoever_left_is_said(office: Office) -> None:
    office.one("update role_grant set revoked_at = now() where unit like '%%こども家庭課'"
               " and role = 'editor' returning 1")  # fmt: skip
    try:
        assert "香川 花子（現在は担当外）" in office.get(SHEET, "head").text
    finally:
        office.one("update role_grant set revoked_at = null where role = 'editor' returning 1")


def test_evidence(office: Office) -> None:
    path = f"{SHEET}evidence/"
    bad = office.send(path, "all", form=SHEET, step="attach", title="集計", url="javascript:1")
    assert bad.status_code == 422 and "javascript:1" in bad.text
    user = {"title": "集計", "url": "https://city.example.jp@evil.example/"}
    bad = office.send(path, "all", form=SHEET, step="attach", **user)
    assert bad.status_code == 422 and "@より前を除いて" in bad.text and user["url"] in bad.text
    wrong = office.send(path, "all", form=SHEET, step="attach", title="x", file=("a.pdf", b"MZ1"))
    assert wrong.status_code == 422
    office.send(path, "all", form=SHEET, step="attach", title="画面", file=("画面.png", PNG))
    found = re.search(r"/staff/default/plan/evidence/[\w-]+/", office.get(SHEET, "all").text)
    assert found
    answer = office.get(found[0], "head")
    assert answer.content == PNG and "attachment" in answer.headers["content-disposition"]
    piece = found[0].rstrip("/").rpartition("/")[2]
    office.send(path, "all", form=SHEET, step="remove", evidence=piece)
    assert office.get(found[0], "head").status_code == 404


def test_the_number_of_answers_of_a_survey(office: Office) -> None:
    path, name = f"{ALL}school_ict/2025/", "understandable_lessons"
    assert "answers.registered_users" not in office.get(SHEET, "owner").text
    typed = {f"value.{name}": "97", f"source.{name}": "調査", f"answers.{name}": "約千人"}
    wrong = office.send(path, "all", **typed)
    assert wrong.status_code == 422 and 'value="約千人"' in wrong.text
    assert "回答数 n" in wrong.text and "1以上の整数" in wrong.text
    # Without its value a number of answers is not lost in silence.
    alone = office.send(path, "all", **{f"answers.{name}": "1,203"})
    assert alone.status_code == 422 and 'value="1,203"' in alone.text
    assert office.send(path, "all", **{**typed, f"answers.{name}": "1,203"}).status_code == 302
    page = office.get(path, "all").text
    assert "97%（n=1,203）" in page and 'value="1203"' in page
    assert "97% (n=1,203)" in office.get(f"/en{path}", "all").text
    # What is there is nothing new; another number of answers is.
    same = {**typed, f"answers.{name}": "1203"}
    assert "何も入力されていません" in office.send(path, "all", **same).text
    assert office.send(path, "all", **{**typed, f"answers.{name}": "1204"}).status_code == 302


def test_a_workbook_goes_out_and_comes_back(office: Office) -> None:
    rows = book_of(office, "all")
    head, body = rows[0], rows[1:]
    assert len(body) >= 24 and head[5].startswith("値")
    by_id = {row[0]: row for row in body}
    by_id["maternal_handbook/registered_users"][5:8] = ["6,500", "人", "'=HYPERLINK(1)"]
    by_id["council/study_meetings"][5:8] = ["七回", "回", "会議録"]
    by_id["council/members"][5:8] = [41, "者", "名簿"]
    by_id["security_training/elearning_attendants"][5:8] = [5000, "件", "名簿"]
    by_id["one_stop_counter/satisfaction"][5:8] = [980, "%", "調査"]
    a, b = by_id["ai_rpa/rpa_hours_saved"], by_id["open_data/open_data_sets"]
    a[5:8], a[3] = [200, "時間", "台帳"], b[3]
    other = [*by_id["farm_ict/introductions_supported"]]
    by_id["farm_ict/introductions_supported"][5:8] = [40, "件", "台帳"]
    other[5:8] = [41, "件", "台帳"]
    path = f"{ALL}import/?year=2024"
    lines = [head, *reversed(body), other]
    at = {str(line[0]): number for number, line in enumerate(lines[:-1], 1)}
    shown = office.send(path, "all", step="look", file=as_file(lines))
    assert shown.status_code == 200, shown.text
    assert "6,500人" in shown.text and "41者" in shown.text
    farm = at["farm_ict/introductions_supported"]
    for cell, why in (
        (f"F{at['council/study_meetings']}", "数だけを入力してください"),
        (f"G{at['security_training/elearning_attendants']}", "単位が違います"),
        (f"F{at['one_stop_counter/satisfaction']}", "980%は100%を超えています"),
        (f"D{at['ai_rpa/rpa_hours_saved']}", "指標名・事業名・前の値がidと一致しません"),
        (
            f"A{farm}",
            f"同じ指標の行が二つ以上あり、どの値か決められません（A{farm}、A{len(lines)}）",
        ),
        (
            f"A{len(lines)}",
            f"同じ指標の行が二つ以上あり、どの値か決められません（A{farm}、A{len(lines)}）",
        ),
    ):
        assert any(f"{cell}: {why}" in line for line in shown.text.splitlines()), (cell, why)
    kept = re.search(r'name="kept" value="([^"]+)"', shown.text)
    refused = re.search(r'name="refused" value="([^"]+)"', shown.text)
    assert kept and refused
    back = office.send(path, "all", step="rejects", refused=refused[1])
    lines = list(load_workbook(io.BytesIO(back.content)).active.iter_rows(values_only=True))
    assert len(lines) == 7 and any("七回" in str(cell) for line in lines[1:] for cell in line)
    assert office.one("select count(*) from plan_value where year = 2024") == 0
    assert office.send(path, "other", step="enter", kept=kept[1]).status_code == 422
    # Somebody enters one of the two values meanwhile: neither is entered, in one act.
    council = {"value.members": "40", "source.members": "名簿"}
    office.send(f"{ALL}council/2024/", "all", **council)
    late = office.send(path, "all", step="enter", kept=kept[1])
    assert late.status_code == 422 and "何も入力していません" in late.text
    assert "プレビューの後に、ほかの値が入力または承認されました" in late.text
    assert (
        office.one("select string_agg(value::text, ',') from plan_value where year = 2024") == "40"
    )
    shown = office.send(path, "all", step="look", file=as_file([head, *reversed(body)]))
    kept = re.search(r'name="kept" value="([^"]+)"', shown.text)
    assert kept
    done = office.send(path, "all", step="enter", kept=kept[1])
    assert done.status_code == 302, done.text
    entered = "select string_agg(value::text, ',' order by value) from plan_value"
    assert office.one(f"{entered} where year = 2024 and state = 'entered'") == "40,41,6500"
    twice = office.send(path, "all", step="enter", kept=kept[1])
    assert twice.status_code == 422  # what it showed is entered
    again = book_of(office, "all")
    (line,) = [row for row in again if row[0] == "maternal_handbook/registered_users"]
    assert line[5:8] == [6500, "人", "'=HYPERLINK(1)"]

    by_id["maternal_handbook/registered_users"][5] = "6,600"
    foreign = office.send(path, "other", step="look", file=as_file([head, by_id[
        "maternal_handbook/registered_users"]]))  # fmt: skip
    assert "ほかの課の事業です" in foreign.text
    for file in (("x.xlsx", b"PK\x03\x04junk"), ("x.xlsx", b""), as_file([["a"], ["b"]])):
        answer = office.send(path, "all", step="look", file=file)
        assert answer.status_code == 422, file[1][:10]
