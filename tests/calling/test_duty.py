"""Who is on duty: nights, weekends, holidays, turns, swaps and gaps."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.calling import duty
from tamamo.calling.duty import Change, Holidays, Roster, Rotation, Shift
from tamamo.kernel.time import JST

WEEKDAYS = frozenset(range(5))
EVERY = frozenset(range(7))
DAY = Shift("昼", WEEKDAYS, time(8, 30), time(17, 15), ("day",), Holidays.WITHOUT)
NIGHT = Shift("夜", EVERY, time(17, 15), time(8, 30), ("a", "b", "c"), rotation=Rotation.DAY,
              since=date(2026, 6, 1))  # fmt: skip
WEEKEND = Shift("休日", frozenset({5, 6}), time(8, 30), time(17, 15), ("w1", "w2"), Holidays.ALSO,
                Rotation.WEEK, date(2026, 6, 1))  # fmt: skip
OFFICE = Roster("r", "危機管理課", (DAY, NIGHT, WEEKEND))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JST)


@pytest.mark.parametrize(
    ("moment", "people"),
    [
        ("2026-06-01 08:29", ()),  # the night before has nobody yet
        ("2026-06-01 08:30", ("day",)),
        ("2026-06-01 17:14:59", ("day",)),
        ("2026-06-01 17:15", ("a",)),
        ("2026-06-02 00:00", ("a",)),  # the night belongs to the day on which it began
        ("2026-06-02 08:29", ("a",)),
        ("2026-06-02 20:00", ("b",)),
        ("2026-06-04 20:00", ("a",)),
        ("2026-06-06 12:00", ("w1",)),  # Saturday of the first week
        ("2026-06-07 12:00", ("w1",)),
        ("2026-06-13 12:00", ("w2",)),
        ("2026-07-20 12:00", ("w2",)),  # 海の日, a Monday: as a weekend of its week
        ("2026-09-22 12:00", ("w1",)),  # 国民の休日 between two holidays
    ],
)
def test_who_is_on_duty(moment: str, people: tuple[str, ...]) -> None:
    assert duty.on_duty(OFFICE, (), at(moment)) == people


def test_holidays_have_names() -> None:
    assert duty.holiday_name(date(2026, 7, 20)) == "海の日"
    assert duty.holiday_name(date(2026, 7, 21)) == ""
    assert duty.is_holiday(date(2026, 5, 6)), "the substitute holiday"


def test_a_shift_of_a_whole_day_ends_where_it_began() -> None:
    whole = Roster("r", "n", (Shift("全日", EVERY, time(9), time(9), ("x",)),))
    assert duty.on_duty(whole, (), at("2026-06-01 08:59")) == ("x",)
    assert duty.gaps(duty.calendar(whole, (), at("2026-06-01"), at("2026-06-08"))) == []


def test_a_shift_holds_between_its_days() -> None:
    shift = Shift("s", EVERY, time(9), time(17), ("x",), since=date(2026, 6, 2),
                  until=date(2026, 6, 3))  # fmt: skip
    roster = Roster("r", "n", (shift,))
    on = [day for day in range(1, 6) if duty.on_duty(roster, (), at(f"2026-06-0{day} 12:00"))]
    assert on == [2, 3]


def test_a_swap_puts_one_in_the_place_of_another_for_its_time() -> None:
    swap = Change(at("2026-06-01 20:00"), at("2026-06-02 02:00"), "a", "z")
    assert duty.on_duty(OFFICE, [swap], at("2026-06-01 19:59")) == ("a",)
    assert duty.on_duty(OFFICE, [swap], at("2026-06-01 23:00")) == ("z",)
    assert duty.on_duty(OFFICE, [swap], at("2026-06-02 02:00")) == ("a",)


def test_an_absence_is_a_gap_and_a_reinforcement_none() -> None:
    ill = Change(at("2026-06-01 17:15"), at("2026-06-02 08:30"), "a", None)
    more = Change(at("2026-06-01 22:00"), at("2026-06-02 08:30"), None, "z")
    span = at("2026-06-01 12:00"), at("2026-06-02 12:00")
    [gap] = duty.gaps(duty.calendar(OFFICE, [ill], *span))
    assert (gap.begins, gap.ends) == (ill.begins, ill.ends)
    [gap] = duty.gaps(duty.calendar(OFFICE, [ill, more], *span))
    assert gap.ends == more.begins


def test_a_calendar_names_the_gaps() -> None:
    only_days = Roster("r", "n", (DAY,))
    found = duty.gaps(duty.calendar(only_days, (), at("2026-06-05 12:00"), at("2026-06-08 12:00")))
    assert [(one.begins, one.ends) for one in found] == [
        (at("2026-06-05 17:15"), at("2026-06-08 08:30"))
    ]


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.integers(1, 400),
    st.integers(0, 100),
)
def test_a_calendar_says_what_each_moment_says(start: datetime, hours: int, percent: int) -> None:
    begins = start.replace(tzinfo=JST)
    ends = begins + timedelta(hours=hours)
    swap = Change(begins + (ends - begins) / 3, begins + (ends - begins) / 2, "a", "z")
    found = duty.calendar(OFFICE, [swap], begins, ends)
    assert (found[0].begins, found[-1].ends) == (begins, ends)
    assert all(a.ends == b.begins for a, b in pairwise(found))
    moment = begins + (ends - begins) * percent / 101
    [one] = [duty_ for duty_ in found if duty_.begins <= moment < duty_.ends]
    assert one.people == duty.on_duty(OFFICE, [swap], moment)


def test_what_is_stored_comes_back() -> None:
    document = duty.to_document(OFFICE.shifts)
    assert duty.of_document("r", "危機管理課", document) == OFFICE
