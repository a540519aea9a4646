"""Addresses of alerts and rules, below those of the staff face."""

from django.urls import path

from tamamo.web.staff.alerts import listing, one, ruleedit, rulelist

_TOWN = "staff/<slug:town>"

urlpatterns = [
    path(f"{_TOWN}/alerts/", listing.index, name="alerts"),
    path(f"{_TOWN}/alerts/export.csv", listing.export, name="alerts-export"),
    path(f"{_TOWN}/alerts/views/", listing.save_view, name="alert-views"),
    path(f"{_TOWN}/alerts/views/<int:view>/delete/", listing.delete_view, name="alert-view-delete"),
    path(f"{_TOWN}/alerts/silences/<int:number>/end/", one.end_silence, name="alert-silence-end"),
    # An entity's id is a URI and may hold slashes: it stands last.
    path(f"{_TOWN}/alerts/acknowledge/<path:entity>/", one.acknowledge, name="alert-acknowledge"),
    path(f"{_TOWN}/alerts/silence/<path:entity>/", one.silence, name="alert-silence"),
    path(f"{_TOWN}/alerts/history/<path:entity>/", one.history, name="alert-history"),
    path(f"{_TOWN}/alerts/one/<path:entity>/", one.page, name="alert"),
    path(f"{_TOWN}/rules/", rulelist.index, name="rules"),
    path(f"{_TOWN}/rules/new/", ruleedit.new, name="rule-new"),
    path(f"{_TOWN}/rules/<slug:rule>/", rulelist.page, name="rule"),
    path(f"{_TOWN}/rules/<slug:rule>/edit/", ruleedit.edit, name="rule-edit"),
    path(f"{_TOWN}/rules/<slug:rule>/switch/", rulelist.switch, name="rule-switch"),
    path(f"{_TOWN}/rules/<slug:rule>/remove/", rulelist.remove, name="rule-remove"),
]
