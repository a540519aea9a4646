"""States, severities, events and faults in words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from tamamo.rules import AlertEvent


def state_word(state: str) -> str:
    """Return the word for an alert's state."""
    return {
        "normal": pgettext("alert state", "Normal"),
        "pending": pgettext("alert state", "Pending"),
        "firing": pgettext("alert state", "Firing"),
        "recovering": pgettext("alert state", "Recovering"),
        "noData": pgettext("alert state", "No data"),
        "error": pgettext("alert state", "Error"),
    }.get(state, state)


def state_shape(state: str) -> str:
    """Return the shape beside the word."""
    shapes = {"normal": "○", "pending": "◔", "firing": "▲", "recovering": "▽", "noData": "？"}
    return shapes.get(state, "✕")


def severity_word(severity: str) -> str:
    """Return the word for how grave a rule takes it; never the words of the authorities."""
    return {
        "informational": pgettext("alert severity", "Information"),
        "low": pgettext("alert severity", "Low"),
        "medium": pgettext("alert severity", "Medium"),
        "high": pgettext("alert severity", "High"),
        "critical": pgettext("alert severity", "Critical"),
    }.get(severity, severity)


def event_word(event: AlertEvent) -> str:
    """Return what an event of the history was."""
    if event.kind == "state":
        values = {"before": state_word(event.before), "after": state_word(event.after)}
        return _("%(before)s → %(after)s") % values
    return {
        "acknowledged": _("Acknowledged"),
        "silenced": _("Silenced"),
        "unsilenced": _("Silence ended"),
        "silence_expired": _("Silence expired"),
    }.get(event.kind, event.kind)


def origin_word(origin: str) -> str:
    """Return where a rule comes from."""
    return {
        "shipped": pgettext("rule", "Shipped"),
        "own": pgettext("rule", "Of the town"),
        "changed": pgettext("rule", "Shipped, changed by the town"),
    }.get(origin, origin)


def type_word(kind: str) -> str:
    """Return what a rule's subjects are; the type itself where it has no word."""
    return {
        "FloodMonitoring": pgettext("rule", "Water level"),
        "SeaConditions": pgettext("rule", "Tide"),
        "WeatherObserved": pgettext("rule", "Rain and weather"),
        "EvacuationShelter": pgettext("rule", "Shelters"),
        "RoadSegment": pgettext("rule", "Roads"),
        "Device": pgettext("rule", "Devices"),
        "WeatherAlert": pgettext("rule", "Warnings of the authorities"),
    }.get(kind, kind)


def fired_text(fired: int, days: int) -> str:
    """Return what a preview found, as a sentence."""
    return ngettext(
        "In the last %(days)s days this rule would have fired %(n)s time.",
        "In the last %(days)s days this rule would have fired %(n)s times.",
        fired,
    ) % {"n": f"{fired:,}", "days": days}


def error_text(code: str) -> str:
    """Return what is wrong with a field of the form, and what to do."""
    return {
        "number": _("A number is needed, such as 1.25."),
        "minutes": _("Whole minutes are needed, such as 30."),
        "polygon": _("One place a line is needed: longitude, blank, latitude."),
        "place": _("Choose municipalities or an area, not both."),
        "other": _("Of another place only a threshold, a rate or values can be asked."),
        "condition": _("At least one condition is needed."),
        "json": _("This is no declaration: a JSON object is needed."),
        "until": _("A moment in the future, of at most 30 days, is needed."),
        "reason": _("Say why, so that the next shift knows."),
    }.get(code, code)


def kind_words() -> list[tuple[str, str]]:
    """Return the kinds of conditions with their words."""
    return [
        ("", _("(not used)")),
        ("threshold", _("Threshold")),
        ("rate", _("Rate of rise or fall")),
        ("silence", _("Silence")),
        ("geofence", _("Outside or inside an area")),
        ("is", _("Has one of these values")),
    ]
