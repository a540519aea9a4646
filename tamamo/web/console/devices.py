"""Devices: when each was last seen, with late, missing, silent, invalid and refused kept apart.

Two kinds of rows: stations, which are entities that report (the rules of the portal,
tamamo.web.portal.level), and devices with a key of their own (tamamo.kernel.identity.devices).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_safe

from tamamo.kernel import time
from tamamo.kernel.database import transaction
from tamamo.kernel.identity import devices as keyed
from tamamo.kernel.identity.refusals import Refused
from tamamo.kernel.identity.refusals import listing as listing_of
from tamamo.web.console import frame, lists
from tamamo.web.console.door import console
from tamamo.web.console.viewer import Viewer, broker_of
from tamamo.web.portal import city, level
from tamamo.web.portal.access import BrokerSource
from tamamo.web.portal.gauges import Gauge
from tamamo.web.portal.level import SILENT_AFTER
from tamamo.web.portal.names import local_name
from tamamo.web.portal.stations import Station
from tamamo.web.portal.words import day_and_time, kind_label


class State(StrEnum):
    """How a device is; the worst first."""

    INVALID = "invalid"
    UNAUTHORISED = "unauthorised"
    SILENT = "silent"
    MISSING = "missing"
    LATE = "late"
    NEVER = "never"
    NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class Row:
    """A device in the list. seen_at: its last value, or its key's last use. every: as promised."""

    tenant: str
    id: str
    name: str
    kind: str
    state: State
    seen_at: datetime | None
    every: timedelta | None
    why: str
    url: str = ""

    @property
    def label(self) -> str:
        """The word for its state."""
        return label(self.state)

    @property
    def next_step(self) -> str:
        """What to do about it, "" where all is well."""
        return next_step(self.state)


def label(state: State) -> str:
    """Return the word for a device's state."""
    return {
        State.INVALID: pgettext("device", "Invalid value"),
        State.UNAUTHORISED: pgettext("device", "Not authorised"),
        State.SILENT: pgettext("device", "Silent"),
        State.MISSING: pgettext("device", "Missing value"),
        State.LATE: pgettext("device", "Late"),
        State.NEVER: pgettext("device", "Never seen"),
        State.NORMAL: pgettext("device", "Normal"),
    }[state]


def _why(state: State) -> str:
    return {
        State.INVALID: _("What it reports is no number, has no time, or is ahead of the clock."),
        State.UNAUTHORISED: _("It showed a key that does not count."),
        State.SILENT: _("Nothing has come for more than 24 hours."),
        State.MISSING: _("Its source says that there is no value."),
        State.LATE: _("Its last value is older than twice its interval."),
    }.get(state, "")


def next_step(state: State) -> str:
    """Return what to do about a bad state."""
    return {
        State.INVALID: _(
            "Look at its readings and at the sensor itself; it may be dirty or loose."
        ),
        State.UNAUTHORISED: _("Make it a new key and put it into the device."),
        State.SILENT: _("Look at its power and its line; somebody has to go there."),
        State.LATE: _("Wait for two or three intervals."),
        State.MISSING: _("Ask its owner whether it is being looked after."),
        State.NEVER: _("Put its key into the device and switch it on."),
    }.get(state, "")


def reason_word(reason: str) -> str:
    """Return why a key was refused."""
    return {
        "unknown_key": _("a key nobody knows"),
        "revoked": _("a revoked key"),
        "expired": _("an expired key"),
        "replaced": _("an old key that was replaced"),
        "wrong_topic": _("a topic that is not its own"),
    }.get(reason, reason)


def _doubted(reason: str) -> str:
    return {
        "jump": _("It jumped further than can be: kept in the history, shown as no value."),
        "stuck": _("The very same value for days or hours: the sensor may be stuck."),
        "out_of_range": _("It is outside what can be measured."),
    }.get(reason, "")


def _state(shown: level.State, seen_at: datetime | None, as_of: datetime) -> State:
    if shown is level.State.NORMAL:
        return State.NORMAL
    if shown is level.State.LATE:
        return State.LATE
    if shown is level.State.ERROR:
        return State.INVALID
    if seen_at is None:
        return State.NEVER
    return State.SILENT if as_of - seen_at > SILENT_AFTER else State.MISSING


def _station(tenant: str, found: Gauge | Station, as_of: datetime) -> Row:
    state = _state(found.state, found.observed_at, as_of)
    return Row(
        tenant,
        found.id,
        local_name(found),
        kind_label(found.kind) if isinstance(found, Station) else _("River level"),
        state,
        found.observed_at,
        found.interval if isinstance(found, Gauge) else None,
        _doubted(found.doubt) or _why(state),
    )


def _keyed(
    tenant: str, found: keyed.Registered, now: datetime, refused: Refused | None = None
) -> Row:
    state, why = State.NORMAL, ""
    how = found.state(now)
    used = found.last_used_at
    if refused is not None and (used is None or used < refused.last_at):
        state = State.UNAUTHORISED
        why = ngettext(
            "%(n)d time %(reason)s, last %(at)s.", "%(n)d times %(reason)s, last %(at)s.",
            refused.count,
        ) % {
            "n": refused.count,
            "reason": reason_word(refused.reason),
            "at": day_and_time(refused.last_at),
        }  # fmt: skip
    elif how != "active" or not found.keys:
        state = State.UNAUTHORISED
        why = _("Its key was revoked.") if how == "revoked" else _("Its key has expired.")
    elif found.last_used_at is None:
        state, why = State.NEVER, _("Its key has not been used yet.")
    elif now - found.last_used_at > SILENT_AFTER:
        state, why = State.SILENT, _why(State.SILENT)
    url = reverse("console:device-key", kwargs={"tenant": tenant, "device": found.id})
    return Row(
        tenant, found.id, found.name, _("With a key"), state, found.last_used_at, None, why, url
    )


async def rows(request: HttpRequest, viewer: Viewer) -> list[Row]:
    """Return the devices of all tenants the viewer sees, those that need somebody first."""
    broker, now = broker_of(request), time.now()
    found: list[Row] = []
    for tenant in viewer.towns if viewer.town is None else (viewer.town,):
        shown = await city.at_moment(BrokerSource(broker, tenant))
        found += [_station(tenant, gauge, shown.as_of) for gauge in shown.gauges]
        found += [_station(tenant, station, shown.as_of) for station in shown.stations]
        async with transaction(broker.pool) as connection:
            refused = {one.device: one for one in reversed(await listing_of(connection, tenant))}
            for device in await keyed.listing(connection, tenant):
                found.append(_keyed(tenant, device, now, refused.get(device.id)))
    order = list(State)
    return sorted(found, key=lambda row: (order.index(row.state), row.tenant, row.name))


#: The states the page explains.
_TOLD = (State.LATE, State.SILENT, State.INVALID, State.UNAUTHORISED, State.MISSING)


@dataclass(frozen=True, slots=True)
class Strange:
    """Keys refused in a town that belong to no device."""

    tenant: str
    reason: str
    count: int
    last_at: datetime


async def _refusals(request: HttpRequest, viewer: Viewer) -> list[Strange]:
    found = []
    async with transaction(broker_of(request).pool) as connection:
        for tenant in viewer.towns if viewer.town is None else (viewer.town,):
            for one in await listing_of(connection, tenant):
                if not one.device:
                    reason = reason_word(one.reason)
                    found.append(Strange(tenant, reason, one.count, one.last_at))
    return found


@require_safe
@console()
async def listing(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """All devices, with a tab for each state there is."""
    found = await rows(request, viewer)
    by = [("", _("All"), len(found))]
    by += [
        (state.value, label(state), number)
        for state in State
        if (number := sum(row.state is state for row in found))
    ]
    refused = await _refusals(request, viewer)
    wanted, words = request.GET.get("state", ""), request.GET.get("q", "").strip().lower()
    shown = [
        row
        for row in found
        if (not wanted or row.state == wanted)
        and (not words or words in row.name.lower() or words in row.id.lower())
    ]
    page = lists.paged(request, shown)
    context = {
        "tabs": lists.tabs(request, "state", by),
        "page": page,
        "refused": refused,
        "legend": [(state, label(state), _why(state)) for state in _TOLD],
        "q": request.GET.get("q", ""),
        "state": wanted,
    }
    return frame.show(request, viewer, "console/devices.html", context)
