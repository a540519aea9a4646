from datetime import UTC, datetime, timedelta

import orjson
import pytest

from tamamo.context.broker import open_broker
from tamamo.feeds.catalogue import offered
from tamamo.feeds.coordinator import Coordinator
from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.offers import Opening
from tamamo.feeds.readers.river_live import reader, readings
from tamamo.feeds.rejects import Reject
from tamamo.feeds.status import FeedStatuses
from tamamo.kernel.outgoing import Answer
from tests.conftest import ROOT
from tests.feeds.test_coordinator import FakeClock, Finished

RECORDED = ROOT / "tamamo/projects/disaster_watch/tests/recorded/k_river_37000.json"
NOW = datetime(2026, 6, 25, 22, 55, tzinfo=UTC)


def read(**members):
    return list(readings(RECORDED.read_bytes(), NOW, frozenset(), **members))


def test_gauges_as_the_recording_has_them():
    first, second, *_ = read()
    assert (first.code, first.level, first.region, first.locality) == (
        "3799000001", 1.84, "香川県", "高松市"
    )  # fmt: skip
    assert (first.start_level, first.alert_level, first.danger_level) == (0.91, 2.36, 2.91)
    assert first.observed_at == datetime(2026, 6, 25, 22, 50, tzinfo=UTC)
    assert (second.level, second.alert_level, second.locality) == (-0.31, None, "綾歌郡綾川町")


def test_each_bad_item_has_its_reason():
    rejects = {item.row: item.reason.code for item in read() if isinstance(item, Reject)}
    assert rejects == {3: "missing", 4: "in_future", 5: "no_zone", 6: "not_an_item"}


def test_only_the_municipalities_asked_for():
    found = readings(RECORDED.read_bytes(), NOW, frozenset({"37387"}))
    assert [item.code for item in found if not isinstance(item, Reject)] == ["3799000002"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>maintenance</html>", b"[]", b'{"obss": null}', b'{"obs": []}']
)
def test_another_answer_is_an_invalid_one(body):
    with pytest.raises(UpdateFailed):
        list(readings(body, NOW, frozenset()))


def test_an_empty_list_is_low_water_everywhere(terms):
    assert list(reader(terms, lambda: NOW)(b'{"obss": []}')) == []


class Publisher:
    """The publisher: what it answers, in order, an exception raised; the last for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def get(self, url, **_):
        self.asked.append(url)
        body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(body, Exception):
            raise body
        status, body = body if isinstance(body, tuple) else (200, body)
        return Answer(status, {}, body, url)


async def play(settings, publisher, feed, options=None, *, start=NOW, end=timedelta(hours=1)):
    """Run an offered feed against a publisher by a test's clock; return its status."""
    clock = FakeClock(end)
    clock.time, clock.end = start, start + end
    async with open_broker(settings) as broker:
        opening = await Opening.of(
            broker, offered()[feed], clock=clock, options=options, outgoing=publisher
        )
        opened = await opening_of(feed, opening)
        coordinator = Coordinator(
            [opened],
            opening.statuses,
            broker.observations.record,
            clock,
            lambda: 0.0,
            records=opening.records,
            judge=opening.judge,
        )
        with pytest.raises(Finished):
            await coordinator.run_feed(opened)
        (status,) = await FeedStatuses(broker.pool).all()
        return status, await entities_of(broker, feed)


async def opening_of(feed, opening):
    from tamamo.feeds.offers import opener

    return await opener(offered()[feed])(opening)


async def entities_of(broker, feed):
    terms = await broker.contexts.resolve("default", None)
    kinds = [terms.expand_type(name) for name in offered()[feed].types]
    found = []
    async with broker.pool.connection() as connection:
        rows = await connection.execute("select id from entity where types && %s", [kinds])
        for (entity_id,) in await rows.fetchall():
            found.append(await broker.entities.find("default", entity_id))
    return found


async def test_an_hour_of_the_live_address(settings):
    document = orjson.loads(RECORDED.read_bytes())
    later = orjson.loads(RECORDED.read_bytes())
    later["obss"][0] |= {"level": 10.9, "obsTime": "2026-06-26T08:00:00+09:00"}
    back = orjson.loads(RECORDED.read_bytes())
    back["obss"][0] |= {"level": 1.9, "obsTime": "2026-06-26T08:10:00+09:00"}
    publisher = Publisher(*map(orjson.dumps, (document, document, later, back)))
    status, found = await play(settings, publisher, "river_levels")
    assert publisher.asked[0] == "https://k.river.go.jp/swin/files/area_info/current/37000.json"
    assert len(publisher.asked) == 6
    assert (status.successes, status.suspect, status.kinds) == (6, 1, ("water_level",))
    assert status.state(NOW + timedelta(hours=1)) == "ok"
    assert len(found) == 3  # the third reports that it has no value


async def test_a_page_for_people_and_a_wall_are_told_apart(settings):
    publisher = Publisher(b"<html>", (403, b""), TimeoutError())
    status, _ = await play(settings, publisher, "river_levels", end=timedelta(minutes=20))
    assert {e.kind: e.count for e in status.errors} == {"update_failed": 1, "not_authorised": 1}
    assert status.state(NOW) == "unauthorised"
