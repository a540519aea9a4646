"""Lists as CSV, JSON and GeoJSON."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

from django.test import AsyncClient

from tamamo.context.model.entity import LOCATION
from tests.web.city_data import MemorySource, gauge, simulation

NOW = datetime.now(UTC).replace(microsecond=0)
PAST = "2026-06-26T08:00%2B09:00"


def _fill(source: MemorySource) -> None:
    nowhere = gauge("3", "欠け", None, None)
    del nowhere.attrs[LOCATION]
    source.items = [
        gauge("1", "木太大橋", 1.5, NOW),
        gauge("2", "鍛冶", 0.2, NOW, town="三木町"),
        nowhere,
    ]


async def _rows(client: AsyncClient, path: str) -> list[dict[str, str]]:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_csv_has_the_rows_of_the_page_with_source_and_state(
    client: AsyncClient, source: MemorySource
) -> None:
    _fill(source)
    rows = await _rows(client, "/gauges.csv")
    assert [row["station_id"] for row in rows] == ["1", "2", "3"]
    first, _, missing = rows
    assert first["level_m"] == "1.5"
    assert datetime.fromisoformat(first["observed_at"]) == NOW
    assert first["observed_at"].endswith("+09:00")
    assert (first["stage"], first["stage_label"]) == ("2", "危険水位以上")
    assert (first["provider"], first["source"]) == ("香川県", "https://example.org/river")
    assert (first["simulated"], first["flood_m"]) == ("false", "1.91")
    assert (missing["level_m"], missing["state"], missing["stage"]) == ("", "missing", "")


async def test_the_file_follows_the_filter_of_the_page(
    client: AsyncClient, source: MemorySource
) -> None:
    _fill(source)
    rows = await _rows(client, "/en/gauges.csv?town=三木町")
    assert [row["name"] for row in rows] == ["鍛冶"]
    assert rows[0]["stage_label"] == "Below observation start"
    assert await _rows(client, "/gauges.csv?town=nowhere") == []


async def test_a_cell_that_a_spreadsheet_would_run_is_defused(
    client: AsyncClient, source: MemorySource
) -> None:
    source.items = [gauge("1", "=HYPERLINK(1)", -0.5, NOW)]
    row = (await _rows(client, "/gauges.csv"))[0]
    assert row["name"] == "'=HYPERLINK(1)"
    assert row["level_m"] == "-0.5"


async def test_geojson_holds_what_has_a_place(client: AsyncClient, source: MemorySource) -> None:
    _fill(source)
    answer = await client.get("/gauges.geojson")
    assert answer["Content-Type"] == "application/geo+json"
    body = json.loads(answer.content)
    assert body["type"] == "FeatureCollection"
    assert [f["properties"]["station_id"] for f in body["features"]] == ["1", "2"]
    assert body["features"][0]["geometry"] == {"type": "Point", "coordinates": [134.05, 34.33]}
    assert body["simulated"] is False


async def test_json_says_of_which_moment_it_is(client: AsyncClient, source: MemorySource) -> None:
    _fill(source)
    body = json.loads((await client.get(f"/gauges.json?at={PAST}&stage=1")).content)
    assert (body["as_of"], body["mode"]) == ("2026-06-26T08:00:00+09:00", "past")
    assert body["filter"] == "?stage=1"
    assert body["count"] == len(body["items"])


async def test_simulated_data_is_marked_in_every_file(
    client: AsyncClient, source: MemorySource
) -> None:
    source.items = [gauge("sim-1", "模擬観測所", 1.0, NOW, simulated=True), simulation()]
    answer = await client.get("/gauges.csv")
    assert 'filename="simulated-gauges-' in answer["Content-Disposition"]
    assert (await _rows(client, "/gauges.csv"))[0]["simulated"] == "true"
    for form in ("json", "geojson"):
        body = json.loads((await client.get(f"/gauges.{form}")).content)
        assert body["simulated"] is True
        assert body["note"].startswith("模擬")


async def test_a_gauges_readings_as_a_file_and_as_a_chart(
    client: AsyncClient, source: MemorySource
) -> None:
    _fill(source)
    hours = (47, 46, 45, 44, 40, 2)
    source.points = [(NOW - timedelta(hours=h), float(h)) for h in hours]
    rows = await _rows(client, "/gauges/1/levels.csv")
    assert [row["level_m"] for row in rows] == ["47.0", "46.0", "45.0", "44.0", "40.0", "2.0"]
    chart = json.loads((await client.get("/gauges/1/chart.json")).content)
    assert chart["simulated"] is False
    assert [level for _, level in chart["points"]] == [
        47.0,
        46.0,
        45.0,
        44.0,
        None,
        40.0,
        None,
        2.0,
    ]
    assert chart["thresholds"] == {"start": 0.91, "alert": 1.36, "danger": 1.91}


async def test_a_bad_moment_and_an_unknown_gauge_are_clear_errors(
    client: AsyncClient, source: MemorySource
) -> None:
    _fill(source)
    answer = await client.get("/en/gauges.csv?at=1812-01-01T00:00Z")
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    body = json.loads(answer.content)
    assert body["errors"] == [{"field": "at", "detail": "There is no data before the year 1900."}]
    assert (await client.get("/gauges/none/levels.csv")).status_code == 404
