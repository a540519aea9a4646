"""Two editors on one record: the second sees base, theirs and mine, and chooses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from tamamo.registers import Cell, Column, EditConflict, FieldConflict, Record, Register
from tamamo.web.portal.words import full_date
from tamamo.web.staff import forms
from tamamo.web.staff.cells import Shown, ShownChange, language, shown
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Typed
from tamamo.web.staff.frame import show
from tamamo.web.staff.record import record_trail

#: Before a field's name: which value shall stand.
CHOOSE = "choose."
#: Fields that only the other one changed: theirs stand.
THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Choice:
    """A field on which both differ."""

    name: str
    label: str
    base: Shown
    theirs: Shown
    mine: Shown


def conflict_page(
    request: HttpRequest,
    desk: Desk,
    *,
    register: Register,
    record: Record,
    typed: Typed,
    conflict: EditConflict,
) -> HttpResponse:
    """Answer 409 with the difference; everything typed is in the page."""
    both = [one for one in conflict.fields if one.overlaps]
    apart = [one for one in conflict.fields if not one.overlaps]
    theirs = [one for one in apart if _value(one.theirs) != _value(one.base)]
    mine = [one for one in apart if _value(one.theirs) == _value(one.base)]
    address = desk.url("record", register=register.id, entity=record.id)
    context = {
        "heading": _("Two edits of “%(name)s”") % {"name": record.title},
        "trail": record_trail(desk, register, record, _("Edit")),
        "by": _by(conflict),
        "typed": [
            ("version", conflict.version),
            *forms.hidden(typed),
            *((THEIRS, one.field) for one in theirs),
        ],
        "conflicts": [_choice(register, one) for one in both],
        "theirs": [_change(register, one, one.theirs) for one in theirs],
        "mine": [_change(register, one, one.mine) for one in mine],
        "urls": {
            "here": desk.url("edit", register=register.id, entity=record.id),
            "back": address,
        },
    }
    return show(request, desk, "staff/conflict.html", context, status=409)


def merged(
    post: QueryDict,
    columns: Sequence[Column],
    typed: Typed,
    current: Mapping[str, str | Sequence[str]],
) -> Typed:
    """Return what was typed, with the stored value of each field whose stored value was chosen."""
    theirs = set(post.getlist(THEIRS))
    theirs |= {c.name for c in columns if post.get(CHOOSE + c.name) == "theirs"}
    result = dict(typed)
    for column in columns:
        if column.name in theirs:
            result |= forms.texts_of(current, column)
    return result


def _value(cell: Cell | None) -> object:
    return None if cell is None else cell.value


def _by(conflict: EditConflict) -> str:
    if conflict.by and conflict.at:
        values = {"who": conflict.by, "when": full_date(conflict.at)}
        return _("%(who)s saved at %(when)s.") % values
    return ""


def _choice(register: Register, field: FieldConflict) -> Choice:
    column = register.column(field.field)
    return Choice(
        column.name,
        column.label.in_(language()),
        shown(column, field.base),
        shown(column, field.theirs),
        shown(column, field.mine),
    )


def _change(register: Register, field: FieldConflict, after: Cell | None) -> ShownChange:
    column = register.column(field.field)
    return ShownChange(
        column.label.in_(language()), shown(column, field.base), shown(column, after)
    )
