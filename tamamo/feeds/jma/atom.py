"""The Atom feeds of 気象庁防災情報XML (pull type), asked only for what changed.

https://xml.kishou.go.jp/xmlpull.html: extra.xml (随時, warnings) and eqvol.xml (地震火山, tsunami)
have what came in the last minutes, …_l.xml what came in the last days. JMA asks for conditional
requests, and no more than one a minute of each.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tamamo.feeds.readers.jma_xml_parts import (
    UnreadableTelegram,
    child,
    children,
    local,
    moment,
    parse,
    text,
)
from tamamo.kernel.outgoing import Outgoing

ADDRESS: Final = "https://www.data.jma.go.jp/developer/xml/feed/"
FEEDS: Final = ("extra", "eqvol")
_NOT_MODIFIED: Final = 304
#: A long feed holds a week of all Japan.
_LARGEST: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """A telegram as a feed tells of it. office: 発表官署."""

    address: str
    title: str
    office: str
    summary: str
    updated: datetime


def entries(body: bytes) -> Iterator[Entry]:
    """Yield the entries of a feed, newest first. Raises UnreadableTelegram."""
    root = parse(body)
    if local(root) != "feed":
        raise UnreadableTelegram("no_feed", "Atomフィードではありません", "this is no Atom feed")
    for entry in children(root, "entry"):
        address = _link(entry)
        if address:
            yield Entry(
                address,
                text(entry, "title"),
                text(entry, "author", "name"),
                text(entry, "content"),
                moment(entry, "updated"),
            )


def _link(entry: Any) -> str:
    link = child(entry, "link")
    address = link.get("href", "") if link is not None else ""
    return address or text(entry, "id")


class Conditional:
    """Fetches an address again only where it changed (ETag, Last-Modified; RFC 9110, 13.1)."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._known: dict[str, dict[str, str]] = {}

    async def get(self, address: str, max_bytes: int = _LARGEST) -> bytes | None:
        """Return the content, None where it is what it was. Raises OutgoingError."""
        answer = await self._outgoing.request(
            "GET",
            address,
            headers={"Accept": "application/atom+xml, */*", **self._known.get(address, {})},
            max_bytes=max_bytes,
            seconds=20,
        )
        if answer.status == _NOT_MODIFIED:
            return None
        body = answer.content()
        known = {}
        if etag := answer.headers.get("ETag"):
            known["If-None-Match"] = etag
        if modified := answer.headers.get("Last-Modified"):
            known["If-Modified-Since"] = modified
        self._known[address] = known
        return body

    def forget(self, address: str) -> None:
        """Ask for it whole the next time: what it said was not used."""
        self._known.pop(address, None)
