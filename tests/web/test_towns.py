"""What another town shares: on the page with its owner's name, in the files too."""

import csv
import io
from datetime import timedelta

import pytest
from django.test import AsyncClient
from django.utils.translation import override

from tamamo.kernel import time
from tamamo.kernel.towns import Town
from tamamo.web.portal.owner import Owner
from tamamo.web.towns import TITLES, TownPrefix, address_of
from tests.web.city_data import MemorySource, gauge, rain

AYAGAWA = Owner("ayagawa", {"ja": "綾川町", "en": "Ayagawa"}, "373877")


@pytest.fixture
def shared(source: MemorySource) -> MemorySource:
    """A city with one gauge of its own and one of Ayagawa's; both have the same station code."""
    now = time.now()
    source.items = [gauge("100", "香東川", 0.5, now)]
    neighbour = MemorySource([gauge("100", "綾川", 2.0, now, town="綾川町")], owner=AYAGAWA)
    neighbour.items.append(rain("r", "滝宮", 3.0, now))
    neighbour.points = [(now - timedelta(hours=1), 1.9), (now, 2.0)]
    source.neighbours = [neighbour]
    return source


@pytest.mark.parametrize(("path", "label"), [("/", "綾川町提供"), ("/en/", "Provided by Ayagawa")])
async def test_rows_cards_and_stations_name_their_owner(
    client: AsyncClient, shared: MemorySource, path: str, label: str
) -> None:
    text = (await client.get(path)).content.decode()
    assert 'id="g-100"' in text
    assert 'id="g-ayagawa:100"' in text
    own, theirs = (
        next(part for part in text.split('id="g-') if part.startswith(key))
        for key in ("100", "ayagawa")
    )
    assert f'data-owner="{label}"' in theirs.split("</tr>")[0]
    assert f'<span class="chip chip--blue">{label}</span>' in theirs.split("</tr>")[0]
    assert label not in own.split("</tr>")[0]
    alarm = text.split('class="alarm alarm--3', 1)[1].split("</li>")[0]
    assert label in alarm
    station = text.split('id="stations"', 1)[1].split("</table>")[0]
    assert label in station


async def test_a_shared_gauge_has_its_page_and_its_own_readings(
    client: AsyncClient, shared: MemorySource
) -> None:
    text = (await client.get("/gauges/ayagawa:100/")).content.decode()
    assert "綾川町提供" in text
    assert "データ連携協定" in text
    chart = (await client.get("/gauges/ayagawa:100/chart.json")).json()
    assert [point[1] for point in chart["points"]] == [1.9, 2.0]
    own = (await client.get("/gauges/100/chart.json")).json()
    assert own["points"] == []
    assert "綾川町提供" not in (await client.get("/gauges/100/")).content.decode()
    rows = (await client.get("/rows/?ids=ayagawa:100")).content.decode()
    assert 'id="g-ayagawa:100"' in rows
    assert 'id="g-100"' not in rows


@pytest.mark.parametrize("path", ["/gauges", "/stations", "/gauges/ayagawa:100/levels"])
async def test_files_name_the_owner(client: AsyncClient, shared: MemorySource, path: str) -> None:
    table = (await client.get(f"{path}.csv")).content.decode("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(table)) if row["owner"]]
    assert rows
    for row in rows:
        assert (row["owner"], row["owner_code"]) == ("ayagawa", "373877")
        assert row["owner_label"] == "綾川町提供"
    listed = (await client.get(f"{path}.json")).json()["items"]
    assert {item["owner_label"] for item in listed} <= {"綾川町提供", ""}
    assert "綾川町提供" in {item["owner_label"] for item in listed}


async def test_geojson_names_the_owner(client: AsyncClient, shared: MemorySource) -> None:
    features = (await client.get("/en/gauges.geojson")).json()["features"]
    owners = {feature["properties"]["owner_label"] for feature in features}
    assert owners == {"", "Provided by Ayagawa"}


async def test_what_is_shared_no_longer_is_gone_everywhere(
    client: AsyncClient, shared: MemorySource
) -> None:
    shared.neighbours = []
    assert "綾川" not in (await client.get("/")).content.decode()
    assert (await client.get("/gauges/ayagawa:100/")).status_code == 404
    assert (await client.get("/gauges/ayagawa:100/levels.csv")).status_code == 404
    assert "綾川" not in (await client.get("/gauges.csv")).content.decode()
    assert "<tr" not in (await client.get("/rows/?ids=ayagawa:100")).content.decode()


async def test_a_past_moment_shows_what_was_shared_then_too(
    client: AsyncClient, shared: MemorySource
) -> None:
    await client.get("/?at=2026-06-26T08:00")
    assert shared.neighbours[0].asked[0] is not None


async def test_beside_a_recording_of_the_past_nothing_of_today_stands(
    client: AsyncClient, shared: MemorySource
) -> None:
    shared.items = [gauge("100", "香東川", 0.5, time.now() - timedelta(days=90))]
    assert "綾川町提供" not in (await client.get("/")).content.decode()


async def test_the_prefix_of_a_town_goes_into_the_root_path() -> None:
    seen: list[dict[str, object]] = []

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        seen.append(scope)

    for path in ("/t/ayagawa/en/gauges/1/", "/t/ayagawa", "/", "/t/a/t/b/"):
        await TownPrefix(app)({"type": "http", "path": path}, None, None)
    assert [(one.get("town"), one.get("root_path")) for one in seen] == [
        ("ayagawa", "/t/ayagawa"),
        (None, None),
        (None, None),
        ("a", "/t/a"),
    ]


def test_towns_have_addresses_in_both_languages() -> None:
    found = []
    for language in ("ja", "en"):
        with override(language):
            found += [address_of(Town("default", TITLES)), address_of(Town("ayagawa"))]
    assert found == ["/", "/t/ayagawa/", "/en/", "/t/ayagawa/en/"]
