from datetime import UTC, datetime, timedelta

import orjson
import pytest

from tamamo.context.broker import open_broker
from tamamo.feeds.catalogue import offered
from tamamo.feeds.coordinator import Coordinator
from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.jma.tide import open_feed
from tamamo.feeds.offers import Opening
from tamamo.feeds.readers import tide
from tamamo.feeds.readers.tide import Level
from tamamo.feeds.rejects import Reject
from tamamo.feeds.status import FeedStatuses
from tests.feeds.jma.publisher import RECORDED, Publisher
from tests.feeds.test_coordinator import FakeClock

MIDNIGHT = datetime(2026, 6, 30, 15, tzinfo=UTC)
AREA = (RECORDED / "tide_area.json").read_bytes()
ASTRO = (RECORDED / "tide_astro.json").read_bytes()


def day(values, departure=(), seconds=300):
    return orjson.dumps({
        "time": "2026-07-01T00:00:00+09:00", "station_code": "900001", "interval": seconds,
        "tide": values, "departure": list(departure),
    })  # fmt: skip


def test_a_day_of_observations_in_metres_above_tp():
    since = MIDNIGHT - timedelta(days=1)
    said = list(tide.observed(day([12, None, -34.5, 5], [2, None, -1]), timedelta(0), since))
    assert [(s.at, s.level, s.surge) for s in said] == [
        (MIDNIGHT, 0.12, 0.02),
        (MIDNIGHT + timedelta(minutes=10), -0.345, -0.01),
        (MIDNIGHT + timedelta(minutes=15), 0.05, None),
    ]


def test_of_many_one_each_step_and_the_newest():
    body = day([*range(41), None, None], seconds=15)
    said = list(tide.observed(body, timedelta(minutes=5), MIDNIGHT + timedelta(seconds=1)))
    assert [(s.at - MIDNIGHT).total_seconds() for s in said] == [300, 600]
    assert said[-1].level == 0.4
    assert isinstance(next(iter(tide.observed(day([9999]), timedelta(0), MIDNIGHT))), Reject)


def test_predictions_are_hours_from_now():
    said = tide.predicted(ASTRO, MIDNIGHT + timedelta(hours=22, minutes=40), 3)
    assert [s.level for s in said] == [0.22, 0.23, 1.0]
    assert said[0].at == MIDNIGHT + timedelta(hours=22)
    assert tide.predicted(ASTRO, MIDNIGHT - timedelta(days=300), 2) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", day(None), day([1], seconds=0)])
def test_another_answer_is_no_tide(body):
    with pytest.raises(UpdateFailed):
        list(tide.observed(body, timedelta(0), MIDNIGHT))


def test_a_table_is_above_its_own_zero():
    line = "".join(f"{v:3}" for v in [*range(100, 122), 999, 999]) + "26 7 1TA" + " 430187"
    other = line.replace("TA", "UN")
    said = list(tide.table(f"{line}\n{other}\nshort\n".encode(), "TA", -1.5))
    levels = [s for s in said if isinstance(s, Level)]
    assert len(levels) == 22
    assert (levels[0].at, levels[0].level) == (MIDNIGHT, -0.5)
    assert [s.reason.code for s in said if isinstance(s, Reject)] == ["short_line"]


def test_gauges_of_the_list():
    assert [(g.code, g.name, g.area) for g in tide.gauges(AREA)] == [
        ("900001", "高松", "3720100"), ("900002", "水島", "3320200")
    ]  # fmt: skip


async def test_observed_and_predicted_are_apart(settings):
    base = "https://jma.example/tide/"
    publisher = Publisher()
    publisher.files = {
        base + "const/tide_area.json": AREA,
        base + "data/tide/tide_obs_20260701_900001.json": (RECORDED / "tide_obs.json").read_bytes(),
        base + "const/tide_astro/tide_astro_2026_900001.json": ASTRO,
    }
    clock = FakeClock(timedelta(days=1))
    clock.time = MIDNIGHT + timedelta(minutes=11)
    async with open_broker(settings) as broker:
        opening = await Opening.of(
            broker, offered()["sea_level"], clock=clock, outgoing=publisher,
            options={"address": base},
        )  # fmt: skip
        await opening.declare()
        feed = await open_feed(opening)
        coordinator = Coordinator(
            [feed], FeedStatuses(broker.pool), broker.observations.record, clock
        )
        assert await coordinator.attempt(feed) is None, "yesterday's file is not there: no error"
        terms = opening.terms
        (gauge,) = await broker.temporal.state_at(
            "default", terms.expand_type("SeaConditions"), clock.now()
        )
        level = gauge.attrs[terms.expand_term("waterLevel")][0]
        assert (level["value"], level["observedAt"]) == (0.3, "2026-06-30T15:10:00Z")
        assert gauge.attrs[terms.expand_term("datum")][0]["value"] == "T.P."
        ahead = gauge.attrs[terms.expand_term("predictedTide")][0]
        assert "observedAt" not in ahead
        assert ahead["value"][1] == {"dateTime": "2026-06-30T16:00:00Z", "level": 0.01}
        publisher.files[base + "const/tide_area.json"] = b"{}"
        clock.time += timedelta(days=2)
        assert (await coordinator.attempt(feed)).kind == "update_failed"
