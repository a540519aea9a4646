"""Accounts of people, as operators keep them."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.errors import UniqueViolation

from tamamo.accounts.service.errors import AccountExists, InvalidAccount, NoSuchAccount
from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.kernel.identity import EVERY_TENANT, Actor
from tamamo.kernel.identity.model import require_operator

_SQL = sql.load("tamamo.accounts.service")
#: Whose log holds what concerns no town.
_INSTALLING: Final = "default"
#: One @, no spaces, a dot behind it: the mail that arrives is the proof.
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
LANGUAGES: Final = ("ja", "en")


@dataclass(frozen=True, slots=True)
class Person:
    """An account as operators see it."""

    id: int
    email: str
    name: str
    language: str
    home_tenant: str | None
    is_active: bool
    created_at: datetime
    last_login: datetime | None
    second_factor: bool
    sessions: int
    #: False: invited, and has not chosen a password yet (or signs in elsewhere only).
    has_password: bool

    @property
    def subject(self) -> str:
        """Who this is in grants and in the audit log."""
        return f"user:{self.id}"


async def listing(
    connection: Connection,
    *,
    tenant: str | None = None,
    text: str = "",
    after: int = 0,
    limit: int = 100,
) -> list[Person]:
    """Return accounts by id, at most `limit`, those after the id `after`.

    tenant: only who belongs to a town or holds a role there. text: part of name or e-mail.
    """
    part = "%" + re.sub(r"([%_\\])", r"\\\1", text.strip()) + "%" if text.strip() else None
    values = {"tenant": tenant, "text": part, "after": after, "limit": limit, "id": None}
    rows = await connection.execute(_SQL["users"], values)
    return [Person(*row) for row in await rows.fetchall()]


async def find(connection: Connection, user_id: int) -> Person:
    """Return one account. Raises NoSuchAccount."""
    values = {"tenant": None, "text": None, "after": 0, "limit": 1, "id": user_id}
    row = await (await connection.execute(_SQL["users"], values)).fetchone()
    if row is None:
        raise NoSuchAccount(f"There is no account {user_id}")
    return Person(*row)


async def create(
    connection: Connection,
    by: Actor,
    email: str,
    name: str = "",
    *,
    language: str = "ja",
    home_tenant: str | None = None,
    password: str | None = None,
) -> int:
    """Make an account and return its id.

    home_tenant: the town it belongs to; None: the installation, which only its operators may.
    password: None for an invitation (tamamo.accounts.service.mails.invite sends the link). Raises
    InvalidAccount, AccountExists, Forbidden.
    """
    _require(by, home_tenant)
    email = _checked(email, language)
    hashed = None if password is None else hash_password(password)
    values = {
        "email": email,
        "name": name.strip(),
        "password": hashed,
        "language": language,
        "home_tenant": home_tenant,
    }
    try:
        async with connection.transaction():
            row = await (await connection.execute(_SQL["create_user"], values)).fetchone()
    except UniqueViolation as error:
        raise AccountExists(f"There is an account with {email} already", field="email") from error
    assert row is not None
    after = {"email": email, "name": name, "language": language, "invited": password is None}
    await _note(connection, by, home_tenant, "user.create", int(row[0]), after=after)
    return int(row[0])


async def change(
    connection: Connection,
    by: Actor,
    user_id: int,
    *,
    name: str,
    language: str,
    home_tenant: str | None,
) -> None:
    """Change name, language and town. Raises NoSuchAccount, InvalidAccount, Forbidden."""
    person = await _theirs(connection, by, user_id)
    if home_tenant != person.home_tenant:
        _require(by, home_tenant)
    _checked(person.email, language)
    after = {"name": name.strip(), "language": language, "home_tenant": home_tenant}
    before = {key: getattr(person, key) for key in after}
    await connection.execute(_SQL["change_user"], {"id": user_id, **after})
    await _note(
        connection, by, person.home_tenant, "user.change", user_id, before=before, after=after
    )


async def switch_off(connection: Connection, by: Actor, user_id: int) -> None:
    """Let somebody in no more: sessions and tokens end at once; roles stay for when it is on again.

    Raises NoSuchAccount, InvalidAccount for one's own account, Forbidden.
    """
    person = await _theirs(connection, by, user_id)
    if by.user_id == user_id:
        raise InvalidAccount("Nobody switches off the own account", field="id", code="own")
    await _switch(connection, by, person, active=False)
    await _end_everything(connection, user_id)


async def switch_on(connection: Connection, by: Actor, user_id: int) -> None:
    """Let somebody in again. Raises NoSuchAccount, Forbidden."""
    await _switch(connection, by, await _theirs(connection, by, user_id), active=True)


async def reset_second_factor(connection: Connection, by: Actor, user_id: int) -> None:
    """Take away a second factor that was lost; all sessions end.

    Raises NoSuchAccount, Forbidden.
    """
    person = await _theirs(connection, by, user_id)
    rows = await connection.execute(_SQL["reset_second_factor"], {"id": user_id})
    kinds = sorted(row[0] for row in await rows.fetchall())
    await connection.execute(_SQL["end_sessions"], {"id": user_id})
    before = {"kinds": kinds}
    await _note(connection, by, person.home_tenant, "user.second-factor", user_id, before=before)


async def end_sessions(connection: Connection, by: Actor, user_id: int) -> None:
    """End every session and token of somebody. Raises NoSuchAccount, Forbidden."""
    person = await _theirs(connection, by, user_id)
    await _end_everything(connection, user_id)
    await _note(connection, by, person.home_tenant, "user.end-sessions", user_id)


def hash_password(password: str) -> str:
    """Return a password as it is stored. Raises InvalidAccount for one that is too short."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - only where a password is set

    if len(password) < 10:
        raise InvalidAccount(
            "A password has at least 10 characters", field="password", code="short"
        )
    # As tamamo.accounts.hashers.Argon2 does, so that nothing is hashed anew at the first sign-in.
    hasher = PasswordHasher(time_cost=3, memory_cost=19 * 1024, parallelism=1, salt_len=22)
    return "argon2" + hasher.hash(password)


async def _switch(connection: Connection, by: Actor, person: Person, *, active: bool) -> None:
    values = {"id": person.id, "active": active}
    if await (await connection.execute(_SQL["switch"], values)).fetchone():
        before, after = {"active": not active}, {"active": active}
        action = "user.switch-on" if active else "user.switch-off"
        await _note(
            connection, by, person.home_tenant, action, person.id, before=before, after=after
        )


async def _end_everything(connection: Connection, user_id: int) -> None:
    for name in ("end_sessions", "end_codes", "end_refresh", "end_tokens"):
        await connection.execute(_SQL[name], {"id": user_id})


async def _theirs(connection: Connection, by: Actor, user_id: int) -> Person:
    """Return somebody whose account the actor keeps.

    Of who holds a role for the whole installation only its operators: a town's could take away
    the second factor of those above them, or lock them out.
    """
    person = await find(connection, user_id)
    _require(by, person.home_tenant)
    cursor = await connection.execute(_SQL["is_above"], {"subject": person.subject})
    if by.user_id != user_id and await cursor.fetchone():
        _require(by, None)
    return person


def _require(by: Actor, tenant: str | None) -> None:
    require_operator(by, tenant or EVERY_TENANT)


def _checked(email: str, language: str) -> str:
    email = email.strip().lower()
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise InvalidAccount(f"{email!r} is no e-mail address", field="email", code="email")
    if language not in LANGUAGES:
        raise InvalidAccount("The language is ja or en", field="language", code="language")
    return email


async def _note(
    connection: Connection,
    by: Actor,
    tenant: str | None,
    action: str,
    user_id: int,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    event = Event(tenant or _INSTALLING, by.subject, action, f"user:{user_id}", before, after)
    await append(connection, event)
