"""Addresses of the working year on the staff face."""

from django.urls import path

from tamamo.web.staff.plan import acts, listing, sheet, spreadsheet

_ALL = "staff/<slug:town>/plan"
_SHEET = f"{_ALL}/<slug:project>/<int:year>"

urlpatterns = [
    path(f"{_ALL}/", listing.index, name="plan"),
    path(f"{_ALL}/values.xlsx", spreadsheet.export, name="plan-export"),
    path(f"{_ALL}/import/", spreadsheet.send, name="plan-import"),
    path(f"{_ALL}/evidence/<uuid:evidence>/", acts.evidence, name="plan-evidence"),
    path(f"{_SHEET}/", sheet.page, name="plan-sheet"),
    path(f"{_SHEET}/confirm/", acts.confirm, name="plan-confirm"),
    path(f"{_SHEET}/take-back/", acts.take_back, name="plan-take-back"),
    path(f"{_SHEET}/decide/", acts.decide, name="plan-decide"),
    path(f"{_SHEET}/evidence/", acts.attach, name="plan-attach"),
]
