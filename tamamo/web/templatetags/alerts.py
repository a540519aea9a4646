"""Filters of the pages of alerts."""

from typing import Any

from django import template

from tamamo.rules.alert import figure
from tamamo.web.staff.alerts import words
from tamamo.web.staff.alerts.alertstate import AlertState

register = template.Library()
register.filter("alert_word", words.state_word)
register.filter("alert_shape", words.state_shape)
register.filter("severity_word", words.severity_word)


@register.filter("figure")
def figure_of(value: float | None) -> str:
    """Return a number with at most two decimals, – for none."""
    return figure(value).replace("-", "−")


@register.filter
def view_with(state: AlertState, change: str) -> str:
    """Return the address of the list with one parameter changed."""
    name, _, value = change.partition("=")
    return state.query(**{name: value, "view": ""}) or "?"


@register.filter
def at(values: dict[str, Any], name: str) -> Any:
    """Return a member of a mapping, "" where there is none."""
    return values.get(name, "")
