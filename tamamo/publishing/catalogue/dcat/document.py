"""Entries as a JSON-LD document: DCAT-AP 3.0, one page of a catalogue or a dataset alone.

Turtle and RDF/XML are made from this document, so the three can say nothing different. What the
profile calls mandatory and recommended is there; every code list entry says what it is, so that a
document is valid without the lists being fetched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tamamo.publishing.catalogue.dcat import names
from tamamo.publishing.catalogue.entry import Agent, Entry, Group, Licence, Place, Resource
from tamamo.publishing.datasets import LICENCES, Words

Node = dict[str, Any]
_LICENCE: Final = LICENCES["CC-BY-4.0"]
_LOCAL_AUTHORITY: Final = {
    "@id": names.LOCAL_AUTHORITY,
    "@type": "skos:Concept",
    "skos:prefLabel": {"@value": "Local Authority", "@language": "en"},
}
_NOTES: Final = Words(
    "模擬データです。実際の観測や記録ではありません。",
    "Simulated data: no real observations or records.",
)


@dataclass(frozen=True, slots=True)
class Pages:
    """Where a page stands among those of a catalogue. total: datasets of all pages."""

    page: int
    last: int
    total: int
    modified: datetime | None


def catalogue(place: Place, entries: Sequence[Entry], pages: Pages) -> Node:
    """Return a page of the catalogue: the catalogue, its services, and the page's datasets."""
    home = f"{place.root}/data/"
    about = {
        "@id": f"{place.root}/catalog",
        "@type": "dcat:Catalog",
        "dct:title": _text(_titled(place)),
        "dct:description": _text(_described(place)),
        "dct:publisher": _town(place),
        "dct:language": [_coded(uri, "dct:LinguisticSystem") for uri in names.LANGUAGES.values()],
        "dct:license": _coded(_LICENCE.url, "dct:LicenseDocument"),
        "dct:spatial": _coded(names.JAPAN, "dct:Location"),
        "dcat:themeTaxonomy": {
            "@id": names.THEMES,
            "@type": "skos:ConceptScheme",
            "dct:title": _text(Words("データテーマ", "Data theme")),
        },
        "foaf:homepage": _coded(home, "foaf:Document"),
        "dct:modified": _moment(pages.modified),
        "dcat:service": services(place),
        "dcat:dataset": [dataset(entry, place) for entry in entries],
    }
    return {"@context": names.PREFIXES, "@graph": [_kept(about), _view(place, pages)]}


def alone(place: Place, entry: Entry) -> Node:
    """Return one dataset as a document of its own."""
    used = services(place) if any(one.table for one in entry.resources) else []
    return {"@context": names.PREFIXES, "@graph": [dataset(entry, place), *used[:1]]}


def dataset(entry: Entry, place: Place) -> Node:
    """Return a dataset with its distributions."""
    licence = _licence(entry.licence)
    return _kept(
        {
            "@id": f"{entry.page or place.page(entry.name)}#dataset",
            "@type": "dcat:Dataset",
            "dct:identifier": entry.id,
            "adms:identifier": {"@type": "adms:Identifier", "skos:notation": entry.name},
            "dct:title": _text(entry.title),
            # Mandatory: a dataset nobody has described is described by what it is called.
            "dct:description": _text(entry.description or entry.title),
            "dct:publisher": agent(entry.publisher, place),
            "dcat:contactPoint": _contact(entry),
            "dcat:keyword": list(entry.tags),
            "dcat:theme": [_theme(one) for one in entry.groups],
            "dct:issued": _moment(entry.issued),
            "dct:modified": _moment(entry.modified),
            "dct:accrualPeriodicity": _coded(entry.cycle, "dct:Frequency"),
            "dct:language": _coded(names.LANGUAGES["ja"], "dct:LinguisticSystem"),
            "dct:accessRights": _coded(names.PUBLIC, "dct:RightsStatement"),
            "dct:spatial": _location(entry),
            "dct:conformsTo": _standard(entry),
            "dct:provenance": _provenance(entry),
            "dcat:landingPage": _coded(entry.page, "foaf:Document"),
            "dcat:version": entry.version,
            "dcat:distribution": [
                _distribution(one, entry, licence, place) for one in entry.resources
            ],
        }
    )


def _distribution(one: Resource, entry: Entry, licence: Node | None, place: Place) -> Node:
    page = entry.page or place.page(entry.name)
    service = f"{place.root}/api/3/action/#service" if one.table else ""
    return _kept(
        {
            "@id": f"{page}#{one.id.rpartition('.')[2] or one.id}",
            "@type": "dcat:Distribution",
            "dct:identifier": one.id,
            "dct:title": _text(one.title),
            "dct:description": _text(_formed(entry, one)),
            "dct:format": _coded(one.file_type, "dct:MediaTypeOrExtent", label=one.format),
            "dcat:mediaType": _coded(_iana(one.media), "dct:MediaType"),
            "dcat:accessURL": _coded(page, "rdfs:Resource"),
            "dcat:downloadURL": _coded(one.url, "rdfs:Resource"),
            "dcat:accessService": {"@id": service} if service else None,
            "dct:license": licence,
            "dct:modified": _moment(entry.modified),
            "dcatap:availability": _coded(names.STABLE, "skos:Concept", label="AVAILABLE"),
        }
    )


def _formed(entry: Entry, one: Resource) -> Words:
    """Return what a distribution is: the dataset, in a form."""
    ja = f"{entry.title.in_('ja')}（{one.title.in_('ja')}）"
    return Words(ja, f"{entry.title.in_('en')}, {one.title.in_('en')}")


def services(place: Place) -> list[Node]:
    """Return the APIs of a catalogue."""
    told = (
        ("/api/3/action/", "CKAN Action API", names.CKAN_API, "help_show?name=package_search"),
        ("/ogc/", "OGC API Features", names.OGC_FEATURES, "api"),
    )
    return [
        {
            "@id": f"{place.root}{path}#service",
            "@type": "dcat:DataService",
            "dct:title": _text(Words(title)),
            "dcat:endpointURL": _coded(f"{place.root}{path}", "rdfs:Resource"),
            "dcat:endpointDescription": _coded(f"{place.root}{path}{described}", "rdfs:Resource"),
            "dct:publisher": _town(place),
            "dcat:contactPoint": {"@type": "vcard:Kind", "vcard:fn": _text(place.title)},
            "dct:conformsTo": {
                "@id": standard,
                "@type": "dct:Standard",
                "dct:title": _text(Words(title)),
            },
            "dct:license": _coded(_LICENCE.url, "dct:LicenseDocument"),
        }
        for path, title, standard, described in told
    ]


def agent(one: Agent, place: Place) -> Node:
    """Return a publisher: a unit of the town."""
    name = _text(one.title) or _text(place.title)
    return {
        "@id": f"{place.root}/data/?organization={one.id}",
        "@type": "foaf:Agent",
        "foaf:name": name,
        "dct:type": _LOCAL_AUTHORITY,
        "dct:identifier": one.id,
    }


def _town(place: Place) -> Node:
    about = {"@id": f"{place.root}/", "@type": "foaf:Agent", "foaf:name": _text(place.title)}
    return {**about, "dct:type": _LOCAL_AUTHORITY}


def _titled(place: Place) -> Words:
    ja, en = place.title.in_("ja"), place.title.in_("en")
    return Words(f"{ja} オープンデータカタログ", f"{en} open data catalogue")


def _described(place: Place) -> Words:
    ja, en = place.title.in_("ja"), place.title.in_("en")
    return Words(f"{ja}が公開するデータの一覧です。", f"The data that {en} publishes.")


def address(place: Place, page: int, form: str = "") -> str:
    """Return where a page of the catalogue is had. form: jsonld, ttl or rdf."""
    suffix = f".{form}" if form else ""
    return f"{place.root}/catalog{suffix}" + (f"?page={page}" if page > 1 else "")


def _view(place: Place, pages: Pages) -> Node:
    """Return the page itself, in Hydra's words, as other catalogues do."""

    def link(page: int) -> Node | None:
        return {"@id": address(place, page)} if 1 <= page <= pages.last else None

    return _kept(
        {
            "@id": address(place, pages.page) + ("" if pages.page > 1 else "?page=1"),
            "@type": "hydra:PartialCollectionView",
            "hydra:totalItems": pages.total,
            "hydra:first": link(1),
            "hydra:previous": link(pages.page - 1),
            "hydra:next": link(pages.page + 1),
            "hydra:last": link(pages.last),
        }
    )


def _theme(group: Group) -> Node:
    node = _coded(group.uri, "skos:Concept") or {"@type": "skos:Concept"}
    return {**node, "skos:prefLabel": _text(group.title), "skos:notation": group.id}


def _licence(licence: Licence) -> Node | None:
    if not licence.url:
        return None
    node = _coded(licence.url, "dct:LicenseDocument")
    return _kept({**(node or {}), "dct:identifier": licence.id, "dct:title": _text(licence.title)})


def _contact(entry: Entry) -> Node:
    named = entry.contact or entry.publisher.title
    return {"@type": "vcard:Kind", "vcard:fn": _text(named)}


def _location(entry: Entry) -> Node | None:
    if entry.bbox is None:
        return _coded(names.JAPAN, "dct:Location")
    west, south, east, north = entry.bbox
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    text = ", ".join(f"{x!r} {y!r}" for x, y in corners)
    box = {"@value": f"POLYGON(({text}))", "@type": names.WKT}
    return {"@type": "dct:Location", "dcat:bbox": box}


def _standard(entry: Entry) -> Node | None:
    if not entry.standard:
        return None
    title = Words(f"自治体標準オープンデータセット（{entry.standard}）")
    node = {"@type": "dct:Standard", "dct:identifier": entry.standard}
    return {**node, "dct:title": _text(title)}


def _provenance(entry: Entry) -> list[Node]:
    said = [entry.source] if entry.source else []
    if entry.simulated:
        said.append(_NOTES)
    return [{"@type": "dct:ProvenanceStatement", "rdfs:label": _text(one)} for one in said]


def is_note(label: str) -> bool:
    """Say whether a statement of provenance is our mark of made-up data."""
    return label in {_NOTES.ja, _NOTES.en}


def _iana(media: str) -> str:
    return f"https://www.iana.org/assignments/media-types/{media}" if media else ""


def _coded(uri: str, kind: str, label: str = "") -> Node | None:
    """Return an entry of a code list, with what it is; None without an address."""
    if not uri:
        return None
    node: Node = {"@id": uri, "@type": kind}
    return {**node, "skos:prefLabel": label} if label and kind == "skos:Concept" else node


def _text(words: Words) -> list[Node]:
    both = (("ja", words.ja), ("en", words.en))
    return [{"@value": text, "@language": language} for language, text in both if text]


def _moment(moment: datetime | None) -> Node | None:
    return None if moment is None else {"@value": moment.isoformat(), "@type": "xsd:dateTime"}


def _kept(node: Node) -> Node:
    """Return a node without what is not known."""
    return {key: value for key, value in node.items() if value not in (None, "", [])}
