"""CKAN's Action API, answer by answer; the clients themselves are in test_clients.py."""

import pytest

from tamamo.publishing.catalogue.ckan import search
from tamamo.publishing.catalogue.ckan.errors import SearchError


async def test_a_package_says_what_the_dataset_says(town) -> None:
    assert await town.action("package_list") == ["halls", "visitors"]
    told = await town.action("package_show", id="halls")
    assert (told["name"], told["title"]) == ("halls", "ホール一覧（模擬）")
    assert told["title_translated"]["en"] == "Halls (simulated)"
    assert told["license_id"] == "CC-BY-4.0" and told["isopen"] is True
    assert [one["name"] for one in told["groups"]] == ["region", "education"]
    assert [one["name"] for one in told["tags"]] == ["ホール", "施設"]
    extras = {one["key"]: one["value"] for one in told["extras"]}
    assert (extras["simulated"], extras["rows"], extras["overdue"]) == ("true", "25", "false")
    urls = {one["format"]: one["url"] for one in told["resources"]}
    assert urls["GeoJSON"] == "https://data.example.jp/t/alpha/data/halls/halls.geojson"
    assert [one["datastore_active"] for one in told["resources"]].count(True) == 1
    assert told == await town.action("package_show", id=told["id"])


async def test_a_resource_is_found_by_its_id(town) -> None:
    package = await town.action("package_show", id="halls")
    for one in package["resources"]:
        assert await town.action("resource_show", id=one["id"]) == one
    for wrong in ("halls", "halls.pdf", ".csv", "draft.csv", "visitors.geojson"):
        error = await town.action("resource_show", status=404, id=wrong)
        assert error["__type"] == "Not Found Error"


async def test_what_is_not_public_is_not_there(town) -> None:
    for action, name in (("package_show", "draft"), ("datastore_search", "draft")):
        error = await town.action(action, status=404, id=name)
        assert error["__type"] == "Not Found Error"
    found = await town.action("package_search", q="まだ公開していない")
    assert found["count"] == 0


async def test_search_narrows_by_field_and_counts_by_value(town) -> None:
    facets = ["organization", "groups", "tags", "res_format", "license_id", "unknown"]
    found = await town.action("package_search", **{"q": "*:*", "facet.field": facets})
    assert found["count"] == 2
    formats = {one["name"]: one["count"] for one in found["search_facets"]["res_format"]["items"]}
    assert (formats["CSV"], formats["GeoJSON"]) == (2, 1)
    assert found["facets"]["tags"] == {"施設": 2, "ホール": 1, "統計": 1}
    assert found["search_facets"]["unknown"]["items"] == []

    async def names(**asked: object) -> list[str]:
        told = await town.action("package_search", sort="name asc", **asked)
        assert told["count"] == len(told["results"])
        return [one["name"] for one in told["results"]]

    assert await names(q="ホール") == ["halls"]
    assert await names(fq="tags:施設") == ["halls", "visitors"]
    assert await names(fq='+tags:(施設 AND 統計) +state:active +site_id:"x"') == ["visitors"]
    assert await names(fq="res_format:GeoJSON") == ["halls"]
    assert await names(fq_list=["groups:region", "license_id:CC-BY-4.0"]) == ["halls"]
    assert await names(fq="name:visitors") == ["visitors"]
    assert await names(fq="name:visitors tags:ホール") == []
    assert await names(fq="state:deleted") == []
    assert await names(fq="metadata_modified:[2020-01-01T00:00:00Z TO NOW]") == [
        "halls", "visitors",
    ]  # fmt: skip
    assert await names(fq="metadata_modified:[* TO 2020-01-01T00:00:00Z]") == []
    past = await town.action("package_search", fq="name:halls", start=1)
    assert (past["count"], past["results"]) == (1, [])


@pytest.mark.parametrize(
    "text", ["tags:a OR tags:b", "-tags:a", "author:x", "price:[1 TO 2]", 'tags:"a', "a OR b"]
)
def test_what_a_search_cannot_say_is_refused_and_not_guessed(text: str) -> None:
    with pytest.raises(SearchError):
        search.read(text)


async def test_a_search_that_is_not_understood_answers_as_ckan_does(town) -> None:
    error = await town.action("package_search", status=400, fq="author:x")
    assert error["__type"] == "Search Query Error" and "author" in error["message"]
    error = await town.action("package_search", status=409, rows="many")
    assert error == {"rows": ["Invalid integer"], "__type": "Validation Error"}


async def test_rows_are_filtered_sorted_and_turned_page_by_page(town) -> None:
    page = await town.action("datastore_search", resource_id="halls", limit=10)
    assert (page["total"], len(page["records"])) == (25, 10)
    assert page["fields"][:2] == [
        {"id": "_id", "type": "int"},
        {"id": "id", "type": "text", "info": {"label": "番号", "label_en": "Number"}},
    ]
    assert page["records"][0]["name"] == "模擬ホール1" and page["records"][0]["_id"] == 1
    asked = {"resource_id": "halls", "filters": {"seats": [20, 30]}, "sort": "seats desc"}
    found = await town.action("datastore_search", **asked, fields=["seats"])
    assert found["records"] == [{"seats": 30}, {"seats": 20}]
    found = await town.action("datastore_search", resource_id="halls", q={"id": "K007"})
    assert [one["seats"] for one in found["records"]] == [70]
    found = await town.action("datastore_search", resource_id="halls", q="模擬ホール25")
    assert [one["_id"] for one in found["records"]] == [25]
    csv = await town.action(
        "datastore_search", resource_id="halls", records_format="csv", fields="id,seats", limit=2
    )
    assert csv["records"] == "K001,10\nK002,20\n"


async def test_pages_follow_one_another_by_link_offset_and_number(town) -> None:
    numbers, path = [], "/t/alpha/api/3/action/datastore_search?resource_id=halls&limit=10"
    while True:
        told = (await town.client.get(path)).json()["result"]
        if not told["records"]:
            break
        numbers += [one["_id"] for one in told["records"]]
        path = told["_links"]["next"]
    assert numbers == list(range(1, 26))
    asked = {"resource_id": "halls", "limit": 10, "include_next_page": True}
    page, seen = await town.action("datastore_search", **asked), []
    while page["records"]:
        seen += [one["_id"] for one in page["records"]]
        page = await town.action("datastore_search", **asked, filters=page["next_page"])
    assert seen == numbers


@pytest.mark.parametrize(
    ("asked", "member"),
    [
        ({"filters": {"nothing": 1}}, "filters"),
        ({"filters": {"seats": {"gt": 5}}}, "filters"),
        ({"filters": "{broken"}, "filters"),
        ({"sort": "seats; drop table dataset"}, "sort"),
        ({"fields": ["nothing"]}, "fields"),
        ({"limit": -1}, "limit"),
        ({"records_format": "xml"}, "records_format"),
        ({"distinct": True}, "distinct"),
        ({"q": {"nothing": "x"}}, "q"),
    ],
)
async def test_rows_asked_for_wrongly_name_the_parameter(town, asked, member) -> None:
    error = await town.action("datastore_search", status=409, resource_id="halls", **asked)
    assert error["__type"] == "Validation Error" and member in error


async def test_the_ways_of_asking_are_ckans(town) -> None:
    prefix = "/t/alpha/api/action/"
    by_get = await town.client.get(f"{prefix}package_show?id=halls")
    by_form = await town.client.post(f"{prefix}package_show", data={"id": "halls"})
    assert by_get.json()["result"] == by_form.json()["result"]
    assert by_get.headers["access-control-allow-origin"] == "*"
    unknown = await town.client.get(f"{prefix}package_delete?id=halls")
    assert unknown.status_code == 400 and "Action name not known" in unknown.text
    broken = await town.client.post(f"{prefix}package_show", content=b"{")
    assert broken.status_code == 400 and "JSON Error" in broken.text
    nowhere = await town.client.get("/t/nowhere/api/3/action/package_list")
    assert nowhere.status_code == 404 and nowhere.json()["success"] is False
    elsewhere = await town.client.get("/api/3/action/package_show?id=halls")
    assert elsewhere.status_code == 404
    told = (await town.client.get("/t/alpha/api/3/action/help_show?name=package_show")).json()
    assert "id" in told["result"]


async def test_groups_and_organizations_count_their_datasets(town) -> None:
    groups = await town.action("group_list", all_fields=True, sort="package_count desc")
    assert {one["name"] for one in groups[:2]} == {"region", "education"}
    assert groups[0]["package_count"] == 1 and groups[-1]["package_count"] == 0
    shown = await town.action("group_show", id="region", include_datasets=True)
    assert [one["name"] for one in shown["packages"]] == ["halls"]
    assert (await town.action("group_package_show", id="region"))[0]["name"] == "halls"
    for one in await town.action("organization_list"):
        about = await town.action("organization_show", id=one, include_datasets=True)
        assert about["package_count"] == len(about["packages"])
    assert (await town.action("group_show", status=404, id="none"))["__type"] == "Not Found Error"
    assert await town.action("tag_list", query="ホ") == ["ホール"]
    assert (await town.action("tag_show", id="施設", include_datasets=True))["packages"]
    status = await town.action("status_show")
    assert status["site_title"].startswith("玉藻市") and status["ckan_version"]


async def test_a_dataset_of_no_unit_is_the_towns(town) -> None:
    assert await town.action("organization_list") == ["alpha"]
    found = await town.action("package_search", fq="organization:alpha")
    assert found["count"] == 2
    assert found["results"][0]["organization"]["title"] == "玉藻市"
