"""The JSON documents of the OGC API, each with the links the standard asks for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from tamamo.kernel.time import now, to_text
from tamamo.registers.declaration import Texts
from tamamo.registers.features import crs, tiles
from tamamo.registers.features.model import Collection, Feature, FeaturePage, ItemsQuery, Property

JSON: Final = "application/json"
GEO_JSON: Final = "application/geo+json"
HTML: Final = "text/html"
SCHEMA: Final = "application/schema+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
Document = dict[str, Any]

_SPEC: Final = "http://www.opengis.net/spec/"
CONFORMS: Final = (
    *(f"{_SPEC}ogcapi-features-1/1.0/conf/{one}" for one in ("core", "oas30", "html", "geojson")),
    f"{_SPEC}ogcapi-features-2/1.0/conf/crs",
    f"{_SPEC}ogcapi-features-3/1.0/conf/queryables",
    *(f"{_SPEC}ogcapi-common-1/1.0/conf/{one}" for one in ("core", "json", "html", "oas30")),
    *(
        f"{_SPEC}ogcapi-tiles-1/1.0/conf/{one}"
        for one in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt")
    ),
)
#: Link relations of the OGC that IANA does not list.
_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"
_SQUARE: Final = "WebMercatorQuad"
_SQUARE_URI: Final = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{_SQUARE}"
#: Metres a pixel of a tile of 256 at zoom 0, and the scale at the OGC's 0.28 mm a pixel.
_PIXEL: Final = 40_075_016.685_578_49 / 256
_SCALE: Final = _PIXEL / 0.000_28

TITLE: Final = Texts("地図データのAPI（OGC API）", "Map data (OGC API)")
ABOUT: Final = Texts(
    "まちが公開している位置のあるデータを、GISから読むための窓口です"
    "（OGC API - Features、OGC API - Tiles）。",
    "What the town shows to everybody and has a place, for GIS programs"
    " (OGC API - Features, OGC API - Tiles).",
)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where and for whom documents are made.

    base: address of the landing page without a slash at its end. page: the same for the pages for
    people, in the language. town: its title, where it has one.
    site: address that other pages of the town begin with.
    """

    base: str
    page: str
    town: str
    language: str
    site: str = ""

    @property
    def path(self) -> str:
        """The path of the landing page, without scheme and host."""
        return urlsplit(self.base).path

    def text(self, texts: Texts) -> str:
        """Return a text in the language."""
        return texts.in_(self.language)

    def link(self, rel: str, path: str, media: str, title: Texts | None = None) -> Document:
        """Return a link to a resource of this API."""
        made = {"rel": rel, "type": media, "href": f"{self.base}{path}"}
        return made if title is None else {**made, "title": self.text(title)}

    def both(self, path: str, media: str = JSON) -> list[Document]:
        """Return the links of a document to itself and to its page for people."""
        more = "&" if "?" in path else "?"
        page = {"rel": "alternate", "type": HTML, "href": f"{self.page}{path}{more}f=html"}
        return [self.link("self", path, media), page]


def landing(frame: Frame) -> Document:
    """Return the landing page (Part 1, 7.2)."""
    return {
        "title": f"{frame.town} {frame.text(TITLE)}".strip(),
        "description": frame.text(ABOUT),
        "links": [
            *frame.both("/"),
            frame.link("service-desc", "/api", OPENAPI, Texts("APIの定義", "API definition")),
            {"rel": "service-doc", "type": HTML, "href": f"{frame.page}/api?f=html"},
            frame.link("conformance", "/conformance", JSON, Texts("準拠", "Conformance")),
            frame.link("data", "/collections", JSON, Texts("コレクション", "Collections")),
            frame.link(f"{_REL}tiling-schemes", "/tileMatrixSets", JSON),
        ],
    }


def conformance(frame: Frame) -> Document:
    """Return what is conformed to (Part 1, 7.4)."""
    return {"links": frame.both("/conformance"), "conformsTo": list(CONFORMS)}


def collections(frame: Frame, found: Iterable[Collection]) -> Document:
    """Return the list of collections (Part 1, 7.13)."""
    return {
        "links": frame.both("/collections"),
        "crs": list(crs.OFFERED),
        "collections": [collection(frame, one, whole=False) for one in found],
    }


def path_of(found: Collection) -> str:
    """Return the path of a collection below the landing page."""
    return f"/collections/{quote(found.id, safe='')}"


def collection(frame: Frame, found: Collection, *, whole: bool = True) -> Document:
    """Return a collection (Part 1, 7.14). whole: alone, not in the list."""
    path = path_of(found)
    page = {"rel": "items", "type": HTML, "href": f"{frame.page}{path}/items?f=html"}
    links = [
        *frame.both(path),
        frame.link("items", f"{path}/items", GEO_JSON),
        page,
        frame.link(f"{_REL}queryables", f"{path}/queryables", SCHEMA),
    ]
    if found.tiled:
        links.append(frame.link(f"{_REL}tilesets-vector", f"{path}/tiles", JSON))
    if found.licence:
        links.append({"rel": "license", "href": found.licence})
    if found.page:
        links.append({"rel": "describedby", "type": HTML, "href": f"{frame.site}{found.page}"})
    made: Document = {
        "id": found.id,
        "title": frame.text(found.title),
        "description": frame.text(found.description),
        "itemType": "feature",
        "crs": list(crs.OFFERED) if whole else ["#/crs"],
        "storageCrs": crs.CRS84,
        "links": links,
    }
    if found.attribution is not None:
        made["attribution"] = frame.text(found.attribution)
    extent = _extent(found)
    return {**made, "extent": extent} if extent else made


def _extent(found: Collection) -> Document:
    extent: Document = {}
    if found.bounds is not None:
        extent["spatial"] = {"bbox": [list(found.bounds)], "crs": crs.CRS84}
    if found.interval is not None:
        ends = [None if one is None else to_text(one) for one in found.interval]
        extent["temporal"] = {"interval": [ends]}
    return extent


def feature(one: Feature, system: str) -> Document:
    """Return a feature (RFC 7946; in another system than CRS84 with its order of axes)."""
    return {
        "type": "Feature",
        "id": one.id,
        "geometry": crs.geometry_in(one.geometry, system),
        "properties": dict(one.properties),
    }


def items(
    frame: Frame,
    found: Collection,
    page: FeaturePage,
    query: ItemsQuery,
    params: Mapping[str, str],
) -> Document:
    """Return a page of features (Part 1, 7.15 and 7.16). params: as they were asked."""
    path = f"{path_of(found)}/items"
    links = frame.both(f"{path}{asked(params)}", GEO_JSON)
    links.append(frame.link("collection", path_of(found), JSON))
    following = after(page, params)
    if following is not None:
        links.append(frame.link("next", f"{path}{asked(following)}", GEO_JSON))
    made: Document = {
        "type": "FeatureCollection",
        "links": links,
        "timeStamp": to_text(now()),
        "numberReturned": len(page.features),
        "features": [feature(one, query.system) for one in page.features],
    }
    return made if page.total is None else {**made, "numberMatched": page.total}


def after(page: FeaturePage, params: Mapping[str, str]) -> dict[str, str] | None:
    """Return the parameters of the next page, None on the last one."""
    if not page.more or not page.features:
        return None
    return {**params, "after": page.features[-1].key}


def asked(params: Mapping[str, str]) -> str:
    """Return parameters as the query of an address, without the media type."""
    told = {name: text for name, text in params.items() if name != "f"}
    return f"?{urlencode(told, safe=',:/')}" if told else ""


def item(frame: Frame, found: Collection, one: Feature, system: str) -> Document:
    """Return a feature alone (Part 1, 7.17)."""
    path = f"{path_of(found)}/items/{quote(one.id, safe=':')}"
    links = [*frame.both(path, GEO_JSON), frame.link("collection", path_of(found), JSON)]
    return {**feature(one, system), "links": links}


def queryables(frame: Frame, found: Collection) -> Document:
    """Return what a collection's features can be asked for by (Part 3, 6.2), as a JSON Schema."""
    filtered = [one for one in found.properties if one.filtered]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{frame.base}{path_of(found)}/queryables",
        "type": "object",
        "title": frame.text(found.title),
        "properties": {one.name: _schema(frame, one) for one in filtered},
        "additionalProperties": False,
    }


def _schema(frame: Frame, one: Property) -> Document:
    made: Document = {"type": one.type}
    if one.title is not None:
        made["title"] = frame.text(one.title)
    if one.choices:
        made["enum"] = list(one.choices)
    return made


def tilesets(frame: Frame, found: Collection) -> Document:
    """Return the tile sets of a collection (OGC API - Tiles, 8.3)."""
    path = f"{path_of(found)}/tiles"
    return {"links": [frame.link("self", path, JSON)], "tilesets": [_tileset(frame, found)]}


def tileset(frame: Frame, found: Collection) -> Document:
    """Return a tile set of a collection (OGC Two Dimensional Tile Matrix Set, 7)."""
    path = f"{path_of(found)}/tiles/{_SQUARE}"
    made = _tileset(frame, found)
    layer = {"id": tiles.LAYER, "dataType": "vector"}
    if found.bounds is not None:
        west, south, east, north = found.bounds
        made["boundingBox"] = {
            "lowerLeft": [west, south],
            "upperRight": [east, north],
            "crs": crs.CRS84,
        }
    item_link = {
        "rel": "item",
        "type": tiles.MEDIA_TYPE,
        "href": f"{frame.base}{path}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}",
        "templated": True,
    }
    made["links"] = [frame.link("self", path, JSON), *made["links"][1:], item_link]
    return {**made, "layers": [layer]}


def _tileset(frame: Frame, found: Collection) -> Document:
    return {
        "title": frame.text(found.title),
        "dataType": "vector",
        "crs": crs.WEB_MERCATOR,
        "tileMatrixSetURI": _SQUARE_URI,
        "links": [
            frame.link("self", f"{path_of(found)}/tiles/{_SQUARE}", JSON),
            frame.link(f"{_REL}tiling-scheme", f"/tileMatrixSets/{_SQUARE}", JSON),
        ],
    }


def matrix_sets(frame: Frame) -> Document:
    """Return the tile matrix sets."""
    links = [frame.link("self", f"/tileMatrixSets/{_SQUARE}", JSON)]
    entry = {"id": _SQUARE, "title": _SQUARE, "uri": _SQUARE_URI, "links": links}
    return {"links": [frame.link("self", "/tileMatrixSets", JSON)], "tileMatrixSets": [entry]}


def matrix_set(frame: Frame) -> Document:
    """Return the tile matrix set WebMercatorQuad (OGC 17-083r4, annex D.1)."""
    half = _PIXEL * 128
    return {
        "id": _SQUARE,
        "title": _SQUARE,
        "uri": _SQUARE_URI,
        "crs": crs.WEB_MERCATOR,
        "orderedAxes": ["E", "N"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "links": [frame.link("self", f"/tileMatrixSets/{_SQUARE}", JSON)],
        "tileMatrices": [
            {
                "id": str(zoom),
                "scaleDenominator": _SCALE / 2**zoom,
                "cellSize": _PIXEL / 2**zoom,
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": [-half, half],
                "tileWidth": 256,
                "tileHeight": 256,
                "matrixWidth": 2**zoom,
                "matrixHeight": 2**zoom,
            }
            for zoom in range(tiles.MOST_ZOOM + 1)
        ],
    }


def links_header(document: Document) -> str:
    """Return a document's links as the header Link (RFC 8288); templates are left out."""
    links: Sequence[Document] = document.get("links", ())
    plain = (link for link in links if not link.get("templated"))
    return ", ".join(
        f'<{quote(link["href"], safe=_SAFE)}>; rel="{link["rel"]}"'
        + (f'; type="{link["type"]}"' if "type" in link else "")
        for link in plain
    )


#: What stands in addresses already made.
_SAFE: Final = "%/:?#[]@!$&'()*+,;=~"
