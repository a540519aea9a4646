"""Tags and filters of the wall."""

from collections.abc import Mapping

from django import template
from django.utils.translation import get_language

from tamamo.feeds.counting import Source
from tamamo.web.portal.level import Stage
from tamamo.web.portal.names import Named, local_name, marked
from tamamo.web.wall import words
from tamamo.web.wall.browser import wall_messages
from tamamo.web.wall.shelters import Opening
from tamamo.web.wall.wallstate import WallState

register = template.Library()

register.simple_tag(wall_messages)
register.filter("room_text", words.room_text)
register.filter("target_text", words.target_text)
register.filter("rate_text", words.rate_text)
register.filter("eta_text", words.eta_text)
register.filter("away_reason", words.away_reason)


@register.filter
def stage_short(stage: Stage) -> str:
    """Return the short word of a stage for a badge that stands far away."""
    return words.stage_short(stage)


@register.filter
def opening_label(opening: Opening) -> str:
    """Return the word for whether a shelter is open."""
    return words.opening_label(opening)


@register.filter
def short_named(item: Named) -> str:
    """Return a name without the word that the mark beside it says: a wall has little room."""
    name = local_name(item)
    for word in words.SIMULATED:
        name = name.removesuffix(word).rstrip()
    return marked(name)


register.filter("call_word", words.call_word)
register.filter("reached_word", words.reached_word)
register.filter("feed_word", words.feed_word)


@register.filter
def in_language(texts: Mapping[str, str]) -> str:
    """Return a text in the language of the page, or else in Japanese."""
    return texts.get(get_language() or "ja") or texts.get("ja", "")


@register.filter
def feed_name(source: Source) -> str:
    """Return what a data source is called in the language of the page."""
    return source.name_ja if get_language() == "ja" else source.name_en


@register.filter("with")
def with_change(state: WallState, change: str) -> str:
    """Return the address of the view with one parameter changed: `state|with:"area=wide"`."""
    name, _, value = change.partition("=")
    return state.query(**{name: value})
