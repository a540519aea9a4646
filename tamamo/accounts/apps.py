"""The Django app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Accounts; the label is part of the tables' names."""

    name = "tamamo.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
