"""No cell of an export is carried out by a spreadsheet, and an export read back is what it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.kernel.cells import as_text, as_typed, cell, in_sheet, lines


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+SUM(A1)",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "  =cmd|' /C calc'!A0",
        "＝1+1",
        "\r\n=1",
        "+81-87-839-2011",
    ],
)
def test_what_a_spreadsheet_would_carry_out_is_marked_as_text(text: str) -> None:
    assert as_text(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "高松港", "-0.5", "+3", "1e-3", "-.5", "-1,234", "a=b", "O'Brien", "'", "-", "%"]
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert as_text(text) == text


@given(st.text(alphabet=st.one_of(st.sampled_from("='+-@\t 1a"), st.characters())))
def test_reading_back_gives_what_was_written(text: str) -> None:
    assert as_typed(as_text(text)) == text


def test_a_csv_has_texts_truth_and_nothing() -> None:
    row = map(cell, ("=1+1", 'say "a"', -3, True, None))
    assert lines([["a", "b"], row]) == 'a,b\r\n\'=1+1,"say ""a""",-3,true,\r\n'


def test_a_workbook_takes_no_control_characters() -> None:
    assert in_sheet("a\x00\x1fb\ufffe\n") == "ab\n"
    assert in_sheet("\x01=1") == "'=1", "what is hidden in front of a formula goes first"
    assert in_sheet(None) is None
