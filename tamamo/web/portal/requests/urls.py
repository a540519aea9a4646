"""Addresses of requests for data."""

from django.urls import path

from tamamo.web.portal.requests import feeds, mine, pages, writing

urlpatterns = [
    path("requests/", pages.index, name="requests"),
    path("requests/feed.rss", feeds.rss, name="requests-rss"),
    path("requests/statistics.json", feeds.statistics, name="requests-statistics"),
    path("requests/new/", writing.ask, name="request-new"),
    path("requests/mine/<str:token>/", mine.page, name="request-mine"),
    path("requests/<int:number>/", pages.one, name="request"),
    path("requests/<int:number>/comment/", writing.comment, name="request-comment"),
]
