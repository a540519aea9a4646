"""The texts that scripts show, translated on the server."""

from django.utils.translation import get_language
from django.utils.translation import gettext as _


def browser_messages() -> dict[str, str]:
    """Return message name → text; {time}, {name}, {level}, {stage} are filled in by the scripts."""
    return {
        "language": get_language() or "ja",
        "justNow": _("just now"),
        "live": _("Updating live"),
        "paused": _("Updates stopped (as of {time})"),
        "lost": _("Updates have stopped (as of {time}). Trying to reconnect."),
        "stop": _("Stop updates"),
        "resume": _("Resume updates"),
        "late": _("Late"),
        "stageUp": _("{name} has risen: {stage}, {level} m."),
        "stageDown": _("{name} has fallen: {stage}."),
        "mapBasic": _("Showing the simple map. The observations are up to date."),
        "mapBasicPlain": _("Showing the simple map."),
        "mapFull": _("Map: GSI optimized vector tiles"),
        "mapNone": _("This browser cannot draw the map. The list shows the same."),
        "mapTitle": _("Map of river gauges; the list below holds the same"),
        "mapDataTitle": _("Map of the data; the list holds the same"),
        "zoomIn": _("Zoom in"),
        "zoomOut": _("Zoom out"),
        "gestureKeys": _("Hold Ctrl and scroll to zoom the map"),
        "gestureKeysMac": _("Hold ⌘ and scroll to zoom the map"),
        "gestureTouch": _("Move the map with two fingers"),
        "creditRivers": _("Rivers and names: Tamamo (approximate)"),
        "creditGsi": "国土地理院最適化ベクトルタイル",
        "chartLevel": _("Level (m)"),
        "chartStart": _("Observation start level"),
        "chartAlert": _("Danger level"),
        "chartDanger": _("Flood level"),
        "chartLabel": _("Chart of the last 48 hours. The table below holds the same values."),
        "chartError": _("The chart cannot be loaded. The table below holds the values."),
    }
