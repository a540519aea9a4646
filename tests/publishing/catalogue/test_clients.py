"""The catalogue read by programs of others over HTTP: ckanapi, frictionless, rdflib, our intake."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ckanapi
import frictionless
import httpx
import pytest
from rdflib import DCAT, RDF, Graph

from tamamo.registers import intake
from tests.conftest import running_server
from tests.publishing.catalogue.conftest import TOWN


@pytest.fixture(scope="module")
def base(filled: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the module's town begins on a server that runs."""
    with running_server(tmp_path_factory.mktemp("serve"), "--open", dsn=filled) as address:
        yield f"{address}/t/{TOWN}"


def get(url: Any, **asked: Any) -> httpx.Response:
    """Get an address, however busy the machine is."""
    return httpx.get(url, timeout=60, **asked)


@pytest.fixture
def ckan(base: str) -> Iterator[ckanapi.RemoteCKAN]:
    """CKAN's own client."""
    with ckanapi.RemoteCKAN(base) as client:
        yield client


def test_ckanapi_finds_datasets_and_turns_their_rows(ckan) -> None:
    action = ckan.action
    assert action.site_read() is True
    assert action.package_list() == ["halls", "visitors"]
    found = action.package_search(fq="tags:ホール", **{"facet.field": ["tags", "groups"]})
    assert found["count"] == 1 and found["search_facets"]["tags"]["title"] == "tags"
    package = found["results"][0]
    assert action.package_show(id=package["id"]) == package
    table = next(one for one in package["resources"] if one["datastore_active"])
    assert action.resource_show(id=table["id"]) == table
    told = action.datastore_search(resource_id=table["id"], filters={"seats": 70})
    assert [one["name"] for one in told["records"]] == ["模擬ホール7"]
    assert {one["title"] for one in action.group_list(all_fields=True)} >= {"まちづくり・施設"}
    assert action.organization_list() == [TOWN]
    assert action.status_show()["ckan_version"]


def test_ckanapi_asks_by_get_too(base: str) -> None:
    with ckanapi.RemoteCKAN(base, get_only=True) as client:
        package = client.action.package_show(id="visitors")
        assert package["name"] == "visitors"
        told = client.action.datastore_search(resource_id="visitors", limit=3, sort="month desc")
        assert [one["visitors"] for one in told["records"]] == [1000, 900, 800]


def test_ckanapi_raises_what_ckan_would(ckan) -> None:
    with pytest.raises(ckanapi.NotFound):
        ckan.action.package_show(id="nothing")
    with pytest.raises(ckanapi.ValidationError) as caught:
        ckan.action.datastore_search(resource_id="halls", filters={"nothing": 1})
    assert "filters" in caught.value.error_dict
    with pytest.raises(ckanapi.SearchQueryError):
        ckan.action.package_search(fq="author:x")
    with pytest.raises(ckanapi.CKANAPIError):
        ckan.action.package_create(name="x")


def test_frictionless_finds_nothing_wrong_with_the_csv(base: str) -> None:
    package = get(f"{base}/api/3/action/package_show?id=halls").json()["result"]
    url = next(one["url"] for one in package["resources"] if one["format"] == "CSV")
    path = url.partition(f"/t/{TOWN}")[2]
    body = get(base + path)
    assert body.headers["content-type"].startswith("text/csv")
    resource = frictionless.Resource(data=body.content, format="csv", encoding="utf-8")
    report = resource.validate()
    assert report.valid, report.to_summary()
    with resource:
        rows = resource.read_rows()
    assert len(rows) == 25 and rows[0]["seats"] == 10


def test_our_own_intake_reads_the_file_as_the_rows_of_the_datastore(base: str) -> None:
    told = get(f"{base}/api/3/action/datastore_search?resource_id=halls&limit=100").json()
    text = get(f"{base}/data/halls/halls.csv").content
    recipe = intake.settle(intake.profile(text, "halls.csv"))
    read = [dict(row.values) for row in intake.rows(text, "halls.csv", recipe)]
    names = {one.source: one.name for one in recipe.columns}
    ours = [{names[key]: value for key, value in one.items() if key != "_id"}
            for one in told["result"]["records"]]  # fmt: skip
    assert read == ours


def test_every_form_can_be_had_and_says_what_it_is(base: str, tmp_path: Path) -> None:
    package = get(f"{base}/api/3/action/package_show?id=halls").json()["result"]
    for one in package["resources"]:
        answer = get(base + one["url"].partition(f"/t/{TOWN}")[2])
        assert answer.status_code == 200 and answer.content
        assert answer.headers["content-type"].partition(";")[0] == one["mimetype"]
        assert "simulated-halls" in answer.headers["content-disposition"]
        again = get(answer.url, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    first = get(f"{base}/data/halls/v1/halls.json")
    assert first.status_code == 200 and first.headers["cache-control"] == "no-cache"
    for wrong in ("v2/halls.json", "v1/visitors.json", "halls.pdf", "visitors.csv"):
        assert get(f"{base}/data/halls/{wrong}").status_code == 404
    assert get(f"{base}/data/visitors/visitors.geojson").status_code == 404
    assert get(f"{base}/data/draft/draft.csv").status_code == 404


def test_gdal_reads_a_file_of_the_web_part_by_part(base: str) -> None:
    url = f"{base}/data/halls/halls.geojson"
    whole = get(url)
    assert whole.headers["content-length"] == str(len(whole.content))
    part = get(url, headers={"Range": "bytes=4-19"})
    assert (part.status_code, part.content) == (206, whole.content[4:20])
    assert part.headers["content-range"] == f"bytes 4-19/{len(whole.content)}"
    assert get(url, headers={"Range": "bytes=9999999-"}).status_code == 416
    other = get(url, headers={"Range": "bytes=4-19", "If-Range": '"x"'})
    assert (other.status_code, other.content) == (200, whole.content)
    book = get(f"{base}/data/halls/halls.xlsx", headers={"Range": "bytes=4-19"})
    assert (book.status_code, book.content[:2]) == (200, b"PK")
    assert "accept-ranges" not in book.headers, "two workbooks are never the same to the byte"
    assert "content-length" not in httpx.head(url, timeout=60).headers
    if shutil.which("ogrinfo"):
        command = ["ogrinfo", "-ro", "-so", "-al", f"/vsicurl/{url}"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert "Feature Count: 25" in told.stdout


def test_rdflib_follows_the_catalogue_from_its_page(base: str) -> None:
    page = get(f"{base}/data/")
    assert 'type="text/turtle"' in page.text
    graph = Graph().parse(f"{base}/catalog.ttl")
    assert len(set(graph.subjects(RDF.type, DCAT.Dataset))) == 2


def test_pages_show_the_dataset_in_both_languages(base: str) -> None:
    def read(path: str, **asked: Any) -> str:
        answer = get(base + path, params=asked or None)
        assert answer.status_code == 200, path
        return answer.text

    assert "ホール一覧" in read("/data/") and "Halls" in read("/en/data/")
    assert "来館者数" not in read("/data/", q="ホール")
    assert "2件" in read("/data/", tag="施設") and "0件" in read("/data/", theme="none")
    page = read("/data/halls/")
    assert "模擬ホール1" in page and "application/ld+json" in page and 'id="map-region"' in page
    assert "模擬のホールの一覧です。&lt;b&gt;&amp;" in page
    assert read("/data/halls/", q="模擬ホール25").count("<td") < page.count("<td")
    chart = read("/en/data/visitors/")
    assert "lowest 100" in chart and "<polyline" in chart
    assert "模擬ホール3" in read("/data/halls/rows/3/")
    assert "Version 1" in read("/en/data/halls/versions/")
    assert read("/data/halls/compare/", a=1, b=1)
    assert "data/halls/" in read("/sitemap.xml")
    assert "公開しました：ホール一覧" in read("/data/feed.rss")
    assert len(get(f"{base}/data/halls/points/").json()["features"]) == 25
    assert "Data and API" in read("/en/data/api/")
    assert "バス停の一覧" in read("/data/others/", q="バス") and "0件" in read(
        "/data/others/", q="船"
    )
    assert "1 dataset of other publishers" in read("/en/data/", q="バス停")
    assert "バス停" not in get(base.removesuffix(f"/t/{TOWN}") + "/data/others/").text
    missing = ("nothing/", "draft/", "halls/compare/", "halls/compare/?a=1&b=9", "halls/rows/99/",
               "halls/rows/0/", "halls/rows/" + "9" * 30 + "/")  # fmt: skip
    for path in missing:
        assert get(f"{base}/data/{path}").status_code == 404, path
