"""The map by need, one facility, and the list to print."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from tamamo.kernel.database import single
from tamamo.publishing.facilities import counting, photos
from tamamo.publishing.facilities.model import Facility, facility_of, located
from tamamo.publishing.facilities.needs import NEEDS, PAGE, Wish
from tamamo.web.pager import pager
from tamamo.web.portal.datasets.figures import recorded
from tamamo.web.portal.facilities import words
from tamamo.web.portal.facilities.room import MOST, Room, facilities
from tamamo.web.staff.cells import language

#: Facilities on a sheet to print: more is a book.
MOST_PRINTED: Final = 1_000


@require_safe
@facilities
async def index(request: HttpRequest, room: Room) -> HttpResponse:
    """The list and the map of what somebody needs."""
    wish = room.wish(request)
    found, page, total = await room.page(wish)
    counted = await counting.count(room.broker, room.tenant)
    category = room.register.column("category")
    address = reverse("facilities")
    context = {
        "wish": wish,
        "query": wish.address(page=1),
        "needs": [
            {"id": need.id, "text": need.title.in_(language()), "on": need in wish.needs}
            for need in NEEDS
        ],
        "kinds": [
            {"value": c.value, "text": c.in_(language()), "on": c.value == wish.category}
            for c in category.choices
        ],
        "cards": [words.card(room.register, one, wish.needs) for one in found],
        "counted": _counted(wish, total),
        "ignored": wish.ignored,
        "pages": pager(page, -(-total // PAGE), lambda n: address + wish.address(page=n)),
        "count": counted,
        "recorded": recorded(room.tenant, counting.QUERY),
        "rule": counting.RULE_EN if language() == "en" else counting.RULE_JA,
        "legend": [words.grade_of(Facility("", "", values)) for values in _GRADES],
    }
    return render(request, "portal/facilities/list.html", context)


#: One of each grade, for the legend.
_GRADES: Final[tuple[dict[str, Any], ...]] = (
    {"entrance": "level", "lift": "yes"},
    {"entrance": "level"},
    {"entrance": "steps"},
    {},
)


def _counted(wish: Wish, total: int) -> str:
    text = ngettext("%(n)s facility", "%(n)s facilities", total) % {"n": f"{total:,}"}
    if not wish.needs:
        return text
    between = _(" and ")
    needs = between.join(need.title.in_(language()) for need in wish.needs)
    return _("%(facilities)s with %(needs)s") % {"facilities": text, "needs": needs}


@require_safe
@facilities
async def points(request: HttpRequest, room: Room) -> JsonResponse:
    """The places of the list: all its pages, the same filter, nothing else."""
    wish = room.wish(request)
    found = await room.every(wish)
    placed = located(found)
    features = [_feature(one) for one in placed]
    left = len(found) - len(placed)
    note = _("Without a place, so only in the list: %(n)s.") % {"n": f"{left:,}"} if left else ""
    if len(found) == MOST:
        note = _("The map shows the first %(n)s of the list.") % {"n": f"{MOST:,}"}
    answer = JsonResponse({"features": features, "total": len(found), "note": note})
    answer["Cache-Control"] = "no-cache"
    return answer


def _feature(facility: Facility) -> dict[str, Any]:
    grade = words.grade_of(facility)
    name, _spoken = facility.named(language())
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [facility.longitude, facility.latitude]},
        "properties": {
            "name": name,
            "grade": grade.id,
            "sign": grade.sign,
            "word": grade.word,
            "url": reverse("facility", kwargs={"key": facility.key}),
        },
    }


@require_safe
@facilities
async def one(request: HttpRequest, room: Room, key: str) -> HttpResponse:
    """One facility: every field, with its survey and who keeps it; photos."""
    facility = facility_of(await room.record(key))
    async with single(room.broker.pool) as connection:
        shown = await photos.listed(
            connection, room.tenant, entity_id=facility.id, states=("shown",)
        )
    name, spoken = facility.named(language())
    context = {
        "facility": facility,
        "name": name,
        "name_language": spoken,
        "kind": words.kind_text(room.register, facility),
        "grade": words.grade_of(facility),
        "groups": words.facts_of(room.register, facility),
        "basics": _basics(room, facility),
        "website": _web(facility.text("website")),
        "photos": [
            {"id": p.id, "alt": p.alt(language()), "on": words.day_text(p.taken_on),
             "width": p.width, "height": p.height}
            for p in shown
        ],
        "sent": "sent" in request.GET,
    }  # fmt: skip
    return render(request, "portal/facilities/one.html", context)


def _basics(room: Room, facility: Facility) -> list[words.Fact]:
    names = ("address", "telephone", "openingHours", "managingUnit")
    columns = [room.register.column(name) for name in names]
    return [
        words.Fact(column.label.in_(language()), facility.text(column.name))
        for column in columns
        if facility.text(column.name)
    ]


def _web(address: str) -> str:
    """Return an address to link to; what is none of the web is not shown as a link."""
    return address if address.startswith(("https://", "http://")) else ""


@require_safe
@facilities
async def sheet(request: HttpRequest, room: Room) -> HttpResponse:
    """The list as a sheet to print: all its pages, a mark for each need."""
    wish = room.wish(request)
    found = await room.every(wish, MOST_PRINTED + 1)
    context = {
        "wish": wish,
        "back": reverse("facilities") + wish.address(page=1),
        "needs": [need.title.in_(language()) for need in NEEDS],
        "rows": [_row(room, one) for one in found[:MOST_PRINTED]],
        "counted": _counted(wish, len(found[:MOST_PRINTED])),
        "cut": len(found) > MOST_PRINTED,
        "printed": words.day_text(words.today()),
    }
    return render(request, "portal/facilities/print.html", context)


def _row(room: Room, facility: Facility) -> dict[str, Any]:
    marks = {True: "○", False: "×", None: "—"}
    names = {True: _("yes"), False: _("no"), None: words.unknown()}
    met = [need.met(facility) for need in NEEDS]
    return {
        "card": words.card(room.register, facility),
        "telephone": facility.text("telephone"),
        "hours": facility.text("openingHours"),
        "marks": [{"sign": marks[one], "name": names[one]} for one in met],
    }
