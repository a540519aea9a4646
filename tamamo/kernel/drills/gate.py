"""What may be set up in a drill to send by itself: only what stays within its list."""

from collections.abc import Iterator
from typing import Any, Final

from tamamo.kernel.database import Connection
from tamamo.kernel.drills.errors import NotInADrill
from tamamo.kernel.drills.finding import of

#: Members of a document that name where something is sent.
_ADDRESSES: Final = frozenset({"uri", "url", "endpoint"})


async def require_allowed(connection: Connection, tenant: str, document: Any) -> None:
    """Raise NotInADrill where a document sends something to an address not on a drill's list."""
    drill = await of(connection, tenant)
    if drill is None:
        return
    for address in addresses(document):
        if not drill.allows(address):
            raise NotInADrill(f"{address!r} is not on the list of this drill", field="endpoint")


async def require_town(connection: Connection, tenant: str) -> None:
    """Raise NotInADrill in a drill: other brokers take what reaches them for what happens."""
    if await of(connection, tenant) is not None:
        raise NotInADrill("A drill asks and tells no other brokers")


def addresses(document: Any) -> Iterator[str]:
    """Yield where a document says that something is sent, however deep it stands."""
    if isinstance(document, list):
        for one in document:
            yield from addresses(one)
    elif isinstance(document, dict):
        for name, value in document.items():
            if name in _ADDRESSES and isinstance(value, str):
                yield value
            else:
                yield from addresses(value)
