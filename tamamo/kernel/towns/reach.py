"""Agreements as what they let the people of another town reach."""

from tamamo.kernel.database import Connection
from tamamo.kernel.identity import Identity, Part, Reach, resident_of
from tamamo.kernel.identity import Share as Shown
from tamamo.kernel.towns.directory import Towns
from tamamo.kernel.towns.share import READ, SUBSCRIBE, Share


class Shares:
    """What identity asks about agreements; answered from memory."""

    def __init__(self, towns: Towns) -> None:
        self._towns = towns

    async def __call__(self, _: Connection, owner: str) -> list[Shown]:
        """Return what agreements in force show of a tenant, and to whose people."""
        return [_shown(share) for share in self._towns.shared_by(owner)]


def _shown(share: Share) -> Shown:
    return Shown(
        share.reader,
        Part(share.types, share.attrs),
        may_read=READ in share.actions,
        may_subscribe=SUBSCRIBE in share.actions,
    )


async def shared_reach(towns: Towns, identity: Identity, reader: str, owner: str) -> Reach:
    """Return what a town's own pages show of another one: what is agreed, and nothing besides.

    What the owner shows to everybody on pages of its own is not theirs to show.
    """
    access = await identity.access(resident_of(reader), owner)
    parts = []
    for share in towns.shares(reader):
        # A type that was declared personal since is left out.
        types = frozenset(kind for kind in share.types if access.read.allows([kind]))
        if share.owner == owner and types:
            parts.append(Part(types, share.attrs))
    return Reach(tuple(parts))
