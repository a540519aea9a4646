"""The chart of a dataset: what is joined, what the axis spans; pure."""

import pytest

from tamamo.web.portal.datasets.charts import amount, gathered, moment_of, span_of


def test_rows_of_one_time_are_added_where_counted_and_averaged_where_measured() -> None:
    found = [("2026-07", 10), ("2026-06", 1), ("2026-07", 20), ("2026-08", None), (None, 5)]
    points, how = gathered(found, "integer")
    assert ([(text, value) for _, text, value in points], how) == (
        [("2026-06", 1.0), ("2026-07", 30.0)], "sum",
    )  # fmt: skip
    assert gathered(found, "number")[0][1][2] == 15.0 and gathered(found, "number")[1] == "mean"
    assert gathered([("2026", 1), ("2027", True), ("soon", 3)], "number") == (
        [(moment_of("2026"), "2026", 1.0)], "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "span"),
    [
        ([1, 10], (0, 10)),
        ([-4, 8], (-4, 8)),
        ([-4, -2], (-4, 0)),
        ([0, 0], (0, 1)),
        ([100, 110], (98, 112)),
        ([50, 50], (45, 55)),
    ],
)
def test_the_axis_begins_at_nought_unless_values_differ_little(values, span) -> None:
    assert span_of(values) == pytest.approx(span)


def test_numbers_are_grouped_and_cut() -> None:
    assert [amount(one) for one in (1234567, 0.1 + 0.2, -5, 12.0)] == [
        "1,234,567",
        "0.3",
        "−5",
        "12",
    ]
