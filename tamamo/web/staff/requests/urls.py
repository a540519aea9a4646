"""Addresses of requests for data on the staff face."""

from django.urls import path

from tamamo.web.staff.requests import acts, answering, pages

urlpatterns = [
    path("staff/<slug:town>/requests/", pages.index, name="requests"),
    path("staff/<slug:town>/requests/<int:number>/", pages.one, name="request"),
    path(
        "staff/<slug:town>/requests/<int:number>/answer/", answering.answer, name="request-answer"
    ),
    path("staff/<slug:town>/requests/<int:number>/unit/", acts.assign, name="request-unit"),
    path(
        "staff/<slug:town>/requests/<int:number>/moderate/", acts.moderate, name="request-moderate"
    ),
    path("staff/<slug:town>/requests/<int:number>/erase/", acts.erase, name="request-erase"),
]
