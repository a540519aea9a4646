"""Where @context documents are kept between the requests that need them."""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

#: Documents kept in memory.
MAX_DOCUMENTS = 500


@dataclass(frozen=True, slots=True)
class Document:
    """The value of a document's @context; `expires`: when to look it up again, None: never."""

    context: Any
    expires: datetime | None


class Library(Protocol):
    """Keeps documents by (tenant, address)."""

    async def find(self, tenant: str, url: str) -> Document | None:
        """Return what is kept under an address, expired or not; None when nothing is."""

    async def keep(self, tenant: str, url: str, document: Document) -> None:
        """Keep a document that was downloaded."""

    async def changed(self) -> Collection[str]:
        """Return the tenants whose documents were replaced or removed since the last call."""


class MemoryLibrary:
    """A library of one process, for work without a database."""

    def __init__(self) -> None:
        self._documents: OrderedDict[tuple[str, str], Document] = OrderedDict()

    async def find(self, tenant: str, url: str) -> Document | None:
        """Return what is kept under an address."""
        return self._documents.get((tenant, url))

    async def keep(self, tenant: str, url: str, document: Document) -> None:
        """Keep a document; the oldest makes room."""
        self._documents[tenant, url] = document
        self._documents.move_to_end((tenant, url))
        while len(self._documents) > MAX_DOCUMENTS:
            self._documents.popitem(last=False)

    async def changed(self) -> Collection[str]:
        """Return nothing: nobody else writes here."""
        return ()
