"""Addresses of contacts, rosters, trees, rules and calls, below those of the staff face."""

from django.urls import path

from tamamo.web.staff.calling import callrules, contacts, live, rosters, swaps, trees

_TOWN = "staff/<slug:town>"

urlpatterns = [
    path(f"{_TOWN}/calls/", live.index, name="calls"),
    path(f"{_TOWN}/calls/test/", live.test, name="call-test"),
    path(f"{_TOWN}/calls/<uuid:call>/", live.page, name="call"),
    path(f"{_TOWN}/calls/<uuid:call>/stop/", live.stop, name="call-stop"),
    path(f"{_TOWN}/calls/contacts/", contacts.index, name="contacts"),
    path(f"{_TOWN}/calls/contacts/new/", contacts.new, name="contact-new"),
    path(f"{_TOWN}/calls/contacts/<uuid:contact>/", contacts.edit, name="contact"),
    path(
        f"{_TOWN}/calls/contacts/<uuid:contact>/browser/", contacts.browser, name="contact-browser"
    ),
    path(f"{_TOWN}/calls/contacts/<uuid:contact>/delete/", contacts.delete, name="contact-delete"),
    path(f"{_TOWN}/calls/trees/", trees.index, name="trees"),
    path(f"{_TOWN}/calls/trees/new/", trees.new, name="tree-new"),
    path(f"{_TOWN}/calls/trees/<uuid:tree>/", trees.edit, name="tree"),
    path(f"{_TOWN}/calls/trees/<uuid:tree>/delete/", trees.delete, name="tree-delete"),
    path(f"{_TOWN}/calls/call-rules/new/", callrules.new, name="callrule-new"),
    path(f"{_TOWN}/calls/call-rules/<uuid:callrule>/", callrules.edit, name="callrule"),
    path(
        f"{_TOWN}/calls/call-rules/<uuid:callrule>/delete/",
        callrules.delete,
        name="callrule-delete",
    ),
    path(f"{_TOWN}/calls/rosters/", rosters.index, name="rosters"),
    path(f"{_TOWN}/calls/rosters/new/", rosters.new, name="roster-new"),
    path(f"{_TOWN}/calls/rosters/<uuid:roster>/", rosters.page, name="roster"),
    path(f"{_TOWN}/calls/rosters/<uuid:roster>/edit/", rosters.edit, name="roster-edit"),
    path(f"{_TOWN}/calls/rosters/<uuid:roster>/delete/", rosters.delete, name="roster-delete"),
    path(f"{_TOWN}/calls/rosters/<uuid:roster>/swap/", swaps.add, name="roster-swap"),
    path(
        f"{_TOWN}/calls/rosters/<uuid:roster>/swap/<uuid:swap>/delete/",
        swaps.remove,
        name="roster-unswap",
    ),
]
