"""What drills' states, entries and verdicts are called; times of a drill's clock as text."""

from datetime import datetime

from django.utils.translation import gettext as _

from tamamo.drills.log import Line
from tamamo.drills.review import Verdict
from tamamo.kernel.drills import Clock, State
from tamamo.kernel.time import JST


def drills() -> str:
    """Return the heading of the list."""
    return _("Drills")


def state_word(state: State) -> str:
    """Return the word for a drill's state."""
    return {
        State.MAKING: _("Being prepared"),
        State.READY: _("Ready"),
        State.RUNNING: _("Running"),
        State.PAUSED: _("Paused"),
        State.ENDED: _("Ended"),
    }.get(state, _("Being removed"))


def state_chip(state: State) -> str:
    """Return the colour of a state's chip."""
    return {State.RUNNING: "green", State.PAUSED: "yellow", State.READY: "blue"}.get(state, "")


def clock_text(clock: Clock, position: float) -> str:
    """Return what the drill's clock showed: 22:42, and with its day after midnight."""
    at = clock.shows(position).astimezone(JST)
    begins = clock.begins_at.astimezone(JST)
    days = (at.date() - begins.date()).days
    text = f"{at:%H:%M}"
    if not days:
        return text
    return _("%(time)s (day %(n)s)") % {"time": text, "n": days + 1}


def full_text(moment: datetime) -> str:
    """Return a moment of the drill's clock with its date."""
    return f"{moment.astimezone(JST):%Y-%m-%d %H:%M}"


def span(seconds: float | None) -> str:
    """Return a span of the drill's time: 12 min, 1 h 05 min."""
    if seconds is None:
        return "—"
    minutes = round(abs(seconds) / 60)
    if minutes < 60:
        return _("%(n)s min") % {"n": minutes}
    return _("%(h)s h %(m)s min") % {"h": minutes // 60, "m": f"{minutes % 60:02d}"}


def verdict_word(verdict: Verdict) -> str:
    """Return the word for how a decision went."""
    return {
        Verdict.DONE: _("In time"),
        Verdict.LATE: _("Too late"),
        Verdict.MISSED: _("Not done"),
        Verdict.OPEN: _("Still open"),
    }[verdict]


def verdict_chip(verdict: Verdict) -> str:
    """Return the colour of a verdict's chip."""
    return {
        Verdict.DONE: "green",
        Verdict.LATE: "yellow",
        Verdict.MISSED: "red",
    }.get(verdict, "")


def kind_word(line: Line) -> str:
    """Return what an entry of the log is."""
    if line.kind in ("script", "injected"):
        return event_word(line.what)
    return {"alert": _("Alert"), "message": _("Message"), "act": _("Done by somebody")}[line.kind]


def event_word(kind: str) -> str:
    """Return what an event of a script is."""
    return {
        "news": _("Report"),
        "call": _("Telephone call"),
        "telegram": _("Weather telegram"),
        "state": _("Change on the ground"),
    }.get(kind, _("Value"))


def line_text(line: Line, language: str) -> str:
    """Return an entry of the log as a sentence."""
    text = line.text(language)
    if line.kind == "act":
        return act_text(line, text)
    if line.kind == "message":
        return f"{message_word(line.what)}: {text}"
    if line.kind == "alert":
        return f"{alert_word(line.what)}: {text}"
    return text


def act_text(line: Line, text: str) -> str:
    """Return what somebody did; what is not known by a word is said as the audit log says it."""
    known = {
        "alert.acknowledge": _("Took note of the alert"),
        "alert.silence": _("Silenced an alert"),
        "warning.draft": _("Drafted a warning to the public"),
        "warning.submit": _("Sent the draft to be approved"),
        "warning.approve": _("Approved the warning"),
        "warning.publish": _("Published the warning"),
        "call.acknowledge": _("Answered the call"),
        "call.stop": _("Stopped the call"),
        "register.edit": _("Changed a record"),
        "register.new": _("Made a record"),
        "drill.create": _("Made the drill"),
        "drill.start": _("Started the drill"),
        "drill.pause": _("Stopped the clock"),
        "drill.go_on": _("Let the clock go on"),
        "drill.end": _("Ended the drill"),
        "drill.reach": _("Changed who may be reached"),
        "drill.inject": _("Put in an event"),
        "drill.decide": _("Noted a decision"),
    }
    said = known.get(line.what, line.what)
    about = line.about.partition(" ")[0]
    shown = "" if about.startswith(("drill:", "user:")) else f" ({about})"
    return f"{said}{shown}{': ' + text if text else ''}"


def alert_word(state: str) -> str:
    """Return the word for what an alert became."""
    return {
        "firing": _("Alert begins"),
        "normal": _("Alert ends"),
        "noData": _("No more readings"),
    }.get(state, _("Rule in error"))


def message_word(state: str) -> str:
    """Return the word for what became of a message."""
    return {
        "queued": _("Waiting"),
        "sent": _("Sent"),
        "delivered": _("Delivered"),
        "read": _("Read"),
        "failed": _("Failed"),
        "withheld": _("Withheld (not on the list)"),
    }.get(state, state)
