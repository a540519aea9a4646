"""Programs that get tokens, as operators and developers keep them."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from tamamo.accounts import randomsecret
from tamamo.accounts.service.errors import InvalidAccount, NoSuchAccount
from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.kernel.identity import Actor, Right
from tamamo.kernel.identity.model import require_operator
from tamamo.kernel.time import now

_SQL = sql.load("tamamo.accounts.service")
Kind = Literal["client-credentials", "authorization-code"]
KINDS: Final = ("client-credentials", "authorization-code")
_HOST: Final = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Program:
    """A client as operators see it; never its secret."""

    id: int
    client_id: str
    name: str
    home_tenant: str | None
    kind: str
    #: False: it cannot keep a secret (an app), and proves itself by PKCE alone.
    confidential: bool
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    created: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    #: Tokens in force.
    tokens: int

    @property
    def subject(self) -> str:
        """Who this is in grants and in the audit log."""
        return f"client:{self.client_id}"


async def listing(
    connection: Connection, *, tenant: str | None = None, limit: int = 200
) -> list[Program]:
    """Return clients, of one town or all, those that were revoked last."""
    values = {"tenant": tenant, "client_id": None, "limit": limit}
    rows = await connection.execute(_SQL["clients"], values)
    return [_program(row) for row in await rows.fetchall()]


async def find(connection: Connection, client_id: str) -> Program:
    """Return one client. Raises NoSuchAccount."""
    values = {"tenant": None, "client_id": client_id, "limit": 1}
    row = await (await connection.execute(_SQL["clients"], values)).fetchone()
    if row is None:
        raise NoSuchAccount(f"There is no client {client_id!r}")
    return _program(row)


async def create(
    connection: Connection,
    by: Actor,
    tenant: str,
    name: str,
    *,
    kind: Kind = "client-credentials",
    scopes: Sequence[str] = ("read",),
    redirect_uris: Sequence[str] = (),
    confidential: bool = True,
    expires_at: datetime | None = None,
) -> tuple[Program, str | None]:
    """Make a client and return it with its secret, which is shown this once.

    Its rights are grants of `Program.subject`; with none it reads what is public. A client that
    acts for people (authorization-code) needs redirect_uris; one that is not confidential has no
    secret. Raises InvalidAccount, Forbidden.
    """
    require_operator(by, tenant)
    _check(
        name,
        kind,
        scopes=scopes,
        redirect_uris=redirect_uris,
        confidential=confidential,
        expires_at=expires_at,
    )
    secret = randomsecret.make() if confidential else None
    values = {
        "client_id": secrets.token_urlsafe(24).replace("_", "-"),
        # A client without a secret: one that nobody knows.
        "secret": randomsecret.stored(secret or randomsecret.make()),
        "kind": "confidential" if confidential else "public",
        "grant": kind,
        "name": name.strip(),
        "redirect_uris": " ".join(redirect_uris),
        "home_tenant": tenant,
        "scopes": " ".join(dict.fromkeys(scopes)),
        "expires_at": expires_at,
    }
    await connection.execute(_SQL["create_client"], values)
    program = await find(connection, str(values["client_id"]))
    after = {
        "name": program.name,
        "kind": kind,
        "scopes": list(program.scopes),
        "redirect_uris": list(redirect_uris),
        "expires_at": expires_at,
    }
    await _note(connection, by, program, "client.create", after=after)
    return program, secret


async def rotate(connection: Connection, by: Actor, client_id: str) -> str:
    """Give a client a new secret and return it, this once; the old one counts no more.

    Tokens in force stay. Raises NoSuchAccount, InvalidAccount for a client without a secret or one
    that was revoked, Forbidden.
    """
    program = await _theirs(connection, by, client_id)
    if not program.confidential:
        raise InvalidAccount("This client has no secret", field="client_id", code="public")
    if program.revoked_at is not None:
        raise InvalidAccount("This client was revoked", field="client_id", code="revoked")
    secret = randomsecret.make()
    values = {"id": program.id, "secret": randomsecret.stored(secret)}
    await connection.execute(_SQL["rotate"], values)
    await _note(connection, by, program, "client.rotate")
    return secret


async def revoke(connection: Connection, by: Actor, client_id: str) -> None:
    """End a client for good, its tokens with it. Raises NoSuchAccount, Forbidden."""
    program = await _theirs(connection, by, client_id)
    values = {"id": program.id}
    if not await (await connection.execute(_SQL["revoke"], values)).fetchone():
        return
    for name in ("end_client_codes", "end_client_refresh", "end_client_tokens"):
        await connection.execute(_SQL[name], values)
    await _note(connection, by, program, "client.revoke", after={"tokens": program.tokens})


def _check(
    name: str,
    kind: str,
    *,
    scopes: Sequence[str],
    redirect_uris: Sequence[str],
    confidential: bool,
    expires_at: datetime | None,
) -> None:
    if not name.strip() or len(name) > 255:
        raise InvalidAccount("A client needs a name", field="name", code="required")
    if kind not in KINDS:
        raise InvalidAccount(f"There is no kind {kind!r}", field="kind", code="choice")
    known = {right.value for right in Right}
    if not scopes or not known.issuperset(scopes):
        raise InvalidAccount(f"Scopes are {sorted(known)}", field="scopes", code="choice")
    if kind == "client-credentials" and not confidential:
        raise InvalidAccount(
            "Only a secret proves such a client", field="confidential", code="kind"
        )
    if (kind == "authorization-code") != bool(redirect_uris):
        raise InvalidAccount(
            "A client that acts for people says where its answers go, no other does",
            field="redirect_uris",
            code="required",
        )
    for uri in redirect_uris:
        parts = urlsplit(uri)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        # The host goes into the policy of the page that asks for consent.
        if not safe or not _HOST.fullmatch(parts.netloc) or parts.fragment or " " in uri:
            raise InvalidAccount(
                f"{uri!r} must be https (or http on this machine), without a fragment",
                field="redirect_uris",
                code="uri",
            )
    if expires_at is not None and expires_at <= now():
        raise InvalidAccount("The end has passed already", field="expires_at", code="past")


def _program(row: Sequence[Any]) -> Program:
    return Program(
        id=row[0],
        client_id=row[1],
        name=row[2],
        home_tenant=row[3],
        kind=row[4],
        confidential=row[5] == "confidential",
        redirect_uris=tuple(row[6].split()),
        scopes=tuple(row[7].split()),
        created=row[8],
        expires_at=row[9],
        revoked_at=row[10],
        last_used_at=row[11],
        tokens=row[12],
    )


async def _theirs(connection: Connection, by: Actor, client_id: str) -> Program:
    program = await find(connection, client_id)
    require_operator(by, program.home_tenant or "*")
    return program


async def _note(
    connection: Connection,
    by: Actor,
    program: Program,
    action: str,
    *,
    after: dict[str, Any] | None = None,
) -> None:
    tenant = program.home_tenant or "default"
    await append(connection, Event(tenant, by.subject, action, program.subject, after=after))
