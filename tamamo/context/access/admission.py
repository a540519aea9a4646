"""Whether somebody may do an operation at all; how far it goes is seen entity by entity."""

from collections.abc import Callable
from enum import Enum
from typing import Final

from tamamo.context.errors import NonexistentTenant
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import ANONYMOUS, Access, Actor, Role, challenge


class Needs(Enum):
    """What an operation needs of whoever asks for it."""

    #: Nothing: it tells nothing that is kept for a tenant.
    NOTHING = "nothing"
    #: To read some entities.
    READ = "read"
    #: To write some entities.
    WRITE = "write"
    #: To be told of some entities while the connection is open.
    FOLLOW = "follow"
    #: To be told of some entities; not for nobody in particular, as somebody must answer for it.
    SUBSCRIBE = "subscribe"
    #: To read some entities as somebody: what is kept for one is theirs alone.
    OWN = "own"
    #: To keep @contexts for all.
    CONTEXTS = "contexts"
    #: To make and remove snapshots.
    SNAPSHOTS = "snapshots"
    #: To say which other brokers the tenant's data come from and go to.
    SOURCES = "sources"


_ROLES: Final = {
    Needs.CONTEXTS: frozenset({Role.EDITOR, Role.APPROVER, Role.DEVELOPER, Role.OPERATOR}),
    Needs.SNAPSHOTS: frozenset({Role.EDITOR, Role.APPROVER, Role.OPERATOR}),
    Needs.SOURCES: frozenset({Role.OPERATOR}),
}
_TESTS: Final[dict[Needs, Callable[[Access], bool]]] = {
    Needs.NOTHING: lambda access: True,
    Needs.READ: lambda access: bool(access.read),
    Needs.OWN: lambda access: bool(access.read),
    Needs.WRITE: lambda access: bool(access.write),
    Needs.FOLLOW: lambda access: bool(access.subscribe),
    Needs.SUBSCRIBE: lambda access: bool(access.subscribe),
}
#: What nobody in particular may do, as far as it is public.
_BY_ANYBODY: Final = frozenset({Needs.READ, Needs.FOLLOW})


def admit(actor: Actor, access: Access, needs: Needs) -> None:
    """Raise unless somebody may do what needs this, of some entities at least.

    To whoever may do nothing in a tenant it is as if there were none: Unauthorized for nobody in
    particular, NonexistentTenant for others. Else Unauthorized or Forbidden.
    """
    if access.everything or needs is Needs.NOTHING:
        return
    nobody = actor.subject == ANONYMOUS.subject
    if nobody and not (needs in _BY_ANYBODY and _TESTS[needs](access)):
        raise challenge("This needs the header Authorization: Bearer <key or token>")
    if not (access.read or access.write or access.subscribe or access.roles):
        raise NonexistentTenant(f"There is no tenant {access.tenant!r}")
    if needs in _ROLES:
        access.require_role(*sorted(_ROLES[needs]))
    elif not _TESTS[needs](access):
        raise Forbidden(f"You may not do this in the tenant {access.tenant!r}: {needs.value}")
