"""What strangers may send to the catalogue: it costs little, and is never a fault of ours."""

from time import process_time

import pytest

from tamamo.publishing.catalogue.ckan import search
from tamamo.publishing.catalogue.ckan.errors import SearchError

HUGE = "9" * 30


def test_a_search_of_brackets_is_refused_before_it_is_looked_through() -> None:
    before = process_time()
    with pytest.raises(SearchError, match="characters"):
        search.read("[" * 60_000)
    with pytest.raises(SearchError):
        search.read("[" * 1_900)
    with pytest.raises(SearchError, match="characters"):
        search.read(*["tags:a"] * 400)
    assert process_time() - before < 1


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("package_show", {"id": "\0"}),
        ("package_search", {"q": "\0"}),
        ("package_search", {"fq": "tags:\0"}),
        ("resource_show", {"id": "\0.csv"}),
        ("datastore_search", {"id": "halls", "q": "\0"}),
        ("datastore_search", {"id": "halls", "filters": {"name": "\0"}}),
    ],
)
async def test_what_no_column_holds_is_the_asker_s_fault(town, action, asked) -> None:
    error = await town.action(action, status=409, **asked)
    assert error["__type"] == "Validation Error"


async def test_numbers_beyond_all_rows_find_nothing(town) -> None:
    found = await town.action("package_search", start=HUGE, rows=HUGE)
    assert (found["count"], found["results"]) == (2, [])
    found = await town.action("datastore_search", id="halls", offset=HUGE)
    assert (found["total"], found["records"]) == (25, [])
    found = await town.action("datastore_search", id="halls", filters={"latitude": "1e308"})
    assert found["total"] == 0


async def test_what_is_asked_for_twice_is_told_once(town) -> None:
    found = await town.action("datastore_search", id="visitors", limit=1, fields=["_id"] * 1_000)
    assert [one["id"] for one in found["fields"]] == ["_id"]
    found = await town.action("package_search", **{"facet.field": ["tags"] * 1_000})
    assert list(found["facets"]) == ["tags"]


async def test_a_large_body_is_not_read_as_a_search(town) -> None:
    answer = await town.client.post(
        "/t/alpha/api/3/action/package_search", json={"facet.field": ["tags"] * 20_000}
    )
    assert answer.status_code == 400 and "bytes" in answer.json()


async def test_names_that_cannot_be_are_not_there(town) -> None:
    for path in ("/data/%00/%00.csv", "/data/%00.ttl"):
        assert (await town.get(path)).status_code == 404, path


async def test_nobody_keeps_a_file_of_a_version_without_asking_again(town) -> None:
    answer = await town.get("/data/halls/v1/halls.csv")
    assert answer.headers["cache-control"] == "no-cache"
    again = await town.get("/data/halls/v1/halls.csv", **{"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
