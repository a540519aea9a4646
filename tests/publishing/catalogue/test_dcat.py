"""DCAT-AP: three forms of one document, valid by the profile's shapes, in pages, and read back."""

import re
from pathlib import Path

import pytest
from pyshacl import validate
from rdflib import DCAT, RDF, Graph
from rdflib.compare import isomorphic

from tamamo.publishing.catalogue.ckan.package import package, read_package
from tamamo.publishing.catalogue.dcat import http, reading
from tamamo.publishing.catalogue.dcat.document import Pages, catalogue
from tamamo.publishing.catalogue.entry import Place, entry_of
from tamamo.publishing.catalogue.harvest.comparing import comparable
from tamamo.publishing.datasets import Words
from tests.publishing.catalogue.conftest import ROOT

PLACE = Place("alpha", Words("玉藻市", "Tamamo City"), ROOT)
FORMATS = {"jsonld": "json-ld", "ttl": "turtle", "rdf": "xml"}
SHAPES = Path(__file__).with_name("dcat_ap_shapes.ttl")


def violations(graph: Graph) -> list[str]:
    """Return what a graph breaks of the profile."""
    valid, _, text = validate(graph, shacl_graph=Graph().parse(SHAPES))
    return [] if valid else re.findall(r"Message: (.*)", text)


async def test_the_three_forms_are_one_graph_and_keep_the_profile(town) -> None:
    graphs = []
    for suffix, media in (
        ("jsonld", "application/ld+json"),
        ("ttl", "text/turtle"),
        ("rdf", "application/rdf+xml"),
    ):
        answer = await town.get(f"/catalog.{suffix}")
        assert answer.headers["content-type"] == f"{media}; charset=utf-8"
        asked = await town.get("/catalog", accept=media)
        assert asked.content == answer.content
        graphs.append(Graph().parse(data=answer.content, format=FORMATS[suffix]))
    assert isomorphic(graphs[0], graphs[1]) and isomorphic(graphs[0], graphs[2])
    assert len(set(graphs[0].subjects(RDF.type, DCAT.Dataset))) == 2
    assert violations(graphs[0]) == []


async def test_the_shapes_find_what_is_missing(town) -> None:
    graph = Graph().parse(data=(await town.get("/catalog.ttl")).content, format="turtle")
    assert violations(graph) == []
    for name in ("title", "description"):
        broken = Graph() + graph
        for one in list(broken.subjects(RDF.type, DCAT.Dataset)):
            broken.remove(
                (one, next(p for p in broken.predicates() if p.endswith(f"/{name}")), None)
            )
        assert violations(broken)


async def test_pages_are_linked_and_unchanged_ones_are_not_sent_again(town, monkeypatch) -> None:
    monkeypatch.setattr(http, "SIZE", 1)
    first = await town.get("/catalog.jsonld")
    links = re.findall(r'<([^>]+)>; rel="(\w+)"', first.headers["link"])
    assert {rel: url for url, rel in links if rel != "alternate"} == {
        "first": f"{ROOT}/catalog.jsonld",
        "next": f"{ROOT}/catalog.jsonld?page=2",
        "last": f"{ROOT}/catalog.jsonld?page=2",
    }
    assert [url for url, rel in links if rel == "alternate"] == [
        f"{ROOT}/catalog.ttl", f"{ROOT}/catalog.rdf",
    ]  # fmt: skip
    second = await town.get("/catalog.jsonld?page=2")
    assert second.headers["etag"] != first.headers["etag"]
    again = await town.client.get(
        "/t/alpha/catalog.jsonld", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    for wrong in ("3", "0", "x", "9" * 20):
        assert (await town.get(f"/catalog.ttl?page={wrong}")).status_code == 404


async def test_a_dataset_alone(town) -> None:
    for suffix in ("jsonld", "ttl", "rdf"):
        answer = await town.get(f"/data/halls.{suffix}")
        graph = Graph().parse(data=answer.content, format=FORMATS[suffix])
        assert violations(graph) == []
    assert (await town.get("/data/draft.ttl")).status_code == 404


async def test_what_we_tell_is_read_back_without_a_difference(town) -> None:
    found = await town.hall.datasets.search(None, "alpha", http.DatasetQuery(sort="id"))
    ours = [entry_of(one, PLACE) for one in found.datasets]
    packages = [read_package(package(one)) for one in ours]
    assert [comparable(one) for one in packages] == [comparable(one) for one in ours]
    for suffix in ("jsonld", "ttl", "rdf"):
        answer = await town.get(f"/catalog.{suffix}")
        told = reading.read(answer.content, answer.headers["content-type"], ROOT)
        assert (told.total, told.next) == (2, None)
        assert [comparable(one) for one in told.entries] == [comparable(one) for one in ours]


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("text/turtle", b"this is no turtle"),
        ("application/rdf+xml", b"<html>"),
        ("application/ld+json", b"["),
        ("application/ld+json", b'{"@context": "https://elsewhere.example/context"}'),
        ("application/ld+json", b'{"@context": [{"@import": "http://127.0.0.1/"}]}'),
        (
            "application/rdf+xml",
            b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
        ),
    ],
)
def test_documents_that_cannot_be_read_say_so(media: str, body: bytes) -> None:
    with pytest.raises(ValueError):
        reading.read(body, media, "https://other.example/catalog")


def test_an_empty_catalogue_is_one_too() -> None:
    told = catalogue(PLACE, [], Pages(1, 1, 0, None))
    assert told["@graph"][0]["@type"] == "dcat:Catalog"
