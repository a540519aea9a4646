"""Who holds which role: given, listed and taken away, each act with its row in the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.kernel.identity.devices import is_id
from tamamo.kernel.identity.errors import InvalidInput, NotThere
from tamamo.kernel.identity.model import EVERY_TENANT, GRANTABLE, Actor, Role, require_operator
from tamamo.kernel.time import now

_SQL = sql.load(__package__)

#: Whose acts in every tenant are noted: in the log of the installing town.
_INSTALLING: Final = "default"
#: Roles that are for a whole tenant: a limit on them would be read and not kept.
_WHOLE: Final = frozenset({Role.OPERATOR, Role.AUDITOR, Role.RESIDENT, Role.REPORTER})
_KINDS: Final = ("user", "client")
#: Digits of the number of an account.
_LONGEST_NUMBER: Final = 18
_MOST: Final = 200
State = Literal["active", "future", "expired", "revoked", "unit_ended"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A role to be given."""

    subject: str
    tenant: str
    role: Role
    unit: str | None = None
    types: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A grant as operators see it."""

    tenant: str
    id: str
    subject: str
    role: Role
    unit: str | None
    types: tuple[str, ...] | None
    scopes: tuple[str, ...] | None
    valid_from: datetime
    valid_to: datetime | None
    revoked_at: datetime | None
    granted_by: str
    granted_at: datetime
    #: Why it does not count now, or `active`.
    state: State = field(default="active")


async def give(
    connection: Connection,
    by: Actor,
    subject: str,
    tenant: str,
    role: Role,
    *,
    unit: str | None = None,
    types: Sequence[str] | None = None,
    scopes: Sequence[str] | None = None,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
) -> str:
    """Give a role; return the id of the grant, that of the same one where it is held already.

    by: an operator of the tenant; for EVERY_TENANT of the installation. types: IRIs; scopes: each
    with all under it; None: all. valid_from: None: from now on. Raises Forbidden, InvalidInput
    naming the field, NotThere for an account, client, tenant or unit.
    """
    wanted = Wanted(
        subject, tenant, role, unit, _fixed(types), _fixed(scopes), valid_from, valid_to
    )
    require_operator(by, tenant)
    check(wanted)
    await _check_subject(connection, wanted.subject)
    await _check_places(connection, wanted)
    values = {
        "tenant": wanted.tenant,
        "subject": wanted.subject,
        "role": wanted.role.value,
        "unit": wanted.unit,
        "types": None if wanted.types is None else list(wanted.types),
        "scopes": None if wanted.scopes is None else list(wanted.scopes),
        "valid_from": wanted.valid_from,
        "valid_to": wanted.valid_to,
    }
    # Two people may give the same at once: then it is held twice, and counts once.
    cursor = await connection.execute(_SQL["find_same_grant"], values)
    same = await cursor.fetchone()
    if same is not None and wanted.valid_to is None:
        return str(same[0])
    cursor = await connection.execute(_SQL["insert_grant"], {**values, "by": by.subject})
    row = await cursor.fetchone()
    assert row is not None
    after = {name: value for name, value in values.items() if value is not None}
    await append(
        connection,
        Event(_log_of(wanted.tenant), by.subject, "grant.give", wanted.subject, after=after),
    )
    return str(row[0])


async def revoke(connection: Connection, by: Actor, tenant: str, grant_id: str) -> None:
    """Take a role away at once, in the town's drills too.

    Raises Forbidden, NotThere when it is not, or no more, held.
    """
    require_operator(by, tenant)
    row = None
    if is_id(grant_id):
        cursor = await connection.execute(
            _SQL["revoke_grant"], {"tenant": tenant, "id": grant_id, "by": by.subject}
        )
        row = await cursor.fetchone()
    if row is None:
        raise NotThere(f"In the tenant {tenant!r} nobody holds the grant {grant_id}")
    subject, *held = row
    ended = [(tenant, *held)]
    cursor = await connection.execute(
        _SQL["revoke_in_drills"],
        {"tenant": tenant, "subject": subject, "role": held[0], "by": by.subject},
    )
    ended += await cursor.fetchall()
    names = ("tenant", "role", "unit", "types", "scopes")
    for one in ended:
        before = {name: value for name, value in zip(names, one, strict=True) if value is not None}
        event = Event(_log_of(one[0]), by.subject, "grant.revoke", subject, before=before)
        await append(connection, event)


async def listing(
    connection: Connection,
    *,
    tenant: str | None = None,
    subject: str | None = None,
    ended: bool = False,
) -> Sequence[Held]:
    """Return grants by subject and tenant. tenant: None for all. ended: those too that ended."""
    cursor = await connection.execute(
        _SQL["list_held"],
        {"tenant": tenant, "subject": subject, "ended": ended},
    )
    return [_held(row) for row in await cursor.fetchall()]


def _held(row: tuple[Any, ...]) -> Held:
    tenant, grant_id, subject, role, unit, types, scopes, *rest = row
    return Held(tenant, grant_id, subject, Role(role), unit, _fixed(types), _fixed(scopes), *rest)


def _fixed(values: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def check(wanted: Wanted) -> None:
    """Raise InvalidInput naming the field that cannot be so."""
    kind, _, rest = wanted.subject.partition(":")
    number = rest.isascii() and rest.isdecimal() and len(rest) <= _LONGEST_NUMBER
    if kind not in _KINDS or not rest.isprintable() or not rest or (kind == "user" and not number):
        raise InvalidInput("A role is given to user:<id> or client:<id>", field="subject")
    if wanted.role not in GRANTABLE:
        raise InvalidInput(f"The role {wanted.role} cannot be given", field="role")
    for name in ("unit", "types", "scopes"):
        if getattr(wanted, name) is not None and wanted.role in _WHOLE:
            raise InvalidInput(f"The role {wanted.role} is for the whole tenant", field=name)
    if wanted.unit is not None and wanted.tenant == EVERY_TENANT:
        raise InvalidInput("A unit belongs to one tenant", field="unit")
    for iri in _some(wanted.types, "types"):
        if not (iri.isprintable() and urlsplit(iri).scheme):
            raise InvalidInput(f"A type is an IRI, not {iri!r}", field="types")
    for scope in _some(wanted.scopes, "scopes"):
        if not scope.isprintable() or not scope.strip("/") or "//" in scope:
            raise InvalidInput(f"{scope!r} is not a scope", field="scopes")
    if wanted.valid_to is not None and wanted.valid_to <= (wanted.valid_from or now()):
        raise InvalidInput("The end lies before the beginning", field="valid_to")


def _some(values: tuple[str, ...] | None, name: str) -> tuple[str, ...]:
    if values is None:
        return ()
    if not 1 <= len(values) <= _MOST:
        raise InvalidInput(f"Between 1 and {_MOST} of them, or none for all", field=name)
    return values


async def _check_subject(connection: Connection, subject: str) -> None:
    """Raise NotThere for nobody: whoever came later by that name would find the grant."""
    kind, _, name = subject.partition(":")
    cursor = await connection.execute(_SQL[f"has_{kind}"], {"name": name})
    if await cursor.fetchone() is None:
        raise NotThere(f"There is no {subject}", field="subject")


async def _check_places(connection: Connection, wanted: Wanted) -> None:
    if wanted.tenant == EVERY_TENANT:
        return
    cursor = await connection.execute(_SQL["has_tenant"], {"tenant": wanted.tenant})
    if await cursor.fetchone() is None:
        raise NotThere(f"There is no tenant {wanted.tenant!r}", field="tenant")
    if wanted.unit is not None:
        cursor = await connection.execute(
            _SQL["has_unit"], {"tenant": wanted.tenant, "unit": wanted.unit}
        )
        if await cursor.fetchone() is None:
            raise NotThere(f"{wanted.tenant!r} has no unit {wanted.unit}", field="unit")


def _log_of(tenant: str) -> str:
    return _INSTALLING if tenant == EVERY_TENANT else tenant
