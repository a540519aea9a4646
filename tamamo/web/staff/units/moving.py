"""The form by which a unit is moved: what was typed, what it would do, then the move."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.feeds import quality
from tamamo.feeds.quality import Invalid
from tamamo.feeds.units import moving
from tamamo.feeds.units.moving import Place
from tamamo.kernel import time
from tamamo.kernel.identity.errors import InvalidInput
from tamamo.kernel.time import JST
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.entry import staff
from tamamo.web.staff.forms import Fault, FormField, Option, Part
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.units import room

#: In the choice of places.
_NEW, _AWAY = "new", "away"
_LONGEST: Final = 100


@dataclass(slots=True)
class _Wish:
    """What was typed, read; faults by field."""

    unit: str
    place: Place | None
    title: str
    at: datetime
    faults: dict[str, str] = field(default_factory=dict)


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def move(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the form, then what the move would do, then move."""
    await room.require_move(desk)
    _units, places = await room.found(desk)
    if request.method != "POST":
        return _form(request, desk, places, _start(desk, request.GET.get("unit", "")))
    typed = request.POST
    if typed.get("step") == "back":
        return _form(request, desk, places, typed)
    wish = _read(desk, places, typed)
    if not wish.faults and typed.get("step") == "move":
        wish.faults = await _done(desk, wish)
        if not wish.faults:
            return HttpResponseRedirect(desk.url("units") + "?moved")
    if wish.faults:
        return _form(request, desk, places, typed, wish.faults)
    foreseen = await moving.foreseen(desk.broker, desk.tenant, wish.unit, wish.at)
    context = {
        "trail": room.trail(desk, Step(_("Check the move"))),
        "wish": wish,
        "before": places.get(foreseen.before.place, "") if foreseen.before else "",
        "carried": foreseen.carried,
        "typed": [(name, typed.get(name, "")) for name in _NAMES],
        "here": desk.url("unit-move"),
    }
    return show(request, desk, "staff/units/confirm.html", context)


_NAMES: Final = ("unit", "place", "name", "english", "latitude", "longitude", "alert", "at")


def _now(desk: Desk) -> datetime:
    return desk.broker.towns.clock(desk.tenant)


async def _done(desk: Desk, wish: _Wish) -> dict[str, str]:
    """Move the unit; return what cannot be."""
    try:
        await moving.move(
            desk.broker,
            desk.actor.subject,
            desk.tenant,
            wish.unit,
            place=wish.place,
            at=wish.at,
            present=_now(desk) + timedelta(seconds=1),
        )
    except InvalidInput as refused:
        name = str(refused.extra.get("field", ""))
        return {name: _refused(name)}
    return {}


def _refused(name: str) -> str:
    return {
        "place": _("The unit stands there already."),
        "at": _("The move lies before the last one, or in the future."),
        "unit": _("Give the unit's name as it stands in its topic."),
    }.get(name, _("This cannot be so."))


def _read(desk: Desk, places: dict[str, str], typed: QueryDict) -> _Wish:
    faults: dict[str, str] = {}
    unit = typed.get("unit", "").strip()
    if not 1 <= len(unit) <= _LONGEST or not unit.isprintable():
        faults["unit"] = _refused("unit")
    chosen = typed.get("place", "")
    place: Place | None = None
    title = places.get(chosen, "")
    if chosen == _NEW:
        place, title = _new_place(typed, faults), typed.get("name", "").strip()
    elif chosen == _AWAY:
        title = _("Nowhere: it is taken away")
    elif chosen in places:
        place = Place(chosen)
    else:
        faults["place"] = _("Choose where it is moved to.")
    return _Wish(unit, place, title, _moment(desk, typed, faults), faults)


def _new_place(typed: QueryDict, faults: dict[str, str]) -> Place:
    name, english = (typed.get(key, "").strip() for key in ("name", "english"))
    if not 1 <= len(name) <= _LONGEST:
        faults["name"] = _("Give the new place a name of at most 100 characters.")
    longitude = latitude = None
    try:
        longitude, latitude = quality.place(typed.get("latitude", ""), typed.get("longitude", ""))
    except Invalid:
        faults["point"] = _("Give latitude and longitude of a place in Japan, in degrees.")
    attributes = {}
    try:
        level = quality.number(typed.get("alert", ""))
        if level is not None:
            attributes["alertLevel"] = level
    except Invalid:
        faults["alert"] = _("This is no number.")
    slug = f"place-{secrets.token_hex(4)}"
    return Place(slug, name, english, longitude, latitude, attributes)


def _moment(desk: Desk, typed: QueryDict, faults: dict[str, str]) -> datetime:
    now = _now(desk)
    text = typed.get("at", "").strip()
    try:
        found = datetime.fromisoformat(text)
        found = found if found.tzinfo else found.replace(tzinfo=JST)
        if not time.EARLIEST <= found <= now + timedelta(seconds=1):
            faults["at"] = _refused("at")
    except (ValueError, OverflowError):
        faults["at"] = _("This is no date and time such as 2026-06-26 08:00.")
        return now
    return found


def _start(desk: Desk, unit: str) -> QueryDict:
    found = QueryDict(mutable=True)
    found["unit"] = unit[:_LONGEST]
    found["at"] = f"{_now(desk).astimezone(JST):%Y-%m-%d %H:%M}"
    return found


def _form(
    request: HttpRequest,
    desk: Desk,
    places: dict[str, str],
    typed: QueryDict,
    faults: dict[str, str] | None = None,
) -> HttpResponse:
    faults = faults or {}
    main, new = _fields(places, typed, faults)
    labels = {one.name: one.label for one in (*main, *new)}
    context: dict[str, Any] = {
        "trail": room.trail(desk, Step(_("Move a unit"))),
        "fields": main,
        "new_fields": new,
        "errors": [
            Fault(labels.get(name, ""), said, f"f-{name}" if name in labels else "")
            for name, said in faults.items()
        ],
        "back": desk.url("units"),
    }
    return show(request, desk, "staff/units/move.html", context, 422 if faults else 200)


def _fields(
    places: dict[str, str], typed: QueryDict, faults: dict[str, str]
) -> tuple[list[FormField], list[FormField]]:
    chosen = typed.get("place", "")
    offered = [("", _("Choose")), *sorted(places.items(), key=lambda item: item[1])]
    offered += [(_NEW, _("A new place")), (_AWAY, _("Nowhere: it is taken away"))]

    def made(name: str, label: str, **more: Any) -> FormField:
        text = typed.get(name, "")
        return FormField(name, label, "text", text, error=faults.get(name, ""), **more)

    main = [
        made(
            "unit", _("Portable unit"), required=True, maxlength=_LONGEST, width="input--mid",
            help=_("Its name as it stands in its MQTT topic."),
        ),
        FormField(
            "place", _("Is moved to"), "choice", required=True,
            error=faults.get("place", ""),
            options=tuple(Option(value, text, value == chosen) for value, text in offered),
        ),
        made(
            "at", _("Moved at"), required=True, width="input--mid",
            help=_("Japan time, such as 2026-06-26 08:00. What it measures from then on is the new "
                   "place's."),
        ),
    ]  # fmt: skip
    new = [
        made("name", _("Name of the new place"), maxlength=_LONGEST),
        made("english", _("Name in English"), maxlength=_LONGEST),
        FormField(
            "point", _("Location of the new place"), "point", error=faults.get("point", ""),
            parts=(
                Part("latitude", _("Latitude"), typed.get("latitude", "")),
                Part("longitude", _("Longitude"), typed.get("longitude", "")),
            ),
        ),
        made(
            "alert", _("Level of alert"), unit="m", inputmode="decimal", width="input--short",
            help=_("Above the unit's own zero; may be left empty."),
        ),
    ]  # fmt: skip
    return main, new
