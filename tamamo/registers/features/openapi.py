"""The definition of the OGC API (OpenAPI 3.0, as Part 1 asks for), for the collections one sees."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tamamo.kernel.errors import PROBLEM_JSON
from tamamo.registers.features import asking, crs, documents, tiles
from tamamo.registers.features.documents import GEO_JSON, HTML, JSON, Frame
from tamamo.registers.features.model import Collection

Json = dict[str, Any]


def _query(name: str, text: str, schema: Json, **more: Any) -> Json:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema,
            "style": "form", "explode": False, **more}  # fmt: skip


def _path(name: str, text: str, **schema: Any) -> Json:
    kind = {"type": "string", **schema}
    return {"name": name, "in": "path", "required": True, "description": text, "schema": kind}


_NUMBER: Final = {"type": "number"}
_CRS: Final = {"type": "string", "format": "uri", "enum": list(crs.OFFERED), "default": crs.CRS84}
_PARAMETERS: Final[Mapping[str, Json]] = {
    "limit": _query("limit", "Features of a page.", {
        "type": "integer", "minimum": 1, "maximum": asking.MOST, "default": asking.USUAL,
    }),
    "bbox": _query("bbox", "Only features whose geometry meets this box.", {
        "type": "array", "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
        "items": _NUMBER,
    }),
    "datetime": _query("datetime", "Only features observed then: a time, a date or an interval.",
                       {"type": "string"}),
    "bbox-crs": _query("bbox-crs", "The system of bbox.", _CRS),
    "crs": _query("crs", "The system of the answer.", _CRS),
    "properties": _query("properties", "Only these properties.",
                         {"type": "array", "items": {"type": "string"}}),
    "after": _query("after", "Where the page begins: take it from the link next.",
                    {"type": "string"}),
    "f": _query("f", "The media type, instead of the header Accept.",
                {"type": "string", "enum": ["json", "html"]}),
    "collectionId": _path("collectionId", "The id of a collection."),
    "featureId": _path("featureId", "The id of a feature."),
    "tileMatrix": _path("tileMatrix", f"The zoom, 0 to {tiles.MOST_ZOOM}."),
    "tileRow": _path("tileRow", "The row, 0 in the north."),
    "tileCol": _path("tileCol", "The column, 0 in the west."),
}  # fmt: skip
_TILE: Final = f"/collections/{{collectionId}}/tiles/{documents._SQUARE}"
_ITEMS: Final = ("limit", "bbox", "datetime", "bbox-crs", "crs", "properties", "after", "f")
#: Path → summary, parameters, media types of the answer.
_PATHS: Final[Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "/": ("Where everything is.", ("f",), (JSON, HTML)),
    "/conformance": ("What is conformed to.", ("f",), (JSON, HTML)),
    "/api": ("This definition.", ("f",), (documents.OPENAPI, HTML)),
    "/collections": ("The collections.", ("f",), (JSON, HTML)),
    "/collections/{collectionId}": ("A collection.", ("collectionId", "f"), (JSON, HTML)),
    "/collections/{collectionId}/items": (
        "Features.", ("collectionId", *_ITEMS), (GEO_JSON, HTML)),
    "/collections/{collectionId}/items/{featureId}": (
        "A feature.", ("collectionId", "featureId", "crs", "f"), (GEO_JSON, HTML)),
    "/collections/{collectionId}/queryables": (
        "What features can be asked for by.", ("collectionId", "f"), (documents.SCHEMA,)),
    "/collections/{collectionId}/tiles": ("The tile sets.", ("collectionId", "f"), (JSON,)),
    _TILE: ("A tile set.", ("collectionId", "f"), (JSON,)),
    f"{_TILE}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": (
        "A tile.", ("collectionId", "tileMatrix", "tileRow", "tileCol"), (tiles.MEDIA_TYPE,)),
    "/tileMatrixSets": ("The grids of tiles.", ("f",), (JSON,)),
    f"/tileMatrixSets/{documents._SQUARE}": ("A grid of tiles.", ("f",), (JSON,)),
}  # fmt: skip


def definition(frame: Frame, collections: Sequence[Collection]) -> Json:
    """Return the definition; the ids of collections stand in it as a choice."""
    parameters = {**_PARAMETERS}
    if collections:
        ids = [one.id for one in collections]
        parameters["collectionId"] = _path("collectionId", "The id of a collection.", enum=ids)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": frame.text(documents.TITLE),
            "description": frame.text(documents.ABOUT),
            "version": "1.0.0",
        },
        "servers": [{"url": frame.base}],
        "paths": {path: {"get": _operation(path, *said)} for path, said in _PATHS.items()},
        "components": {
            "parameters": parameters,
            "schemas": {"problem": _PROBLEM},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        # What a town shows to everybody needs no key.
        "security": [{}, {"key": []}],
    }


_PROBLEM: Final[Json] = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": "string"},
    },
}


def _operation(path: str, summary: str, names: tuple[str, ...], media: tuple[str, ...]) -> Json:
    words = [word.strip("{}") for word in path.split("/") if word]
    operation = "get" + "".join(word[0].upper() + word[1:] for word in words)
    schema: Json = {"type": "string"} if media[0] == tiles.MEDIA_TYPE else {"type": "object"}
    answer = {
        "description": summary,
        "content": {one: {"schema": {"type": "string"} if one == HTML else schema}
                    for one in media},
    }  # fmt: skip
    problem = {"schema": {"$ref": "#/components/schemas/problem"}}
    pages = {HTML: {"schema": {"type": "string"}}} if HTML in media else {}
    error = {"description": "What is wrong.", "content": {PROBLEM_JSON: problem, **pages}}
    return {
        "summary": summary,
        "operationId": operation,
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in names],
        "responses": {"200": answer, "400": error, "404": error, "default": error},
    }
