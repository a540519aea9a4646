"""What the OGC API answers to: each resource, what it takes, and how it is answered.

Two doors lead here: `http` for programs, and the web face for people, whose pages are made of the
same answers.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from tamamo.context.access.admission import Needs, admit
from tamamo.context.access.seen import seen_by
from tamamo.context.broker import Broker
from tamamo.registers.features import asking, crs, documents, openapi, tiles
from tamamo.registers.features.documents import GEO_JSON, JSON, SCHEMA, Frame
from tamamo.registers.features.errors import BadParameter, NothingHere
from tamamo.registers.features.model import Reader
from tamamo.registers.features.service import Features
from tamamo.registers.model import Visitor

_ADDRESS: Final = re.compile(
    r"(?P<root>(?:/t/(?P<town>[^/]+))?(?:/(?P<english>en))?)/ogc(?P<rest>/.*)?$"
)
_FORM: Final = frozenset({"f"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, for any resource. names: the variables of its path."""

    features: Features
    reader: Reader
    frame: Frame
    names: Mapping[str, str]
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered. page: name of the page for people, "" where there is none.

    about: what the page shows, as objects. body: in place of a document.
    """

    document: documents.Document
    media: str = JSON
    page: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    tile: tiles.Tile | None = None


Handler = Callable[[Asked], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource. has_page: whether there is a page for people."""

    path: str
    handler: Handler
    has_page: bool = False

    def match(self, rest: str) -> dict[str, str] | None:
        """Return the variables of an encoded path below the landing page, None for another."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, rest)
        return found and {name: unquote(text) for name, text in found.groupdict().items()}


async def _landing(asked: Asked) -> Answer:
    """Return where everything is."""
    asking.only(asked.params, _FORM)
    return Answer(documents.landing(asked.frame), page="landing")


async def _conformance(asked: Asked) -> Answer:
    """Return what is conformed to."""
    asking.only(asked.params, _FORM)
    return Answer(documents.conformance(asked.frame), page="conformance")


async def _api(asked: Asked) -> Answer:
    """Return the definition."""
    asking.only(asked.params, _FORM)
    found = await asked.features.collections(asked.reader)
    document = openapi.definition(asked.frame, found)
    return Answer(document, documents.OPENAPI, "api")


async def _collections(asked: Asked) -> Answer:
    """Return the collections."""
    asking.only(asked.params, _FORM)
    found = await asked.features.collections(asked.reader)
    document = documents.collections(asked.frame, found)
    return Answer(document, page="collections", about={"collections": found})


async def _collection(asked: Asked) -> Answer:
    """Return a collection."""
    asking.only(asked.params, _FORM)
    found = await asked.features.collection(asked.reader, asked.names["collection"])
    document = documents.collection(asked.frame, found)
    return Answer(document, page="collection", about={"collection": found})


async def _items(asked: Asked) -> Answer:
    """Return a page of features."""
    found = await asked.features.collection(asked.reader, asked.names["collection"])
    query = asking.items(asked.params, found)
    page = await asked.features.page(asked.reader, found, query)
    document = documents.items(asked.frame, found, page, query, asked.params)
    about = {"collection": found, "features": page, "query": query}
    headers = {"Content-Crs": f"<{query.system}>"}
    return Answer(document, GEO_JSON, "items", about, headers)


async def _item(asked: Asked) -> Answer:
    """Return a feature."""
    asking.only(asked.params, {"f", "crs"})
    system = crs.check(asked.params.get("crs", crs.CRS84), "crs")
    found = await asked.features.collection(asked.reader, asked.names["collection"])
    one = await asked.features.feature(asked.reader, found, asked.names["feature"])
    document = documents.item(asked.frame, found, one, system)
    about = {"collection": found, "feature": one}
    return Answer(document, GEO_JSON, "item", about, {"Content-Crs": f"<{system}>"})


async def _queryables(asked: Asked) -> Answer:
    """Return what features can be asked for by."""
    asking.only(asked.params, _FORM)
    found = await asked.features.collection(asked.reader, asked.names["collection"])
    return Answer(documents.queryables(asked.frame, found), SCHEMA)


async def _tilesets(asked: Asked) -> Answer:
    """Return the tile sets of a collection."""
    asking.only(asked.params, _FORM)
    found = await asked.features.collection(asked.reader, asked.names["collection"])
    if not found.tiled:
        raise NothingHere(f"{found.id} has no tiles")
    return Answer(documents.tilesets(asked.frame, found))


async def _tileset(asked: Asked) -> Answer:
    """Return a tile set of a collection."""
    asking.only(asked.params, _FORM)
    found = await asked.features.collection(asked.reader, asked.names["collection"])
    if not found.tiled:
        raise NothingHere(f"{found.id} has no tiles")
    return Answer(documents.tileset(asked.frame, found))


async def _tile(asked: Asked) -> Answer:
    """Return a tile."""
    asking.only(asked.params, ())
    names = asked.names
    tile = await asked.features.tile(
        asked.reader, names["collection"], names["zoom"], names["row"], names["column"]
    )
    return Answer({}, tiles.MEDIA_TYPE, tile=tile)


async def _matrix_sets(asked: Asked) -> Answer:
    """Return the grids of tiles."""
    asking.only(asked.params, _FORM)
    return Answer(documents.matrix_sets(asked.frame))


async def _matrix_set(asked: Asked) -> Answer:
    """Return a grid of tiles."""
    asking.only(asked.params, _FORM)
    return Answer(documents.matrix_set(asked.frame))


_ONE: Final = "/collections/{collection}"
#: Everything there is below the landing page.
RESOURCES: Final = (
    Resource("", _landing, has_page=True),
    Resource("/conformance", _conformance, has_page=True),
    Resource("/api", _api, has_page=True),
    Resource("/collections", _collections, has_page=True),
    Resource(_ONE, _collection, has_page=True),
    Resource(f"{_ONE}/items", _items, has_page=True),
    Resource(f"{_ONE}/items/{{feature}}", _item, has_page=True),
    Resource(f"{_ONE}/queryables", _queryables),
    Resource(f"{_ONE}/tiles", _tilesets),
    Resource(f"{_ONE}/tiles/WebMercatorQuad", _tileset),
    Resource(f"{_ONE}/tiles/WebMercatorQuad/{{zoom}}/{{row}}/{{column}}", _tile),
    Resource("/tileMatrixSets", _matrix_sets),
    Resource("/tileMatrixSets/WebMercatorQuad", _matrix_set),
)


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the API, taken apart. town: None for the default one."""

    root: str
    town: str | None
    language: str
    rest: str

    @property
    def resource(self) -> tuple[Resource, dict[str, str]]:
        """Return the resource and its variables. Raises NothingHere."""
        rest = self.rest.rstrip("/")
        for one in RESOURCES:
            names = one.match(rest)
            if names is not None and not any("\x00" in text for text in names.values()):
                return one, names
        raise NothingHere(f"The API has no resource {self.rest}")


def address_of(scope: Mapping[str, Any]) -> Address | None:
    """Return the address of a request (ASGI), by the path as it was sent; None for any other."""
    raw: bytes = scope.get("raw_path") or str(scope["path"]).encode()
    found = _ADDRESS.match(raw.decode("latin-1").partition("?")[0])
    if found is None:
        return None
    language = "en" if found["english"] else "ja"
    town = unquote(found["town"]) if found["town"] else None
    return Address(found["root"], town, language, found["rest"] or "")


def params_of(query: bytes) -> dict[str, str]:
    """Return the parameters of a request. Raises BadParameter for one that stands twice."""
    found: dict[str, str] = {}
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise BadParameter(f"The parameters cannot be read: {error}") from error
    for name, text in pairs:
        if name in found:
            raise BadParameter(f"The parameter {name!r} stands twice", field=name)
        found[name] = text
    return found


async def reader_of(features: Features, broker: Broker, visitor: Visitor, language: str) -> Reader:
    """Return who reads. Raises the Problem for a town that there is not for them."""
    access, actor = visitor.access, visitor.actor
    if not access.read and not await features.is_public(broker, visitor.tenant):
        admit(actor, access, Needs.READ)
    await broker.tenants.require(visitor.tenant)
    return Reader(seen_by(broker, access, actor.subject), broker, visitor, language)


def frame_of(origin: str, address: Address, reader: Reader) -> Frame:
    """Return where documents stand. origin: scheme and host, as the client reached it."""
    town = f"/t/{address.town}" if address.town else ""
    base = f"{origin}{town}/ogc"
    english = "/en" if reader.language == "en" else ""
    known = reader.whole.towns.get(reader.tenant)
    title = known.title(reader.language) if known is not None and known.titles else ""
    return Frame(base, f"{origin}{town}{english}/ogc", title, reader.language, f"{origin}{town}")
