"""Addresses of the wall."""

from django.urls import path

from tamamo.web.wall import views

urlpatterns = [
    path("wall/", views.index, name="wall"),
    path("wall/view/", views.view, name="wall-view"),
    path("wall/rows/", views.changed, name="wall-rows"),
]
