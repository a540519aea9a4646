import csv
from datetime import UTC, datetime, timedelta

from tamamo.context.broker import open_broker
from tamamo.feeds.catalogue import offered
from tamamo.feeds.coordinator import Coordinator
from tamamo.feeds.jma.areas import Areas
from tamamo.feeds.jma.atom import Entry
from tamamo.feeds.jma.feed import Intake, open_feed
from tamamo.feeds.offers import Opening
from tamamo.feeds.status import FeedStatuses
from tests.feeds.jma.publisher import DATA, FEED, Publisher
from tests.feeds.jma.telegrams import LEVEL_2, LEVEL_3, RAIN, TAKAMATSU, telegram, warning
from tests.feeds.test_coordinator import FakeClock

START = datetime(2026, 7, 1, 1, 2, tzinfo=UTC)
OFFER = offered()["jma_telegrams"]


def body(minute, kind, status, **more):
    said = warning((TAKAMATSU, kind, status)) if kind else ""
    at, sent = f"2026-07-01T10:{minute:02}:00+09:00", f"2026-07-01T01:{minute:02}:20Z"
    return telegram(said, at=at, sent=sent, **more)


FIRST = ("20260701010020_0_VPWW55_370000.xml", RAIN, body(0, LEVEL_2, "発表"))
SECOND = ("20260701011020_0_VPWW55_370000.xml", RAIN, body(10, LEVEL_3, "発表"))


class Town:
    """One town with the feed, run by hand: each run is one poll."""

    def __init__(self, broker, publisher, clock):
        self.broker, self.publisher, self.clock = broker, publisher, clock

    async def open(self):
        options = {"address": FEED}
        opening = await Opening.of(
            self.broker, OFFER, clock=self.clock, outgoing=self.publisher, options=options
        )
        await opening.declare()
        self.feed = await open_feed(opening)
        self.terms = opening.terms
        self.coordinator = Coordinator(
            [self.feed], FeedStatuses(self.broker.pool), self.broker.observations.record,
            self.clock, judge=opening.judge,
        )  # fmt: skip
        return self

    async def run(self, minutes=1):
        self.clock.time += timedelta(minutes=minutes)
        return await self.coordinator.attempt(self.feed)

    async def known(self, kind="WeatherAlert"):
        found = await self.broker.temporal.state_at(
            "default", self.terms.expand_type(kind), self.clock.now()
        )
        names = [self.terms.expand_term(name) for name in ("name", "status")]
        return {
            e.id.split("jma:")[1]: tuple(e.attrs[name][0]["value"] for name in names) for e in found
        }


def clock():
    made = FakeClock(timedelta(days=9))
    made.time = START
    return made


async def test_a_minute_brings_what_is_new_and_asks_for_no_more(settings):
    publisher = Publisher()
    publisher.publish(feed="eqvol")
    elsewhere = ("20260701010020_0_VPWW55_330000.xml", RAIN, b"<never asked for/>")
    forecast = ("20260701010020_0_VPFD51_370000.xml", "府県天気予報（Ｒ１）", b"<neither this/>")
    publisher.publish(FIRST, elsewhere, forecast)
    async with open_broker(settings) as broker:
        town = await Town(broker, publisher, clock()).open()
        assert await town.run() is None
        assert await town.known() == {"3720100:10": ("レベル２大雨注意報", "issued")}
        assert [a for a in publisher.asked if a.startswith(DATA)] == [DATA + FIRST[0]]
        assert f"{FEED}extra_l.xml" in publisher.asked, "the first time, a week is caught up with"
        publisher.asked.clear()
        assert await town.run() is None
        assert await town.run() is None
        assert publisher.asked == [f"{FEED}extra.xml", f"{FEED}eqvol.xml"] * 2
        assert publisher.unchanged == 2
        publisher.publish(FIRST, elsewhere, SECOND)
        assert await town.run(8) is None
        assert await town.known() == {
            "3720100:10": ("レベル２大雨注意報", "lifted"),
            "3720100:03": ("レベル３大雨警報", "issued"),
        }


async def test_a_restart_knows_what_was_heard_and_a_cancellation_still_works(settings):
    publisher = Publisher()
    publisher.publish(feed="eqvol")
    publisher.publish(FIRST, SECOND)
    async with open_broker(settings) as broker:
        town = await Town(broker, publisher, clock()).open()
        await town.run(30)
        again = await Town(broker, publisher, town.clock).open()
        taken_back = ("20260701011520_0_VPWW55_370000.xml", RAIN, body(15, None, "", info="取消"))
        publisher.publish(taken_back)
        assert await again.run() is None
        assert await again.known() == {
            "3720100:10": ("レベル２大雨注意報", "issued"),
            "3720100:03": ("レベル３大雨警報", "cancelled"),
        }


async def test_bad_telegrams_are_rejects_and_the_others_go_on(settings):
    publisher = Publisher()
    publisher.publish(feed="eqvol")
    bomb = b'<!DOCTYPE r [<!ENTITY a "a">]><Report>&a;</Report>'
    publisher.publish(
        ("20260701005920_0_VPWW55_370000.xml", RAIN, bomb),
        ("20260701005930_0_VPWW55_370000.xml", RAIN, FIRST[2][:200]),
        FIRST,
    )
    publisher.files.pop(DATA + "20260701005930_0_VPWW55_370000.xml")
    async with open_broker(settings) as broker:
        town = await Town(broker, publisher, clock()).open()
        assert await town.run() is None
        (status,) = await FeedStatuses(broker.pool).all()
        assert status.rejected == 1, "the bomb; what is gone is gone"
        assert len(await town.known()) == 1
        publisher.files[FEED + "extra.xml"] = b"<html>maintenance"
        error = await town.run()
        assert error.kind == "update_failed"
        publisher.publish(FIRST, SECOND)
        assert await town.run(8) is None
        assert (await town.known())["3720100:03"] == ("レベル３大雨警報", "issued")


async def test_a_source_that_is_away_for_a_day_and_a_write_that_failed_lose_nothing(settings):
    publisher = Publisher()
    publisher.publish(feed="eqvol")
    publisher.publish(FIRST)
    async with open_broker(settings) as broker:
        town = await Town(broker, publisher, clock()).open()
        town.coordinator._observe = _refused
        assert (await town.run()).kind == "not_ready"
        town.coordinator._observe = broker.observations.record
        assert await town.known() == {}
        assert await town.run() is None
        assert set(await town.known()) == {"3720100:10"}, "told again after a write that failed"
        files = dict(publisher.files)
        publisher.lose()
        assert (await town.run()).kind == "not_ready"
        publisher.files = files
        publisher.publish(FIRST, SECOND)
        publisher.asked.clear()
        assert await town.run(24 * 60) is None
        assert f"{FEED}extra_l.xml" in publisher.asked
        assert set(await town.known()) == {"3720100:10", "3720100:03"}


async def _refused(tenant, entities):
    raise ConnectionError("no database")


async def test_a_drill_telegram_is_no_warning(settings):
    publisher = Publisher()
    publisher.publish(feed="eqvol")
    publisher.publish(
        (FIRST[0], RAIN, body(0, LEVEL_3, "発表", mode="訓練")),
        ("20260701010120_0_VPWW55_370000.xml", RAIN, body(1, LEVEL_2, "発表", mode="試験")),
    )
    async with open_broker(settings) as broker:
        town = await Town(broker, publisher, clock()).open()
        await town.run(10)
        assert await town.known() == {}
        assert await town.known("WeatherAlertExercise") == {
            "3720100:03": ("【訓練】レベル３大雨警報", "issued"),
            "3720100:10": ("【試験】レベル２大雨注意報", "issued"),
        }


def test_the_offer_says_whose_data_it_is():
    assert "気象庁" in OFFER.licence
    assert OFFER.eventful and OFFER.interval == timedelta(minutes=1)


def test_the_telegrams_of_a_year_are_those_of_kagawa(shared_data):
    file = shared_data / "weather" / "jma_warnings_kagawa_2025-09_2026-08.csv"
    with file.open(encoding="utf-8", newline="") as rows:
        told = [
            Entry(row["origin_id"], row["title"], "", row["content"], START)
            for row in csv.DictReader(rows)
        ]
    assert len(told) == 450

    def wanted(areas):
        intake = Intake(Publisher(), None, areas, clock(), FEED)
        return sum(intake._may_concern(entry) for entry in told)

    assert wanted(Areas("37", "37201")) == 450
    assert wanted(Areas("33", "33100")) == 0
