"""What the wall says of a gauge: its rate, the time to its threshold."""

from datetime import timedelta
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tamamo.web.portal.level import Stage
from tamamo.web.portal.words import metres, stage_word
from tamamo.web.wall.rising import Rising
from tamamo.web.wall.shelters import Opening

#: How simulated places are called beside their names; the wall has a mark for it.
SIMULATED: Final = ("（模擬）", "(simulated)")
_STEP: Final = 5


def room_text(rising: Rising) -> str:
    """Return the metres left to the target, or those above it; "" without either."""
    if rising.room is None:
        return ""
    text = metres(abs(rising.room))
    if text == "0.00":
        return pgettext("room", "reached")
    values = {"metres": text}
    if rising.room < 0:
        return pgettext("room", "%(metres)s m above") % values
    return pgettext("room", "%(metres)s m left") % values


def target_text(rising: Rising) -> str:
    """Return what the room and the time ahead are measured to; "" where there is nothing."""
    if rising.target is None or rising.room is None:
        return ""
    values = {"limit": stage_word(rising.target), "room": room_text(rising)}
    if rising.eta is not None:
        return _("to %(limit)s, %(room)s") % values
    return _("to %(limit)s") % values


def rate_text(rising: Rising) -> str:
    """Return the rate in words with its figure; "" where nothing is known of the last hour."""
    if rising.rate is None:
        return ""
    values = {"metres": metres(abs(rising.rate))}
    if rising.direction > 0:
        return _("rising %(metres)s m/h") % values
    if rising.direction < 0:
        return _("falling %(metres)s m/h") % values
    return _("steady")


def eta_text(rising: Rising) -> str:
    """Return how long until the target at this rate, an estimate; "" where there is none."""
    return "" if rising.eta is None else _("about %(time)s") % {"time": span(rising.eta)}


def span(time: timedelta) -> str:
    """Return a time ahead in steps of five minutes, of half an hour beyond two hours."""
    minutes = max(_STEP, round(time.total_seconds() / 60 / _STEP) * _STEP)
    if minutes < 120:
        return _("%(n)d min") % {"n": minutes}
    return _("%(n)s h") % {"n": f"{round(minutes / 30) / 2:g}"}


def stage_short(stage: Stage) -> str:
    """Return the short word of a stage: it is read from five metres."""
    return {
        Stage.BELOW: pgettext("short stage", "Below"),
        Stage.STARTED: pgettext("short stage", "Watch"),
        Stage.DANGER: pgettext("short stage", "Danger"),
        Stage.FLOOD: pgettext("short stage", "Flood"),
    }[stage]


def opening_label(opening: Opening) -> str:
    """Return the word for whether a shelter is open."""
    return {
        Opening.OPEN: pgettext("shelter", "Open"),
        Opening.FULL: pgettext("shelter", "Full"),
        Opening.CLOSED: pgettext("shelter", "Closed"),
        Opening.UNKNOWN: pgettext("shelter", "Not known"),
    }[opening]


def away_reason(reason: str) -> str:
    """Return why a town is missing."""
    return {
        "unreachable": _("its installation does not answer"),
        "suspended": _("its operation is suspended"),
        "silent": _("nothing of it is current"),
    }.get(reason, "")


def call_word(state: str) -> str:
    """Return the word for how a call stands."""
    return {
        "running": pgettext("call", "Calling"),
        "acknowledged": pgettext("call", "Answered"),
        "unanswered": pgettext("call", "Nobody answered"),
        "over": pgettext("call", "Over"),
        "stopped": pgettext("call", "Stopped"),
    }.get(state, state)


def reached_word(state: str) -> str:
    """Return the word for what became of calling somebody."""
    return {
        "acknowledged": pgettext("called", "Answered"),
        "declined": pgettext("called", "Declined"),
        "read": pgettext("called", "Read"),
        "delivered": pgettext("called", "Delivered"),
        "sent": pgettext("called", "Sent"),
        "queued": pgettext("called", "Being sent"),
        "unreached": pgettext("called", "Not reached"),
    }.get(state, state)


def feed_word(state: str) -> str:
    """Return the word for how a data source is."""
    return {
        "late": pgettext("data source", "Late"),
        "silent": pgettext("data source", "Silent"),
        "invalid": pgettext("data source", "Invalid"),
        "unauthorised": pgettext("data source", "Not authorised"),
        "never": pgettext("data source", "Never came"),
    }.get(state, state)
