"""What GIS programs make of it: OWSLib, GDAL, a browser's map; one server for all of them."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tamamo.registers.features.crs import to_square
from tamamo.registers.features.tiles import MOST_PLACES
from tests.journeys.looking import accessible

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Response

LD = "/ngsi-ld/v1"
POINTS = 230


@pytest.fixture(scope="module")
def filled(server: str) -> str:
    """A running installation with lamps and a park."""
    lamps = [
        {
            "id": f"urn:ngsi-ld:Lamp:{number:04}",
            "type": "Lamp",
            "name": {"type": "Property", "value": f"灯{number}"},
            "watt": {"type": "Property", "value": number % 5},
            "location": {
                "type": "GeoProperty",
                "value": {
                    "type": "Point",
                    "coordinates": [134 + number % 20 / 100, 34.2 + number // 20 / 100],
                },
            },
        }
        for number in range(POINTS)
    ]
    ring = [[134.1, 34.2], [134.2, 34.2], [134.1, 34.3], [134.1, 34.2]]
    park = {
        "id": "urn:ngsi-ld:Park:1",
        "type": "Park",
        "name": {"type": "LanguageProperty", "languageMap": {"ja": "公園", "en": "Park"}},
        "location": {
            "type": "GeoProperty",
            "value": {"type": "Polygon", "coordinates": [ring]},
        },
    }
    many = [
        {
            "id": f"urn:ngsi-ld:Post:{number:04}",
            "type": "Post",
            "location": {
                "type": "GeoProperty",
                "value": {
                    "type": "Point",
                    "coordinates": [133.8 + number % 50 / 100, 34.1 + number // 50 / 150],
                },
            },
        }
        for number in range(MOST_PLACES + 500)
    ]
    for batch in ([*lamps, park], many):
        answer = httpx.post(f"{server}{LD}/entityOperations/create", json=batch, timeout=60)
        assert answer.status_code == 201, answer.text
    return server


@pytest.fixture
def ogr(filled: str) -> Iterator[str]:
    """The base URL, where GDAL's programs are there."""
    import os

    if shutil.which("ogr2ogr") is None:
        reason = "GDAL (gdal-bin) is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    yield filled


def test_owslib(filled: str) -> None:
    from owslib.ogcapi.features import Features

    features = Features(f"{filled}/ogc/")
    assert features.conformance()["conformsTo"][0].endswith("ogcapi-features-1/1.0/conf/core")
    assert features.api()["openapi"].startswith("3.0")
    assert {"Lamp", "Park", "register.shelters"} <= set(features.feature_collections())
    lamps = features.collection("Lamp")
    assert lamps["extent"]["spatial"]["bbox"] == [[134.0, 34.2, 134.19, 34.31]]
    assert "watt" in features.collection_queryables("Lamp")["properties"]
    page = features.collection_items("Lamp", limit=50, bbox=[133.995, 34.0, 134.015, 35.0])
    assert page["numberMatched"] == page["numberReturned"] == 24
    some = features.collection_items("Lamp", watt=3, limit=10)
    assert (some["numberMatched"], len(some["features"])) == (46, 10)
    one = features.collection_item("Lamp", "urn:ngsi-ld:Lamp:0007")
    assert one["properties"] == {"type": "Lamp", "name": "灯7", "watt": 2}


def test_gdal(ogr: str, tmp_path: Path) -> None:
    source, target = f"OAPIF:{ogr}/ogc/", tmp_path / "lamps.geojson"
    told = subprocess.run(
        ["ogrinfo", "-ro", source], capture_output=True, text=True, timeout=60, check=True
    )
    assert "Lamp" in told.stdout and "Park" in told.stdout
    command = ["ogr2ogr", "-f", "GeoJSON", str(target), source, "Lamp", "-oo", "PAGE_SIZE=100"]
    subprocess.run(command, capture_output=True, timeout=60, check=True)
    features = json.loads(target.read_text("utf-8"))["features"]
    assert len({feature["properties"]["name"] for feature in features}) == POINTS
    assert features[0]["geometry"]["coordinates"] == [134.0, 34.2]
    plane = tmp_path / "plane.geojson"
    filtered = ["-where", "watt = 3", "-spat", "134.0", "34.0", "134.1", "34.205"]
    subprocess.run(
        ["ogr2ogr", "-f", "GeoJSON", str(plane), source, "Lamp", *filtered],
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    assert len(json.loads(plane.read_text("utf-8"))["features"]) == 2


def test_gdal_reads_tiles(ogr: str, tmp_path: Path) -> None:
    x, y = (int(part * 2**10) for part in to_square(134.12, 34.22))
    address = f"{ogr}/ogc/collections/Park/tiles/WebMercatorQuad/10/{y}/{x}"
    answer = httpx.get(address, timeout=30)
    assert answer.status_code == 200
    tile = tmp_path / "tile.mvt"
    tile.write_bytes(answer.content)
    told = subprocess.run(
        ["ogrinfo", "-ro", "-al", "-so", str(tile)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "Layer name: features" in told.stdout
    assert "Polygon" in told.stdout


def test_tiles_are_kept_by_their_content(filled: str) -> None:
    address = f"{filled}/ogc/collections/Lamp/tiles/WebMercatorQuad/0/0/0"
    first = httpx.get(address, timeout=30)
    assert first.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert first.headers["content-encoding"] == "gzip"
    again = httpx.get(address, headers={"If-None-Match": first.headers["etag"]}, timeout=30)
    assert (again.status_code, again.content) == (304, b"")
    plain = httpx.get(address, headers={"Accept-Encoding": "identity"}, timeout=30)
    assert plain.content == first.content and "content-encoding" not in plain.headers
    for place in ("0/0/1", "23/0/0", "a/0/0", "-1/0/0"):
        assert httpx.get(f"{address[:-6]}/{place}", timeout=30).status_code == 404, place


def test_pages_for_people(filled: str) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    for path in ("", "/conformance", "/api", "/collections", "/collections/Lamp",
                 "/collections/Lamp/items?limit=5&watt=3",
                 "/collections/Lamp/items/urn:ngsi-ld:Lamp:0001"):  # fmt: skip
        for root, language in (("/ogc", "ja"), ("/en/ogc", "en")):
            answer = httpx.get(
                f"{filled}{root}{path}", headers=browser, timeout=30, follow_redirects=True
            )
            assert answer.status_code == 200, (root, path, answer.text[:500])
            assert f'<html lang="{language}">' in answer.text
    assert "application/json" in httpx.get(f"{filled}/ogc/", timeout=30).headers["content-type"]
    page = httpx.get(f"{filled}/ogc/collections/Lamp/items?f=html&limit=5", timeout=30)
    assert page.text.count("<tr>") == 6 and "灯4" in page.text
    wrong = httpx.get(f"{filled}/ogc/collections/Lamp/items?f=html&limit=0", timeout=30)
    assert wrong.status_code == 400 and "limit" in wrong.text
    assert httpx.get(f"{filled}/ogc/collections/None?f=html", timeout=30).status_code == 404
    assert httpx.get(f"{filled}/ogc/?f=xml", timeout=30).status_code == 406
    assert httpx.post(f"{filled}/ogc/", timeout=30).status_code == 405


def test_the_map_of_a_collection(filled: str, browser: "Browser") -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="ja")
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{filled}/ogc/collections/Park?f=html")
    page.locator("[data-tiles][data-idle]").wait_for(timeout=60_000)
    accessible(page)
    # The map shows the park's box; its middle lies on the edge, left of it is the park.
    canvas = page.locator(".map canvas").bounding_box()
    assert canvas is not None
    middle, line = canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2
    page.mouse.click(middle - 60, line)
    page.get_by_role("link", name="公園").click()
    assert page.url.endswith("/ogc/collections/Park/items/urn%3Angsi-ld%3APark%3A1")
    assert page.get_by_role("heading", level=1).inner_text() == "urn:ngsi-ld:Park:1"
    tiles: list[Response] = []
    page.on("response", lambda one: tiles.append(one) if "/tiles/" in one.url else None)
    page.goto(f"{filled}/en/ogc/collections/Post")
    page.locator("[data-tiles][data-idle]").wait_for(timeout=60_000)
    accessible(page, (1280,))
    # However many there are, a tile holds at most 2,000 places or 32 x 32 cells.
    assert tiles and all(one.status == 200 for one in tiles)
    assert max(len(one.body()) for one in tiles) < 100_000
    assert faults == []
    page.close()
