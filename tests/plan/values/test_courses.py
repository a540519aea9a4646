"""Rates compared as the fractions they are."""

from datetime import date
from decimal import Decimal

from tamamo.plan.model import Text
from tamamo.plan.report.series import Course, sentences
from tamamo.plan.values.courses import Point, breaks, crossings, summed, told_apart


def point(month: int, part: int, whole: int = 100_000, year: int = 2020) -> Point:
    rate = (Decimal(part) * 100 / whole).quantize(Decimal("0.1"))
    return Point(date(2021, month, 1), rate, Decimal(part), Decimal(whole), date(year, 1, 1))


OURS = [point(1, 23_900), point(2, 25_155), point(3, 26_600), point(4, 26_000)]
THEIRS = [point(1, 24_200), point(2, 25_154), point(3, 26_300), point(4, 26_000)]


def test_a_lead_that_rounding_hides_is_found_and_so_is_its_end():
    first, second = crossings(OURS, THEIRS)
    assert (first.at, first.above) == (date(2021, 2, 1), True)
    assert told_apart(first.ours, first.theirs) == ("25.155", "25.154")
    assert (second.at, second.above) == (date(2021, 4, 1), False)  # as much is not more


def test_days_that_one_side_lacks_are_passed_over():
    assert crossings(OURS, [THEIRS[0], THEIRS[2]])[0].at == date(2021, 3, 1)
    assert crossings(OURS, []) == []


def test_areas_are_added_up_where_all_are_known():
    total = summed([[point(1, 100, 1000), point(2, 200, 1000)], [point(1, 300, 3000)]])
    assert [(p.at, p.value, p.part) for p in total] == [(date(2021, 1, 1), Decimal("10.0"), 400)]


def test_another_population_is_a_break():
    (found,) = breaks([point(1, 1), point(2, 2), point(3, 3, year=2021)])
    assert (found.at, found.before, found.after) == (
        date(2021, 3, 1),
        date(2020, 1, 1),
        date(2021, 1, 1),
    )


def test_the_sentence_says_who_passed_whom_in_both_languages():
    courses = [
        Course("1", Text(ja="甲市", en="Ko"), OURS[:3]),
        Course("0", Text(ja="全国", en="Japan"), THEIRS[:3]),
    ]
    assert sentences(courses, "ja") == [
        "2021年2月1日、甲市は25.155%となり、全国の25.154%を上回りました。",
        "2021年3月1日は、甲市 26.6%、全国 26.3%。",
    ]
    assert sentences(courses, "en")[0] == (
        "On 1 Feb 2021, Ko with 25.155% came above Japan with 25.154%."
    )
