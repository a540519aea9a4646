"""The Django app."""

from django.apps import AppConfig

from tamamo.accounts import late


class AccountsConfig(AppConfig):
    """Accounts; the label is part of the tables' names."""

    name = "tamamo.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Note sign-ins and changes of accounts in the audit log."""
        late.leave_out()
        from tamamo.accounts import records, totp  # noqa: PLC0415 - need the models

        records.follow()
        totp.remember_longer()
