"""Tags and filters of the web faces; loaded in every template."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import format_html_join

from tamamo.kernel import time
from tamamo.web import assets
from tamamo.web.portal import words
from tamamo.web.portal.browser import browser_messages
from tamamo.web.portal.exports import moment_text
from tamamo.web.portal.facilities.browser import facility_messages
from tamamo.web.portal.level import Stage, State
from tamamo.web.portal.margin import margin
from tamamo.web.portal.names import Named, local_name, local_text, marked
from tamamo.web.portal.stations import Kind
from tamamo.web.portal.watch.places import kind_name
from tamamo.web.staff.browser import staff_messages

register = template.Library()

register.simple_tag(assets.asset_url, name="asset")
register.filter("metres", words.metres)
register.filter("signed", words.signed)
register.filter("full_date", words.full_date)
register.filter("day_and_time", words.day_and_time)
register.filter("iso", moment_text)
register.filter("margin", margin)


@register.filter
def clock(moment: datetime) -> str:
    """Return 16:05 in Japan time."""
    return f"{moment.astimezone(time.JST):%H:%M}"


@register.filter
def age(moment: datetime) -> str:
    """Return how long ago a moment was."""
    return words.age(moment, time.now())


@register.filter
def stage_label(stage: Stage) -> str:
    """Return the words of a stage's badge."""
    return words.stage_label(stage)


@register.filter
def state_label(state: State) -> str:
    """Return the word for a state."""
    return words.state_label(state)


register.filter("doubt_label", words.doubt_label)
register.filter("place_kind", kind_name)


@register.filter
def kind_label(kind: Kind) -> str:
    """Return the name of a kind of station."""
    return words.kind_label(kind)


@register.filter
def severity_label(severity: str) -> str:
    """Return the word for how grave an estimate is."""
    return words.severity_label(severity)


register.filter("plain_name", local_name)


@register.filter
def named(item: Named) -> str:
    """Return a gauge's or station's name for the page, marked where it is in another language."""
    return marked(local_name(item))


@register.filter
def local(text: str) -> str:
    """Return a town, river or publisher for the page, marked where it is in another language."""
    return marked(local_text(text))


@register.filter
def local_list(texts: Iterable[str]) -> str:
    """Return several of them, with commas."""
    return format_html_join(", ", "{}", ((local(text),) for text in texts))


register.simple_tag(browser_messages)
register.simple_tag(staff_messages)
register.simple_tag(facility_messages)


@register.simple_tag(takes_context=True)
def here(context: Context, **changes: Any) -> str:
    """Return the query of this view with some parameters changed."""
    query: str = context["view"].query(**{name: str(value) for name, value in changes.items()})
    return query
