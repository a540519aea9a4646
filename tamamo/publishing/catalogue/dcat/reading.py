"""A DCAT catalogue of anybody as entries, whatever form it came in.

Read is what DCAT-AP calls mandatory and recommended; of what our own catalogue says nothing is
lost. Nothing that a document names is fetched but its further pages, and those by the caller.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from rdflib import DCTERMS, RDF, RDFS, SKOS, Graph, Literal, Namespace, URIRef
from rdflib.namespace import FOAF
from rdflib.term import Node

from tamamo.publishing.catalogue.dcat import names
from tamamo.publishing.catalogue.dcat.document import is_note
from tamamo.publishing.catalogue.entry import (
    Agent,
    Entry,
    Group,
    Licence,
    Resource,
    licence_of,
    says_simulated,
)
from tamamo.publishing.catalogue.forms import form_of
from tamamo.publishing.datasets import CYCLES, LICENCES, THEMES, Words

_ADMS: Final = Namespace(names.PREFIXES["adms"])
DCAT: Final = Namespace(names.PREFIXES["dcat"])
_HYDRA: Final = Namespace(names.PREFIXES["hydra"])
_VCARD: Final = Namespace(names.PREFIXES["vcard"])
_FILE_TYPES: Final = "http://publications.europa.eu/resource/authority/file-type/"
_IANA: Final = "https://www.iana.org/assignments/media-types/"
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE]-?\d+)?")
_SLUG: Final = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Read:
    """A document. next: the address of the next page; None on the last. total: of all pages."""

    title: Words
    entries: tuple[Entry, ...]
    next: str | None
    total: int | None


def read(body: bytes, media: str, address: str) -> Read:
    """Return what a document says. address: where it came from. Raises ValueError."""
    graph = Graph(bind_namespaces="none")
    syntax = _syntax(media, address)
    if syntax == "json-ld":
        _refuse_foreign_context(body)
    if syntax == "xml" and (b"<!DOCTYPE" in body or b"\0" in body):
        raise ValueError("this is XML with a DOCTYPE, or in UTF-16; send UTF-8 without one")
    try:
        graph.parse(data=body, format=syntax, publicID=address)
    except Exception as error:
        raise ValueError(f"this is no {syntax}: {str(error)[:200]}") from error
    catalogue = graph.value(predicate=RDF.type, object=DCAT.Catalog, any=True)
    found = [_entry(graph, node) for node in graph.subjects(RDF.type, DCAT.Dataset, unique=True)]
    following = next(iter(graph.objects(None, _HYDRA.next)), None)
    total = next(iter(graph.objects(None, _HYDRA.totalItems)), None)
    return Read(
        _words(graph, catalogue, DCTERMS.title),
        tuple(sorted(found, key=lambda one: one.name)),
        str(following) if isinstance(following, URIRef) else None,
        int(str(total)) if total is not None and str(total).isdigit() else None,
    )


def _syntax(media: str, address: str) -> str:
    told = f"{media} {urlsplit(address).path}"
    if "turtle" in told or ".ttl" in told:
        return "turtle"
    if "rdf+xml" in told or ".rdf" in told or ".xml" in told:
        return "xml"
    return "json-ld"


def _refuse_foreign_context(body: bytes) -> None:
    """Refuse a document whose terms stand elsewhere: rdflib would fetch what it names."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"this is no JSON: {error}") from error
    waiting: list[Any] = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            contexts = one.get("@context")
            for context in contexts if isinstance(contexts, list) else [contexts]:
                imported = isinstance(context, dict) and "@import" in context
                if isinstance(context, str) or imported:
                    raise ValueError("its @context stands elsewhere; take Turtle or RDF/XML")
            waiting.extend(one.values())


def _entry(graph: Graph, node: Node) -> Entry:
    title = _words(graph, node, DCTERMS.title)
    page = _uri(graph, node, DCAT.landingPage)
    identifier = _plain(graph, node, DCTERMS.identifier) or str(node)
    notation = graph.value(node, _ADMS.identifier)
    name = _plain(graph, notation, SKOS.notation) if notation else ""
    description = _words(graph, node, DCTERMS.description)
    publisher = _agent(graph, graph.value(node, DCTERMS.publisher, any=True))
    said = [_words(graph, one, RDFS.label) for one in graph.objects(node, DCTERMS.provenance)]
    simulated = any(is_note(one.ja or one.en) for one in said) or says_simulated(title)
    sources = [one for one in said if not is_note(one.ja or one.en)]
    modified = _moment(graph, node, DCTERMS.modified)
    spots = [_resource(graph, one) for one in graph.objects(node, DCAT.distribution)]
    groups = [_group(graph, one) for one in graph.objects(node, DCAT.theme)]
    return Entry(
        id=identifier,
        name=name or _SLUG.sub("-", identifier.rstrip("/").rpartition("/")[2]) or "dataset",
        title=title,
        description=Words() if description == title else description,
        publisher=publisher,
        groups=tuple(sorted(groups, key=lambda one: one.id)),
        tags=tuple(sorted(str(one) for one in graph.objects(node, DCAT.keyword))),
        licence=_licence(graph, node),
        cycle=_cycle(_uri(graph, node, DCTERMS.accrualPeriodicity)),
        issued=_moment(graph, node, DCTERMS.issued),
        modified=modified,
        version=_plain(graph, node, DCAT.version),
        contact=_contact(graph, node, publisher),
        source=sources[0] if sources else Words(),
        standard=_plain(graph, graph.value(node, DCTERMS.conformsTo, any=True), DCTERMS.identifier),
        page=page,
        bbox=_box(graph, node),
        simulated=simulated,
        resources=tuple(sorted(spots, key=lambda one: one.id)),
    )


def _words(graph: Graph, node: Node | None, predicate: Node) -> Words:
    found = {"ja": "", "en": ""}
    for one in graph.objects(node, predicate) if node is not None else ():
        language = (one.language or "ja")[:2].lower() if isinstance(one, Literal) else ""
        if language in found and not found[language]:
            found[language] = str(one)
    return Words(found["ja"], found["en"])


def _plain(graph: Graph, node: Node | None, predicate: Node) -> str:
    value = graph.value(node, predicate, any=True) if node is not None else None
    return str(value) if isinstance(value, Literal) else ""


def _uri(graph: Graph, node: Node, predicate: Node) -> str:
    value = graph.value(node, predicate, any=True)
    return str(value) if isinstance(value, URIRef) else ""


def _moment(graph: Graph, node: Node, predicate: Node) -> datetime | None:
    told = _plain(graph, node, predicate)
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        try:
            moment = datetime.combine(date.fromisoformat(told[:10]), datetime.min.time())
        except ValueError:
            return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _agent(graph: Graph, node: Node | None) -> Agent:
    if node is None:
        return Agent("", Words())
    identifier = _plain(graph, node, DCTERMS.identifier)
    return Agent(identifier or str(node), _words(graph, node, FOAF.name))


def _contact(graph: Graph, node: Node, publisher: Agent) -> Words:
    about = graph.value(node, DCAT.contactPoint, any=True)
    told = _words(graph, about, _VCARD.fn)
    return Words() if told == publisher.title else told


def _group(graph: Graph, node: Node) -> Group:
    uri = str(node) if isinstance(node, URIRef) else ""
    known = next((one for one in THEMES.values() if uri and one.uri == uri), None)
    if known is not None:
        return Group(known.id, known.title, uri)
    notation = _plain(graph, node, SKOS.notation) or uri.rpartition("/")[2]
    return Group(notation, _words(graph, node, SKOS.prefLabel), uri)


def _licence(graph: Graph, dataset: Node) -> Licence:
    """Return the licence of a dataset: in DCAT that of its distributions."""
    places = [*graph.objects(dataset, DCAT.distribution), dataset]
    found = [one for place in places for one in graph.objects(place, DCTERMS.license)]
    if not found:
        return Licence("")
    node = found[0]
    uri = str(node) if isinstance(node, URIRef) else ""
    known = next((one.id for one in LICENCES.values() if uri and one.url == uri), None)
    if known is not None:
        return licence_of(known)
    told = _plain(graph, node, DCTERMS.identifier)
    title = _words(graph, node, DCTERMS.title)
    return Licence(told or uri.rstrip("/").rpartition("/")[2], title, uri)


def _cycle(uri: str) -> str:
    return uri if uri in {one.uri for one in CYCLES.values()} else ""


def _resource(graph: Graph, node: Node) -> Resource:
    media = _uri(graph, node, DCAT.mediaType).removeprefix(_IANA)
    file_type = _uri(graph, node, DCTERMS.format)
    identifier = _plain(graph, node, DCTERMS.identifier) or str(node)
    kind = file_type.removeprefix(_FILE_TYPES)
    form = form_of(media, identifier.rpartition(".")[2]) or form_of(media, kind)
    return Resource(
        identifier,
        _words(graph, node, DCTERMS.title),
        form.name if form else kind.rpartition("/")[2],
        media,
        file_type,
        _uri(graph, node, DCAT.downloadURL) or _uri(graph, node, DCAT.accessURL),
        table=graph.value(node, DCAT.accessService, any=True) is not None,
    )


def _box(graph: Graph, node: Node) -> tuple[float, float, float, float] | None:
    for place in graph.objects(node, DCTERMS.spatial):
        text = _plain(graph, place, DCAT.bbox)
        numbers = [float(one) for one in _NUMBER.findall(text.rpartition(">")[2])]
        xs, ys = numbers[0::2], numbers[1::2]
        if text.rpartition(">")[2].strip().upper().startswith("POLYGON") and len(xs) == len(ys) > 2:
            return min(xs), min(ys), max(xs), max(ys)
    return None
