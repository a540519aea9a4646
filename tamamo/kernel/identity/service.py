"""The one place that says who asks and what they may do (see docs/subsystems/identity.md)."""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, single
from tamamo.kernel.errors import Unauthorized
from tamamo.kernel.identity.cache import Recent
from tamamo.kernel.identity.model import (
    ANONYMOUS,
    INSTALLATION,
    OPEN,
    Access,
    Actor,
    Grant,
    Role,
    system,
)
from tamamo.kernel.identity.resolve import Policy, Share, access_of

_SQL = sql.load(__package__)

#: Seconds for which what was found counts: a token, a grant or a role that was taken away works
#: no longer than this.
FRESH: Final = 2.0
#: Headers and accesses kept at most; more than that are not in use at once.
_MOST: Final = 20_000

#: (connection, tenant) → what agreements in force show of it.
SharesOf = Callable[[Connection, str], Awaitable[Sequence[Share]]]


class Identity:
    """Actors and their access, each found in the database at most every FRESH seconds.

    key: the installation's own key; None: nothing is checked (`--open`).
    """

    def __init__(self, pool: Pool, key: str | None) -> None:
        self._pool = pool
        self._key = key
        self._actors = Recent[str, Actor](FRESH, _MOST)
        self._accesses = Recent[tuple[Actor, str], Access](FRESH, _MOST)
        #: Set by whoever keeps agreements.
        self.shares: SharesOf | None = None

    @property
    def key(self) -> str | None:
        """The installation's key; None: nothing is checked."""
        return self._key

    @key.setter
    def key(self, key: str | None) -> None:
        self._key = key
        self.forget()

    def forget(self) -> None:
        """Look everything up anew: for a process that has just changed grants itself."""
        self._actors.clear()
        self._accesses.clear()

    async def actor(self, authorization: str | None) -> Actor:
        """Return who sent this Authorization header; without one nobody in particular.

        Raises Unauthorized with its WWW-Authenticate header (RFC 6750, section 3), Unavailable.
        """
        if self._key is None:
            return OPEN
        if authorization is None:
            return ANONYMOUS
        return self._actors.get(authorization) or await self._actors.find(
            authorization, lambda: self._authenticate(authorization)
        )

    async def user(self, user_id: int) -> Actor:
        """Return a signed-in user, from the database each time; ANONYMOUS for one locked out."""
        async with single(self._pool) as connection:
            return await _user(connection, user_id) or ANONYMOUS

    async def actor_of(self, subject: str) -> Actor:
        """Return the actor a stored subject names, as they are now; ANONYMOUS when gone."""
        if self._key is None:
            return OPEN
        return self._actors.get(subject) or await self._actors.find(
            subject, lambda: self._named(subject)
        )

    async def access(self, actor: Actor, tenant: str) -> Access:
        """Return what an actor may do in a tenant (as clients name it; it need not exist)."""
        key = (actor, tenant)
        return self._accesses.get(key) or await self._accesses.find(
            key, lambda: self._resolve(actor, tenant)
        )

    async def _authenticate(self, authorization: str) -> Actor:
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise challenge("Send the header Authorization: Bearer <key or token>")
        assert self._key is not None
        if hmac.compare_digest(token.encode(), self._key.encode()):
            return INSTALLATION
        raise challenge("This key or token is not valid", error="invalid_token")

    async def _named(self, subject: str) -> Actor:
        kind, _, rest = subject.partition(":")
        if kind == "installation":
            return INSTALLATION
        if kind == "system":
            return system(rest)
        async with single(self._pool) as connection:
            if kind == "user" and rest.isdecimal():
                return await _user(connection, int(rest)) or ANONYMOUS
            if kind == "client":
                return Actor(subject, rest, await _grants(connection, subject))
        return ANONYMOUS

    async def _resolve(self, actor: Actor, tenant: str) -> Access:
        async with single(self._pool) as connection:
            cursor = await connection.execute(_SQL["find_policy"], {"tenant": tenant})
            row = await cursor.fetchone()
            shares = [] if self.shares is None else await self.shares(connection, tenant)
        if row is None:
            return access_of(actor, tenant, Policy())
        public, personal, owned = row
        policy = Policy(
            frozenset(public),
            frozenset(personal or ()),
            tuple((type_, unit) for type_, unit in owned or ()),
            tuple(shares),
        )
        return access_of(actor, tenant, policy)


def challenge(detail: str, *, error: str | None = None) -> Unauthorized:
    """Return the refusal of a request without, or with an unusable, key (RFC 6750, section 3)."""
    problem = Unauthorized(detail)
    value = 'Bearer realm="tamamo"'
    if error is not None:
        value += f', error="{error}", error_description="{detail}"'
    problem.headers["WWW-Authenticate"] = value
    return problem


async def _user(connection: Connection, user_id: int) -> Actor | None:
    cursor = await connection.execute(_SQL["find_user"], {"id": user_id})
    row = await cursor.fetchone()
    if row is None:
        return None
    subject = f"user:{user_id}"
    return Actor(subject, row[0], await _grants(connection, subject), row[1])


async def _grants(connection: Connection, subject: str) -> tuple[Grant, ...]:
    cursor = await connection.execute(_SQL["list_grants"], {"subject": subject})
    return tuple(_grant(row) for row in await cursor.fetchall())


def _grant(row: tuple[Any, ...]) -> Grant:
    identifier, tenant, role, unit, types, scopes = row
    return Grant(
        identifier,
        tenant,
        Role(role),
        unit,
        None if types is None else tuple(types),
        None if scopes is None else tuple(scopes),
    )
