"""Addresses of the catalogue for people; files and APIs are in tamamo.publishing.catalogue."""

from django.urls import path

from tamamo.web.portal import views
from tamamo.web.portal.datasets import feeds, listing, others, page, places, versions

urlpatterns = [
    path("robots.txt", feeds.robots, name="robots"),
    path("sitemap.xml", feeds.sitemap, name="sitemap"),
    path("data/", listing.index, name="data"),
    path("data/api/", views.data_page, name="data-api"),
    path("data/others/", others.others, name="data-others"),
    path("data/feed.rss", feeds.rss, name="data-rss"),
    path("data/<slug:dataset>/", page.page, name="dataset"),
    path("data/<slug:dataset>/versions/", versions.versions, name="dataset-versions"),
    path("data/<slug:dataset>/compare/", versions.compare, name="dataset-compare"),
    path("data/<slug:dataset>/points/", places.points, name="data-points"),
    path("data/<slug:dataset>/rows/<int:number>/", places.row, name="data-row"),
]
