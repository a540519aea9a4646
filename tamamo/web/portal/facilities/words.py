"""A facility in words, in the language of the page."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from tamamo.kernel import time
from tamamo.kernel.time import JST
from tamamo.publishing.facilities.model import GROUPS, Facility, Group
from tamamo.publishing.facilities.needs import NEEDS, Need
from tamamo.registers import Column, Register
from tamamo.web.staff.cells import language, words

_SIGNS = {"yes": "○", "limited": "△", "no": "×", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class Grade:
    """How far one gets with a wheelchair: a sign, a word, and the class of both."""

    id: str
    sign: str
    word: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One field. known=False: nobody has looked."""

    label: str
    text: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """A group of fields with the day of its survey and who keeps it."""

    id: str
    title: str
    facts: tuple[Fact, ...]
    surveyed: str
    stale: bool
    keeper: str
    known: bool


@dataclass(frozen=True, slots=True)
class Met:
    """A need a facility meets, and when that was last looked at."""

    text: str
    surveyed: str
    #: Whether somebody asked for it: then its own day is said.
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A facility in a list."""

    key: str
    name: str
    name_language: str
    simulated: bool
    kind: str
    address: str
    grade: Grade
    met: tuple[Met, ...]
    surveyed: str


def today() -> date:
    """Return the day it is in Japan."""
    return time.now().astimezone(JST).date()


def day_text(day: date | None) -> str:
    """Return 2026年11月22日 or 22 Nov 2026; "" for none."""
    if day is None:
        return ""
    if get_language() == "ja":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {day:%b %Y}"


def grade_of(facility: Facility) -> Grade:
    """Return how far one gets with a wheelchair."""
    name = facility.rating or "unknown"
    word = {
        "yes": _("Wheelchair: accessible"),
        "limited": _("Wheelchair: partly"),
        "no": _("Wheelchair: steps"),
        "unknown": _("Wheelchair: not known"),
    }[name]
    return Grade(name, _SIGNS[name], word)


def card(register: Register, facility: Facility, wanted: tuple[Need, ...] = ()) -> Card:
    """Return a facility for the list; wanted: the needs asked for come first."""
    name, spoken = facility.named(language())
    order = [*wanted, *(need for need in NEEDS if need not in wanted)]
    met = tuple(
        Met(
            need.title.in_(language()),
            day_text(facility.surveyed_on(need.group)),
            need in wanted,
        )
        for need in order
        if need.met(facility)
    )
    return Card(
        facility.key,
        name,
        spoken,
        facility.simulated and "模擬" not in name and "simulated" not in name,
        kind_text(register, facility),
        facility.text("address"),
        grade_of(facility),
        met,
        day_text(facility.last_surveyed),
    )


def kind_text(register: Register, facility: Facility) -> str:
    """Return what kind of facility it is."""
    choice = register.column("category").choice(facility.values.get("category"))
    return choice.in_(language()) if choice else ""


def facts_of(register: Register, facility: Facility) -> list[Facts]:
    """Return all groups of fields: what is there, what is not, what nobody has looked at."""
    return [_facts(register, facility, group) for group in GROUPS]


def _facts(register: Register, facility: Facility, group: Group) -> Facts:
    columns = [register.column(name) for name in group.columns]
    edit = columns[0].edit
    return Facts(
        group.id,
        group.title.in_(language()),
        tuple(_fact(register, facility, name) for name in group.columns),
        day_text(facility.surveyed_on(group)),
        facility.stale(group, today()),
        "・".join(edit.units) if edit else "",
        facility.known(group),
    )


def _fact(register: Register, facility: Facility, name: str) -> Fact:
    column = register.column(name)
    label = column.label.in_(language())
    value: Any = facility.values.get(name)
    if column.kind == "choices":
        held = [choice for choice in column.choices if facility.has(name, choice.value)]
        if not held:
            looked = column.choices and facility.has(name, column.choices[0].value) is False
            return Fact(label, _("None of these") if looked else unknown(), bool(looked))
        between = "、" if get_language() == "ja" else ", "
        return Fact(label, between.join(choice.in_(language()) for choice in held))
    if value is None:
        return Fact(label, unknown(), False)
    return Fact(label, said(column, value))


def said(column: Column, value: Any) -> str:
    """Return a value somebody knows, in words and with its unit."""
    if isinstance(value, bool):
        return pgettext("there", "Yes") if value else pgettext("there", "No")
    unit = f" {column.unit_label}" if column.unit_label else ""
    return words(column, value) + unit


def unknown() -> str:
    """Return what stands where nobody has looked."""
    return _("Not surveyed")
