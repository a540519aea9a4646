"""Lists as files: everything in them, in order, and nothing that a spreadsheet would carry out."""

import csv
import io

import openpyxl
import orjson
import pytest

from tamamo.context.broker import Broker
from tamamo.registers import ListQuery, Registers, Visitor
from tamamo.registers.exports import Format
from tests.registers.conftest import TENANT, gauge

GAUGES = "river_gauges"


@pytest.fixture
async def three(broker: Broker, registers: Registers) -> None:
    for key, values in (
        ("1", {"name": '=HYPERLINK("http://evil.example","x")', "alertLevel": 1.5}),
        ("2", {"name": "@SUM(A1)", "simulated": True, "remarks": "一行目\n二行目,続き"}),
        ("10", {"name": "相生橋", "location": None, "alertLevel": -3}),
    ):
        await broker.entities.create(TENANT, gauge(registers, key, **values))


async def exported(
    registers: Registers, visitor: Visitor, format_: Format, query: ListQuery, language: str = "ja"
) -> bytes:
    parts = registers.export(visitor, GAUGES, query, format_, language=language)
    return b"".join([part async for part in parts])


@pytest.mark.usefixtures("three")
async def test_csv(registers: Registers, operator: Visitor) -> None:
    content = await exported(registers, operator, "csv", ListQuery())
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row["観測所番号"] for row in rows] == ["1", "2", "10"]
    assert rows[0]["観測所名"] == '\'=HYPERLINK("http://evil.example","x")'
    assert rows[1]["観測所名"] == "'@SUM(A1)"
    assert rows[1]["備考"] == "一行目\n二行目,続き"
    assert (rows[0]["緯度"], rows[0]["経度"], rows[2]["緯度"]) == ("34.3", "134.05", "")
    assert (rows[1]["模擬データ"], rows[2]["氾濫注意水位"]) == ("はい", "-3")
    assert rows[2]["ID (URI)"] == "urn:ngsi-ld:FloodMonitoring:10"


@pytest.mark.usefixtures("three")
async def test_xlsx_in_english_of_a_filtered_view(registers: Registers, operator: Visitor) -> None:
    query = ListQuery(filters={"alertLevel": ["-5..5"]}, sort="-alertLevel")
    content = await exported(registers, operator, "xlsx", query, "en")
    page = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    header, *rows = page.iter_rows()
    names = [cell.value for cell in header]
    assert [row[names.index("Alert level")].value for row in rows] == [1.5, -3]
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n"}  # no formula


@pytest.mark.usefixtures("three")
async def test_geojson(registers: Registers, operator: Visitor) -> None:
    content = orjson.loads(await exported(registers, operator, "geojson", ListQuery(sort="name")))
    places = {one["properties"]["stationID"]: one["geometry"] for one in content["features"]}
    assert places == {
        "1": {"type": "Point", "coordinates": [134.05, 34.3]},
        "2": {"type": "Point", "coordinates": [134.05, 34.3]},
        "10": None,
    }
    none = await exported(registers, operator, "geojson", ListQuery(q="ない"))
    assert orjson.loads(none)["features"] == []
