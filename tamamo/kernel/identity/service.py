"""The one place that says who asks and what they may do (see docs/subsystems/identity.md)."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from http.cookies import CookieError, SimpleCookie
from typing import Final

from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, single
from tamamo.kernel.errors import Unauthorized
from tamamo.kernel.identity import credentials, devices
from tamamo.kernel.identity.cache import Recent
from tamamo.kernel.identity.credentials import Used
from tamamo.kernel.identity.devices import Device
from tamamo.kernel.identity.lastuse import LastUse
from tamamo.kernel.identity.model import (
    ANONYMOUS,
    INSTALLATION,
    OPEN,
    Access,
    Actor,
    system,
)
from tamamo.kernel.identity.refusals import KeyRefused, Refusals
from tamamo.kernel.identity.resolve import Policy, Share, access_of

_SQL = sql.load(__package__)

#: Seconds for which what was found counts: a token, a grant or a role that was taken away works
#: no longer than this.
FRESH: Final = 2.0
#: Credentials, and accesses, kept at most; more than that are not in use at once.
_MOST: Final = 20_000
#: Characters of the name of a tenant.
_LONGEST_TENANT: Final = 200

#: (connection, tenant) → what agreements in force show of it.
SharesOf = Callable[[Connection, str], Awaitable[Sequence[Share]]]
#: Cookies of a browser by name → the id of the user whose session they carry.
SessionUser = Callable[[Mapping[str, str]], Awaitable[int | None]]


class Identity:
    """Actors and their access, each looked up in the database at most every FRESH seconds.

    key: the installation's own key; None: nothing is checked (`--open`). public_url: the address
    that tokens for one resource name.
    """

    def __init__(self, pool: Pool, key: str | None, public_url: str | None = None) -> None:
        self._pool = pool
        self._key = key
        self._public_url = public_url
        # One for each kind of text: a header that reads like a subject must find nobody.
        self._by_header = Recent[str, Actor](FRESH, _MOST)
        self._by_subject = Recent[str, Actor](FRESH, _MOST)
        self._by_cookies = Recent[bytes, Actor](FRESH, _MOST)
        self._accesses = Recent[tuple[Actor, str], Access](FRESH, _MOST)
        self.last_use = LastUse(pool)
        #: Device keys that opened nothing.
        self.refusals = Refusals(pool)
        #: Set by whoever keeps agreements.
        self.shares: SharesOf | None = None
        #: Set by whoever keeps sessions.
        self.session_user: SessionUser | None = None

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
        for known in (self._by_header, self._by_subject, self._by_cookies, self._accesses):
            known.clear()

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator["Identity"]:
        """Note the use of keys while the block runs."""
        async with self.last_use.keeping(), self.refusals.keeping():
            yield self

    async def actor(self, authorization: str | None) -> Actor:
        """Return who sent this Authorization header; without one nobody in particular.

        Raises Unauthorized with its WWW-Authenticate header (RFC 6750, section 3), Unavailable.
        """
        if self._key is None:
            return OPEN
        if authorization is None:
            return ANONYMOUS
        try:
            return self._by_header.get(authorization) or await self._by_header.find(
                authorization, lambda: self._authenticate(authorization)
            )
        except KeyRefused as problem:
            self.refusals.note(problem.tenant, problem.reason, problem.device)
            raise

    async def browser(self, cookies: str) -> Actor:
        """Return whose session a Cookie header carries; ANONYMOUS where it carries none.

        Only for what changes nothing and was asked for by a page of this installation: a browser
        sends cookies whoever's page makes it ask.
        """
        if self._key is None:
            return OPEN
        if self.session_user is None:
            return ANONYMOUS
        # Anybody can send long ones, and what they come to is kept for nobodies, too.
        kept = hashlib.sha256(cookies.encode()).digest()
        return self._by_cookies.get(kept) or await self._by_cookies.find(
            kept, lambda: self._session(cookies)
        )

    async def user(self, user_id: int) -> Actor:
        """Return a signed-in user, from the database each time; ANONYMOUS for one locked out."""
        async with single(self._pool) as connection:
            return await credentials.user(connection, user_id) or ANONYMOUS

    async def actor_of(self, subject: str) -> Actor:
        """Return the actor a stored subject names, as they are now; ANONYMOUS when gone."""
        if self._key is None:
            return OPEN
        return self._by_subject.get(subject) or await self._by_subject.find(
            subject, lambda: self._named(subject)
        )

    async def device(self, key: str) -> Device | None:
        """Return the device whose key this is, None when it is nobody's or counts no more (which
        is counted).

        For feeds: `device.may_publish(topic)`. Asks the database each time.
        """
        try:
            async with single(self._pool) as connection:
                device, digest = await devices.find(connection, key)
        except KeyRefused as problem:
            self.refusals.note(problem.tenant, problem.reason, problem.device)
            return None
        except Unauthorized:
            return None
        self.last_use.note(Used(device.tenant, device.id, digest))
        return device

    async def devices(self, keys: Collection[str]) -> dict[str, Device | KeyRefused]:
        """Return by key its device, or why it counts no more; nothing for keys of nobody.

        `device` for many at once, but who asks notes refusals, one for each message.
        """
        async with single(self._pool) as connection:
            found = await devices.find_many(connection, keys)
        result: dict[str, Device | KeyRefused] = {}
        for key, one in found.items():
            if isinstance(one, KeyRefused):
                result[key] = one
                continue
            device, digest = one
            self.last_use.note(Used(device.tenant, device.id, digest))
            result[key] = device
        return result

    async def access(self, actor: Actor, tenant: str) -> Access:
        """Return what an actor may do in a tenant (as clients name it; it need not exist)."""
        key = (actor, tenant)
        found = self._accesses.get(key)
        if found is not None:
            return found
        if len(tenant) > _LONGEST_TENANT or not tenant.isprintable():
            # The name of none: it is neither looked for nor kept.
            return access_of(actor, tenant, Policy())
        return await self._accesses.find(key, lambda: self._resolve(actor, tenant))

    async def _authenticate(self, authorization: str) -> Actor:
        token = credentials.token_of(authorization)
        if self._key is not None and hmac.compare_digest(token.encode(), self._key.encode()):
            return INSTALLATION
        async with single(self._pool) as connection:
            if devices.is_key(token):
                device, digest = await devices.find(connection, token)
                actor, used = device.actor(), Used(device.tenant, device.id, digest)
            else:
                actor, used = await credentials.of_token(connection, token, self._public_url)
        self.last_use.note(used)
        return actor

    async def _session(self, cookies: str) -> Actor:
        assert self.session_user is not None
        try:
            read = {name: morsel.value for name, morsel in SimpleCookie(cookies).items()}
        except CookieError:
            return ANONYMOUS
        user_id = await self.session_user(read)
        return ANONYMOUS if user_id is None else await self.user(user_id)

    async def _named(self, subject: str) -> Actor:
        kind, _, rest = subject.partition(":")
        if subject == INSTALLATION.subject:
            return INSTALLATION
        if kind == "system":
            return system(rest)
        found: Actor | None = None
        async with single(self._pool) as connection:
            if kind == "user" and rest.isdecimal():
                found = await credentials.user(connection, int(rest))
            elif kind == "client":
                found = await credentials.client(connection, rest)
            elif kind == "device":
                device = await devices.find_by_id(connection, rest)
                found = None if device is None else device.actor()
        return found or ANONYMOUS

    async def _resolve(self, actor: Actor, tenant: str) -> Access:
        async with single(self._pool) as connection:
            cursor = await connection.execute(_SQL["find_policy"], {"tenant": tenant})
            row = await cursor.fetchone()
            shares = [] if self.shares is None else await self.shares(connection, tenant)
        if row is None:
            return access_of(actor, tenant, Policy())
        public, personal, owned, parts = row
        policy = Policy(
            frozenset(public),
            frozenset(personal or ()),
            tuple((type_, unit) for type_, unit in owned or ()),
            tuple(shares),
            tuple((type_, unit, frozenset(attrs)) for type_, unit, attrs in parts or ()),
        )
        return access_of(actor, tenant, policy)
