"""A JSON-LD document as bytes in each of the three forms of RDF."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson


@dataclass(frozen=True, slots=True)
class Syntax:
    """A form of RDF. writer: what rdflib calls it."""

    suffix: str
    media: str
    writer: str


SYNTAXES: Final[Mapping[str, Syntax]] = {
    one.suffix: one
    for one in (
        Syntax("jsonld", "application/ld+json", "json-ld"),
        Syntax("ttl", "text/turtle", "turtle"),
        Syntax("rdf", "application/rdf+xml", "pretty-xml"),
    )
}


def write(document: Mapping[str, Any], syntax: Syntax) -> bytes:
    """Return a document in a form. Turtle and RDF/XML of 100 datasets take about a second."""
    if syntax.suffix == "jsonld":
        return orjson.dumps(document)
    from rdflib import Graph  # noqa: PLC0415 - 20 MB that most processes never need

    graph = Graph(bind_namespaces="none")
    graph.parse(data=orjson.dumps(document), format="json-ld")
    for prefix, uri in document["@context"].items():
        graph.bind(prefix, uri)
    written = graph.serialize(format=syntax.writer, encoding="utf-8")
    return bytes(written)
