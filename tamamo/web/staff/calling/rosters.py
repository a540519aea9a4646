"""Duty rosters: who is on duty when, with the gaps."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tamamo.calling import duty, store
from tamamo.calling.duty import MOST_SHIFTS, Holidays, Roster, Rotation, Shift
from tamamo.calling.errors import Changed, InvalidCalling
from tamamo.calling.tree import MOST_PEOPLE
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.time import JST
from tamamo.web.staff.calling import room as rooms
from tamamo.web.staff.calling.choosing import names, people_rows, whole
from tamamo.web.staff.calling.room import forth, options, require_change, room
from tamamo.web.staff.calling.words import day_label, day_names, holidays_word, rotation_word
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Fault, FormField
from tamamo.web.staff.frame import Step

_LONGEST = 100
#: Days that a roster's page shows, and within which gaps are named on the list.
_SHOWN = timedelta(days=14)
_EVERY_DAY = frozenset(range(7))


@require_safe
@room
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """List the rosters of a town: who is on duty now, and the next gap."""
    now = desk.broker.towns.clock(desk.tenant)
    async with transaction(desk.broker.pool) as connection:
        people = await names(connection, desk, "staff.rosters")
        rows = []
        for roster, _version in await store.rosters(connection, desk.tenant):
            until = now + _SHOWN
            changes = await store.changes(connection, desk.tenant, roster.id, now, until)
            found = duty.gaps(duty.calendar(roster, changes, now, until))
            rows.append(
                {
                    "roster": roster,
                    "url": desk.url("roster", roster=roster.id),
                    "people": [people.get(p, "—") for p in duty.on_duty(roster, changes, now)],
                    "gap": found[0] if found else None,
                    "gaps": len(found),
                }
            )
    context = {
        "tabs": rooms.tabs(desk, "rosters"),
        "rows": rows,
        "now": now,
        "new_url": desk.url("roster-new"),
    }
    return rooms.shown(request, desk, "rosters.html", context)


@require_safe
@room
async def page(request: HttpRequest, desk: Desk, roster: str) -> HttpResponse:
    """Show who is on duty in the next two weeks, the gaps and the swaps."""
    async with transaction(desk.broker.pool) as connection:
        context = await roster_context(connection, desk, roster)
    return rooms.shown(request, desk, "roster.html", context)


async def roster_context(connection: Connection, desk: Desk, number: str) -> dict[str, Any]:
    """Return what a roster's page shows."""
    now = desk.broker.towns.clock(desk.tenant)
    found, _version = await store.roster_of(connection, desk.tenant, number)
    people = await names(connection, desk, "staff.roster")
    begins = datetime.combine(now.astimezone(JST).date(), time(), JST)
    changes = await store.changes(connection, desk.tenant, number, begins, begins + _SHOWN)
    duties = duty.calendar(found, changes, begins, begins + _SHOWN)
    return {
        "heading": found.name,
        "trail": rooms.trail(desk, Step(_("Duty rosters"), desk.url("rosters")), found.name),
        "roster": found,
        "people": people,
        "days": _days(duties, people, now),
        "gaps": len(duty.gaps([one for one in duties if one.ends > now])),
        "swaps": [
            {
                "change": one,
                "absent": people.get(one.absent or "", ""),
                "present": people.get(one.present or "", ""),
                "delete_url": desk.url("roster-unswap", roster=number, swap=one.id),
            }
            for one in changes
        ],
        "edit_url": desk.url("roster-edit", roster=number),
        "swap_url": desk.url("roster-swap", roster=number),
        "delete_url": desk.url("roster-delete", roster=number),
    }


def _days(
    duties: Sequence[duty.Duty], people: dict[str, str], now: datetime
) -> list[dict[str, Any]]:
    """Return the days of a calendar, each with its stretches; one past midnight is cut there."""
    found: dict[date, dict[str, Any]] = {}
    for one in duties:
        start = one.begins.astimezone(JST)
        while start < one.ends:
            day = start.date()
            midnight = datetime.combine(day + timedelta(days=1), time(), JST)
            end = min(one.ends.astimezone(JST), midnight)
            row = found.setdefault(
                day, {"label": day_label(day), "holiday": duty.holiday_name(day), "stretches": []}
            )
            row["stretches"].append(
                {
                    "from": start.strftime("%H:%M"),
                    "to": "24:00" if end == midnight else end.strftime("%H:%M"),
                    "people": [people.get(p, "—") for p in one.people],
                    "gap": not one.people,
                    "now": start <= now < end,
                }
            )
            start = end
    return list(found.values())


class Form:
    """What was typed about a roster."""

    def __init__(self, roster: Roster, version: int) -> None:
        self.roster = roster
        self.version = version
        self.errors: dict[str, str] = {}
        self.typed = [
            {
                "name": one.name, "begins": one.begins.strftime("%H:%M"),
                "ends": one.ends.strftime("%H:%M"), "since": one.since.isoformat(),
                "until": one.until.isoformat() if one.until else "",
            }
            for one in roster.shifts
        ]  # fmt: skip

    def read(self, data: QueryDict, known: dict[str, str]) -> None:
        """Take over what was typed, and note what is wrong with it."""
        self.version = whole(data, "version", 1, 10**8) or 1
        count = whole(data, "shifts", 0, MOST_SHIFTS) or 0
        self.typed = [
            {
                name: data.get(f"s{number}-{name}", "").strip()[:_LONGEST]
                for name in ("name", "begins", "ends", "since", "until")
            }
            for number in range(count)
        ]
        shifts = [self._shift(data, number, known) for number in range(count)]
        name = data.get("name", "").strip()[:_LONGEST]
        if not name:
            self.errors["name"] = _("Type a name.")
        self.roster = Roster(self.roster.id, name, tuple(shifts))

    def _shift(self, data: QueryDict, number: int, known: dict[str, str]) -> Shift:
        key, typed = f"s{number}", self.typed[number]
        begins, ends = self._time(key, "begins"), self._time(key, "ends")
        since, until = self._date(key, "since"), self._date(key, "until")
        people = tuple(filter(None, dict.fromkeys(data.getlist(f"{key}-people"))))
        if any(one not in known for one in people):
            self.errors[f"{key}-people-0"] = _("Somebody chosen here is no contact any more.")
        days = frozenset(int(d) for d in data.getlist(f"{key}-days") if d in set("0123456"))
        return Shift(
            typed["name"],
            days,
            begins or time(),
            ends or time(),
            people,
            _one_of(Holidays, data.get(f"{key}-holidays", "")) or Holidays.SAME,
            _one_of(Rotation, data.get(f"{key}-rotation", "")) or Rotation.ALL,
            since or date(2020, 1, 6),
            until,
        )

    def _time(self, key: str, name: str) -> time | None:
        try:
            return time.fromisoformat(self.typed[int(key[1:])][name]).replace(tzinfo=None)
        except ValueError:
            self.errors[f"{key}-{name}"] = _("A time such as 17:15.")
            return None

    def _date(self, key: str, name: str) -> date | None:
        text = self.typed[int(key[1:])][name]
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self.errors[f"{key}-{name}"] = _("A date such as 2027-04-01.")
            return None

    def settle(self) -> None:
        """Leave out shifts with neither days nor people."""
        kept = [n for n, one in enumerate(self.roster.shifts) if one.people or one.days]
        self.typed = [self.typed[n] for n in kept]
        shifts = tuple(self.roster.shifts[n] for n in kept)
        self.roster = Roster(self.roster.id, self.roster.name, shifts)

    def more(self, today: date) -> None:
        """Add a shift to fill in."""
        if len(self.roster.shifts) >= MOST_SHIFTS:
            return
        shift = Shift("", _EVERY_DAY, time(17, 15), time(8, 30), (), since=today)
        self.roster = Roster(self.roster.id, self.roster.name, (*self.roster.shifts, shift))
        self.typed.append(
            {"name": "", "begins": "17:15", "ends": "08:30", "since": today.isoformat(),
             "until": ""}
        )  # fmt: skip

    def name_field(self) -> FormField:
        """Return the field of the roster's name."""
        return FormField(
            "name", _("Name"), "text", self.roster.name, required=True, width="input--mid",
            error=self.errors.get("name", ""),
        )  # fmt: skip

    def shifts(self, known: dict[str, str]) -> list[dict[str, Any]]:
        """Return the shifts as the template draws them."""
        return [self._drawn(number, one, known) for number, one in enumerate(self.roster.shifts)]

    def _drawn(self, number: int, one: Shift, known: dict[str, str]) -> dict[str, Any]:
        key, typed = f"s{number}", self.typed[number]
        days = [(str(place), text) for place, text in enumerate(day_names())]
        labels = {
            "name": _("What it is called"), "begins": _("Begins"), "ends": _("Ends"),
            "since": _("From day"), "until": _("Until day"),
        }  # fmt: skip
        kinds = {"begins": "time", "ends": "time", "since": "date", "until": "date"}

        def field(name: str) -> FormField:
            return FormField(
                f"{key}-{name}", labels[name], "text", typed[name], type=kinds.get(name, ""),
                width="input--mid", error=self.errors.get(f"{key}-{name}", ""),
                help=_("The same or earlier: on the next day.") if name == "ends" else "",
            )  # fmt: skip

        holidays = [(kind.value, holidays_word(kind)) for kind in Holidays]
        rotations = [(kind.value, rotation_word(kind)) for kind in Rotation]
        return {
            "key": key,
            "title": typed["name"] or _("Shift %(n)s") % {"n": number + 1},
            "fields": [
                field("name"),
                FormField(f"{key}-days", _("Days"), "choices",
                          options=options(days, [str(day) for day in one.days])),
                FormField(f"{key}-holidays", _("On public holidays"), "choice",
                          options=options(holidays, one.holidays.value)),
                field("begins"), field("ends"),
                FormField(f"{key}-rotation", _("Turns"), "choice",
                          options=options(rotations, one.rotation.value)),
                field("since"), field("until"),
            ],
            "people": people_rows(f"{key}-people", one.people, known, MOST_PEOPLE),
            "error": self.errors.get(f"{key}-people-0", ""),
        }  # fmt: skip

    def faults(self, shifts: Sequence[dict[str, Any]]) -> list[Fault]:
        """Return the lines of the error summary."""
        found = rooms.faults([self.name_field()])
        for shift in shifts:
            found += [
                Fault(f"{shift['title']}: {one.label}", one.text, one.anchor)
                for one in rooms.faults(shift["fields"])
            ]
            if shift["error"]:
                found.append(Fault(shift["title"], shift["error"], f"f-{shift['key']}-people-0"))
        return found


def _one_of(kinds: Any, text: str) -> Any:
    return kinds(text) if text in {kind.value for kind in kinds} else None


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Make a roster."""
    require_change(desk)
    form = Form(Roster("", "", ()), 1)
    form.more(desk.broker.towns.clock(desk.tenant).astimezone(JST).date())
    return await _edit(request, desk, form)


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def edit(request: HttpRequest, desk: Desk, roster: str) -> HttpResponse:
    """Change a roster's shifts."""
    require_change(desk)
    async with transaction(desk.broker.pool) as connection:
        found, version = await store.roster_of(connection, desk.tenant, roster)
    return await _edit(request, desk, Form(found, version))


async def _edit(request: HttpRequest, desk: Desk, form: Form) -> HttpResponse:
    async with transaction(desk.broker.pool) as connection:
        known = await names(connection, desk, "staff.roster")
        do = request.POST.get("do", "") if request.method == "POST" else ""
        status = 200
        if do:
            form.read(request.POST, known)
            if do == "more":
                form.errors = {}
                form.more(desk.broker.towns.clock(desk.tenant).astimezone(JST).date())
            elif form.errors:
                status = 422
            else:
                form.settle()
                saved = await _save(connection, desk, form)
                if saved is not None:
                    return saved
                status = 409
    shifts = form.shifts(known)
    heading = form.roster.name or _("New duty roster")
    number = form.roster.id
    context = {
        "heading": heading,
        "trail": rooms.trail(desk, Step(_("Duty rosters"), desk.url("rosters")), heading),
        "name_field": form.name_field(),
        "shifts": shifts,
        "count": len(shifts),
        "errors": form.faults(shifts) if form.errors else [],
        "version": form.version,
        "back": desk.url("roster", roster=number) if number else desk.url("rosters"),
    }
    return rooms.shown(request, desk, "roster_form.html", context, status)


async def _save(connection: Connection, desk: Desk, form: Form) -> HttpResponse | None:
    try:
        number = await store.save_roster(
            connection, desk.tenant, form.roster, form.version, actor=desk.actor.subject
        )
    except Changed:
        form.errors["name"] = _("Somebody else has changed this roster meanwhile. Open it again.")
        return None
    return forth(desk.url("roster", roster=number), "saved")


@require_http_methods(["GET", "HEAD", "POST"])
@room
async def delete(request: HttpRequest, desk: Desk, roster: str) -> HttpResponse:
    """Delete a roster: the page names what happens, the button does it."""
    require_change(desk)
    back = desk.url("roster", roster=roster)
    async with transaction(desk.broker.pool) as connection:
        found, _version = await store.roster_of(connection, desk.tenant, roster)
    if request.method == "POST":
        try:
            async with transaction(desk.broker.pool) as connection:
                await store.delete_roster(connection, desk.tenant, roster, actor=desk.actor.subject)
        except InvalidCalling:
            text = _("A contact tree still names this roster. Change the tree first.")
            return rooms.refusal(request, desk, text, back)
        return forth(desk.url("rosters"), "deleted")
    return rooms.confirm(
        request,
        desk,
        _("Delete: %(name)s") % {"name": found.name},
        _("The shifts and swaps of “%(name)s” are gone.") % {"name": found.name},
        button=_("Delete “%(name)s”") % {"name": found.name},
        back=back,
    )
