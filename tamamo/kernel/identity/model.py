"""Who somebody is, and what they may do in a tenant. Pure values: no database, no Django."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity.reach import EVERYTHING, NOTHING, Reach

#: In a grant: every tenant of the installation.
EVERY_TENANT: Final = "*"


class Role(StrEnum):
    """What somebody is to a tenant. The texts are what is stored."""

    #: Reads what is public, and has an account.
    RESIDENT = "resident"
    #: A resident who sends reports.
    REPORTER = "reporter"
    #: Reads all that is not personal; writes the types, scopes and units of the grant.
    EDITOR = "editor"
    #: An editor who also signs off.
    APPROVER = "approver"
    #: Everything in the tenant; in every tenant (`*`) the whole installation.
    OPERATOR = "operator"
    #: Reads everything and the audit log, writes nothing.
    AUDITOR = "auditor"
    #: Has clients and tokens; reads the types of the grant.
    DEVELOPER = "developer"
    #: A device with its key: writes the one type its key is for. Never granted by people.
    DEVICE = "device"


#: The roles of people who work for a town.
STAFF: Final = frozenset({Role.EDITOR, Role.APPROVER, Role.OPERATOR, Role.AUDITOR})
#: What people and clients can be granted.
GRANTABLE: Final = tuple(role for role in Role if role is not Role.DEVICE)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that counts now."""

    id: str
    #: The tenant it is for, or EVERY_TENANT.
    tenant: str
    role: Role
    #: An organisation unit: the types it or one under it answers for.
    unit: str | None = None
    #: IRIs of entity types; None: all.
    types: tuple[str, ...] | None = None
    #: Scopes, each with all under it; None: all.
    scopes: tuple[str, ...] | None = None
    #: Of a drill: what a unit answers for in the town is a list of types there.
    drill: bool = False

    @property
    def is_for_entities(self) -> bool:
        """Whether it is for entities of some types or scopes alone.

        Such a grant makes nobody speak for the town: no warning, rule, dataset or value of the
        plan is written or approved by it.
        """
        return not self.drill and (self.types is not None or self.scopes is not None)

    def counts_in(self, tenant: str) -> bool:
        """Whether it says anything about a tenant."""
        return self.tenant in (tenant, EVERY_TENANT)


class Right(StrEnum):
    """What a token may be limited to: the scopes of OAuth2 (RFC 6749, section 3.3)."""

    READ = "read"
    WRITE = "write"
    SUBSCRIBE = "subscribe"
    #: Whatever the roles of its user or client allow beyond entities.
    ADMINISTER = "administer"


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks: `user:17`, `client:<id>`, `device:<uuid>`, `installation`, `anonymous`."""

    subject: str
    #: What people see: never an address or a secret.
    name: str = ""
    grants: tuple[Grant, ...] = ()
    #: Home town: whose agreements count for what others share.
    tenant: str | None = None
    #: What a token leaves of the grants; None: all.
    rights: frozenset[Right] | None = None

    def __hash__(self) -> int:
        # Quick, because each request asks: whoever has the same subject is compared whole.
        return hash(self.subject)

    @property
    def user_id(self) -> int | None:
        """The id of a user's account, None for whoever is no person."""
        kind, _, number = self.subject.partition(":")
        return int(number) if kind == "user" and number.isdecimal() else None

    def holds(self, role: Role, tenant: str) -> bool:
        """Whether a role is held in a tenant, or in all."""
        return any(grant.role is role and grant.counts_in(tenant) for grant in self.grants)

    def speaks(self, tenant: str, *roles: Role) -> bool:
        """Whether one of the roles is held in a tenant for more than entities of some kinds."""
        return any(
            grant.role in roles and grant.counts_in(tenant) and not grant.is_for_entities
            for grant in self.grants
        )

    def towns(self) -> frozenset[str]:
        """Return the tenants in which something is granted; EVERY_TENANT stands for all."""
        return frozenset(grant.tenant for grant in self.grants)


_ALL = (Grant("installation", EVERY_TENANT, Role.OPERATOR),)
#: Nobody in particular: no header, no session.
ANONYMOUS: Final = Actor("anonymous")
#: Who holds HOME/secrets/api-key: the machine's own operator.
INSTALLATION: Final = Actor("installation", "installation", _ALL)
#: Everybody, where nothing is checked (`--open`).
OPEN: Final = Actor("open", "open", _ALL)


def resident_of(tenant: str) -> Actor:
    """Return anybody who looks at a town's own pages: what is shared with the town counts."""
    return Actor("anonymous", tenant=tenant)


def system(service: str) -> Actor:
    """Return a part of the platform that acts by itself: a CLI verb, a service of `work`."""
    return Actor(f"system:{service}", service, _ALL)


def require_operator(actor: Actor, tenant: str) -> None:
    """Raise Forbidden unless somebody keeps a tenant, or for EVERY_TENANT the installation."""
    if actor.rights is not None and Right.ADMINISTER not in actor.rights:
        raise Forbidden("This token is not for administering")
    if not actor.holds(Role.OPERATOR, tenant):
        raise Forbidden(f"This needs the role operator in the tenant {tenant!r}")


@dataclass(frozen=True, slots=True)
class Access:
    """What one actor may do in one tenant, everything applied."""

    tenant: str
    read: Reach = NOTHING
    write: Reach = NOTHING
    subscribe: Reach = NOTHING
    roles: frozenset[Role] = frozenset()
    #: Whether nothing is limited: no part of the entities' tables has to be left out.
    everything: bool = False

    def require_role(self, *roles: Role) -> None:
        """Raise Forbidden unless one of the roles is held here. An operator may do all of them."""
        if not self.roles.isdisjoint(roles) or Role.OPERATOR in self.roles:
            return
        names = " or ".join(role.value for role in roles)
        raise Forbidden(f"This needs the role {names} in the tenant {self.tenant!r}")


#: Until it is known: nothing at all.
NO_ACCESS: Final = Access("")


def unlimited(tenant: str) -> Access:
    """Return the access of an operator."""
    roles = frozenset({Role.OPERATOR})
    return Access(tenant, EVERYTHING, EVERYTHING, EVERYTHING, roles, everything=True)
