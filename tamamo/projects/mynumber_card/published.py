"""The ministry's tables of My Number cards issued, read into values of the issue rate.

The rate is cards issued ÷ residents (住民基本台帳人口). Residents are those of the newest 1 January
the ministry had published: of the year before, and from the summer on of the same year. Each row
says which; a rate made with other residents is another rate, so the day is kept with the value.
(マイナンバーカード交付状況について, 総務省)
"""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from tamamo.feeds import convert, quality
from tamamo.feeds.quality import Invalid, Reason
from tamamo.feeds.readers.table import Row, read_content
from tamamo.feeds.rejects import Reject
from tamamo.plan.figures import round_half_up
from tamamo.plan.values.areas import Areas, read_areas
from tamamo.plan.values.importing import Read
from tamamo.plan.values.model import NewValue

AREAS: Final = Path(__file__).with_name("areas.toml")
#: Names of the columns, in the table by municipality and in the national summary.
CODE: Final = ("団体コード",)
NAME: Final = ("市区町村名", "区分", "団体名")
RESIDENTS: Final = ("総数（人口）", "人口")
CARDS: Final = ("交付枚数",)
RATE: Final = ("人口に対する交付枚数率",)
RESIDENTS_AT: Final = ("人口算出基準日",)
CARDS_AT: Final = ("交付件数基準日", "交付枚数算出基準日", "算出基準日")
_WEIGHTS: Final = (6, 5, 4, 3, 2)


def read(name: str, content: bytes) -> Read:
    """Return the values of a table, and the rows that cannot be used with their reasons.

    Raises UnreadableFile for a file that is no such table.
    """
    wanted = (NAME, RESIDENTS, CARDS, RESIDENTS_AT, CARDS_AT)
    table, areas = read_content(name, content, wanted=wanted), read_areas(AREAS)
    values: dict[tuple[str, date], NewValue] = {}
    rejects = list(table.rejects)
    for row in table.rows:
        try:
            value = _value(row, areas)
            if value is None:
                continue
            if (value.area, value.at) in values:
                raise Invalid(_twice(value.at), NAME[0])
        except Invalid as invalid:
            rejects.append(Reject(row.number, invalid.field, invalid.reason, row.original))
            continue
        values[value.area, value.at] = value
    return Read(list(values.values()), rejects)


def _value(row: Row, areas: Areas) -> NewValue | None:
    area = _area(row, areas)
    residents, cards = _count(row, RESIDENTS), _count(row, CARDS)
    at, residents_at = _day(row, CARDS_AT), _day(row, RESIDENTS_AT)
    check_basis(at, residents_at)
    if cards > residents:
        raise Invalid(_more_than_all(cards, residents), CARDS[0])
    rate = round_half_up(cards * 100 / residents, 1)
    if printed := _cell(row, RATE):
        check_rate(rate, printed)
    return NewValue(area, at, rate, cards, residents, residents_at, f"row {row.number}")


def check_basis(at: date, residents_at: date) -> None:
    """Raise Invalid unless the residents are of 1 January of the same year or the one before."""
    years = at.year - residents_at.year
    if (residents_at.month, residents_at.day) != (1, 1) or years not in (0, 1):
        ja = f"人口の基準日{residents_at}は、{at}の前年か当年の1月1日ではありません"
        en = f"residents of {residents_at} are not of 1 January of the year of {at} or before it"
        raise Invalid(Reason("other_residents", ja, en), RESIDENTS_AT[0])


def check_rate(rate: Decimal, printed: str) -> None:
    """Raise Invalid where the printed rate is not cards ÷ residents. 0.288 is taken for 28.8 %."""
    number = quality.number(printed.removesuffix("%"))
    if number is None:
        return
    shown = Decimal(str(number))
    if rate not in (round_half_up(shown, 1), round_half_up(shown * 100, 1)):
        ja = f"交付率{printed}は、交付枚数÷人口（{rate}%）と一致しません"
        en = f"the rate {printed} is not cards ÷ residents ({rate} %)"
        raise Invalid(Reason("other_rate", ja, en), RATE[0])


def check_digit(code: str) -> bool:
    """Return whether the last of six digits follows from the others (全国地方公共団体コード)."""
    total = sum(w * int(d) for w, d in zip(_WEIGHTS, code[:5], strict=True))
    rest = 11 - (total % 11 if total >= 11 else total)
    return int(code[5]) == rest % 10


def _area(row: Row, areas: Areas) -> str:
    name, code = _cell(row, NAME).strip(), quality.fold(_cell(row, CODE))
    if code:
        if len(code) != 6 or not code.isascii() or not code.isdigit() or not check_digit(code):
            ja, en = f"団体コード{code}は正しくありません", f"{code} is no code of a municipality"
            raise Invalid(Reason("bad_code", ja, en), CODE[0])
        known = areas.find(code)
        if known and name not in (known.ja, *known.labels):
            ja = f"団体コード{code}は{known.ja}です（{name}ではありません）"
            en = f"{code} is the code of {known.ja}, not of {name}"
            raise Invalid(Reason("other_name", ja, en), NAME[0])
    else:
        known = areas.labelled(name)
    if known is None:
        ja, en = f"「{name}」はareas.tomlにありません", f"{name} is not in areas.toml"
        raise Invalid(Reason("unknown_area", ja, en), NAME[0])
    return known.code


def _count(row: Row, names: tuple[str, ...]) -> Decimal:
    cell = _cell(row, names)
    try:
        number = convert.integer(cell)
    except Invalid as invalid:
        raise Invalid(invalid.reason, names[0]) from invalid
    if number is None:
        raise Invalid(quality.MISSING, names[0])
    if number < 0 or (number == 0 and names is RESIDENTS):
        raise Invalid(
            Reason("too_small", f"{number}は小さすぎます", f"{number} is too small"), names[0]
        )
    return Decimal(number)


def _day(row: Row, names: tuple[str, ...]) -> date:
    try:
        text = convert.day(_cell(row, names))
    except Invalid as invalid:
        raise Invalid(invalid.reason, names[0]) from invalid
    if text is None:
        raise Invalid(quality.MISSING, names[0])
    return date.fromisoformat(text)


def _cell(row: Row, names: tuple[str, ...]) -> str:
    # The table's reader folds the names of columns.
    found = (row.cells.get(quality.fold(name)) for name in names)
    return next((cell for cell in found if cell), "")


def _twice(at: date) -> Reason:
    return Reason("twice", f"{at}の値が二つあります", f"there are two values as of {at}")


def _more_than_all(cards: Decimal, residents: Decimal) -> Reason:
    ja = f"交付枚数{cards:,}が人口{residents:,}より多くなっています"
    return Reason("more_than_all", ja, f"{cards:,} cards are more than {residents:,} residents")
