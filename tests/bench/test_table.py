import pytest

from bench.table import Row, markdown


@pytest.mark.parametrize(
    ("value", "target", "better", "met"),
    [(4.9, 5, "low", True), (5.1, 5, "low", False), (12, 10, "high", True), (9, 10, "high", False)],
)
def test_a_target_is_met_on_the_right_side(value, target, better, met):
    assert Row("x", value, "s", target, better).met is met


def test_without_a_target_there_is_no_verdict():
    assert Row("x", 1, "s").met is None


def test_times_is_how_much_better_we_are_on_either_side():
    assert Row("rate", 300, "/s", better="high", other=100).times == 3
    assert Row("time", 20, "ms", better="low", other=100).times == 5
    assert Row("rate", 300, "/s").times is None
    assert Row("rate", 300, "/s", other=0).times is None


def test_the_table_is_markdown_that_can_be_pasted():
    row = Row("GET one", 7654.3, "/s", 7000, "high", of_route=0.456, of_sql=0.9, cpu=123.4)
    assert markdown([row], compared=False).splitlines() == [
        "| measure | target | median | met | of bare route | of bare SQL | processor time |",
        "| ---|---|---|---|---|---|--- |",
        "| GET one | ≥ 7,000/s | 7,654/s | yes | 0.46 | 0.90 | 123 µs |",
    ]


def test_beside_another_broker_the_table_has_two_more_columns():
    rows = [
        Row("GET one", 200, "/s", better="high", other=50.0),
        Row("p99", 8.5, "ms", 5, other=None),
    ]
    lines = markdown(rows, compared=True).splitlines()
    assert lines[0].endswith("| the other | times |")
    assert lines[2].endswith("| 50/s | 4.00 |")
    assert lines[3].endswith("| ≤ 5 ms | 8.50 ms | **no** |  |  |  |  |  |")
