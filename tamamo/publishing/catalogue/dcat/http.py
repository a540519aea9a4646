"""`/catalog.jsonld|.ttl|.rdf` and `/data/<id>.jsonld|.ttl|.rdf`: the catalogue as DCAT-AP.

Pages have 100 datasets; Link headers (RFC 8288) lead to the other pages and forms. `/catalog` is
answered in the form its Accept header asks for.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tamamo.publishing.catalogue import addresses
from tamamo.publishing.catalogue.dcat import document
from tamamo.publishing.catalogue.dcat.forms import SYNTAXES, Syntax, write
from tamamo.publishing.catalogue.entry import Place, entry_of
from tamamo.publishing.catalogue.towns import REFUSED, asked_place, refusal
from tamamo.publishing.datasets import DatasetQuery, Datasets, UnknownDataset

#: Datasets of one page.
SIZE: Final = 100
_OPEN: Final = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Link, ETag"}
_FRESH: Final = "public, max-age=60"


class Kept:
    """The pages written last, a few of them: writing Turtle takes a second of a processor.

    They are written one after the other, off the event loop.
    """

    def __init__(self, most: int = 8) -> None:
        self._pages: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self._most = most
        self._writing = asyncio.Lock()

    def get(self, key: tuple[object, ...]) -> bytes | None:
        """Return what was written under a key."""
        found = self._pages.get(key)
        if found is not None:
            self._pages.move_to_end(key)
        return found

    async def write(
        self, key: tuple[object, ...], told: Mapping[str, Any], syntax: Syntax
    ) -> bytes:
        """Return a document in a form, and keep it."""
        async with self._writing:
            found = self.get(key)
            if found is None:
                found = self._pages[key] = await asyncio.to_thread(write, told, syntax)
            while len(self._pages) > self._most:
                self._pages.popitem(last=False)
        return found


_kept: Final = Kept()


async def catalogue(request: Request) -> Response:
    """Answer a page of the catalogue in the form its address or the Accept header names."""
    try:
        return await _catalogue(request, _syntax(request))
    except REFUSED as problem:
        return refusal(problem, request)


async def _catalogue(request: Request, syntax: Syntax) -> Response:
    place = asked_place(request)
    engine = Datasets(request.state.broker)
    page = _page(request)
    tag = _etag(await engine.stamp(place.town), place.root, syntax.suffix, page)
    links = [f'<{document.address(place, page, one.suffix)}>; rel="alternate"; type="{one.media}"'
             for one in SYNTAXES.values() if one is not syntax]  # fmt: skip
    if tag in request.headers.get("if-none-match", ""):
        return Response(None, 304, {"ETag": tag, "Cache-Control": _FRESH})
    query = DatasetQuery(sort="id", start=(page - 1) * SIZE, rows=SIZE)
    found = await engine.search(None, place.town, query)
    last = max(1, -(-found.total // SIZE))
    if page > last:
        raise UnknownDataset(f"The catalogue has {last} pages", field="page")
    links += _pages(place, syntax, page, last)
    body = _kept.get((tag,))
    if body is None:
        entries = [entry_of(one, place) for one in found.datasets]
        moments = [one.changed for one in entries if one.changed is not None]
        pages = document.Pages(page, last, found.total, max(moments, default=None))
        body = await _kept.write((tag,), document.catalogue(place, entries, pages), syntax)
    headers = {"ETag": tag, "Link": ", ".join(links), "Cache-Control": _FRESH, "Vary": "Accept"}
    return Response(body, 200, {**_OPEN, **headers}, f"{syntax.media}; charset=utf-8")


def _page(request: Request) -> int:
    text = request.query_params.get("page", "1")
    page = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
    if page < 1:
        raise UnknownDataset("page: a number from 1", field="page")
    return page


def _pages(place: Place, syntax: Syntax, page: int, last: int) -> list[str]:
    named = {"first": 1, "prev": page - 1, "next": page + 1, "last": last}
    return [
        f'<{document.address(place, number, syntax.suffix)}>; rel="{relation}"'
        for relation, number in named.items()
        if 1 <= number <= last
    ]


def _etag(*parts: object) -> str:
    text = "\x00".join(map(str, parts))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'


def _syntax(request: Request) -> Syntax:
    if named := request.path_params["suffix"]:
        return SYNTAXES[named[1:]]
    wanted = request.headers.get("accept", "")
    return next((one for one in SYNTAXES.values() if one.media in wanted), SYNTAXES["jsonld"])


async def dataset(request: Request) -> Response:
    """Answer one dataset in the form its address names."""
    try:
        syntax, place = _syntax(request), asked_place(request)
        name = request.path_params["id"]
        found = await Datasets(request.state.broker).one(None, place.town, name)
        told = document.alone(place, entry_of(found, place))
        body = await asyncio.to_thread(write, told, syntax)
    except REFUSED as problem:
        return refusal(problem, request)
    headers = {**_OPEN, "Cache-Control": _FRESH}
    return Response(body, 200, headers, f"{syntax.media}; charset=utf-8")


addresses.register()


def _routes(prefix: str) -> list[Route]:
    return [
        Route(f"{prefix}/catalog{{suffix:{addresses.ANY_GRAPH}}}", catalogue),
        Route(f"{prefix}/data/{{id}}{{suffix:{addresses.GRAPH}}}", dataset),
    ]


routes = [*_routes(""), *_routes("/t/{town}")]
