"""Addresses of the staff face: everything of a town and a register stands under its names."""

from django.urls import include, path, re_path

from tamamo.web.staff import (
    bulk,
    changes,
    downloads,
    edit,
    home,
    importing,
    listing,
    record,
    views,
)

app_name = "staff"

_REGISTER = "staff/<slug:town>/r/<slug:register>"

urlpatterns = [
    path("staff/", home.index, name="home"),
    path("staff/<slug:town>/", home.index, name="town"),
    path("", include("tamamo.web.staff.alerts.urls")),
    path("", include("tamamo.web.staff.calling.urls")),
    path("", include("tamamo.web.staff.warnings.urls")),
    path("", include("tamamo.web.staff.drills.urls")),
    path("", include("tamamo.web.staff.units.urls")),
    path("", include("tamamo.web.staff.requests.urls")),
    path("", include("tamamo.web.staff.facilities.urls")),
    path("", include("tamamo.web.staff.datasets.urls")),
    path("", include("tamamo.web.staff.plan.urls")),
    path(f"{_REGISTER}/", listing.index, name="register"),
    re_path(
        r"^staff/(?P<town>[-\w]+)/r/(?P<register>[-\w]+)/export\.(?P<form>csv|xlsx|geojson)$",
        downloads.export,
        name="export",
    ),
    path(f"{_REGISTER}/points.json", downloads.points, name="points"),
    path(f"{_REGISTER}/views/", views.save, name="views"),
    path(f"{_REGISTER}/views/<int:view>/", views.open_view, name="view"),
    path(f"{_REGISTER}/views/<int:view>/delete/", views.delete, name="delete-view"),
    path(f"{_REGISTER}/new/", edit.new, name="new"),
    path(f"{_REGISTER}/bulk/", bulk.bulk, name="bulk"),
    path(f"{_REGISTER}/import/", importing.begin, name="import"),
    path(f"{_REGISTER}/import/<uuid:upload>/", importing.page, name="upload"),
    path(f"{_REGISTER}/import/<uuid:upload>/progress.json", importing.progress, name="progress"),
    path(f"{_REGISTER}/import/<uuid:upload>/rejects.xlsx", importing.rejects, name="rejects"),
    path(f"{_REGISTER}/changes/", changes.of_register, name="changes"),
    path(f"{_REGISTER}/undo/<int:edit>/", changes.undo, name="undo"),
    path(f"{_REGISTER}/undo/batch/<uuid:batch>/", changes.undo_batch, name="undo-batch"),
    # An entity's id is a URI and may hold slashes: it stands last.
    path(f"{_REGISTER}/edit/<path:entity>/", edit.edit, name="edit"),
    path(f"{_REGISTER}/delete/<path:entity>/", edit.delete, name="delete"),
    path(f"{_REGISTER}/changes/<path:entity>/", changes.of_record, name="record-changes"),
    path(f"{_REGISTER}/place/<path:entity>/", downloads.place, name="place"),
    path(f"{_REGISTER}/record/<path:entity>/", record.page, name="record"),
]
