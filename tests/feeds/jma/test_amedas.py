from datetime import UTC, datetime, timedelta

import orjson
import pytest

from tamamo.context.broker import open_broker
from tamamo.feeds.catalogue import offered
from tamamo.feeds.coordinator import Coordinator
from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.jma.rain import open_feed
from tamamo.feeds.offers import Opening
from tamamo.feeds.quality import UnreadableFile
from tamamo.feeds.readers import amedas
from tamamo.feeds.readers.amedas import Rain
from tamamo.feeds.rejects import Reject
from tamamo.feeds.status import FeedStatuses
from tests.feeds.jma.publisher import RECORDED, Publisher
from tests.feeds.test_coordinator import FakeClock

AT = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
TABLE = (RECORDED / "amedas_table.json").read_bytes()
MAP = (RECORDED / "amedas_map.json").read_bytes()


def items(body=MAP, table=TABLE):
    return list(amedas.snapshot(body, AT, amedas.stations(table, ("72",)), ("72",)))


def test_rain_of_the_prefecture_and_what_is_not_normal():
    rain, *rejects = items()
    assert (rain.station.name, rain.hour, rain.ten) == ("高松", 6.0, 1.5)
    assert rain.station.latitude == pytest.approx(34.31833, abs=1e-5)
    assert [(r.original[0], r.reason.code) for r in rejects] == [
        ("72061", "missing"), ("72999", "unknown_station"), ("72500", "unknown_station")
    ]  # fmt: skip


def test_a_station_as_entity(terms):
    made = amedas.entity(items()[0], terms)
    value = made.attrs[terms.expand_term("precipitation")][0]
    assert made.id == "urn:ngsi-ld:WeatherObserved:amedas-72086"
    assert (value["value"], value["unitCode"]) == (6.0, "H67")
    assert value["observedAt"] == "2026-07-01T01:00:00Z"
    ten = made.attrs[terms.expand_term("precipitation10m")][0]
    assert (ten["value"], ten["unitCode"]) == (1.5, "MMT")


def test_a_point_file_has_moments_of_japan():
    station = amedas.stations(TABLE)["72086"]
    body = {"20260701100000": {"precipitation1h": [3, 0]}, "x": {}, "20260701101000": {"temp": []}}
    rain, reject = amedas.point(orjson.dumps(body), station)
    assert (rain.at, rain.hour) == (AT, 3.0)
    assert reject.reason.code == "not_a_time"


@pytest.mark.parametrize("value", [301, -0.5])
def test_impossible_rain_is_refused(value):
    body = orjson.dumps({"72086": {"precipitation1h": [value, 0]}})
    assert [i.reason.code for i in items(body)] == ["out_of_range"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]"])
def test_another_answer_is_no_rain(body):
    with pytest.raises(UpdateFailed):
        items(body)


HEADER = "hour_jst,amdno,name,lat,lon,precipitation1h\n"


def test_a_recording_row_by_row(tmp_path):
    file = tmp_path / "rain.csv"
    file.write_text(
        HEADER
        + "2026-07-01T10:00+09:00,72086,高松,34.318,134.053,12.5\n"
        + "2026-07-01T10:00+09:00,72086,高松,34.318,134.053,\n"
        + "2026-07-01T10:00,72086,高松,34.318,134.053,1\n"
        + "2026-07-01T10:00+09:00,高松,高松,34.318,134.053,1\n"
        + "2026-07-01T10:00+09:00,72086,高松,34.318,134.053,nan\n"
        + "2026-07-01T10:00+09:00,72086,高松,34.318,134.053,900\n"
    )
    first, *rejects = amedas.recording(file)
    assert (first.at, first.hour, first.station.number) == (AT, 12.5, "72086")
    assert [r.reason.code for r in rejects] == [
        "missing", "no_zone", "bad_code", "not_finite", "out_of_range"
    ]  # fmt: skip
    file.write_text("a,b\n")
    with pytest.raises(UnreadableFile, match="amdno"):
        list(amedas.recording(file))


def test_the_recording_of_kagawa(shared_data):
    found = list(
        amedas.recording(shared_data / "weather" / "amedas_kagawa_precipitation1h_hourly.csv")
    )
    rain = [item for item in found if isinstance(item, Rain)]
    rejects = [item for item in found if isinstance(item, Reject)]
    assert len(found) == 26_676
    assert {item.reason.code for item in rejects} <= {"missing"}
    assert len({item.station.number for item in rain}) == len({i.station.name for i in rain}) > 5


async def test_every_ten_minutes_by_the_clock(settings):
    base = "https://jma.example/amedas/"
    publisher = Publisher()
    publisher.files = {
        base + "const/amedastable.json": TABLE,
        base + "data/latest_time.txt": b"2026-07-01T10:00:00+09:00\n",
        base + "data/map/20260701100000.json": MAP,
    }
    clock = FakeClock(timedelta(days=1))
    clock.time = AT + timedelta(minutes=4)
    async with open_broker(settings) as broker:
        opening = await Opening.of(
            broker, offered()["amedas_rain"], clock=clock, outgoing=publisher,
            options={"address": base},
        )  # fmt: skip
        await opening.declare()
        feed = await open_feed(opening)
        statuses = FeedStatuses(broker.pool)
        coordinator = Coordinator([feed], statuses, broker.observations.record, clock)
        assert await coordinator.attempt(feed) is None
        assert await coordinator.attempt(feed) is None
        (status,) = await statuses.all()
        assert (status.stored, status.repeated, status.rejected) == (2, 0, 3)
        # Forty minutes of silence are caught up with.
        publisher.files[base + "data/latest_time.txt"] = b"2026-07-01T10:40:00+09:00"
        for minute in (10, 20, 30, 40):
            publisher.files[f"{base}data/map/202607011{minute:03}00.json"] = MAP
        clock.time += timedelta(minutes=40)
        assert await coordinator.attempt(feed) is None
        (status,) = await statuses.all()
        assert status.stored == 10
        assert status.newest_at == AT + timedelta(minutes=40)
        publisher.files[base + "data/latest_time.txt"] = b"soon"
        assert (await coordinator.attempt(feed)).kind == "update_failed"
