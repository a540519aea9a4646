"""Values in words, in the language of the page: levels, stages, states, dates, ages."""

from datetime import datetime

from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from tamamo.kernel.time import JST
from tamamo.web.portal.level import Stage, State
from tamamo.web.portal.stations import Kind

_WEEKDAYS = "月火水木金土日"


def metres(value: float) -> str:
    """Return a level or difference with two decimals and a real minus sign."""
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")


def signed(value: float) -> str:
    """Return a change with its sign; ±0.00 where nothing changed."""
    return "±0.00" if abs(value) < 0.005 else f"{value:+.2f}".replace("-", "−")


def stage_word(stage: Stage) -> str:
    """Return the name of the threshold a stage stands for."""
    return {
        Stage.BELOW: pgettext("threshold", "below observation start"),
        Stage.STARTED: pgettext("threshold", "observation start level"),
        Stage.DANGER: pgettext("threshold", "danger level"),
        Stage.FLOOD: pgettext("threshold", "flood level"),
    }[stage]


def stage_label(stage: Stage) -> str:
    """Return a stage as the reader sees it on a badge."""
    return {
        Stage.BELOW: _("Below observation start"),
        Stage.STARTED: _("Observation start reached"),
        Stage.DANGER: _("Danger level reached"),
        Stage.FLOOD: _("Flood level reached"),
    }[stage]


def state_label(state: State) -> str:
    """Return the word for a state."""
    return {
        State.NORMAL: pgettext("state", "Normal"),
        State.LATE: pgettext("state", "Late"),
        State.MISSING: pgettext("state", "Missing"),
        State.ERROR: pgettext("state", "Error"),
    }[state]


def doubt_label(reason: str) -> str:
    """Return why a reading is not believed."""
    return {
        "jump": _("Not believed: it jumped"),
        "stuck": _("Not believed: it does not move"),
        "out_of_range": _("Not believed: out of range"),
    }.get(reason, "")


def kind_label(kind: Kind) -> str:
    """Return the name of a layer of stations."""
    return {Kind.RAIN: _("Rain"), Kind.TIDE: _("Tide")}[kind]


def severity_label(severity: str) -> str:
    """Return the word for how grave an estimate of ours is; never one of the authorities' words."""
    return {
        "critical": pgettext("severity", "Very grave"),
        "high": pgettext("severity", "Grave"),
        "medium": pgettext("severity", "Notable"),
        "low": pgettext("severity", "Slight"),
    }.get(severity, pgettext("severity", "For information"))


def full_date(moment: datetime) -> str:
    """Return 2026年11月22日(日) 16:05 or 22 Nov 2026, 16:05 JST."""
    local = moment.astimezone(JST)
    if get_language() == "ja":
        day = _WEEKDAYS[local.weekday()]
        return f"{local.year}年{local.month}月{local.day}日({day}) {local:%H:%M}"
    return f"{local.day} {local:%b %Y, %H:%M} JST"


def day_and_time(moment: datetime) -> str:
    """Return 6月26日 08:20 or 26 Jun, 08:20 JST."""
    local = moment.astimezone(JST)
    if get_language() == "ja":
        return f"{local.month}月{local.day}日 {local:%H:%M}"
    return f"{local.day} {local:%b, %H:%M} JST"


def age(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment was: minutes, hours, or days."""
    minutes = max(0, int((now - moment).total_seconds() // 60))
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    hours = minutes // 60
    if hours < 48:
        return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    days = hours // 24
    return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}
