"""Portable units: which stood where and when; what they measured stays with the place.

A unit is a device whose messages belong to the place it stands at (docs/subsystems/mqtt.md).
"""

from tamamo.feeds.units.stays import Stay, listing, of_units, place_at

__all__ = ["Stay", "listing", "of_units", "place_at"]
