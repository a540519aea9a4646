"""Values in words: missing is a dash and never 0, what a record holds is text and never markup."""

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from tamamo.registers import Cell, Column, Register
from tamamo.registers.catalogue import declared
from tamamo.web.staff.cells import shown, words


@pytest.fixture
def gauges() -> Register:
    return declared()["river_gauges"]


def test_a_missing_value_is_no_number(gauges: Register) -> None:
    column = gauges.column("currentLevel")
    for cell in (None, Cell(None)):
        assert shown(column, cell).empty
    assert shown(column, Cell(0)).text.startswith("0")


def test_a_level_has_its_decimals_unit_and_time(gauges: Register) -> None:
    column = gauges.column("currentLevel")
    cell = Cell(-1.5, "MTR", observed_at="2026-06-26T03:20:00Z")
    value = shown(column, cell)
    assert (value.text, value.unit) == ("−1.50", "m")
    assert value.observed_at is not None
    assert shown(column, Cell(1, "CMT")).unit == "CMT"


def test_only_web_addresses_become_links() -> None:
    label = declared()["river_gauges"].key.label
    column = Column(name="page", label=label, kind="url")
    assert shown(column, Cell("https://example.jp/")).href == "https://example.jp/"
    assert shown(column, Cell("javascript:alert(1)")).href == ""


@pytest.mark.parametrize(
    ("kind", "value", "ja", "en"),
    [
        ("date", "2026-11-22", "2026年11月22日(日)", "22 Nov 2026"),
        ("date", "gone", "gone", "gone"),
        ("moment", "2026-11-22T07:05:00Z", "2026年11月22日(日) 16:05", "22 Nov 2026, 16:05 JST"),
        ("boolean", True, "はい", "Yes"),
        ("integer", 1234567, "1,234,567", "1,234,567"),
    ],
)
def test_words(gauges: Register, kind: str, value: object, ja: str, en: str) -> None:
    column = Column(name="x", label=gauges.key.label, kind=kind)  # type: ignore[arg-type]
    for language, text in (("ja", ja), ("en", en)):
        with translation.override(language):
            assert words(column, value) == text


def test_a_script_in_a_name_is_text(gauges: Register) -> None:
    cell = shown(gauges.column("name"), Cell("<script>alert(1)</script>"))
    assert "<script" not in render_to_string("staff/cell.html", {"cell": cell})
