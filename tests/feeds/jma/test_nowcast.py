import struct
import zlib
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from tamamo.context.broker import open_broker
from tamamo.feeds.catalogue import offered
from tamamo.feeds.coordinator import Coordinator
from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.jma import nowcast_store
from tamamo.feeds.jma.nowcast import open_feed
from tamamo.feeds.offers import Opening
from tamamo.feeds.readers import nowcast
from tamamo.feeds.readers.nowcast import Box, Frame, Tile
from tamamo.feeds.status import FeedStatuses
from tamamo.kernel.database import transaction
from tests.feeds.jma.publisher import RECORDED, Publisher
from tests.feeds.test_coordinator import FakeClock

NOW = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
KAGAWA = Box(133.4, 33.95, 134.65, 34.75)
BASE = "https://jma.example/nowc/"


def times(*pairs):
    """A list of times, newest first, as the publisher has it. pairs: minutes (valid, base)."""
    items = [
        {
            "basetime": nowcast.stamp(NOW + timedelta(minutes=base)),
            "validtime": nowcast.stamp(NOW + timedelta(minutes=valid)),
            "elements": ["hrpns", "hrpns_nd"],
        }
        for valid, base in pairs
    ]
    return orjson.dumps(items[::-1])


OBSERVED = (RECORDED / "nowc_times_n1.json").read_bytes()
FORECAST = (RECORDED / "nowc_times_n2.json").read_bytes()


def test_an_hour_back_and_the_newest_forecast():
    shown = nowcast.chosen(
        nowcast.frames(OBSERVED), nowcast.frames(times((10, -5), (5, 0), (10, 0))),
        timedelta(hours=1),
    )  # fmt: skip
    assert [f.valid_at - NOW for f in shown][:2] == [timedelta(hours=-1), timedelta(minutes=-55)]
    assert [f.observed for f in shown] == [True] * 13 + [False] * 2
    assert shown[-1] == Frame(NOW + timedelta(minutes=10), NOW)
    assert nowcast.chosen([], nowcast.frames(FORECAST), timedelta(hours=1)) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'[{"basetime": "now", "validtime": "x"}]'])
def test_another_answer_is_no_list_of_times(body):
    with pytest.raises(UpdateFailed):
        nowcast.frames(body)


def test_kagawa_is_four_tiles_or_twenty():
    assert nowcast.tiles(KAGAWA, 8) == [
        Tile(8, x, y) for x in (222, 223) for y in (101, 102)
    ]  # fmt: skip
    assert len(nowcast.tiles(KAGAWA, 10)) == 20
    for wrong in ("", "1,2,3", "134,35,133,34", "0,0,1,1", "133,34,134,nan"):
        with pytest.raises(UpdateFailed):
            nowcast.box_of(wrong)


def test_a_picture_is_a_png():
    width, height = 2, 1
    body = nowcast.picture(width, height, [bytes([255, 0, 0, 255, 0, 0, 0, 0])])
    assert body.startswith(nowcast.PNG)
    assert struct.unpack(">II", body[16:24]) == (width, height)
    start = body.index(b"IDAT")
    (length,) = struct.unpack(">I", body[start - 4 : start])
    pixels = zlib.decompress(body[start + 4 : start + 4 + length])
    assert pixels == bytes([0, 255, 0, 0, 255, 0, 0, 0, 0])


class Town:
    """A town whose feed is run by hand."""

    def __init__(self, broker, publisher):
        self.broker, self.publisher = broker, publisher
        self.clock = FakeClock(timedelta(days=1))
        self.clock.time = NOW + timedelta(minutes=2)

    async def open(self, **options):
        opening = await Opening.of(
            self.broker, offered()["rain_nowcast"], clock=self.clock, outgoing=self.publisher,
            options={"address": BASE, **options},
        )  # fmt: skip
        await opening.declare()
        self.feed = await open_feed(opening)
        self.coordinator = Coordinator(
            [self.feed], FeedStatuses(self.broker.pool), self.broker.observations.record, self.clock
        )
        return self

    async def run(self):
        return await self.coordinator.attempt(self.feed)

    async def frames(self):
        async with transaction(self.broker.pool) as connection:
            return [one.frame for one in await nowcast_store.stored(connection, "default")]

    async def tile(self, frame, place):
        async with transaction(self.broker.pool) as connection:
            return await nowcast_store.tile(connection, "default", frame, place)


def publish(publisher, observed, forecast):
    publisher.files = {
        BASE + "targetTimes_N1.json": observed,
        BASE + "targetTimes_N2.json": forecast,
    }
    for frame in [*nowcast.frames(observed), *nowcast.frames(forecast)]:
        for x, y in ((222, 101), (223, 101), (222, 102)):
            body = nowcast.PNG + frame.path.encode()
            publisher.files[f"{BASE}{frame.path}/8/{x}/{y}.png"] = body


async def test_pictures_are_fetched_once_and_the_old_ones_go(settings):
    publisher = Publisher()
    publish(publisher, OBSERVED, FORECAST)
    async with open_broker(settings) as broker:
        town = await Town(broker, publisher).open()
        assert await town.run() is None
        assert len(publisher.asked) == 2 + 25 * 4
        newest = Frame(NOW, NOW)
        assert await town.tile(newest, Tile(8, 222, 101)) == nowcast.PNG + newest.path.encode()
        assert await town.tile(newest, Tile(8, 223, 102)) == nowcast.blank(), "none there: no rain"
        assert await town.tile(newest, Tile(8, 1, 1)) is None
        # Five minutes later: one more observed, and twelve others foretold.
        publish(publisher, times(*((m, m) for m in range(-175, 6, 5))),
                times(*((m, 5) for m in range(10, 66, 5))))  # fmt: skip
        publisher.asked.clear()
        town.clock.time += timedelta(minutes=5)
        assert await town.run() is None
        assert len(publisher.asked) == 2 + 13 * 4
        shown = await town.frames()
        assert len(shown) == 25
        assert shown[12] == Frame(NOW + timedelta(minutes=5), NOW + timedelta(minutes=5))
        assert shown[0].valid_at == NOW - timedelta(minutes=55)
        assert await town.tile(Frame(NOW + timedelta(minutes=10), NOW), Tile(8, 222, 101)) is None
        (status,) = await FeedStatuses(broker.pool).all()
        assert status.newest_at == NOW + timedelta(minutes=5)


async def test_what_cannot_be_had_leaves_the_pictures_of_before(settings):
    publisher = Publisher()
    publish(publisher, OBSERVED, FORECAST)
    async with open_broker(settings) as broker:
        town = await Town(broker, publisher).open()
        await town.run()
        before = await town.frames()
        later = times(*((m, m) for m in range(-60, 11, 5)))
        publish(publisher, later, FORECAST)
        address = BASE + nowcast.frames(later)[-1].path
        publisher.files[f"{address}/8/222/101.png"] = b"<html>maintenance</html>"
        assert (await town.run()).kind == "update_failed"
        publisher.lose()
        assert (await town.run()).kind == "not_ready"
        assert await town.frames() == before


@pytest.mark.parametrize(
    "options", [{"zoom": "9"}, {"zoom": "x"}, {"box": "1,2"}, {"box": "125,25,150,45"}]
)
async def test_a_wrong_option_is_said(settings, options):
    async with open_broker(settings) as broker:
        with pytest.raises(UpdateFailed):
            await Town(broker, Publisher()).open(**{"zoom": "10", **options})
