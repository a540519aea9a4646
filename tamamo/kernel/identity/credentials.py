"""What stands in an Authorization header, and whose it is (RFC 6750)."""

import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from typing import Final

from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import Unauthorized
from tamamo.kernel.identity.model import ANONYMOUS, EVERY_TENANT, Actor, Grant, Right, Role

_SQL = sql.load(__package__)

#: How a device key begins, so that a scanner for lost secrets knows it.
KEY_PREFIX: Final = "tmk_"
#: Letters of a bearer token (RFC 6750, section 2.1); longer ones are nobody's.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{1,4096}=*", re.ASCII)
_TENANT_SCOPE: Final = "tenant:"


@dataclass(frozen=True, slots=True)
class Used:
    """A credential that was shown: what to note as used."""

    tenant: str = ""
    device: str = ""
    digest: bytes = b""
    client: str = ""


def challenge(detail: str, *, error: str | None = None) -> Unauthorized:
    """Return the refusal of a request without a key, or with an unusable one (section 3).

    error: `invalid_token` and the like; none where nothing was shown.
    """
    problem = Unauthorized(detail)
    value = 'Bearer realm="tamamo"'
    if error is not None:
        value += f', error="{error}", error_description="{detail}"'
    problem.headers["WWW-Authenticate"] = value
    return problem


def refused(detail: str) -> Unauthorized:
    """Return the refusal of a key or token that is not, or no more, valid."""
    return challenge(detail, error="invalid_token")


def token_of(authorization: str) -> str:
    """Return the token of an Authorization header. Raises Unauthorized for anything else."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise challenge("Send the header Authorization: Bearer, then a key or token")
    token = token.strip()
    if not _TOKEN.fullmatch(token):
        raise refused("This cannot be a key or token")
    return token


def new_key() -> str:
    """Return a new device key: 256 random bits as text."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def digest_of(key: str) -> bytes:
    """Return what is kept of a device key.

    Not a slow hash: nobody tries out 2^256 keys. The database finds it by the digest, so that the
    time this takes says nothing about a key.
    """
    return hashlib.sha256(key.encode()).digest()


async def of_token(
    connection: Connection, token: str, public_url: str | None
) -> tuple[Actor, Used]:
    """Return whose OAuth2 access token this is, as django-oauth-toolkit keeps it.

    A token of a user acts as the user, one of a client alone as the client; both are limited to
    the token's scopes. public_url: a token that names resources (RFC 8707) must name this one.
    Raises Unauthorized.
    """
    checksum = hashlib.sha256(token.encode()).hexdigest()
    cursor = await connection.execute(_SQL["find_token"], {"checksum": checksum})
    row = await cursor.fetchone()
    if row is None:
        raise refused("This key or token is not known, or it was revoked")
    expired, scope, resources, client, client_name, client_tenant, closed, user, active = row[:9]
    if expired:
        raise refused("This token has expired")
    if closed or (user is not None and not active):
        raise refused("The client or the account of this token is closed")
    if resources and not any(_is_for(resource, public_url) for resource in resources):
        raise refused("This token is for another resource")
    if user is None:
        actor = Actor(f"client:{client}", client_name or client, tenant=client_tenant)
    else:
        actor = Actor(f"user:{user}", row[9], tenant=row[10])
    actor = replace(actor, grants=await grants_of(connection, actor.subject))
    return limited(actor, scope.split()), Used(client=client)


def _is_for(resource: str, public_url: str | None) -> bool:
    """Whether a resource indicator means this installation or a part of it."""
    if public_url is None:
        return False
    here = public_url.rstrip("/")
    return resource.rstrip("/") == here or resource.startswith(here + "/")


def limited(actor: Actor, scopes: list[str]) -> Actor:
    """Return an actor as a token with these scopes leaves them."""
    rights = frozenset(Right(scope) for scope in scopes if scope in set(Right))
    towns = {scope.removeprefix(_TENANT_SCOPE) for scope in scopes if scope[:7] == _TENANT_SCOPE}
    if not towns:
        return replace(actor, rights=rights)
    grants: list[Grant] = []
    for grant in actor.grants:
        if grant.tenant == EVERY_TENANT:
            grants += [replace(grant, tenant=town) for town in sorted(towns)]
        elif grant.tenant in towns:
            grants.append(grant)
    home = actor.tenant if actor.tenant in towns else None
    return replace(actor, rights=rights, grants=tuple(grants), tenant=home)


async def grants_of(connection: Connection, subject: str) -> tuple[Grant, ...]:
    """Return the grants of a subject that count now."""
    cursor = await connection.execute(_SQL["list_grants"], {"subject": subject})
    return tuple(
        Grant(
            identifier,
            tenant,
            Role(role),
            unit,
            None if types is None else tuple(types),
            None if scopes is None else tuple(scopes),
            drill,
        )
        for identifier, tenant, role, unit, types, scopes, drill in await cursor.fetchall()
    )


async def user(connection: Connection, user_id: int) -> Actor | None:
    """Return a user who may sign in, None for any other."""
    cursor = await connection.execute(_SQL["find_user"], {"id": user_id})
    row = await cursor.fetchone()
    if row is None:
        return None
    subject = f"user:{user_id}"
    return Actor(subject, row[0], await grants_of(connection, subject), row[1])


async def person(connection: Connection, subject: str | None) -> Actor:
    """Return a person as they are now, as this transaction sees it; ANONYMOUS for one who left.

    For what somebody signed that takes effect only later: whoever brings it about asks whether the
    signer still may. What is no person is nobody.
    """
    named = Actor(subject or "").user_id
    found = None if named is None else await user(connection, named)
    return found or ANONYMOUS


async def client(connection: Connection, client_id: str) -> Actor | None:
    """Return a client that may have tokens, None for any other."""
    cursor = await connection.execute(_SQL["find_client"], {"client_id": client_id})
    row = await cursor.fetchone()
    if row is None:
        return None
    subject = f"client:{client_id}"
    return Actor(subject, row[0] or client_id, await grants_of(connection, subject), row[1])
