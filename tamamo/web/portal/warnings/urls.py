"""Addresses of warnings, feeds and CAP; /cap/ is a fixed outside name."""

from django.urls import path

from tamamo.web.portal.warnings import banner, feeds, pages, residents

urlpatterns = [
    path("warnings/", pages.index, name="warnings"),
    path("warnings/banner/", banner.fragment, name="warning-banner"),
    path("warnings/feed.rss", feeds.rss, name="warnings-rss"),
    path("warnings/feed.atom", feeds.atom, name="warnings-atom"),
    path("warnings/subscribe/", residents.subscribe, name="warnings-subscribe"),
    path("warnings/push/", residents.push, name="warnings-push"),
    path("warnings/confirm/<str:token>/", residents.confirm, name="warnings-confirm"),
    path("warnings/unsubscribe/<str:token>/", residents.unsubscribe, name="warnings-unsubscribe"),
    path("warnings/<uuid:warning>/", pages.one, name="warning"),
    path("cap/", feeds.cap_index, name="cap"),
    path("cap/<uuid:message>.xml", feeds.cap_document, name="cap-document"),
]
