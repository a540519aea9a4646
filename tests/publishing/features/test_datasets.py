"""Published datasets through the OGC API: pages, areas, times, tiles, and who sees them."""

from datetime import UTC, datetime
from itertools import product
from typing import Any

import orjson
import pytest
from mapbox_vector_tile import decode
from starlette.types import ASGIApp, Receive, Scope, Send

from tamamo.asgi import build
from tamamo.kernel.time import JST
from tamamo.publishing.datasets import Field, Words
from tamamo.publishing.features.datasets import span_of
from tamamo.registers.features import collection_address, crs, tiles
from tests.access.world import call
from tests.publishing.datasets.conftest import FIELDS, Hall, row

MIDNIGHT = datetime(2026, 2, 3, tzinfo=UTC)
TIMED = (*FIELDS, Field("day", Words("日", "Day"), "date", role="time"))


async def ask(hall: Hall, path: str) -> Any:
    """Return the document at a path below a town's datasets, or the status where it is none."""
    application: ASGIApp = build(hall.broker.settings)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await application({**scope, "state": {"broker": hall.broker}}, receive, send)

    answer = await call(app, "GET", path)
    if answer.header("content-type") == tiles.MEDIA_TYPE:
        return decode(answer.body, default_options={"y_coord_down": True})
    return orjson.loads(answer.body) if answer.status == 200 else answer.status


async def test_a_dataset_is_a_collection(hall: Hall) -> None:
    await hall.dataset("halls")
    await hall.shown("halls", [row(n) for n in range(1, 31)])
    base = collection_address("dataset", "halls", hall.tenant)
    assert base == f"/t/{hall.tenant}/ogc/collections/dataset.halls"
    found = (await ask(hall, f"/t/{hall.tenant}/ogc/collections"))["collections"]
    assert found[0]["id"] == "dataset.halls"
    told = await ask(hall, base)
    bounds = told["extent"]["spatial"]["bbox"][0]
    assert bounds == pytest.approx([134.001, 34.301, 134.03, 34.33])
    links = {link["rel"]: link["href"] for link in told["links"]}
    assert links["license"].startswith("https://creativecommons.org/licenses/by/4.0")
    assert links["describedby"].endswith(f"/t/{hall.tenant}/data/halls/")
    first = await ask(hall, f"{base}/items?limit=20&properties=name,seats")
    assert (first["numberMatched"], first["numberReturned"]) == (30, 20)
    assert first["features"][4] == {
        "type": "Feature",
        "id": "5",
        "geometry": {"type": "Point", "coordinates": [134.005, 34.305]},
        "properties": {"name": "模擬ホール5", "seats": 50},
    }
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    rest = await ask(hall, following.partition("broker.test")[2])
    assert [one["id"] for one in rest["features"]] == [str(n) for n in range(21, 31)]
    some = await ask(hall, f"{base}/items?bbox=134.0045,34.3,134.0075,34.4&seats=60")
    assert [one["id"] for one in some["features"]] == ["6"]
    assert (await ask(hall, f"{base}/items/7"))["properties"]["id"] == "K007"
    for path in ("items/31", "items/0", "items/x", "../dataset.none"):
        assert await ask(hall, f"{base}/{path}") == 404, path
    assert await ask(hall, f"{base}/items?after=x") == 400


async def test_only_what_is_published_is_shown(hall: Hall) -> None:
    await hall.dataset("draft")
    assert await ask(hall, collection_address("dataset", "draft", hall.tenant)) == 404
    await hall.dataset("plain")
    await hall.shown("plain", [{"id": "a", "name": "b", "seats": 1}], FIELDS[:3])
    found = (await ask(hall, f"/t/{hall.tenant}/ogc/collections"))["collections"]
    assert not [one for one in found if one["id"].startswith("dataset.")]


async def test_datasets_are_read_where_no_type_is_public(hall: Hall) -> None:
    await hall.all("update tenant set public_types = '{}' where name = %s returning 1", hall.tenant)
    await hall.broker.towns.refresh()
    address = f"/t/{hall.tenant}/ogc/collections"
    assert await ask(hall, address) == 401
    await hall.dataset("halls")
    await hall.shown("halls", [row(1)])
    found = (await ask(hall, address))["collections"]
    assert [one["id"] for one in found] == ["dataset.halls"]


async def test_times(hall: Hall) -> None:
    await hall.dataset("days")
    days = [row(n, day=f"2026-01-{n:02}" if n < 29 else None) for n in range(1, 31)]
    await hall.shown("days", days, TIMED)
    base = collection_address("dataset", "days", hall.tenant)
    page = await ask(hall, f"{base}/items?datetime=2026-01-10/2026-01-12&limit=3")
    assert [one["id"] for one in page["features"]] == ["10", "11", "12"]
    following = next(link["href"] for link in page["links"] if link["rel"] == "next")
    rest = await ask(hall, following.partition("broker.test")[2])
    assert [one["id"] for one in rest["features"]] == ["29", "30"]  # of no time: of all


async def test_many_become_cells_that_count_all(hall: Hall) -> None:
    await hall.dataset("many")
    many = [
        row(n, latitude=34 + n % 61 / 100, longitude=134 + n % 67 / 100)
        for n in range(tiles.MOST_PLACES + 500)
    ]
    await hall.shown("many", many)
    base = collection_address("dataset", "many", hall.tenant)
    world = await ask(hall, f"{base}/tiles/WebMercatorQuad/0/0/0")
    counts = [one["properties"]["count"] for one in world[tiles.LAYER]["features"]]
    assert sum(counts) == len(many)
    x, y = (int(part * 2**8) for part in crs.to_square(134.3, 34.3))
    total = 0
    for beside, below in product((-1, 0, 1), repeat=2):
        tile = await ask(hall, f"{base}/tiles/WebMercatorQuad/8/{y + below}/{x + beside}")
        features = tile.get(tiles.LAYER, {"features": []})["features"]
        total += sum(one["properties"].get("count", 1) for one in features)
    assert total == len(many)
    near = (int(part * 2**14) for part in crs.to_square(134.05, 34.05))
    column, line = near
    close = await ask(hall, f"{base}/tiles/WebMercatorQuad/14/{line}/{column}")
    assert {"id", "title"} <= close[tiles.LAYER]["features"][0]["properties"].keys()


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        (2026, datetime(2026, 1, 1, tzinfo=JST), datetime(2026, 12, 31, 23, 59, 59, 999_999, JST)),
        ("2026-02-03", datetime(2026, 2, 3, tzinfo=JST),
         datetime(2026, 2, 3, 23, 59, 59, 999_999, JST)),
        ("2026-02-03T00:00:00Z", MIDNIGHT, MIDNIGHT),
        ("2026-02-03T09:00", MIDNIGHT, MIDNIGHT),
    ],
)  # fmt: skip
def test_the_time_of_a_row(value: object, first: datetime, last: datetime) -> None:
    assert span_of(value) == (first, last)
    assert span_of("25:30") is None
