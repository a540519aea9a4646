"""What the city publishes goes into the map's register as it is; the standard's columns are known.

The city's own list of public toilets is not among the recorded files: its columns are taken from
the national standard's field list, which is.
"""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel.database import transaction
from tamamo.kernel.identity import INSTALLATION, unlimited
from tamamo.kernel.jobs import Run
from tamamo.kernel.settings import Settings
from tamamo.publishing.facilities import corrections, counting, demo, photos
from tamamo.publishing.facilities.model import REGISTER, facility_of
from tamamo.publishing.facilities.needs import NEEDS, Wish
from tamamo.registers import Registers, Visitor, catalogue
from tamamo.registers.imports.matching import guess
from tamamo.registers.projection import sync

TENANT = "default"
FACILITIES = catalogue.declared()[REGISTER]


@pytest.fixture
async def broker(settings: Settings) -> AsyncIterator[Broker]:
    async with open_broker(settings) as opened:
        await sync(opened.pool, {REGISTER: FACILITIES})
        yield opened


@pytest.fixture
def operator() -> Visitor:
    return Visitor(TENANT, INSTALLATION, unlimited(TENANT))


def columns_of(shared: Path, kind: str) -> list[str]:
    """The columns of a kind of the national standard."""
    (folder,) = (shared / "models" / "cio").glob(f"*_{kind}")
    text = (folder / "model.yaml").read_text("utf-8")
    return [name.strip("'") for name in re.findall(r"^ {8}(\S[^:]*):$", text, re.MULTILINE)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("公衆トイレ一覧", {"名称": "name", "名称_カナ": "nameKana", "住所": "address",
                      "緯度": "location.latitude", "経度": "location.longitude",
                      "車椅子使用者用トイレ有無": "wheelchairToilet",
                      "オストメイト設置トイレ有無": "ostomate", "NO": "facilityID"}),
        ("公共施設一覧", {"名称": "name", "住所": "address", "緯度": "location.latitude"}),
    ],
)  # fmt: skip
def test_the_standards_columns_are_recognised(
    shared_data: Path, kind: str, expected: dict[str, str]
) -> None:
    every = frozenset(column.name for column in FACILITIES.form)
    matching = guess(FACILITIES, columns_of(shared_data, kind), every)
    assert {name: matching[name] for name in expected} == expected


async def test_the_citys_tourist_facilities_come_in_and_nothing_is_known_of_them_yet(
    broker: Broker, operator: Visitor, shared_data: Path
) -> None:
    registers = Registers(broker)
    content = (shared_data / "opendata" / "0008_tourist_facilities.xlsx").read_bytes()
    begun = await registers.imports.begin(operator, REGISTER, "0008.xlsx", content)
    seen = await registers.imports.preview(operator, begun.id, begun.matching)
    # Most rows of the published file have no number: each is refused by name, none is made up.
    assert seen.new + seen.rejected == begun.rows == 52
    assert seen.new == 14 and {one.column for one in seen.rejected_sample} == {"#property"}
    await registers.imports.apply(operator, begun.id)
    counted = await counting.count(broker, TENANT)
    assert (counted.entries, counted.listed) == (0, seen.new), "listed, but nobody has looked"
    page = await registers.page(operator, REGISTER, Wish().query(200))
    for row in page.rows:
        facility = facility_of(row)
        assert [need.met(facility) for need in NEEDS] == [None] * len(NEEDS)
        assert facility.rating is None and facility.longitude is not None


async def test_the_demo_makes_its_facilities_once_and_all_are_simulated(
    broker: Broker, operator: Visitor
) -> None:
    run = Run(broker.pool, broker, TENANT, "system:demo", 1, "facilities.demo", {})
    made = (await demo.handle(run))["made"]
    assert made > 20 and await demo.handle(run) == {"made": 0}
    counted = await counting.count(broker, TENANT)
    assert (counted.entries, counted.simulated, counted.listed) == (0, made, made)
    registers = Registers(broker)
    rows = (await registers.page(operator, REGISTER, Wish().query(200))).rows
    facilities = [facility_of(row) for row in rows]
    assert all(one.simulated and "模擬" in one.name for one in facilities)
    # Every need is met somewhere, unmet somewhere, and unknown somewhere.
    for need in NEEDS:
        assert {True, False, None} <= {need.met(one) for one in facilities}, need.id
        found = await registers.page(operator, REGISTER, Wish(needs=(need,)).query(200))
        assert {row.id for row in found.rows} == {o.id for o in facilities if need.met(o)}
    async with transaction(broker.pool) as connection:
        (sample,) = await corrections.listed(connection, TENANT)
    assert sample.items[0].field == "nursingRoom" and sample.open


async def test_what_was_decided_long_ago_is_forgotten(broker: Broker) -> None:
    said = corrections.Proposal({"ostomate": True}, {}, "コメント")
    picture = photos.Picture(b"\xff\xd8\xff", 300, 300)
    async with transaction(broker.pool) as connection:
        for _ in range(2):
            await corrections.send(connection, TENANT, "urn:x:1", said)
        kept, done = await corrections.listed(connection, TENANT)
        await photos.add(connection, TENANT, "urn:x:1", picture, by="anonymous", correction=kept.id)
        assert await corrections.decide(
            connection, TENANT, done, ["ostomate"], "declined", by="user:1", reason="ちがう"
        ) == ["ostomate"]
        now = datetime.now(UTC)
        await corrections.sweep(connection, now + timedelta(days=179))
        assert len(await corrections.listed(connection, TENANT, open_=False)) == 1
        await corrections.sweep(connection, now + timedelta(days=181))
        assert await corrections.listed(connection, TENANT, open_=False) == []
        assert len(await corrections.listed(connection, TENANT)) == 1, "what waits is never lost"
        assert await photos.listed(connection, TENANT) == [], "a photo nobody wanted goes"


async def test_only_so_many_corrections_wait_for_one_facility(broker: Broker) -> None:
    said = corrections.Proposal({}, {}, "また")
    async with transaction(broker.pool) as connection:
        for _ in range(corrections.MOST_OPEN):
            await corrections.send(connection, TENANT, "urn:x:1", said)
        with pytest.raises(corrections.TooManyCorrections):
            await corrections.send(connection, TENANT, "urn:x:1", said)
        assert await corrections.count_open(connection, TENANT) == corrections.MOST_OPEN
