"""Single cells: what the standard would have there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.publishing.standard import Item, Scalar, Town, kinds
from tamamo.publishing.standard.cells import settle

TOWN = Town("37201", "香川県", "高松市")
KINDS = {item.kind: item for one in kinds() for item in one.items}


def item(kind: str) -> Item:
    return next(one for name, one in KINDS.items() if name == kind)


@pytest.mark.parametrize(
    ("kind", "given", "value", "code"),
    [
        ("municipality", 37201, "372013", "code_five_digits"),
        ("municipality", "372013", "372013", ""),
        ("municipality", "372014", None, "code_check_digit"),
        ("municipality", 1100, "011002", "code_five_digits"),
        ("municipality", "37", "370002", "code_five_digits"),
        ("municipality", "高松市", None, "code"),
        ("prefecture", "香川", "香川県", "prefecture"),
        ("prefecture", "香川県", "香川県", ""),
        ("city", "香川県高松市", "高松市", "city"),
        ("city", "高松", "高松市", "city"),
        ("kana", "ﾀﾏﾓｺｳｴﾝ", "タマモコウエン", "kana"),
        ("kana", "たまもこうえん", "タマモコウエン", "kana"),
        ("kana", "玉藻公園", None, "kana"),
        ("kana", "タマモ・コウエン", "タマモ・コウエン", ""),
        ("address", "高松市番町一丁目８－15", "香川県高松市番町一丁目8-15", "address_width"),
        ("address", "760-0052 高松市瓦町1", "香川県高松市瓦町1", "postal_code"),
        ("address", "香川県高松市センタービル", "香川県高松市センタービル", ""),
        ("latitude", "34.34", 34.34, ""),
        ("latitude", "34.34,134.05", 34.34, "coordinates_joined"),
        ("longitude", "34.34,134.05", 134.05, "coordinates_joined"),
        ("latitude", "34°20'34.5\"", 34.342917, "coordinate_degrees"),
        ("latitude", "0", None, "coordinate_zero"),
        ("latitude", 134.05, None, "coordinate_range"),
        ("phone", "（087）839－2011", "087-839-2011", "phone_hyphens"),
        ("phone", "０８７－８３９－２０１１", "087-839-2011", "width"),
        ("phone", "0120123456", "0120-123-456", "phone_hyphens"),
        ("phone", "0878392011", None, "phone_hyphens"),
        ("phone", "087-839-2011（代表）", None, "phone"),
        ("phone", "なし", "", "placeholder"),
        ("corporate", "7000012050002", "7000012050002", ""),
        ("corporate", "8000012050002", None, "corporate"),
        ("days", "月～金", "月火水木金", "days"),
        ("days", "日・土", "土日", "days"),
        ("days", "毎日", "月火水木金土日", "days"),
        ("days", "火水木金土日", "火水木金土日", ""),
        ("days", "土日祝以外", None, "days"),
        ("time", "9:00", "09:00", "time"),
        ("time", "午後5時30分", "17:30", "time"),
        ("time", "午前12:30", "00:30", "time"),
        ("time", "1700", "17:00", "time"),
        ("time", "25:30", None, "time_over_24"),
        ("time", "24:00", "24:00", ""),
        ("time", "17:00（金は21:00）", None, "time"),
        ("date", "S47.4.1", "1972-04-01", "date"),
        ("date", "令和元年5月1日", "2019-05-01", "date"),
        ("date", "R02.07.21", "2020-07-21", "date"),
        ("date", "5/16/2020", "2020-05-16", "date"),
        ("date", "5/6/2020", None, "date"),
        ("date", "2020-02-30", None, "date"),
        ("yes", "○", "有", "yes_no"),
        ("yes", False, "無", "yes_no"),
        ("yes", "△", None, "yes_no"),
        ("mark", "〇", "1", "mark"),
        ("mark", "×", "", "mark"),
        ("mark", "△", None, "mark"),
        ("count", "1,530人", 1530, "number_unit"),
        ("count", "３", 3, "width"),
        ("count", "-3", None, "number"),
        ("count", "約20", None, "number"),
        ("amount", "無料", 0, "amount_free"),
        ("amount", "大人300円、子供150円", None, "amount_text"),
        ("url", "www.city.example.jp/a", "https://www.city.example.jp/a", "url"),
        ("url", "https://www.city.example.jp/", "https://www.city.example.jp/", ""),
        ("list", "内科、外科", "内科;外科", "list_separator"),
        ("text", " ｱｲｽ売場", "アイス売場", "half_kana"),
        ("text", "売場 ", "売場", "spaces"),
    ],
)
def test_a_cell(kind: str, given: Scalar, value: Scalar, code: str) -> None:
    assert settle(item(kind), given, TOWN) == (value, code)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_empty_cell_is_nothing(kind: str) -> None:
    assert settle(item(kind), None, TOWN) == (None, "")
    assert settle(item(kind), "　 ", TOWN) == (None, "")


@given(st.text(), st.sampled_from(sorted(KINDS)))
def test_any_text_is_settled_and_what_is_settled_stays(text: str, kind: str) -> None:
    """No text breaks a reader, and a fix needs no further fix."""
    value, _ = settle(item(kind), text, TOWN)
    if value not in (None, ""):
        assert settle(item(kind), value, TOWN) == (value, "")
