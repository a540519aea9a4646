"""States and kinds in words."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tamamo.calling.call import Call, State
from tamamo.calling.duty import Holidays, Rotation
from tamamo.calling.texts import severity
from tamamo.calling.tree import Mode
from tamamo.web.staff.cells import language

_CHIPS = {
    State.RUNNING: "chip--red",
    State.UNANSWERED: "chip--red",
    State.ACKNOWLEDGED: "chip--green",
}


def call_state(call: Call) -> tuple[str, str]:
    """Return the word for a call's state, and the class of its chip."""
    words = {
        State.RUNNING: pgettext("call", "Calling"),
        State.ACKNOWLEDGED: pgettext("call", "Taken"),
        State.UNANSWERED: pgettext("call", "Nobody has answered"),
        State.OVER: pgettext("call", "Over before an answer"),
        State.STOPPED: pgettext("call", "Stopped"),
    }
    return words[call.state], _CHIPS.get(call.state, "")


def reached_word(word: str) -> tuple[str, str]:
    """Return the word for what became of calling somebody, and the class of its chip."""
    return {
        "acknowledged": (pgettext("answer", "Takes it"), "chip--green"),
        "declined": (pgettext("answer", "Cannot"), "chip--yellow"),
        "read": (pgettext("message", "Read"), "chip--blue"),
        "delivered": (pgettext("message", "Delivered"), "chip--blue"),
        "sent": (pgettext("message", "Sent"), "chip--blue"),
        "queued": (pgettext("message", "Waiting"), ""),
        "unreached": (pgettext("message", "Not reached"), "chip--red"),
    }[word]


def message_word(state: str, reason: str) -> str:
    """Return what became of one message."""
    if reason:
        return {
            "expired": pgettext("message", "Not sent in time"),
            "refused": pgettext("message", "Refused by the receiver"),
            "gone": pgettext("message", "No such address"),
            "address": pgettext("message", "Address not allowed"),
            "not_connected": pgettext("message", "Not connected"),
            "not_needed": pgettext("message", "Not needed any more"),
            "drill": pgettext("message", "Withheld: not on the drill's list"),
            "drill_over": pgettext("message", "Withheld: the drill is over"),
            "no_town": pgettext("message", "Withheld: the town is suspended"),
        }.get(reason, reason)
    return {
        "queued": pgettext("message", "Waiting"),
        "sent": pgettext("message", "Sent"),
        "delivered": pgettext("message", "Delivered"),
        "read": pgettext("message", "Read"),
        "failed": pgettext("message", "Failed"),
        "withheld": pgettext("message", "Withheld"),
    }[state]


def via_word(via: str | None) -> str:
    """Return by what somebody answered."""
    return {
        "link": _("by the link"),
        "page": _("on the staff page"),
        "webhook": _("by a webhook"),
        "alert": _("on the page of the alert"),
    }.get(via or "", "")


def log_word(kind: str) -> str:
    """Return what happened."""
    return {
        "began": _("The call begins"),
        "alert": _("An alert is added"),
        "raised": _("A graver alert: the tree begins anew"),
        "again": _("A new alert: the tree begins anew"),
        "called": _("Somebody is called"),
        "nobody": _("Nobody to call at this step"),
        "unreachable": _("Nobody of this step can be reached: going on"),
        "declined": _("Cannot come"),
        "unanswered": _("All rounds are over, nobody has answered"),
        "acknowledged": _("Taken"),
        "over": _("All alerts are over"),
        "stopped": _("Stopped"),
        "test": _("A test call"),
    }.get(kind, kind)


def severity_word(name: str) -> str:
    """Return the word for a severity in the page's language."""
    return severity(name, language())


def mode_word(mode: Mode) -> str:
    """Return how a step calls."""
    return {
        Mode.TOGETHER: _("all at once"),
        Mode.IN_TURN: _("one after the other"),
    }[mode]


def holidays_word(kind: Holidays) -> str:
    """Return what public holidays are to a shift."""
    return {
        Holidays.SAME: _("as other days"),
        Holidays.WITHOUT: _("not on public holidays"),
        Holidays.ALSO: _("also on every public holiday"),
    }[kind]


def rotation_word(kind: Rotation) -> str:
    """Return how people take turns."""
    return {
        Rotation.ALL: _("all together"),
        Rotation.DAY: _("one a day, in turn"),
        Rotation.WEEK: _("one a week, in turn"),
    }[kind]


def day_names() -> list[str]:
    """Return the days of the week, Monday first, short."""
    return [
        pgettext("day", "Mon"),
        pgettext("day", "Tue"),
        pgettext("day", "Wed"),
        pgettext("day", "Thu"),
        pgettext("day", "Fri"),
        pgettext("day", "Sat"),
        pgettext("day", "Sun"),
    ]


def day_label(day: date) -> str:
    """Return 6月1日(月) or Mon 1 Jun."""
    name = day_names()[day.weekday()]
    return f"{day.month}月{day.day}日({name})" if language() == "ja" else f"{name} {day:%-d %b}"
