"""Search: words in any width and kana, facets, order; drafts for staff only; what counts as 件."""

import csv
import io
import time
from datetime import UTC, datetime, timedelta

import openpyxl
import orjson
import pyarrow.parquet

from tamamo.kernel.database import transaction
from tamamo.publishing.datasets import DatasetQuery, Words
from tamamo.publishing.datasets.model import Found
from tamamo.publishing.datasets.service import Datasets
from tests.publishing.datasets.conftest import FIELDS, Hall, row

ALL = ("organization", "groups", "tags", "formats", "licence", "cycle")


def ids(found: Found) -> list[str]:
    """Return the ids of a page."""
    return [one.id for one in found.datasets]


async def filled(hall: Hall) -> Datasets:
    """Five datasets: three of the public, a draft, one that is simulated."""
    await hall.dataset(
        "toilets", title=Words("公衆トイレ一覧", "Public toilets"), groups=("health", "region"),
        tags=("トイレ",), cycle="yearly",
    )  # fmt: skip
    await hall.dataset("wifi", title=Words("公衆無線LAN", "Wi-Fi"), groups=("region",))
    await hall.dataset("ages", title=Words("年齢別人口", "Population"), licence="CC0-1.0")
    await hall.dataset("draft", title=Words("準備中のトイレ"))
    await hall.dataset("play", title=Words("模擬の表"), simulated=True)
    for name in ("toilets", "wifi", "play"):
        await hall.shown(name, [row(1)])
    await hall.shown("ages", [{"id": "a", "name": "x"}], FIELDS[:2])
    return hall.datasets


async def test_words_facets_and_order(hall: Hall) -> None:
    datasets = await filled(hall)

    async def search(**asked: object) -> Found:
        return await datasets.search(None, hall.tenant, DatasetQuery(**asked), ALL)  # type: ignore[arg-type]

    every = await search(sort="id")
    assert ids(every) == ["ages", "play", "toilets", "wifi"] and every.total == 4
    assert ids(await search(q="ﾄｲﾚ")) == ["toilets"] == ids(await search(q="public TOILETS"))
    assert ids(await search(q="座席数", sort="id")) == ["play", "toilets", "wifi"], "column labels"
    assert ids(await search(group="region", sort="-id")) == ["wifi", "toilets"]
    assert ids(await search(group=("region", "health"))) == ["toilets"]
    assert ids(await search(licence="CC0-1.0")) == ["ages"] == ids(await search(q="人口"))
    assert ids(await search(format="geojson", tag="トイレ")) == ["toilets"]
    assert ids(await search(ids=("wifi", "draft"))) == ["wifi"]
    page = await search(sort="id", start=1, rows=2)
    assert ids(page) == ["play", "toilets"] and page.total == 4
    counted = {name: {f.value: f.count for f in found} for name, found in every.facets.items()}
    assert counted["groups"] == {"region": 2, "health": 1}
    assert counted["formats"]["geojson"] == 3 and counted["formats"]["csv"] == 4
    assert every.facets["licence"][0].label.ja.startswith("クリエイティブ")
    assert ids(await search(state="draft")) == [] == ids(await search(q="%"))
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert ids(await search(modified=(later, None))) == []
    staff = await datasets.search(hall.officer, hall.tenant, DatasetQuery(state="any"))
    assert "draft" in ids(staff) and staff.total == 5
    assert [one for one, _ in await datasets.ids(None, hall.tenant)] == ids(every)
    assert (await datasets.search(None, "another", DatasetQuery())).total == 0


async def test_what_counts_as_one_dataset(hall: Hall) -> None:
    datasets = await filled(hall)
    count = await datasets.count(hall.tenant)
    assert count.total == 3 and count.simulated == 1
    assert {why: n for why, _, n in count.left_out} == {"not_public": 1, "simulated": 1}
    before = await datasets.stamp(hall.tenant)
    await datasets.unpublish(hall.officer, "wifi", "")
    assert (await datasets.count(hall.tenant)).total == 2
    assert await datasets.stamp(hall.tenant) != before


async def test_overdue(hall: Hall) -> None:
    datasets = await filled(hall)
    await hall.all("update dataset set due = '2020-01-01' where tenant = %s and id = 'wifi'"
                   " returning id", hall.tenant)  # fmt: skip
    assert (await datasets.one(None, hall.tenant, "wifi")).overdue
    late = await datasets.search(None, hall.tenant, DatasetQuery(overdue=True))
    assert ids(late) == ["wifi"]
    staff = await datasets.search(hall.officer, hall.tenant, DatasetQuery(state="overdue"))
    assert ids(staff) == ["wifi"]


async def _file(hall: Hall, name: str, format_: str) -> bytes:
    return b"".join(
        [piece async for piece in hall.datasets.download(None, hall.tenant, name, format_)]  # type: ignore[arg-type]
    )


async def test_files_say_the_same_as_the_rows(hall: Hall) -> None:
    await hall.dataset("halls")
    rows = [row(n) for n in range(1, 2_103)]
    rows[0] |= {"name": '=HYPERLINK("http://x.example")', "seats": None, "latitude": None}
    rows[1] |= {"name": "-5"}
    rows[2] |= {"name": "null \0 and \\u0000 and \v"}
    await hall.shown("halls", rows)
    rows[2]["name"] = "null  and \\u0000 and \v"
    told = list(csv.DictReader(io.StringIO((await _file(hall, "halls", "csv")).decode())))
    assert len(told) == 2_102 and told[0]["name"].startswith("'=HYPER") and told[0]["seats"] == ""
    assert (await _file(hall, "halls", "csv-bom")).startswith(b"\xef\xbb\xbfid,name,")
    assert orjson.loads(await _file(hall, "halls", "json")) == rows
    places = orjson.loads(await _file(hall, "halls", "geojson"))["features"]
    assert places[0]["geometry"] is None and places[2_101]["id"] == 2_102
    assert places[1]["geometry"]["coordinates"] == [134.002, 34.302]
    sheet = openpyxl.load_workbook(io.BytesIO(await _file(hall, "halls", "xlsx"))).active
    assert sheet is not None and sheet["B2"].value.startswith("'=") and sheet["C3"].value == 20
    assert sheet["B4"].value == "null  and \\u0000 and "
    parquet = await _file(hall, "halls", "parquet")
    assert pyarrow.parquet.read_table(io.BytesIO(parquet)).to_pylist() == rows


async def test_search_over_ten_thousand(hall: Hall) -> None:
    """What Python does of it; how long the statement takes is a row of the bench."""
    await hall.dataset(
        "first", title=Words("公園の桜", "Cherry trees"), description=Words("桜" * 400)
    )
    await hall.shown("first", [row(1)])
    async with transaction(hall.broker.pool) as connection:
        await connection.execute(
            "insert into dataset (tenant, id, kind, state, metadata, unit, groups, tags, formats,"
            " licence, title_key, folded, fields, current, rows, data_at, published_at, created_by,"
            " changed_by) select tenant, 'copy-' || n, kind, state, metadata, 'u' || n %% 40,"
            " groups, array['t' || n %% 90], formats, licence, title_key || n, folded || n, fields,"
            " current, rows, data_at, published_at, created_by, changed_by from dataset,"
            " generate_series(1, 9999) as n where tenant = %s",
            [hall.tenant],
        )
    started = time.thread_time()
    found = await hall.datasets.search(None, hall.tenant, DatasetQuery(q="公園 777"), ALL)
    mine = time.thread_time() - started
    assert found.total == 19 and mine < 0.1
