"""Filters of a register: their controls, the chips of those that are set, the engine's query."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from tamamo.registers import Filter, ListQuery, Register
from tamamo.web.staff.cells import language
from tamamo.web.staff.forms import Option
from tamamo.web.staff.liststate import FILTER, ListState
from tamamo.web.staff.words import number

#: In a filter: those without a value.
NONE: Final = "none"
_ENDS: Final = (".from", ".to")
#: Column → value → how many records have it, within the other filters.
Facets = Mapping[str, Sequence[tuple[Any, int]]]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a range."""

    name: str
    label: str
    value: str
    type: str


@dataclass(frozen=True, slots=True)
class Control:
    """A filter as the form draws it."""

    name: str
    label: str
    value: str = ""
    range: bool = False
    parts: tuple[End, ...] = ()
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set, and the address without it."""

    label: str
    text: str
    url: str


def names(register: Register) -> list[str]:
    """Return the filter parameters of a register, without their prefix."""
    return [
        name
        for filter_ in register.filters
        for name in (
            [filter_.name + end for end in _ENDS] if filter_.kind == "range" else [filter_.name]
        )
    ]


def query_of(register: Register, state: ListState) -> ListQuery:
    """Return the engine's query of a view; what it does not take lands in `.ignored`."""
    given: dict[str, list[str]] = {"q": [state.q], "sort": [state.sort]}
    given |= {"page": [str(state.page)], "size": [str(state.size)]}
    for filter_ in register.filters:
        value = _value(filter_, state)
        if value:
            given[filter_.name] = [value]
    return ListQuery.parse(register, {name: value for name, value in given.items() if value[0]})


def controls(register: Register, state: ListState, facets: Facets) -> list[Control]:
    """Return the filters for the form."""
    return [_control(one, state, facets) for one in register.filters]


def chips(register: Register, state: ListState, address: str) -> list[Chip]:
    """Return what narrows the list."""
    found = []
    if state.q:
        found.append(Chip(_("Search"), state.q, address + state.query(q="", page=1, view="")))
    for filter_ in register.filters:
        text = _chip_text(filter_, state)
        if text:
            left = state.without(filter_.name, *(filter_.name + end for end in _ENDS))
            found.append(Chip(filter_.label.in_(language()), text, address + left))
    return found


def _value(filter_: Filter, state: ListState) -> str:
    if filter_.kind != "range":
        return state.value(filter_.name)
    low, high = (state.value(filter_.name + end) for end in _ENDS)
    return f"{low}..{high}" if low or high else ""


def _chip_text(filter_: Filter, state: ListState) -> str:
    value = _value(filter_, state)
    if not value:
        return ""
    if filter_.kind == "range":
        low, _dots, high = value.partition("..")
        text = f"{low} – {high}" if low and high else f"≥ {low}" if low else f"≤ {high}"
        return f"{text} {filter_.column.unit_label}".strip()
    return _label(filter_, value)


def _label(filter_: Filter, value: str) -> str:
    if value == NONE:
        return _("without a value")
    if filter_.kind == "yes_no":
        return {"yes": _("Yes"), "no": _("No")}.get(value, value)
    for choice in filter_.choices:
        if choice.value == value:
            return choice.in_(language())
    return value


def _control(filter_: Filter, state: ListState, facets: Facets) -> Control:
    name = FILTER + filter_.name
    label = filter_.label.in_(language())
    if filter_.kind == "range":
        column = filter_.column
        kind = "date" if column.kind in ("date", "moment") else ""
        ends = zip(_ENDS, (_("from"), _("to")), strict=True)
        parts = tuple(
            End(name + end, f"{label} {word}", state.value(filter_.name + end), kind)
            for end, word in ends
        )
        unit = f" ({column.unit_label})" if column.unit_label else ""
        return Control(name, label + unit, range=True, parts=parts)
    value = state.value(filter_.name)
    if filter_.kind == "text":
        return Control(name, label, value)
    counted = facets.get(filter_.name)
    pairs: list[tuple[str, int | None]]
    if counted is None:
        pairs = [(choice, None) for choice in _choices(filter_)]
    else:
        pairs = [(_text(one), count) for one, count in counted]
    return Control(name, label, value, options=_options(filter_, pairs, value))


def _choices(filter_: Filter) -> list[str]:
    if filter_.kind == "yes_no":
        return ["yes", "no"]
    return [choice.value for choice in filter_.choices]


def _text(value: Any) -> str:
    if value is None:
        return NONE
    return str(value)


def _options(
    filter_: Filter, pairs: Iterable[tuple[str, int | None]], chosen: str
) -> tuple[Option, ...]:
    found = [
        Option(
            value,
            _label(filter_, value) + ("" if count is None else f" ({number(count)})"),
            value == chosen,
        )
        for value, count in pairs
    ]
    if chosen and not any(option.selected for option in found):
        found.append(Option(chosen, _label(filter_, chosen), True))
    return tuple(found)
