"""Raw records are kept as they came, before they are read, and can be read again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.context.model.entity import Entity
from tamamo.feeds import again, importing, mapping, records
from tamamo.feeds.coordinator import Coordinator, Feed
from tamamo.feeds.quality import NOT_FINITE
from tamamo.feeds.records import KEPT, FeedRecords
from tamamo.feeds.rejects import Reject
from tamamo.feeds.status import Declaration, FeedStatuses
from tamamo.kernel.database import transaction
from tamamo.kernel.errors import SetupError
from tamamo.kernel.jobs import Run
from tamamo.kernel.settings import Settings

NOW = datetime(2026, 6, 26, tzinfo=UTC)
DECLARED = Declaration(
    id="test", name_ja="試験", name_en="Test", source="", licence="", interval=timedelta(seconds=5)
)
MAPPING = """
id = "thing"
name = { ja = "もの", en = "Things" }
type = "Thing"
entity_id = "urn:ngsi-ld:Thing:{no}"
[[attributes]]
name = "size"
column = "size"
convert = "number"
required = true
"""


@pytest.fixture
async def broker(settings: Settings) -> AsyncIterator[Broker]:
    async with open_broker(settings) as opened:
        yield opened


async def reading(_: Broker):
    """As a project's feed has it: a number a line, each one entity."""

    def read(raw: bytes):
        for row, line in enumerate(raw.decode().splitlines(), 1):
            if line == "x":
                yield Reject(row, "size", NOT_FINITE, [line])
            else:
                instance = {
                    "type": "Property",
                    "value": float(line),
                    "observedAt": "2026-06-26T00:00:00Z",
                }
                yield Entity(f"urn:ngsi-ld:Thing:{row}", ["Thing"], {"size": [instance]})

    return read


async def kept(broker: Broker) -> list[records.Kept]:
    async with transaction(broker.pool) as connection:
        return await records.records(connection, "default", "test")


async def attempt(broker: Broker, raw: bytes, read) -> None:
    async def fetch():
        return raw

    statuses = FeedStatuses(broker.pool)
    await statuses.declare(DECLARED)
    feed = Feed(DECLARED, fetch, read, again=f"{__name__}:reading")
    keeping = FeedRecords(broker.pool)
    coordinator = Coordinator([feed], statuses, broker.observations.record, records=keeping)
    await coordinator.attempt(feed)


def run_of(broker: Broker, feed: str, numbers: list[int]) -> Run:
    args = {"feed": feed, "numbers": numbers}
    return Run(broker.pool, broker, "default", "user:1", 1, "feed.replay", args)


async def test_what_could_not_be_read_is_kept_and_read_again_once_the_reader_is_mended(
    broker: Broker,
) -> None:
    def broken(_: bytes):
        raise ValueError("an unknown format")

    await attempt(broker, b"1.5\nx\n", broken)
    assert await broker.entities.find("default", "urn:ngsi-ld:Thing:1") is None
    (only,) = await kept(broker)
    assert only.again and only.size == 6

    done = await again.handle(run_of(broker, "test", [only.number]))
    assert done == {"stored": 1, "repeated": 0, "late": 0, "changed": 0, "rejected": 1}
    found = await broker.entities.find("default", "urn:ngsi-ld:Thing:1")
    assert found is not None and found.attrs["size"][0]["value"] == 1.5
    repeated = await again.handle(run_of(broker, "test", [only.number]))
    assert (repeated["stored"], repeated["repeated"]) == (0, 1)


async def test_the_last_ten_are_kept_and_the_rejects_with_their_reasons(broker: Broker) -> None:
    read = await reading(broker)
    for number in range(KEPT + 3):
        await attempt(broker, f"{number}\nx\n".encode(), read)
    found = await kept(broker)
    assert len(found) == KEPT
    assert [one.number for one in found] == sorted((one.number for one in found), reverse=True)
    async with transaction(broker.pool) as connection:
        newest = await records.record(connection, "default", "test", found[0].number)
        files = await records.rejects_files(connection, "default", "test")
        file = await records.rejects_file(connection, "default", "test", files[0].number)
        assert await records.record(connection, "ayagawa", "test", found[0].number) is None
    assert newest is not None and newest.body == f"{KEPT + 2}\nx\n".encode()
    assert len(files) == KEPT and files[0].rows == 1
    assert file is not None
    assert file[1].decode("utf-8-sig").splitlines()[1].startswith("2,size,not_finite,")


async def test_an_imported_table_is_read_again_by_its_own_mapping(
    broker: Broker, tmp_path: Path
) -> None:
    table = tmp_path / "things.csv"
    table.write_text("no,size\n1,2.5\n2,much\n")
    chosen = tmp_path / "thing.toml"
    chosen.write_text(MAPPING)
    by = mapping.load(str(chosen))
    terms = await broker.contexts.resolve("default", None)
    result = importing.read(table, by, terms)
    await importing.write(broker, "default", by, result, original=importing.original(table))
    table.unlink()
    chosen.unlink()
    async with transaction(broker.pool) as connection:
        await connection.execute("delete from entity")
        (only,) = await records.records(connection, "default", "import-thing")
        whole = await records.record(connection, "default", "import-thing", only.number)
    assert only.name == "things.csv" and whole is not None and whole.reader is not None
    assert msgspec.convert(whole.reader["mapping"], mapping.Mapping) == by
    done = await again.handle(run_of(broker, "import-thing", [only.number]))
    assert (done["changed"], done["rejected"]) == (1, 1)
    assert await broker.entities.find("default", "urn:ngsi-ld:Thing:1") is not None


async def test_a_record_that_is_gone_is_said(broker: Broker) -> None:
    with pytest.raises(SetupError, match="no longer kept"):
        await again.handle(run_of(broker, "test", [1]))


async def test_one_too_large_is_not_kept(broker: Broker) -> None:
    await FeedRecords(broker.pool).keep(DECLARED, NOW, b"x" * (records.LARGEST + 1))
    assert await kept(broker) == []
