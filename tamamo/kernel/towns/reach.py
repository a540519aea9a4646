"""Agreements as what they let the people of another town reach."""

from tamamo.kernel.database import Connection
from tamamo.kernel.identity.reach import Part
from tamamo.kernel.identity.resolve import Share as Shown
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
