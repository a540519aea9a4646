"""Numbers of addresses and forms."""

from tamamo.kernel.whole import MOST, whole


def test_a_number_is_read_and_kept_between_its_bounds() -> None:
    assert whole("12") == 12
    assert whole("0", 1, least=1) == 1
    assert whole("501", most=500) == 500
    assert whole("9" * 18) == MOST


def test_what_is_no_number_is_the_usual_one() -> None:
    for text in ("", "-1", "+1", " 1", "1.0", "²", "１２", "9" * 5_000):
        assert whole(text, 7) == 7
