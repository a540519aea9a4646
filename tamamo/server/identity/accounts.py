"""Accounts as the terminal makes and shows them. The tables are Django's (tamamo/accounts)."""

from dataclasses import dataclass
from typing import Final

from psycopg.errors import UniqueViolation

from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import SetupError
from tamamo.kernel.identity import EVERY_TENANT, Role, grants, system
from tamamo.kernel.identity.grants import Held
from tamamo.server.identity.running import day

_SQL = sql.load(__package__)
#: What did it, in the audit log.
BY: Final = system("user")
_LONGEST_EMAIL: Final = 254


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who will sign in. password: as Django keeps it."""

    email: str
    name: str
    password: str
    language: str = "ja"
    home: str | None = None


def check_email(email: str) -> None:
    """Raise SetupError for what cannot be an address."""
    name, at, domain = email.strip().rpartition("@")
    usable = email.isprintable() and " " not in email.strip() and len(email) <= _LONGEST_EMAIL
    if not (name and at and domain and usable):
        raise SetupError(f"{email!r} is not an e-mail address.")


async def create_operator(connection: Connection, account: Account) -> int:
    """Make an account that keeps the whole installation; return its number."""
    number = await create(connection, account)
    await grants.give(connection, BY, f"user:{number}", EVERY_TENANT, Role.OPERATOR)
    return number


async def create(connection: Connection, account: Account) -> int:
    """Make an account; return its number. Raises SetupError when the address has one."""
    try:
        cursor = await connection.execute(
            _SQL["create_account"],
            {
                "email": account.email,
                "name": account.name,
                "password": account.password,
                "language": account.language,
                "home": account.home,
            },
        )
    except UniqueViolation as error:
        raise SetupError(
            f"{account.email} has an account: give it a role with tamamo user grant."
        ) from error
    row = await cursor.fetchone()
    assert row is not None
    number = int(row[0])
    after = {"email": account.email, "name": account.name}
    event = Event("default", BY.subject, "user.create", f"user:{number}", after=after)
    await append(connection, event)
    return number


async def subject_of(connection: Connection, who: str) -> str:
    """Return the subject of an e-mail address; a subject stays what it is. Raises SetupError."""
    if "@" not in who:
        return who
    cursor = await connection.execute(_SQL["find_account"], {"email": who})
    row = await cursor.fetchone()
    if row is None:
        raise SetupError(f"{who} has no account.")
    return f"user:{row[0]}"


async def listing(connection: Connection) -> list[tuple[str, ...]]:
    """Return a line for each account."""
    held: dict[str, list[str]] = {}
    for one in await grants.listing(connection):
        held.setdefault(one.subject, []).append(_words(one))
    cursor = await connection.execute(_SQL["list_accounts"])
    return [
        (
            f"user:{number}",
            email,
            name,
            home or "-",
            "active" if active else "locked",
            day(last_login),
            "; ".join(held.get(f"user:{number}", ())) or "-",
        )
        for number, email, name, home, active, last_login in await cursor.fetchall()
    ]


def _words(held: Held) -> str:
    """Return a grant in a few words."""
    where = "everywhere" if held.tenant == EVERY_TENANT else held.tenant
    limits = [held.unit] if held.unit else []
    limits += [*(held.types or ()), *(held.scopes or ())]
    state = "" if held.state == "active" else f" [{held.state}]"
    return f"{held.role} {where}" + (f" ({', '.join(limits)})" if limits else "") + state
