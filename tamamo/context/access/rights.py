"""What the makers of subscriptions may be told now: rights are held against each notification."""

from time import monotonic
from typing import Final, Protocol

from tamamo.context.tenants import owner_of
from tamamo.kernel.identity import Access, Identity, unlimited

#: Seconds an answer counts here; with what the identity itself remembers less than five in all.
FRESH: Final = 0.5
_MOST: Final = 10_000


class Made(Protocol):
    """What somebody made. owner: their subject; None: the operator's own, from before there were
    any.
    """

    @property
    def tenant(self) -> str:
        """The tenant it is in."""
        ...

    @property
    def owner(self) -> str | None:
        """Its maker."""
        ...


class Rights:
    """The access of makers, by subject and tenant."""

    def __init__(self, identity: Identity) -> None:
        """identity: who knows them."""
        self._identity = identity
        self._found: dict[tuple[str, str], tuple[float, Access]] = {}
        self._operator = unlimited("*")

    @property
    def checked(self) -> bool:
        """Whether anything is checked here: not with `--open`."""
        return self._identity.key is not None

    def known(self, made: Made) -> Access | None:
        """Return what its maker may do, without waiting; None: `of` has to be asked."""
        if made.owner is None or self._identity.key is None:
            return self._operator
        found = self._found.get((made.owner, made.tenant))
        return found[1] if found is not None and found[0] > monotonic() else None

    async def of(self, made: Made) -> Access:
        """Return what its maker may do now. Raises Unavailable."""
        found = self.known(made)
        if found is not None or made.owner is None:
            return found or self._operator
        until = monotonic() + FRESH
        actor = await self._identity.actor_of(made.owner)
        access = await self._identity.access(actor, owner_of(made.tenant))
        if len(self._found) >= _MOST:
            self._found.clear()
        self._found[made.owner, made.tenant] = (until, access)
        return access
