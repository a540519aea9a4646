"""What is typed, what is stored, what is shown; and refusals that name the field."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.feeds import quality
from tamamo.registers import catalogue, values
from tamamo.registers.declaration import Column, Register
from tamamo.registers.query import ListQuery
from tamamo.registers.schema import validate
from tests.registers.conftest import record

SHELTERS = catalogue.declared()["shelters"]
AED = catalogue.declared()["aed"]


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("capacity", "１,２００", 1200),
        ("capacity", "", None),
        ("elevation", "−3.5", -3.5),
        ("designatedShelter", "○", True),
        ("designatedShelter", "no", False),
        ("floodLargest", "△", "partly"),
        ("floodLargest", "usable", "usable"),
        ("floodLargest", "－", None),
        ("name", "  屋島　　小学校 ", "屋島 小学校"),
        ("remarks", "一\r\n二", "一\n二"),
        ("telephone", "-", None),
    ],
)
def test_what_is_typed(name: str, typed: str, value: Any) -> None:
    assert values.parse(SHELTERS, {name: typed}) == ({name: value}, [])


@pytest.mark.parametrize(
    ("typed", "code", "ja"),
    [
        ({"capacity": "たくさん"}, "not_a_number", "収容人数：数として読めません"),
        ({"capacity": "1.5"}, "not_an_integer", "収容人数：整数ではありません"),
        ({"floodLargest": "?"}, "unknown_value", "洪水（想定最大規模）："),
        ({"name": "a\x07b"}, "control_character", "名称：使えない制御文字があります"),
        ({"name": "あ" * 20_001}, "too_long", "名称：20000文字までです"),
        ({"location.latitude": "91", "location.longitude": "134"}, None, "位置："),
        ({"location.latitude": "34", "location.longitude": ""}, None, "位置："),
    ],
)  # fmt: skip
def test_what_cannot_be_read(typed: dict[str, str], code: str | None, ja: str) -> None:
    _, errors = values.parse(SHELTERS, typed)
    (error,) = errors
    assert error.ja.startswith(ja)
    assert code in (None, error.code)


@pytest.mark.parametrize(
    ("change", "field", "code", "ja", "en"),
    [
        ({"name": None}, "name", "required", "名称：入力してください", "Name: this is required"),
        ({"capacity": -1}, "capacity", "minimum", "収容人数：0 以上にしてください",
         "Capacity (people): must be 0 or more"),
        ({"name": "あ" * 101}, "name", "maxLength", "名称：100 文字までです",
         "Name: at most 100 characters"),
        ({"capacity": "x"}, "capacity", "type", "収容人数：整数で入力してください",
         "Capacity (people): must be a whole number"),
        ({"tsunami": "maybe"}, "tsunami", "enum", "津波：選択肢にない値です",
         "Tsunami: is none of the choices"),
        ({"telephone": "<b>"}, "telephone", "pattern", "電話番号：形式が正しくありません",
         "Telephone: does not have the right form"),
    ],
)  # fmt: skip
def test_refusals_name_the_field(
    change: dict[str, Any], field: str, code: str, ja: str, en: str
) -> None:
    good = {"name": "屋島小学校", "location": {"longitude": 134.1, "latitude": 34.3}}
    assert validate(SHELTERS, good) == []
    (error,) = validate(SHELTERS, good | change)
    assert (error.field, error.code, error.ja, error.en) == (field, code, ja, en)
    assert validate(SHELTERS, good | change, frozenset({"remarks"})) == []


def any_value(column: Column) -> st.SearchStrategy[Any]:
    """Return values that the form takes."""
    letters = st.characters(min_codepoint=0x21, max_codepoint=0x3096, exclude_categories=("C", "Z"))
    match column.kind:
        case "choice":
            return st.sampled_from([choice.value for choice in column.choices])
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(0, 100_000)
        case "number":
            return st.floats(-10, 2_000, allow_nan=False).map(lambda x: round(x, 3) + 0.0)
        case "time":
            return st.times().map(lambda t: t.strftime("%H:%M"))
        case "phone":
            return st.from_regex(r"[0-9]{2,4}-[0-9]{2,4}-[0-9]{4}", fullmatch=True)
        case "point":
            east, north = st.integers(1_330_000, 1_350_000), st.integers(330_000, 350_000)
            return st.builds(lambda x, y: {"longitude": x / 1e4, "latitude": y / 1e4}, east, north)
        case _:
            return st.text(letters, min_size=1, max_size=60).filter(_is_text)


def _is_text(text: str) -> bool:
    """Whether a text is neither a lone dash nor a spreadsheet's error."""
    return text not in quality.DASHES | quality.SHEET_ERRORS


@pytest.mark.parametrize("register", [SHELTERS, AED], ids=lambda one: one.id)
@given(data=st.data())
def test_a_form_sent_back_as_it_came_changes_nothing(register: Register, data: Any) -> None:
    row = data.draw(
        st.fixed_dictionaries({}, optional={c.name: any_value(c) for c in register.form})
    )
    entity = record(register, "1", **row)
    cells = values.cells_of(register, entity, frozenset(register.by_name))
    typed = values.typed_texts(register, cells)
    read, errors = values.parse(register, typed)
    assert errors == []
    assert {name: value for name, value in read.items() if value is not None} == row


@given(
    params=st.dictionaries(
        st.sampled_from(["q", "sort", "page", "size", "capacity", "tsunami", "bbox", "x"]),
        st.lists(
            st.one_of(
                st.text(max_size=8),
                st.sampled_from(["-name", "2", "10..20", "usable", "none", "133,34,134,35"]),
            ),
            min_size=1, max_size=2,
        ),
    )
)  # fmt: skip
def test_any_url_is_a_list(params: dict[str, list[str]]) -> None:
    query = ListQuery.parse(SHELTERS, params)
    sent: dict[str, list[str]] = {}
    for name, value in query.to_params():
        sent.setdefault(name, []).append(value)
    again = ListQuery.parse(SHELTERS, sent)
    assert again.ignored == ()
    assert (again.q, again.filters, again.sort, again.page, again.size) == (
        query.q, query.filters, query.sort, query.page, query.size,
    )  # fmt: skip


def test_what_an_editor_sees_is_observed_when_it_is_saved() -> None:
    column = next(one for one in SHELTERS.columns if one.name == "openStatus")
    before = "2026-06-26T00:00:00Z"
    doubted: dict[str, Any] = {"type": "Property", "value": "open", "observedAt": before}
    doubted |= {DEFAULT_VOCABULARY + "quality": [{"type": "Property", "value": "suspect"}]}
    now = "2026-06-26T01:00:00Z"
    assert values.instance_for(column, "full", doubted, now) == {
        "type": "Property",
        "value": "full",
        "observedAt": now,
        "createdAt": now,
        "modifiedAt": now,
    }
