"""Filters of the console: sizes, spans of time, counts, who somebody is."""

from datetime import timedelta

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()

_UNITS = ("B", "KB", "MB", "GB", "TB")


@register.filter
def size(count: float | None) -> str:
    """Return bytes as people read them: 1.5 MB."""
    if count is None:
        return "—"
    value = float(count)
    for unit in _UNITS:
        if abs(value) < 1024 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


@register.filter
def count(number: float | None) -> str:
    """Return a number with its thousands apart; nothing known is a dash."""
    return "—" if number is None else f"{number:,.0f}"


@register.filter
def span(length: float | timedelta | None) -> str:
    """Return a span of time in its largest fitting unit, from seconds."""
    if length is None:
        return "—"
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    if seconds < 10 and seconds != int(seconds):
        return _("%(n)s s") % {"n": f"{seconds:.1f}"}
    if seconds < 120:
        return _("%(n)s s") % {"n": f"{seconds:.0f}"}
    if seconds < 7200:
        return _("%(n)s min") % {"n": f"{seconds / 60:.0f}"}
    if seconds < 172_800:
        return _("%(n)s h") % {"n": f"{seconds / 3600:.0f}"}
    days = round(seconds / 86_400)
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


@register.filter
def percent(share: float | None) -> str:
    """Return a part of one as per cent."""
    return "—" if share is None else f"{100 * share:.0f}%"


@register.filter
def lookup(mapping: dict[str, str], key: str) -> str:
    """Return a value of a mapping, the key itself without one."""
    return mapping.get(key, key)
