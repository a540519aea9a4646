"""What the pages of this part begin with: the register, and what may be decided by whom."""

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from tamamo.publishing.facilities.corrections import COMMENT, Correction, Item
from tamamo.publishing.facilities.model import REGISTER
from tamamo.registers import Register
from tamamo.web.portal.facilities import words
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.facilities.rights import may_keep
from tamamo.web.staff.frame import Step


def opened(desk: Desk) -> Register:
    """Return the register for those who keep fields of it; for others there is no page (404)."""
    if not may_keep(desk.visitor.access):
        raise Http404(REGISTER)
    return desk.register(REGISTER)


def may_decide(desk: Desk, register: Register, item: Item) -> bool:
    """Whether somebody's division keeps a field; of words alone, any field."""
    fields = desk.rights(register).fields
    return bool(fields) if item.field == COMMENT else item.field in fields


def mine(desk: Desk, register: Register, correction: Correction) -> bool:
    """Whether anything of a correction waits for somebody."""
    return any(i.state == "open" and may_decide(desk, register, i) for i in correction.items)


def keeper(register: Register, field: str) -> str:
    """Return the divisions that keep a field."""
    edit = register.column(field).edit if field else None
    return "・".join(edit.units) if edit else register.unit


def said(register: Register, field: str, value: Any) -> str:
    """Return a value of a field in words."""
    if not field or value is None:
        return "—"
    return words.said(register.column(field), value)


def label(register: Register, field: str) -> str:
    """Return what a field is called."""
    return register.column(field).label.in_(language()) if field else ""


def trail(desk: Desk, *more: Step) -> list[Step]:
    """Return the trail above a page of this part."""
    return [Step(_("Home"), desk.url("town")), Step(_("Facilities"), desk.url("facilities")), *more]
