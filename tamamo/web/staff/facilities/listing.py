"""What waits: corrections, photos, surveys that are overdue; and the way to a facility's photos."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from tamamo.kernel.database import single
from tamamo.publishing.facilities import corrections, photos
from tamamo.publishing.facilities.corrections import Correction
from tamamo.publishing.facilities.model import FRESH_FOR, GROUPS, REGISTER
from tamamo.publishing.facilities.texts import tidy
from tamamo.registers import ListQuery, Register, UnknownRecord
from tamamo.web.portal.facilities.words import today
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.entry import staff
from tamamo.web.staff.facilities import room
from tamamo.web.staff.facilities.rights import may_keep
from tamamo.web.staff.frame import show

_FOUND: Final = 20
_DECIDED: Final = 20


@require_safe
@staff
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show what waits for this division first, then what waits for others."""
    register = room.opened(desk)
    async with single(desk.broker.pool) as connection:
        waiting = await corrections.listed(connection, desk.tenant)
        decided = await corrections.listed(connection, desk.tenant, open_=False, limit=_DECIDED)
        pictures = await photos.listed(connection, desk.tenant, states=("waiting",))
    rows = [await _row(desk, register, one) for one in waiting]
    q = tidy(request.GET.get("q", ""), 100)
    context = {
        "trail": room.trail(desk),
        "mine": [row for row in rows if row["mine"]],
        "others": [row for row in rows if not row["mine"]],
        "decided": [await _row(desk, register, one) for one in decided],
        "waiting_photos": [{"photo": p, "name": await _name(desk, p.entity_id)} for p in pictures],
        "stale": await _stale(desk, register),
        "q": q,
        "found": await _search(desk, register, q) if q else [],
    }
    return show(request, desk, "staff/facilities/list.html", context)


async def _row(desk: Desk, register: Register, one: Correction) -> dict[str, Any]:
    names = [room.label(register, item.field) or _("In words only") for item in one.items]
    open_ = [item.field for item in one.items if item.state == "open"]
    return {
        "name": await _name(desk, one.entity_id),
        "url": desk.url("facility-correction", correction=one.id),
        "at": one.created_at,
        "fields": "、".join(names) if language() == "ja" else ", ".join(names),
        "mine": room.mine(desk, register, one),
        "keepers": "・".join(dict.fromkeys(room.keeper(register, field) for field in open_)),
        "accepted": sum(item.state == "accepted" for item in one.items),
        "items": len(one.items),
    }


async def _name(desk: Desk, entity_id: str) -> str:
    try:
        return (await desk.registers.one(desk.visitor, REGISTER, entity_id)).title
    except UnknownRecord:
        return entity_id


async def _stale(desk: Desk, register: Register) -> list[dict[str, Any]]:
    """Return, by group of fields, how many surveys are too old, with the way to their list."""
    before = (today() - FRESH_FOR).isoformat()
    found = []
    for group in GROUPS:
        old = ListQuery(filters={group.surveyed: (f"..{before}",)}, size=1)
        page = await desk.registers.page(desk.visitor, REGISTER, old)
        if not page.total:
            continue
        query = urlencode({f"f.{group.surveyed}.to": before, "sort": group.surveyed})
        found.append({
            "title": group.title.in_(language()),
            "count": ngettext("%(n)s record", "%(n)s records", page.total)
            % {"n": f"{page.total:,}"},
            "keeper": room.keeper(register, group.surveyed),
            "mine": group.surveyed in desk.rights(register).fields,
            "url": f"{desk.url('register', register=REGISTER)}?{query}",
        })  # fmt: skip
    return found


async def _search(desk: Desk, register: Register, q: str) -> list[dict[str, str]]:
    page = await desk.registers.page(desk.visitor, REGISTER, ListQuery(q=q, size=_FOUND))
    return [
        {
            "name": row.title,
            "record": desk.url("record", register=REGISTER, entity=row.id),
            "photos": desk.url("facility-photos", key=register.key_of(row.id)),
        }
        for row in page.rows
    ]


async def waiting_here(desk: Desk) -> list[tuple[str, datetime, str]]:
    """Return what waits for the person at a desk, for the home page: text, since when, where."""
    if not may_keep(desk.visitor.access):
        return []
    register = next((one for one in desk.visible if one.id == REGISTER), None)
    if register is None:
        return []
    async with single(desk.broker.pool) as connection:
        waiting = await corrections.listed(connection, desk.tenant)
    own = [one for one in waiting if room.mine(desk, register, one)]
    if not own:
        return []
    text = ngettext(
        "%(n)d correction of a facility", "%(n)d corrections of facilities", len(own)
    ) % {"n": len(own)}
    return [(text, min(one.created_at for one in own), desk.url("facilities"))]
