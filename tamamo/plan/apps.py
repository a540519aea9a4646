"""The plan as a Django application: pages, templates, translations; no models."""

from django.apps import AppConfig


class PlanConfig(AppConfig):
    """Registers `tamamo.plan`."""

    name = "tamamo.plan"
    label = "plan"
