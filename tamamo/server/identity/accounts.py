"""Accounts as the terminal makes and shows them."""

from typing import Final

from tamamo.accounts.service import users
from tamamo.accounts.service.users import Person
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import SetupError
from tamamo.kernel.identity import EVERY_TENANT, Role, grants, system
from tamamo.kernel.identity.grants import Held
from tamamo.server.identity.running import day

#: What did it, in the audit log.
BY: Final = system("user")
_PAGE: Final = 500


async def create_operator(
    connection: Connection, email: str, name: str, password: str, language: str
) -> str:
    """Make an account that keeps the whole installation; return its subject."""
    number = await users.create(connection, BY, email, name, language=language, password=password)
    await grants.give(connection, BY, f"user:{number}", EVERY_TENANT, Role.OPERATOR)
    return f"user:{number}"


async def subject_of(connection: Connection, who: str) -> str:
    """Return the subject of an e-mail address; a subject stays what it is. Raises SetupError."""
    if "@" not in who:
        return who
    for person in await users.listing(connection, text=who):
        if person.email == who.strip().lower():
            return person.subject
    raise SetupError(f"{who} has no account.")


async def listing(connection: Connection) -> list[tuple[str, ...]]:
    """Return a line for each account."""
    held: dict[str, list[str]] = {}
    for one in await grants.listing(connection):
        held.setdefault(one.subject, []).append(_words(one))
    lines: list[tuple[str, ...]] = []
    page = await users.listing(connection, limit=_PAGE)
    while page:
        lines += [_line(person, held.get(person.subject, [])) for person in page]
        page = await users.listing(connection, after=page[-1].id, limit=_PAGE)
    return lines


def _line(person: Person, roles: list[str]) -> tuple[str, ...]:
    return (
        person.subject,
        person.email,
        person.name,
        person.home_tenant or "-",
        "active" if person.is_active else "switched off",
        day(person.last_login),
        "; ".join(roles) or "-",
    )


def _words(held: Held) -> str:
    """Return a grant in a few words."""
    where = "everywhere" if held.tenant == EVERY_TENANT else held.tenant
    limits = [held.unit] if held.unit else []
    limits += [*(held.types or ()), *(held.scopes or ())]
    state = "" if held.state == "active" else f" [{held.state}]"
    return f"{held.role} {where}" + (f" ({', '.join(limits)})" if limits else "") + state
