"""Addresses of the universal design map."""

from django.urls import path, re_path

from tamamo.web.portal.facilities import correcting, files, views

urlpatterns = [
    path("facilities/", views.index, name="facilities"),
    path("facilities/points.json", views.points, name="facility-points"),
    path("facilities/print/", views.sheet, name="facilities-print"),
    re_path(r"^facilities\.(?P<form>csv|xlsx|geojson)$", files.table, name="facilities-file"),
    re_path(r"^facilities\.(?P<form>a11yjson|osm)$", files.exchange, name="facilities-exchange"),
    path("facilities/photos/<uuid:photo>.jpg", files.picture_file, name="facility-photo"),
    path("facilities/corrections/<str:token>/", correcting.track, name="facility-correction"),
    path(
        "facilities/corrections/<str:token>/photo/",
        correcting.add_photo,
        name="facility-correction-photo",
    ),
    path("facilities/<str:key>/", views.one, name="facility"),
    path("facilities/<str:key>/correct/", correcting.correct, name="facility-correct"),
]
