"""How far a gauge stands from its thresholds, in a few words beside its value.

Levels of different gauges have different zeros and cannot be compared; the room that is left can.
"""

from django.utils.translation import gettext as _

from tamamo.web.portal.gauges import Gauge
from tamamo.web.portal.level import Stage, next_threshold, stage_of
from tamamo.web.portal.words import metres, stage_word


def margin(gauge: Gauge) -> str:
    """Return the room to the next threshold, or the height above the last; "" without either."""
    level = gauge.shown_level
    if level is None:
        return ""
    limits = gauge.thresholds
    following = next_threshold(level, limits)
    if following is not None:
        values = {
            "limit": stage_word(stage_of(following, limits)),
            "metres": metres(following - level),
        }
        return _("%(metres)s m below %(limit)s") % values
    stage = stage_of(level, limits)
    reached = {
        Stage.FLOOD: limits.danger,
        Stage.DANGER: limits.alert,
        Stage.STARTED: limits.start,
    }.get(stage)
    if reached is None:
        return ""
    values = {"limit": stage_word(stage), "metres": metres(level - reached)}
    if values["metres"] == "0.00":
        return _("at %(limit)s") % values
    return _("%(metres)s m above %(limit)s") % values
