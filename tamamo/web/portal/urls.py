"""Addresses of the citizens' face."""

from django.urls import path, re_path

from tamamo.web.portal import downloads, views
from tamamo.web.portal.datasets import urls as datasets
from tamamo.web.portal.facilities import urls as facilities
from tamamo.web.portal.features import views as features
from tamamo.web.portal.nowcast import views as nowcast
from tamamo.web.portal.requests import urls as requests
from tamamo.web.portal.warnings import urls as warnings
from tamamo.web.portal.watch import views as watch

_FORM = r"\.(?P<form>csv|json|geojson)$"

urlpatterns = [
    *warnings.urlpatterns,
    *datasets.urlpatterns,
    *facilities.urlpatterns,
    *requests.urlpatterns,
    path("", views.index, name="home"),
    path("rows/", views.rows, name="rows"),
    path("basemap/", downloads.borders, name="borders"),
    path("basemap/<str:name>.geojson", downloads.border_file, name="border-file"),
    path("nowcast.json", nowcast.pictures, name="nowcast"),
    path(
        "nowcast/<str:base>-<str:valid>/<int:z>/<int:x>/<int:y>.png",
        nowcast.tile,
        name="nowcast-tile",
    ),
    path("storm/", views.storm, name="storm"),
    path("ogc/", features.page, name="ogc"),
    path("ogc/<path:rest>", features.page, name="ogc-page"),
    re_path(rf"^gauges{_FORM}", downloads.gauges, name="gauges-file"),
    re_path(rf"^stations{_FORM}", downloads.stations, name="stations-file"),
    re_path(rf"^places{_FORM}", watch.places_file, name="places-file"),
    path("sources/", watch.sources_page, name="sources"),
    re_path(r"^sources\.(?P<form>csv|json)$", watch.sources_file, name="sources-file"),
    path("simulated/camera/<slug:slug>.svg", watch.picture, name="simulated-camera"),
    path("gauges/<str:station>/", views.gauge_page, name="gauge"),
    path("gauges/<str:station>/chart.json", downloads.chart, name="chart"),
    re_path(
        r"^gauges/(?P<station>[^/]+)/levels\.(?P<form>csv|json)$",
        downloads.levels,
        name="levels-file",
    ),
]
