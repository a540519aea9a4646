"""Our own catalogue harvested by our own harvester, by CKAN's API and as DCAT: no difference."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
import pytest

from tamamo.kernel.outgoing import Answer, OutgoingError
from tamamo.publishing.catalogue.dcat import http
from tamamo.publishing.catalogue.entry import Agent, Entry, Place, entry_of
from tamamo.publishing.catalogue.harvest import fetching
from tamamo.publishing.catalogue.harvest.comparing import compare, members
from tamamo.publishing.catalogue.harvest.model import SourceRefused, UnknownSource
from tamamo.publishing.catalogue.harvest.service import Harvests
from tamamo.publishing.datasets import DatasetQuery, Words
from tests.publishing.catalogue.conftest import ROOT

PLACE = Place("alpha", Words("玉藻市", "Tamamo City"), ROOT)


def through(client: Any) -> fetching.Get:
    """Return how the harvester fetches: from the app of the test instead of the network."""

    async def get(url: str, accept: str) -> Answer:
        path = url.removeprefix("https://data.example.jp")
        answer = await client.get(path, headers={"Accept": accept})
        return Answer(answer.status_code, answer.headers, answer.content, url)

    return get


def answering(pages: Mapping[str, Any]) -> fetching.Get:
    async def get(url: str, accept: str) -> Answer:
        for end, body in pages.items():
            if url.endswith(end):
                text = body if isinstance(body, bytes) else orjson.dumps(body)
                return Answer(200, {"Content-Type": "application/json"}, text, url)
        raise OutgoingError("no answer within 60 s")

    return get


_BOX = """@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
<https://o.example/c> a dcat:Catalog ; dct:title "c" . <https://o.example/d> a dcat:Dataset ;
  dct:title "d" ; dct:spatial [ dcat:bbox "POLYGON((1e999 2,3 4,5 6,1e999 2))" ] ."""


def turtle(body: bytes) -> fetching.Get:
    async def get(url: str, accept: str) -> Answer:
        return Answer(200, {"Content-Type": "text/turtle"}, body, url)

    return get


@pytest.mark.parametrize(("kind", "url"), [("ckan", ROOT), ("dcat", f"{ROOT}/catalog.ttl")])
async def test_a_harvest_of_our_own_catalogue_differs_in_nothing(
    town, monkeypatch, kind, url
) -> None:
    monkeypatch.setattr(http, "SIZE", 1)  # page by page
    monkeypatch.setattr(fetching, "PAGE", 1)
    found = await town.hall.datasets.search(None, "alpha", DatasetQuery(sort="id"))
    ours = [entry_of(one, PLACE) for one in found.datasets]
    broker, get = town.hall.broker, through(town.client)
    harvests = Harvests(broker, get)
    await harvests.add("user:1", "alpha", f"own-{kind}", kind, url)
    first = await harvests.read("user:1", "alpha", f"own-{kind}")
    assert (first.total, len(first.difference.added), first.faults) == (2, 2, ())
    again = await harvests.read("user:1", "alpha", f"own-{kind}")
    assert not again.difference
    held = await harvests.search("alpha", rows=100)
    kept = [entry for source, entry in held.entries if source == f"own-{kind}"]
    assert not compare(ours, kept)
    (source,) = [one for one in await harvests.sources("alpha") if one.id == f"own-{kind}"]
    assert source.entries == 2 and source.read_at and "玉藻市" in source.title.ja
    assert (await harvests.search("alpha", "ﾎｰﾙ 一覧")).total >= 1
    assert (await harvests.search("beta")).total == 0
    await harvests.remove("user:1", "alpha", f"own-{kind}")
    with pytest.raises(UnknownSource):
        await harvests.read("user:1", "alpha", f"own-{kind}")
    acts = await town.hall.all(
        "select action from audit_event where object = %s order by seq", f"catalogue:own-{kind}"
    )
    assert [one[0] for one in acts] == ["harvest.add", *["harvest.read"] * 2, "harvest.remove"]


def test_what_changed_is_named() -> None:
    one = Entry(id="a", name="a", title=Words("甲"), publisher=Agent("u", Words("課")))
    other = msgspec.structs.replace(one, title=Words("乙"), tags=("x",))
    assert members(one, other) == ("title", "tags")
    found = compare([one], [other, msgspec.structs.replace(one, id="b")])
    assert (found.added, found.removed, found.changed) == (("b",), (), (("a", ("title", "tags")),))
    assert not compare([one], [msgspec.structs.replace(one, groups=())])


async def test_a_foreign_ckan_is_read_as_far_as_it_can_be() -> None:
    packages = [
        {"id": "1", "name": "bus", "title": "バス停", "owner_org": "x", "tags": [{"name": "b"}]},
        {"id": 7},
        "broken",
    ]
    pages = {
        "status_show": {"success": True, "result": {"site_title": "隣の町"}},
        "facet=false": {"success": True, "result": {"count": 3, "results": packages}},
    }
    read = await fetching.fetch(answering(pages), "ckan", "https://other.example/", pause=0)
    assert [one.title.ja for one in read.entries] == ["バス停"]
    assert (read.title.ja, len(read.faults)) == ("隣の町", 2)


@pytest.mark.parametrize(
    ("kind", "pages"),
    [
        ("ckan", {}),
        ("ckan", {"status_show": b"<html>"}),
        ("ckan", {"status_show": {"success": False}}),
        ("ckan", {"status_show": {"success": True}, "false": {"success": True, "result": []}}),
        ("dcat", {"other.example/": b"[]"}),
        ("dcat", {"other.example/": b"no json"}),
    ],
)
async def test_what_is_no_catalogue_is_refused_with_the_reason(kind, pages) -> None:
    with pytest.raises(SourceRefused):
        await fetching.fetch(answering(pages), kind, "https://other.example/", pause=0)


async def test_what_no_column_holds_is_left_out_and_nonsense_ends_one_reading_only(town) -> None:
    package = {"id": "n\0", "name": "stops", "title": "バス停\0", "tags": [{"name": "a\0"}]}
    body = json.dumps({"success": True, "result": {"count": 1, "results": [package]}}).encode()
    status = {"success": True, "result": {"site_title": "隣\0の町"}}
    harvests = Harvests(town.hall.broker, answering({"status_show": status, "false": body}))
    await harvests.add("user:1", "alpha", "odd", "ckan", "https://odd.example")
    assert (await harvests.read("user:1", "alpha", "odd")).total == 1
    (found,) = (await harvests.search("alpha", "バス停", rows=100)).entries[:1]
    assert "\0" not in found[1].title.ja + found[1].id
    await harvests.remove("user:1", "alpha", "odd")
    nonsense = {"success": True, "result": {"count": "many", "results": [package]}}
    pages = {"status_show": status, "false": json.dumps(nonsense).encode()}
    with pytest.raises(SourceRefused, match="cannot be read"):
        await fetching.fetch(answering(pages), "ckan", "https://odd.example/", pause=0)
    wide = _BOX.encode()
    (entry,) = (await fetching.fetch(turtle(wide), "dcat", "https://o.example/c.ttl")).entries
    assert entry.bbox is None


async def test_a_failed_reading_changes_nothing_and_is_kept_as_such(town) -> None:
    harvests = Harvests(town.hall.broker, answering({}))
    for wrong in ("ftp://x.example/", "https://user:pass@x.example/", "nowhere"):
        with pytest.raises(SourceRefused):
            await harvests.add("user:1", "alpha", "other", "ckan", wrong)
    await harvests.add("user:1", "alpha", "other", "ckan", "https://x.example")
    with pytest.raises(SourceRefused):
        await harvests.add("user:1", "alpha", "other", "ckan", "https://x.example")
    assert ("alpha", "other") in await harvests.due()
    with pytest.raises(SourceRefused):
        await harvests.read("user:1", "alpha", "other")
    (source,) = [one for one in await harvests.sources("alpha") if one.id == "other"]
    assert "no answer" in source.error and source.read_at is None
    assert ("alpha", "other") not in await harvests.due()
    assert not fetching._following("https://elsewhere.example/?page=2", "https://x.example/")
