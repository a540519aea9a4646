"""Addresses of drills, below those of the staff face."""

from django.urls import path, re_path

from tamamo.web.staff.drills import ending, listing, new, reviewing, running

_DRILLS = "staff/<slug:town>/drills"
_DRILL = f"{_DRILLS}/<slug:drill>"

urlpatterns = [
    path(f"{_DRILLS}/", listing.index, name="drills"),
    path(f"{_DRILLS}/new/", new.new, name="drill-new"),
    path(f"{_DRILL}/", running.page, name="drill"),
    path(f"{_DRILL}/turn/", running.turn, name="drill-turn"),
    path(f"{_DRILL}/inject/", running.inject, name="drill-inject"),
    path(f"{_DRILL}/decide/", running.decide, name="drill-decide"),
    path(f"{_DRILL}/reach/", running.reach, name="drill-reach"),
    path(f"{_DRILL}/end/", ending.end, name="drill-end"),
    path(f"{_DRILL}/delete/", ending.delete, name="drill-delete"),
    path(f"{_DRILL}/review/", reviewing.page, name="drill-review"),
    re_path(
        r"^staff/(?P<town>[-\w]+)/drills/(?P<drill>[-\w]+)/log\.(?P<form>csv|xlsx)$",
        reviewing.export,
        name="drill-log",
    ),
]
