"""The tables that are ours: users, clients (programs), failed sign-ins, codes that were used.

Django makes no tables here: `scripts/django_sql.py` writes them as a migration of the kernel.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication, ApplicationManager


class UserManager(BaseUserManager["User"]):
    """Finds users by e-mail, in whatever case it is typed."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user of an e-mail address. Raises User.DoesNotExist."""
        return self.get(email__iexact=username or "")

    def create_user(self, email: str, password: str | None = None, **others: Any) -> User:
        """Store a new user; without a password nobody can sign in until one is set."""
        user = self.model(email=email.strip().lower(), **others)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """Somebody who can sign in. Rights are grants of the subject `user:<id>`, not columns here."""

    id: models.BigAutoField[int, int] = models.BigAutoField(primary_key=True)
    email: models.EmailField[str, str] = models.EmailField(_("E-mail"), max_length=254, unique=True)
    name: models.CharField[str, str] = models.CharField(
        _("Name"), max_length=150, default="", blank=True, db_default=""
    )
    language: models.CharField[str, str] = models.CharField(
        max_length=5, default="ja", db_default="ja"
    )
    #: The town whose people somebody belongs to; None: nobody's, such as the installation's own.
    home_tenant: models.CharField[str | None, str | None] = models.CharField(
        max_length=64, null=True, blank=True
    )
    #: False: signed out everywhere and not let in, until switched on again.
    is_active: models.BooleanField[bool, bool] = models.BooleanField(default=True, db_default=True)
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(
        default=timezone.now, db_default=Now()
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """One account an address, in whatever case."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(Lower("email"), name="accounts_user_email_lower")
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def subject(self) -> str:
        """Who this is where rights and records are kept: `user:17`."""
        return f"user:{self.pk}"


class Client(AbstractApplication):
    """A program that asks for tokens. Its rights are grants of the subject `client:<client_id>`."""

    home_tenant: models.CharField[str | None, str | None] = models.CharField(
        max_length=64, null=True, blank=True
    )
    #: The scopes its tokens may have, separated by spaces.
    scopes: models.TextField[str, str] = models.TextField(default="read")
    #: From then on no token is given, and those there were are gone.
    revoked_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        null=True, blank=True
    )
    expires_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        null=True, blank=True
    )
    last_used_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        null=True, blank=True
    )

    objects = ApplicationManager()

    class Meta(AbstractApplication.Meta):
        """A table of its own."""

        abstract = False

    def is_usable(self, request: object) -> bool:
        """Say whether tokens are given to this client now."""
        if self.revoked_at is not None:
            return False
        return self.expires_at is None or timezone.now() < self.expires_at

    @property
    def subject(self) -> str:
        """Who this is where rights and records are kept."""
        return f"client:{self.client_id}"


class SignInFailure(models.Model):
    """How often signing in failed lately for one account or from one address."""

    #: `account:` and a hash of the e-mail, or `address:` and the network address.
    key: models.CharField[str, str] = models.CharField(max_length=80, primary_key=True)
    failures: models.IntegerField[int, int] = models.IntegerField(default=0)
    first_at: models.DateTimeField[datetime, datetime] = models.DateTimeField()
    locked_until: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        null=True, blank=True
    )


class UsedCode(models.Model):
    """An authorization code that was turned into tokens, kept to see it come again.

    RFC 6749, 4.1.2: tokens made from a code that is used twice are to be revoked.
    """

    #: SHA-256 of the code, hexadecimal.
    checksum: models.CharField[str, str] = models.CharField(max_length=64, primary_key=True)
    client: models.ForeignKey[Client, Client] = models.ForeignKey(Client, on_delete=models.CASCADE)
    access_token: models.BigIntegerField[int | None, int | None] = models.BigIntegerField(
        null=True, blank=True
    )
    token_family: models.UUIDField[UUID | None, UUID | None] = models.UUIDField(
        null=True, blank=True
    )
    used_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(
        default=timezone.now, db_index=True
    )
