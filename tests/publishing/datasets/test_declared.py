"""Live datasets: what the project folders declare, and how a town's entities become rows."""

from pathlib import Path

import pytest

from tamamo.context.model.entity import DEFAULT_VOCABULARY, LOCATION, Entity
from tamamo.kernel.database import transaction
from tamamo.publishing.datasets import Datasets, RowsQuery, UnknownDataset, UnknownVersion
from tamamo.publishing.datasets.live.declaration import declared_files, faults_of_file, read_all
from tamamo.publishing.datasets.live.sync import sync
from tests.publishing.datasets.conftest import Hall

TIDE = """
[[dataset]]
id = "tide"
title = { ja = "潮位", en = "Tide" }
description = { ja = "港の潮位", en = "The sea" }
unit = "港湾課"
groups = ["disaster"]
entities = "SeaConditions"
columns = [
  { name = "id", label = { ja = "識別子", en = "Id" }, shows = "id", role = "key" },
  { name = "name", label = { ja = "名称", en = "Name" } },
  { name = "waterLevel", label = { ja = "潮位", en = "Level" }, kind = "number", unit = "MTR" },
  { name = "at", label = { ja = "時刻", en = "At" }, AT },
  { name = "latitude", label = { ja = "緯度", en = "Latitude" }, NORTH },
  { name = "longitude", label = { ja = "経度", en = "Longitude" }, EAST },
]
"""
for _short, _long in {
    "AT": 'kind = "moment", attribute = "waterLevel", shows = "observed_at"',
    "NORTH": 'kind = "latitude", attribute = "location", shows = "latitude"',
    "EAST": 'kind = "longitude", attribute = "location", shows = "longitude"',
}.items():
    TIDE = TIDE.replace(_short, _long)


def station(number: int, level: float) -> Entity:
    """A simulated tide station."""
    at = "2026-11-01T00:00:00Z"
    said = {
        "name": [{"type": "Property", "value": f"模擬港{number}"}],
        "simulated": [{"type": "Property", "value": True}],
        "waterLevel": [{"type": "Property", "value": level, "observedAt": at}],
    }
    place = {"type": "Point", "coordinates": [134.0 + number / 100, 34.3]}
    attrs = {DEFAULT_VOCABULARY + name: items for name, items in said.items()}
    return Entity(
        f"urn:ngsi-ld:SeaConditions:t{number}",
        [DEFAULT_VOCABULARY + "SeaConditions"],
        attrs | {LOCATION: [{"type": "GeoProperty", "value": place}]},
    )


def test_what_is_declared_is_right() -> None:
    files = declared_files()
    assert [text for file in files for text in faults_of_file(file)] == []
    found, faults = read_all(files)
    assert not faults and len(found) >= 8


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('entities = "SeaConditions"', "", "exactly one of"),
        ('entities = "SeaConditions"', 'function = "tamamo.nothing:here"', "is not module:func"),
        ('entities = "SeaConditions"', 'register = "none"', "no register"),
        ('en = "Level"', 'en = ""', "both languages"),
        ('name = "at"', 'name = "name"', "column name stands twice"),
        ('["disaster"]', '["weather"]', "No theme"),
        ('unit = "港湾課"', "unit = 3", "Expected `str`"),
    ],
)
def test_faults_are_named(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    file = tmp_path / "datasets.toml"
    file.write_text(TIDE.replace(was, becomes), "utf-8")
    (fault, *_) = faults_of_file(file)
    assert said in fault


async def test_entities_are_a_dataset_like_any_other(hall: Hall, tmp_path: Path) -> None:
    file = tmp_path / "datasets.toml"
    file.write_text(TIDE, "utf-8")
    live, _ = read_all([file])
    datasets = Datasets(hall.broker, live)
    await sync(hall.broker, live)
    with pytest.raises(UnknownDataset):
        await datasets.one(None, hall.tenant, "tide")
    stations = [station(n, n / 10) for n in range(1, 6)]
    await hall.broker.observations.record(hall.tenant, stations)
    assert await sync(hall.broker, live) == 1
    stamp = await datasets.stamp(hall.tenant)
    assert await sync(hall.broker, live) == 0
    assert await datasets.stamp(hall.tenant) == stamp, "nothing changed, nothing is written"
    one = await datasets.one(None, hall.tenant, "tide")
    assert one.metadata.simulated and one.kind == "live" and one.rows == 5 and one.located
    assert one.bbox == pytest.approx((134.01, 34.3, 134.05, 34.3)) and one.version is None
    page = await datasets.rows(None, hall.tenant, "tide", RowsQuery(limit=2, offset=1))
    assert [row.values["name"] for row in page.rows] == ["模擬港2", "模擬港3"]
    assert (page.total, page.more, page.rows[0].number) == (5, True, 2)
    high = RowsQuery(filters={"waterLevel": "0.5"})
    assert [r.number for r in (await datasets.rows(None, hall.tenant, "tide", high)).rows] == [5]
    box = RowsQuery(bbox=(134.035, 34, 134.2, 35), sort=("-waterLevel",))
    found = await datasets.rows(None, hall.tenant, "tide", box)
    assert [row.values["at"] for row in found.rows] == ["2026-11-01T00:00:00Z"] * 2
    assert [row.number for row in found.rows] == [5, 4]
    assert (await datasets.row(None, hall.tenant, "tide", 3)).values["name"] == "模擬港3"
    with pytest.raises(UnknownVersion):
        await datasets.rows(None, hall.tenant, "tide", RowsQuery(version=1))
    count = await datasets.count(hall.tenant)
    assert (count.total, count.simulated) == (0, 1)
    told = TIDE + TIDE.replace('"tide"', '"rain"').replace("SeaConditions", "Rain") + "empty = true"
    file.write_text(told, "utf-8")
    both, _ = read_all([file])
    assert await sync(hall.broker, both) == 1, "no rain is an answer too"
    assert (await Datasets(hall.broker, both).rows(None, hall.tenant, "rain")).total == 0


async def test_a_type_that_is_not_public_is_in_nobodys_catalogue(
    hall: Hall, tmp_path: Path
) -> None:
    file = tmp_path / "datasets.toml"
    file.write_text(TIDE, "utf-8")
    live, _ = read_all([file])
    datasets = Datasets(hall.broker, live)
    await hall.broker.observations.record(hall.tenant, [station(1, 1.0)])
    await sync(hall.broker, live)
    async with transaction(hall.broker.pool) as connection:
        await connection.execute(
            "update tenant set public_types = '{}' where name = %s", [hall.tenant]
        )
        await connection.execute("update town_generation set generation = generation + 1")
    await hall.broker.towns.refresh()
    hall.broker.identity.forget()
    with pytest.raises(UnknownDataset):
        await datasets.rows(None, hall.tenant, "tide")
    assert await datasets.ids(None, hall.tenant) == []
    assert (await datasets.rows(hall.officer, hall.tenant, "tide")).total == 1
