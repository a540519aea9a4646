"""The texts that the wall's scripts show, translated on the server."""

from django.utils.translation import gettext as _

from tamamo.web.portal.browser import browser_messages

_SHARED = (
    "language",
    "justNow",
    "live",
    "paused",
    "lost",
    "stop",
    "resume",
    "late",
    "stageUp",
    "stageDown",
    "mapBasic",
    "mapBasicPlain",
    "mapFull",
    "mapNone",
    "zoomIn",
    "zoomOut",
    "creditRivers",
    "creditGsi",
)


def wall_messages() -> dict[str, str]:
    """Return message name → text; {name} and the like are filled in by the scripts."""
    shared = browser_messages()
    return {name: shared[name] for name in _SHARED} | {
        "mapTitle": _("Map of everything that the panels list"),
        "official": _("Official: {text}"),
    }
