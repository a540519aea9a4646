"""No cell of an export is carried out by a spreadsheet, and an export read back is what it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.kernel.cells import as_text, as_typed


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
    "text", ["", "高松港", "-0.5", "+3", "1e-3", "-.5", "a=b", "O'Brien", "'", "-", "%"]
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert as_text(text) == text


@given(st.text(alphabet=st.one_of(st.sampled_from("='+-@\t 1a"), st.characters())))
def test_reading_back_gives_what_was_written(text: str) -> None:
    assert as_typed(as_text(text)) == text
