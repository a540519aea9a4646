"""What the rain nowcast's part of a page needs."""

from django import template

from tamamo.feeds.readers.nowcast import steps

register = template.Library()


@register.simple_tag
def nowcast_scale() -> list[tuple[int, int | None]]:
    """Return the scale of the rain from weak to strong: from, to (None: and above), mm/h."""
    return list(steps())
