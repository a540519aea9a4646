"""The texts that the map's script shows, translated on the server."""

from django.utils.translation import gettext as _

from tamamo.web.staff.browser import staff_messages


def facility_messages() -> dict[str, str]:
    """Return message name → text."""
    return staff_messages() | {
        "mapTitle": _("Map of the facilities; the list holds the same"),
    }
