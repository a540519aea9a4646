"""Addresses of the desk's pages of warnings."""

from django.urls import path

from tamamo.web.staff.warnings import listing, messages, pages, setuppage, steps, writing

_HERE = "staff/<slug:town>/warnings"

urlpatterns = [
    path(f"{_HERE}/", listing.index, name="warnings"),
    path(f"{_HERE}/new/", writing.new, name="warning-new"),
    path(f"{_HERE}/setup/", setuppage.setup_page, name="warning-setup"),
    path(f"{_HERE}/draft/<uuid:draft>/", pages.page, name="warning-draft"),
    path(f"{_HERE}/draft/<uuid:draft>/cap.xml", pages.document, name="warning-document"),
    path(f"{_HERE}/draft/<uuid:draft>/edit/", writing.edit, name="warning-edit"),
    path(f"{_HERE}/draft/<uuid:draft>/publish/", steps.publish, name="warning-publish"),
    path(f"{_HERE}/draft/<uuid:draft>/<slug:step>/", steps.step, name="warning-step"),
    path(f"{_HERE}/<uuid:warning>/", messages.page, name="warning-line"),
    path(f"{_HERE}/message/<uuid:message>/<slug:step>/", messages.follow, name="warning-follow"),
]
