"""The staff home page: what fires, what waits, registers, recent edits."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from tamamo.registers import ListQuery, Register
from tamamo.web.staff import saved
from tamamo.web.staff.alerts.summary import firing
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.edits import shown_edits
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import show
from tamamo.web.staff.saved import SavedView
from tamamo.web.staff.waiting import waiting
from tamamo.web.staff.words import number

_RECENT = 15


@require_safe
@staff
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the desk of one town."""
    views = await saved.visible(desk.broker.pool, desk.tenant, desk.actor)
    edits = await desk.registers.recent(desk.visitor, None, limit=_RECENT)
    context = {
        "cards": [await _card(desk, register, list(views)) for register in desk.visible],
        "edits": shown_edits(desk, edits, named=True),
        "firing": await firing(desk),
        "waiting": await waiting(desk),
    }
    return show(request, desk, "staff/home.html", context)


async def _card(desk: Desk, register: Register, views: list[SavedView]) -> dict[str, Any]:
    page = await desk.registers.page(desk.visitor, register.id, ListQuery(size=1))
    count = ngettext("%(n)s record", "%(n)s records", page.total) % {"n": number(page.total)}
    return {
        "title": register.title.in_(language()),
        "about": register.description.in_(language()),
        "url": desk.url("register", register=register.id),
        "count": count if page.exact else _("more than %(n)s records") % {"n": number(page.total)},
        "department": register.unit,
        "may_edit": bool(desk.rights(register).fields),
        "views": [
            {
                "name": view.name,
                "url": desk.url("view", register=register.id, view=view.id),
            }
            for view in views
            if view.register == register.id
        ],
    }
