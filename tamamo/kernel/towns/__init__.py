"""Towns: what a tenant is called and may use, and what one town shares with another."""

from tamamo.kernel.towns.directory import Towns
from tamamo.kernel.towns.share import Share
from tamamo.kernel.towns.town import ALL_TYPES, DEFAULT, InvalidTown, Limits, MapView, Town

__all__ = ["ALL_TYPES", "DEFAULT", "InvalidTown", "Limits", "MapView", "Share", "Town", "Towns"]
