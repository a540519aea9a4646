"""Values of a register in words: number and unit, date, choice, place; nothing is ever a 0."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tamamo.kernel.time import from_text
from tamamo.registers import Cell, Column, FieldChange, Register
from tamamo.web.portal.words import full_date

#: Kinds of columns whose values stand at the right.
NUMERIC: Final = frozenset({"integer", "number"})
_WEEKDAYS = "月火水木金土日"


@dataclass(frozen=True, slots=True)
class Shown:
    """A value as a page shows it."""

    label: str
    text: str = ""
    unit: str = ""
    numeric: bool = False
    chip: bool = False
    wide: bool = False
    #: Only http and https: what else a record holds is shown as text.
    href: str = ""
    observed_at: datetime | None = None
    source: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is no value: shown as a grey dash."""
        return not self.text


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One field before and after."""

    label: str
    before: Shown
    after: Shown
    public: bool = False


def language() -> str:
    """Return the language of the page, as the registers name it."""
    return "en" if get_language() == "en" else "ja"


def shown(column: Column, cell: Cell | None, *, unit: bool = True) -> Shown:
    """Return a value for the page. unit=False: the column's own unit stands in the head."""
    label = column.label.in_(language())
    if cell is None or cell.value is None:
        return Shown(label, numeric=column.kind in NUMERIC)
    text = words(column, cell.value)
    return Shown(
        label=label,
        text=text,
        unit=_unit(column, cell, unit),
        numeric=column.kind in NUMERIC,
        wide=column.width == "wide" or column.kind == "paragraph",
        chip=column.kind in ("choice", "boolean"),
        href=text if column.kind == "url" and text.startswith(("https://", "http://")) else "",
        observed_at=from_text(cell.observed_at) if cell.observed_at else None,
        source=cell.provider or "",
    )


def words(column: Column, value: Any) -> str:
    """Return a value in the words of the page's language."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, int | float):
        return _number(column, value)
    if isinstance(value, list):
        return "、".join(_choice(column, str(one)) for one in value)
    if isinstance(value, dict):
        return _place(value)
    text = str(value)
    if column.kind == "choice":
        return _choice(column, text)
    if column.kind in ("date", "moment"):
        return _moment(column, text)
    return text


def shown_change(register: Register, change: FieldChange) -> ShownChange:
    """Return a change for the page."""
    column = register.column(change.field)
    return ShownChange(
        column.label.in_(language()), shown(column, change.before), shown(column, change.after)
    )


def _unit(column: Column, cell: Cell, wanted: bool) -> str:
    if cell.unit_code and column.unit and cell.unit_code != column.unit:
        return cell.unit_code
    return column.unit_label if wanted and column.kind in NUMERIC else ""


def _number(column: Column, value: float) -> str:
    decimals = column.decimals
    text = f"{value:,}" if decimals is None or isinstance(value, int) else f"{value:,.{decimals}f}"
    return text.replace("-", "−")


def _choice(column: Column, value: str) -> str:
    for choice in column.choices:
        if choice.value == value:
            return choice.in_(language())
    return value


def _place(value: dict[str, Any]) -> str:
    if "latitude" not in value or "longitude" not in value:
        return str(value)
    return f"{value['latitude']:.5f}, {value['longitude']:.5f}"


def _moment(column: Column, text: str) -> str:
    """Return a date or time as people write it; what is no date stands as it is."""
    try:
        if column.kind == "date":
            return _day(date.fromisoformat(text[:10]))
        return full_date(from_text(text))
    except ValueError:
        return text


def _day(day: date) -> str:
    if language() == "ja":
        return f"{day.year}年{day.month}月{day.day}日({_WEEKDAYS[day.weekday()]})"
    return f"{day.day} {day:%b %Y}"
