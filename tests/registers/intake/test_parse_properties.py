"""What is written in any of the usual ways is read as what was meant; anything else is refused."""

import unicodedata
from datetime import date, timedelta

import icu
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.feeds.quality import Invalid
from tamamo.kernel.towns.code import check_digit
from tamamo.registers.intake import classify
from tamamo.registers.intake.kinds import PARSERS
from tamamo.registers.intake.model import KINDS, Kind
from tamamo.registers.intake.parse import codes, eras, places
from tamamo.registers.intake.parse.marked import Marked

FULL = str.maketrans("0123456789.,-:/", "０１２３４５６７８９．，－：／")
KANJI = "〇一二三四五六七八九"

days = st.dates(date(1873, 1, 1), date(2060, 12, 31))


def wide(text: str) -> st.SearchStrategy[str]:
    """Texts that say the same: full width, or blanks around."""
    return st.sampled_from([text, text.translate(FULL), f" {text}\u3000"])


def icu_era(day: date) -> tuple[int, int]:
    """Return (era, year of the era) of a day by ICU's Japanese calendar."""
    calendar = icu.Calendar.createInstance(
        icu.TimeZone.getGMT(), icu.Locale("ja@calendar=japanese")
    )
    calendar.setTime((day - date(1970, 1, 1)) / timedelta(milliseconds=1) / 1000)
    return calendar.get(icu.Calendar.ERA), calendar.get(icu.Calendar.YEAR)


#: ICU counts all eras since Taika; Meiji is the 232nd.
ICU_FIRST = 232


def value(kind: Kind, cell: str, format_: str = "") -> object:
    found = PARSERS[kind](cell, format_)
    return found.value if isinstance(found, Marked) else found


@settings(max_examples=80, deadline=None)
@given(days)
def test_eras_are_those_of_icu(day: date) -> None:
    number, year = icu_era(day)
    era = eras.ERAS[number - ICU_FIRST]
    assert eras.year_of(era.letter, str(year)) == day.year
    assert not eras.past_its_end(era.name, day)
    assert not eras.before_its_beginning(era.name, day)


@settings(max_examples=80, deadline=None)
@given(days, st.data())
def test_a_day_is_read_however_it_is_written(day: date, data: st.DataObject) -> None:
    number, year = icu_era(day)
    era = eras.ERAS[number - ICU_FIRST]
    first = "元" if year == 1 and data.draw(st.booleans()) else str(year)
    month, of_month = day.month, day.day
    written = data.draw(
        st.sampled_from(
            [
                f"{era.name}{first}年{month}月{of_month}日",
                f"{era.letter}{year:02}.{month:02}.{of_month:02}",
                f"{era.letter.lower()}{year}/{month}/{of_month}",
                f"{era.name[0]}{year}.{month}.{of_month}",
                f"{day.year}年{month}月{of_month}日",
                f"{day.year}/{month}/{of_month}",
                day.isoformat(),
                f"{day:%Y%m%d}",
                f"{month}/{of_month}/{day.year}",
                f"{day.isoformat()} 00:00:00",
                f"{day.year}年{month}月{of_month}日（{'月火水木金土日'[day.weekday()]}）",
            ]
        )
    )
    assert value("date", data.draw(wide(written))) == day.isoformat()


@given(st.integers(1, 99))
def test_kanji_numerals(number: int) -> None:
    tens, ones = divmod(number, 10)
    written = ("" if tens < 2 else KANJI[tens]) + ("十" if tens else "")
    written += KANJI[ones] if ones else ""
    assert eras.digits(written) == str(number)


@given(st.integers(-(10**12), 10**12), st.data())
def test_whole_numbers(number: int, data: st.DataObject) -> None:
    plain = data.draw(st.sampled_from([str(number), f"{number:,}", f"{number}.0", f"{number}人"]))
    if number < 0:
        plain = data.draw(
            st.sampled_from([plain, plain.replace("-", "▲"), plain.replace("-", "−")])
        )
    assert value("integer", data.draw(wide(plain))) == number


@given(st.decimals(-(10**6), 10**6, allow_nan=False, places=4))
def test_numbers_with_a_fraction(number: object) -> None:
    assert value("number", f"{number}") == float(str(number))
    assert value("number", f"{number}".translate(FULL)) == float(str(number))


@given(st.integers(0, 47), st.integers(0, 59), st.data())
def test_times(hour: int, minute: int, data: st.DataObject) -> None:
    written = [f"{hour}:{minute:02}", f"{hour}時{minute}分", f"{hour:02}:{minute:02}:00"]
    if minute == 30:
        written.append(f"{hour}時半")
    if hour < 24 and hour != 12:
        half = "午前" if hour < 12 else "午後"
        written.append(f"{half}{hour % 12}時{minute}分")
    text = data.draw(wide(data.draw(st.sampled_from(written))))
    assert value("service_time", text) == f"{hour:02}:{minute:02}"
    if (hour, minute) <= (24, 0):
        assert value("time", text) == f"{hour:02}:{minute:02}"
    else:
        with pytest.raises(Invalid):
            value("time", text)


@given(st.integers(1, 47), st.integers(0, 999), st.integers(1, 9))
def test_one_wrong_digit_of_a_code_is_noticed(prefecture: int, town: int, more: int) -> None:
    first = f"{prefecture:02}{town:03}"
    code = f"{first}{check_digit(first)}"
    assert codes.code(int(code) if code[0] != "0" else code, "municipality") == code
    for place in range(6):
        wrong = f"{code[:place]}{(int(code[place]) + more) % 10}{code[place + 1 :]}"
        # 10 and 0 share a check digit: the algorithm itself lets some of these pass.
        if check_digit(wrong[:5]) != int(wrong[5]):
            with pytest.raises(Invalid):
                codes.code(wrong, "municipality")


@given(st.text(st.characters(categories=("Nd",)), min_size=12, max_size=12))
def test_corporate_numbers(digits: str) -> None:
    lower = unicodedata.normalize("NFKC", digits)
    if not (lower.isascii() and lower.isdecimal()):
        return
    number = f"{codes.corporate_check(lower)}{lower}"
    assert codes.is_corporate(number)
    assert not codes.is_corporate(f"{(int(number[0]) % 9) + 1}{lower}")


@given(st.floats(20.0, 46.0), st.floats(122.0, 154.5))
def test_a_point_is_itself_however_it_is_turned(latitude: float, longitude: float) -> None:
    place = places.pair(f"{latitude:.8f}, {longitude:.8f}")
    turned = places.pair(f"({longitude:.8f}，{latitude:.8f})")
    assert place is not None
    assert turned is not None
    assert places.judge(*place, area=None)[:2] == places.judge(*turned, area=None)[:2] == place


@given(st.floats(0, 179.9))
def test_degrees_minutes_and_seconds(degrees: float) -> None:
    whole = int(degrees)
    minutes = int((degrees - whole) * 60)
    seconds = (degrees - whole - minutes / 60) * 3600
    text = f"{whole}°{minutes}'{min(max(seconds, 0), 59.999):.3f}\""
    found = places.degrees(text)
    assert found is not None
    assert abs(found - degrees) < 1e-6


ANY = st.one_of(
    st.text(max_size=30),
    st.text("0123456789０１２./-:年月日時分令和平成昭SHR○×,+−▲ ", max_size=16),
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(),
    st.datetimes(), st.dates(), st.times(), st.timedeltas(timedelta(), timedelta(days=40)),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(ANY)
def test_no_cell_breaks_a_parser(cell: object) -> None:
    """Every parser answers with a value that JSON has, or refuses; and its guess agrees with it."""
    for kind in KINDS:
        try:
            found = PARSERS[kind](cell, "")  # type: ignore[arg-type]
        except Invalid as refused:
            assert refused.reason.ja
            continue
        plain = found.value if isinstance(found, Marked) else found
        assert plain is None or isinstance(plain, str | int | float | bool)
        assert plain == plain  # no NaN
    classify.classify(cell)  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None)
@given(st.text("0123456789０１２./-:年月日時分令和平成昭SHR○×有無,34.13 ", min_size=1, max_size=14))
def test_what_a_value_surely_is_can_be_read(text: str) -> None:
    found = classify.classify(text)
    for kind in KINDS:
        if kind in found.sure and not found.empty:
            format_ = "dmy" if found.form.startswith("dmy") else ""
            assert value(kind, text, format_) is not None, kind
