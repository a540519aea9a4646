"""A catalogue of others, fetched page by page: a CKAN by its API, any other as DCAT.

Every request goes through the guarded client (kernel/outgoing.py), to the host that was named:
a document that leads elsewhere for its next page is not followed there.
"""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec
import orjson

from tamamo.kernel.outgoing import Answer, Outgoing, OutgoingError
from tamamo.publishing.catalogue.ckan.package import read_package
from tamamo.publishing.catalogue.entry import Entry
from tamamo.publishing.catalogue.harvest.model import Kind, Read, SourceRefused
from tamamo.publishing.datasets import Words

#: Entries of one catalogue at most, and of one page; pages at most.
MOST, PAGE, PAGES = 20_000, 100, 1_000
_SECONDS: Final = 60.0
_ACCEPT: Final = "text/turtle, application/ld+json;q=0.9, application/rdf+xml;q=0.8"
#: Seconds between two pages: the other side has others to serve too.
_PAUSE: Final = 0.2
#: What no column holds: U+0000 and halves of characters.
_UNKEPT: Final = re.compile(r"[\x00\ud800-\udfff]")

Get = Callable[[str, str], Awaitable[Answer]]


def getting(outgoing: Outgoing) -> Get:
    """Return how an address is fetched: address, media types."""

    async def get(url: str, accept: str) -> Answer:
        return await outgoing.get(url, accept=accept, seconds=_SECONDS)

    return get


async def fetch(get: Get, kind: Kind, url: str, *, pause: float = _PAUSE) -> Read:
    """Return all a catalogue holds. Raises SourceRefused saying why it cannot be read."""
    try:
        read = await (_ckan if kind == "ckan" else _dcat)(get, url, pause)
        entries = await asyncio.to_thread(lambda: tuple(map(_storable, read.entries)))
    except OutgoingError as error:
        raise SourceRefused(f"{url}: {error}") from error
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        # A stranger's document: what it makes us stumble over ends this reading, not all of them.
        raise SourceRefused(f"{url}: it cannot be read ({type(error).__name__})") from error
    title = Words(_text(read.title.ja), _text(read.title.en))
    return replace(read, title=title, entries=entries)


def _storable(entry: Entry) -> Entry:
    """Return an entry without what the database does not take."""
    box = entry.bbox
    if box is not None and not all(map(math.isfinite, box)):
        entry = msgspec.structs.replace(entry, bbox=None)
    told: Entry = msgspec.convert(_plain(msgspec.to_builtins(entry)), Entry)
    return told


def _plain(told: Any) -> Any:
    if isinstance(told, str):
        return _text(told)
    if isinstance(told, dict):
        return {name: _plain(one) for name, one in told.items()}
    return [_plain(one) for one in told] if isinstance(told, list | tuple) else told


def _text(text: str) -> str:
    return _UNKEPT.sub("", text)


async def _ckan(get: Get, url: str, pause: float) -> Read:
    base = url.rstrip("/").removesuffix("/api/3/action")
    status = await _action(get, base, "status_show", {})
    found: dict[str, Entry] = {}
    faults: list[str] = []
    for number in range(PAGES):
        asked = {"rows": PAGE, "start": number * PAGE, "sort": "id asc", "facet": "false"}
        told = await _action(get, base, "package_search", asked)
        results = told.get("results") if isinstance(told, dict) else None
        if not isinstance(results, list):
            raise SourceRefused(f"{base}: package_search answers no list of results")
        for one in results:
            try:
                entry = read_package(one)
                found[entry.id] = entry
            except (ValueError, AttributeError, TypeError) as error:
                faults.append(f"package {number * PAGE + len(found) + len(faults) + 1}: {error}")
        if not results or len(found) + len(faults) >= min(MOST, int(told.get("count") or 0)):
            break
        await asyncio.sleep(pause)
    title = str(status.get("site_title") or base) if isinstance(status, dict) else base
    return Read(Words(title), tuple(found.values()), tuple(faults))


async def _action(get: Get, base: str, name: str, asked: dict[str, Any]) -> Any:
    address = f"{base}/api/3/action/{name}" + (f"?{urlencode(asked)}" if asked else "")
    answer = await get(address, "application/json")
    try:
        told = orjson.loads(answer.content())
    except orjson.JSONDecodeError:
        raise SourceRefused(f"{address} answers no JSON: this is no CKAN") from None
    if not isinstance(told, dict) or told.get("success") is not True:
        raise SourceRefused(f"{address} answers without success: this is no CKAN")
    return told.get("result")


async def _dcat(get: Get, url: str, pause: float) -> Read:
    from tamamo.publishing.catalogue.dcat import reading  # noqa: PLC0415 - rdflib is 20 MB

    found: dict[str, Entry] = {}
    title, address, seen = Words(), url, set[str]()
    while address and address not in seen and len(seen) < PAGES and len(found) < MOST:
        seen.add(address)
        answer = await get(address, _ACCEPT)
        media = answer.headers.get("Content-Type", "")
        try:
            page = await asyncio.to_thread(reading.read, answer.content(), media, answer.url)
        except ValueError as error:
            raise SourceRefused(f"{address}: {error}") from error
        title = title or page.title
        found.update((one.id, one) for one in page.entries)
        address = _following(page.next, url)
        if address:
            await asyncio.sleep(pause)
    if not seen or (not found and not title):
        raise SourceRefused(f"{url}: there is no catalogue in it")
    return Read(title or Words(url), tuple(found.values()))


def _following(address: str | None, first: str) -> str:
    """Return the next page's address if it is on the host that was named, else nothing."""
    if address is None:
        return ""
    there, here = urlsplit(address), urlsplit(first)
    return address if (there.scheme, there.netloc) == (here.scheme, here.netloc) else ""
