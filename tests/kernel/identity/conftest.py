"""A database with three towns, accounts, clients and tokens, as the libraries keep them."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.identity import Actor, Identity, Role, system
from tamamo.kernel.time import now

KEY = "k" * 43
#: The one who keeps the installation, in tests.
KEEPER: Actor = system("test")

GAUGE = "https://example.org/Gauge"
SHELTER = "https://example.org/Shelter"
WATCHED = "https://example.org/WatchedPerson"

Run = Callable[..., Awaitable[Any]]


@pytest.fixture
async def run(pool: Pool) -> Run:
    """Run one statement in a transaction of its own; return its first row, if any."""

    async def one(statement: str, *values: Any) -> Any:
        async with transaction(pool) as connection:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchone() if cursor.description else None

    await one("insert into tenant (name) values ('ayagawa'), ('kanonji')")
    return one


@pytest.fixture
async def identity(pool: Pool, run: Run) -> AsyncIterator[Identity]:
    """The service of a closed installation."""
    async with Identity(pool, KEY, "https://data.example.jp").keeping() as service:
        yield service


class Accounts:
    """Makes users, clients, tokens and grants as rows."""

    def __init__(self, run: Run) -> None:
        self.run = run

    async def user(self, name: str = "u", home: str | None = None, active: bool = True) -> int:
        row = await self.run(
            "insert into accounts_user (email, password, name, home_tenant, is_active)"
            " values (%s, '!', %s, %s, %s) returning id",
            f"{name}@example.jp", name, home, active,
        )  # fmt: skip
        return int(row[0])

    async def client(self, client_id: str = "firm", home: str | None = None) -> int:
        row = await self.run(
            "insert into accounts_client (client_id, redirect_uris, post_logout_redirect_uris,"
            " client_type, authorization_grant_type, client_secret, hash_client_secret, name,"
            " skip_authorization, created, updated, algorithm, allowed_origins,"
            " registration_source, home_tenant, scopes) values (%s, '', '', 'confidential',"
            " 'client-credentials', '!', true, 'A firm', false, now(), now(), '', '', '', %s,"
            " 'read write') returning id",
            client_id, home,
        )  # fmt: skip
        return int(row[0])

    async def token(
        self,
        client: int,
        scope: str = "read write subscribe",
        user: int | None = None,
        seconds: float = 3600,
        resource: str = "[]",
        text: str = "t0ken",
    ) -> str:
        await self.run(
            "insert into oauth2_provider_accesstoken (token, expires, scope, application_id,"
            " user_id, created, updated, token_checksum, resource)"
            " values ('', %s, %s, %s, %s, now(), now(), %s, %s)",
            now() + timedelta(seconds=seconds), scope, client, user,
            hashlib.sha256(text.encode()).hexdigest(), resource,
        )  # fmt: skip
        return f"Bearer {text}"

    async def grant(self, subject: str, tenant: str, role: Role, **more: Any) -> str:
        names = ["subject", "tenant", "role", "granted_by", *more]
        row = await self.run(
            f"insert into role_grant ({', '.join(names)})"
            f" values ({', '.join(['%s'] * len(names))}) returning id::text",
            subject, tenant, role.value, "test", *more.values(),
        )  # fmt: skip
        return str(row[0])


@pytest.fixture
def accounts(run: Run) -> Accounts:
    return Accounts(run)
