"""What is flagged before a table is public. All names and numbers are invented."""

import subprocess
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from tamamo.publishing.privacy import Report, examine, values
from tamamo.publishing.standard import Column, Row


def table(headers: Iterable[str], *records: tuple[Any, ...]) -> tuple[list[Column], list[Row]]:
    columns = [Column(f"c{n}", header) for n, header in enumerate(headers)]
    rows: list[Row] = [
        (n, {f"c{i}": v for i, v in enumerate(record)}) for n, record in enumerate(records, 2)
    ]
    return columns, rows


def flags(report: Report) -> dict[tuple[str, str], str]:
    return {(one.column, one.kind): one.level for one in report.flags}


def test_a_list_of_facilities_is_clear() -> None:
    report = examine(
        *table(
            ["施設名", "住所", "電話番号", "定員", "URL"],
            (
                "模擬 中央公園",
                "高松市番町1-1",
                "087-000-0001",
                3,
                "https://a.example.jp/" + "x" * 40,
            ),
            ("山田池公園 東側", "高松市昭和町2-3", "087-000-0002", 40, None),
        )
    )
    assert (report.verdict, report.flags, report.k) == ("clear", (), None)


def test_homes_and_remarks_of_people_are_named_without_a_room_or_a_long_text() -> None:
    people = [("香川　花子", "高松市番町1-2-1", "持病のため配慮が必要", "可"),
              ("讃岐太郎", "高松市番町2-2-2", None, "不可")]  # fmt: skip
    report = examine(*table(["氏名", "住所", "備考", "連絡"], *people))
    assert flags(report) == {("c0", "name"): "serious", ("c1", "address"): "serious",
                             ("c2", "free_text"): "look"}  # fmt: skip
    # The same columns of places are what a list of places has.
    places = [("中央公園", "高松市番町1-2-1", "雨天のときは閉まります", "可")]
    assert flags(examine(*table(["名称", "住所", "備考", "連絡"], *places))) == {}
    asked = examine(*table(["番号", "ご意見"], (1, "段差をなくしてほしい")))
    assert flags(asked) == {("c1", "free_text"): "look"}


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process that computes k can be started."""

    def broken(*_: Any, **__: Any) -> None:
        raise subprocess.TimeoutExpired("pycanon", 1)

    monkeypatch.setattr(subprocess, "run", broken)


@pytest.mark.usefixtures("alone")
def test_a_list_of_people_is_serious_and_shows_nobody() -> None:
    home = "高松市番町1-1 模擬マンション301号"
    report = examine(
        *table(
            ["氏名", "住所", "電話番号", "生年月日", "メール"],
            ("佐藤　花子", home, "087-000-0001", "1980-01-02", "hanako@mail.example"),
            ("鈴木太郎", "高松市昭和町2-3", "087-000-0002", "1975-03-04", "info@office.example"),
        )
    )
    assert report.verdict == "serious"
    assert flags(report) == {
        ("c0", "name"): "serious",
        ("c1", "address"): "serious",
        ("c2", "phone"): "serious",
        ("c3", "birthday"): "serious",
        ("c4", "mail"): "serious",
    }
    text = msgspec.json.encode(report).decode()
    for secret in ("花子", "太郎", "301", "0001", "hanako@", "01-02", "2-3"):
        assert secret not in text
    assert report.k == 1 and len(report.rare) == 2


def test_one_person_among_companies_is_found() -> None:
    operators = [
        "株式会社模擬",
        "社会福祉法人たまも",
        "一般社団法人模擬協会",
        "学校法人模擬学園",
        "高橋　次郎",
    ]
    report = examine(*table(["Establisher"], *((one,) for one in operators)))
    found = report.flags[0]
    assert (found.kind, found.count, found.rows) == ("name", 1, (6,))
    assert found.samples[0].startswith("高＊")


@pytest.mark.parametrize(
    ("header", "cell", "kind", "level"),
    [
        ("電話番号", "090-0000-0001", "phone", "serious"),
        ("備考", "連絡は０９０－００００－０００１まで", "phone", "serious"),
        ("連絡先", "tamamo.taro@mail.example", "mail", "look"),
        ("自宅住所", "高松市番町1-1", "address", "serious"),
        ("宛名番号", "0001", "id", "serious"),
        ("内容", f"参加した佐藤さんのお話{'です' * 15}", "free_text", "look"),
    ],
)  # fmt: skip
def test_a_single_cell_is_enough(header: str, cell: str, kind: str, level: str) -> None:
    assert flags(examine(*table([header], (cell,)))) == {("c0", kind): level}


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("問い合わせ", "info@city.example.lg.jp"),
        ("longitude", "134.090700000001"),
        ("名称_カナ", "モギシミンプールトレーニングセンターヒガシカイカンベッカン"),
        ("fullNameInKana", "モギ"),
        ("法人番号", "7000012050002"),
    ],
)
def test_what_only_looks_like_it_is_left_alone(header: str, cell: str) -> None:
    assert examine(*table([header], (cell,))).verdict == "clear"


def test_numbers_of_the_my_number_system_are_found_by_their_check_digit() -> None:
    right = [body + digit for body in ("12345678901", "22345678901", "98765432109")
             for digit in "0123456789" if values.individual_number(body + digit)]  # fmt: skip
    assert len(right) == 3  # one digit of ten for each
    report = examine(*table(["no"], *((one,) for one in right)))
    assert flags(report) == {("c0", "id"): "serious"}


def test_small_counts_of_people_are_counted_and_capacities_are_not() -> None:
    report = examine(
        *table(["町名", "人口", "man1", "収容人数"], ("a町", 120, 3, 2), ("b町", 4, 0, 1))
    )
    assert report.verdict == "look"
    assert [(one.column, one.count, one.rows) for one in report.small_cells] == [
        ("c1", 1, (3,)),
        ("c2", 1, (2,)),
    ]


def test_a_table_of_groups_is_no_table_of_people() -> None:
    groups_of = [("20代", "男", 120), ("20代", "女", 3), ("30代", "男", 98)]
    report = examine(*table(["年代", "性別", "接種者数"], *groups_of))
    assert (report.quasi_identifiers, report.k) == ((), None)
    assert [(one.column, one.rows) for one in report.small_cells] == [("c2", (3,))]
    assert report.verdict == "look"


SURVEY = [(age, sex, area, 4) for age in ("20代", "30代", "60代") for sex in ("男", "女")
          for area in ("中央", "東") for _ in range(6)]  # fmt: skip


@pytest.fixture(scope="module")
def survey() -> Report:
    rare = [("90代", "女", "島", 1), ("90代", "女", "島", 5), ("20代", "男", None, 3)]
    return examine(*table(["年代", "性別", "居住地区", "満足度"], *SURVEY, *rare))


def test_rare_people_in_a_survey_are_told_by_pycanon(survey: Report) -> None:
    assert survey.quasi_identifiers == ("c0", "c1", "c2")
    assert (survey.k, survey.k_by, survey.below) == (1, "pycanon", 3)
    assert [(one.row, one.values, one.count) for one in survey.rare] == [
        (len(SURVEY) + 4, {"c0": "20代", "c1": "男", "c2": ""}, 1),
        (len(SURVEY) + 2, {"c0": "90代", "c1": "女", "c2": "島"}, 2),
    ]
    assert survey.verdict == "serious" and "k = 1" in survey.ja


@pytest.mark.usefixtures("alone")
def test_without_the_process_the_groups_are_counted_here() -> None:
    again = examine(*table(["年代", "性別", "居住地区", "満足度"], *SURVEY))
    assert (again.k, again.k_by, again.below, again.rare) == (6, "count", 0, ())


def test_a_report_goes_into_json_and_back(survey: Report) -> None:
    assert msgspec.convert(msgspec.to_builtins(survey), Report) == survey


def test_an_empty_table_is_clear() -> None:
    assert examine(*table(["氏名", "年齢", "性別"])).verdict == "clear"
