"""The chart of a series: its scale, and where it is counted otherwise."""

from datetime import date
from decimal import Decimal

from tamamo.plan.report.document import Chart, Grid, Line
from tamamo.plan.report.drawing import svg


def drawn(*values: float, breaks: tuple[date, ...] = ()) -> str:
    points = [(date(2021, month, 1), Decimal(str(v))) for month, v in enumerate(values, 1)]
    grid = Grid("rate", [], [])
    return svg(Chart("rate", "%", [Line("Town", points)], "", grid, breaks=breaks), "en")


def test_lines_close_together_far_above_zero_are_drawn_on_a_scale_that_says_so():
    near, far = drawn(74.2, 79.9, 81.4), drawn(18.2, 28.8)
    assert ">70%<" in near and ">0%<" not in near and "does not begin at zero" in near
    assert ">0%<" in far and "begin at zero" not in far
    assert ">0%<" in drawn(0, 3)


def test_a_break_within_the_days_is_drawn_and_explained():
    broken = drawn(18, 20, 28, breaks=(date(2021, 2, 1),))
    assert broken.count('class="break"') == 1 and "counted otherwise" in broken
    assert 'class="break"' not in drawn(18, 20, 28)
