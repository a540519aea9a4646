"""From grants and what a tenant decided to what an actor may do there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tamamo.kernel.identity.model import (
    Access,
    Actor,
    Grant,
    Right,
    Role,
    unlimited,
)
from tamamo.kernel.identity.reach import NOTHING, Part, Reach

#: In the public types of a tenant: all that are not personal.
ALL_TYPES: Final = "*"
_NOBODY: Final = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Share:
    """What an agreement in force shows of the tenant to the people of another one."""

    reader: str
    part: Part
    may_subscribe: bool = False
    may_read: bool = True


@dataclass(frozen=True, slots=True)
class Policy:
    """What a tenant decided about its data."""

    #: IRIs of the types anybody may read, or ALL_TYPES.
    public: frozenset[str] = _NOBODY
    personal: frozenset[str] = _NOBODY
    #: (type, the unit that answers for it).
    owned: tuple[tuple[str, str], ...] = ()
    shares: tuple[Share, ...] = ()
    #: (type, a further unit, the attributes of such entities that it answers for).
    parts: tuple[tuple[str, str, frozenset[str]], ...] = ()

    def public_part(self) -> Part | None:
        """Return what anybody may read."""
        if ALL_TYPES in self.public:
            return Part(but_types=self.personal)
        shown = self.public - self.personal
        return Part(types=shown) if shown else None

    def fields_of(self, grant: Grant) -> list[Part]:
        """Return the attributes that a grant's unit, or one under it, answers for."""
        if grant.unit is None:
            return []
        under = grant.unit + "/"
        return [
            Part(frozenset({type_}), attrs, grant.scopes)
            for type_, unit, attrs in self.parts
            if (unit == grant.unit or unit.startswith(under))
            and (grant.types is None or type_ in grant.types)
            and type_ not in self.personal
        ]

    def types_of(self, grant: Grant) -> frozenset[str] | None:
        """Return the types a grant names or its unit answers for; None: it limits none."""
        named = None if grant.types is None else frozenset(grant.types)
        if grant.unit is None:
            return named
        under = grant.unit + "/"
        owned = frozenset(
            type_ for type_, unit in self.owned if unit == grant.unit or unit.startswith(under)
        )
        return owned if named is None else named & owned

    def part_of(self, grant: Grant) -> Part | None:
        """Return what a grant is for; personal data only where it names its type or unit."""
        types = self.types_of(grant)
        if types is None:
            return Part(scopes=grant.scopes, but_types=self.personal)
        return Part(types=types, scopes=grant.scopes) if types else None


def access_of(actor: Actor, tenant: str, policy: Policy) -> Access:
    """Return what an actor may do in a tenant.

    tenant: as clients name it, not that of a snapshot's data.
    """
    grants = [grant for grant in actor.grants if grant.counts_in(tenant)]
    if actor.rights is None and any(grant.role is Role.OPERATOR for grant in grants):
        return unlimited(tenant)
    public = policy.public_part()
    readable = [] if public is None else [public]
    subscribed, writable = list(readable), []
    for share in policy.shares:
        if share.reader == actor.tenant:
            # Personal data never travel, whatever was signed.
            part = replace(share.part, but_types=share.part.but_types | policy.personal)
            readable += [part] * share.may_read
            subscribed += [part] * share.may_subscribe
    for grant in grants:
        reads, writes = _parts(grant, policy)
        readable += reads
        subscribed += reads
        writable += writes
    return _limited(
        actor.rights,
        Access(
            tenant,
            joined(readable),
            joined(writable),
            joined(subscribed),
            frozenset(grant.role for grant in grants),
        ),
        joined(() if public is None else (public,)),
    )


def _parts(grant: Grant, policy: Policy) -> tuple[list[Part], list[Part]]:
    """Return what a grant lets read and subscribe to, and what it lets write."""
    part = policy.part_of(grant)
    own = [] if part is None else [part]
    match grant.role:
        case Role.OPERATOR:
            return [Part()], [Part()]
        case Role.AUDITOR:
            return [Part()], []
        case Role.EDITOR | Role.APPROVER:
            return [Part(but_types=policy.personal), *own], [*own, *policy.fields_of(grant)]
        case Role.DEVELOPER:
            return own, []
        case Role.DEVICE:
            return [], own
        case _:
            return [], []


def _limited(rights: frozenset[Right] | None, access: Access, public: Reach) -> Access:
    """Leave of an access what a token is for. What is public stays so."""
    if rights is None:
        return access
    return Access(
        access.tenant,
        access.read if Right.READ in rights else public,
        access.write if Right.WRITE in rights else NOTHING,
        access.subscribe if Right.SUBSCRIBE in rights else NOTHING,
        access.roles if Right.ADMINISTER in rights else frozenset(),
        everything=False,
    )


def joined(parts: Iterable[Part]) -> Reach:
    """Return the union of parts, those that differ only in their types made one.

    So that an entity of two types, each of which is granted, is within reach.
    """
    by_limits: dict[object, Part] = {}
    for part in parts:
        limits = (part.attrs, part.scopes, part.but_types, part.types is None)
        known = by_limits.get(limits)
        if known is None or known.types is None or part.types is None:
            by_limits[limits] = part
        else:
            by_limits[limits] = Part(
                known.types | part.types, part.attrs, part.scopes, part.but_types
            )
    return _whole(tuple(by_limits.values()))


def _whole(parts: Sequence[Part]) -> Reach:
    whole = [part for part in parts if part.is_whole]
    return Reach(tuple(whole[:1] or parts))
