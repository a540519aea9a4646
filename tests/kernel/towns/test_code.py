"""The code of a local government and its check digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.kernel.towns.code import check_digit, is_code

#: As published by 総務省: 北海道, 札幌市, 東京都, 千代田区, 大阪市, 香川県 and its towns, 沖縄県.
REAL = (
    "010006", "011002", "130001", "131016", "271004", "370002", "372013", "372021", "372056",
    "373877", "470007",
)  # fmt: skip

bodies = st.tuples(st.integers(1, 47), st.integers(0, 999)).map(
    lambda pair: f"{pair[0]:02}{pair[1]:03}"
)


@pytest.mark.parametrize("code", REAL)
def test_codes_that_are_in_use_are_right(code: str) -> None:
    assert is_code(code)


@given(bodies)
def test_of_ten_last_digits_one_is_right(body: str) -> None:
    right = [digit for digit in "0123456789" if is_code(body + digit)]
    assert right == [str(check_digit(body))]


@given(bodies, st.integers(0, 4), st.integers(1, 9))
def test_a_wrong_digit_is_found(body: str, place: int, off: int) -> None:
    """But where the sums leave 0 and 10: 11 - 0 and 11 - 10 both end in 1."""
    code = body + str(check_digit(body))
    digit = str((int(body[place]) + off) % 10)
    wrong = body[:place] + digit + code[place + 1 :]
    change = (int(digit) - int(body[place])) * (6 - place)
    before = sum(int(d) * w for d, w in zip(body, (6, 5, 4, 3, 2), strict=True)) % 11
    after = (before + change) % 11
    undetected = {before, after} == {0, 10} or not 1 <= int(wrong[:2]) <= 47
    if not undetected:
        assert not is_code(wrong)


@pytest.mark.parametrize(
    "text",
    ["", "37201", "3720133", "372014", "００００００", "37201３", "482013", "002013", "37201\n"],
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_code(text)
