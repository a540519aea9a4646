"""Addresses of portable units, below those of the staff face."""

from django.urls import path

from tamamo.web.staff.units import listing, moving

urlpatterns = [
    path("staff/<slug:town>/units/", listing.index, name="units"),
    path("staff/<slug:town>/units/move/", moving.move, name="unit-move"),
]
