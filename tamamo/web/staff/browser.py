"""The texts that the staff pages' scripts show, translated on the server."""

from django.utils.translation import gettext as _

from tamamo.web.portal.browser import browser_messages

#: What the map and the keys share with the citizens' pages.
_SHARED = (
    "language",
    "mapBasicPlain",
    "mapFull",
    "mapNone",
    "zoomIn",
    "zoomOut",
    "gestureKeys",
    "gestureKeysMac",
    "gestureTouch",
    "creditRivers",
    "creditGsi",
)


def staff_messages() -> dict[str, str]:
    """Return message name → text; {n} is filled in by the scripts."""
    shared = browser_messages()
    return {name: shared[name] for name in _SHARED} | {
        "mapTitle": _("Map of the records in the list"),
        "mapFailed": _("The places cannot be loaded. The list shows the same."),
        "selected": _("{n} selected"),
    }
