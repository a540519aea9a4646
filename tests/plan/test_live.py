from datetime import timedelta

from tamamo.context.broker import open_broker
from tamamo.context.observations import Recorded
from tamamo.feeds import counting
from tamamo.feeds.status import Declaration, FeedStatuses
from tamamo.kernel import time
from tamamo.plan import live
from tamamo.plan.catalog import the_plan


def feed(name, *kinds, **members):
    base = {"name_ja": name, "name_en": name, "source": "s", "licence": "l", "kinds": kinds}
    return Declaration(id=name, **{**base, "interval": timedelta(minutes=10), **members})


async def test_the_plans_two_counts_are_different_and_computed(settings):
    async with open_broker(settings) as broker:
        statuses, now = FeedStatuses(broker.pool), time.now()
        feeds = [
            feed("gauges", "water_level"),
            feed("units", "water_level"),
            feed("tide", "tide_level"),
            feed("made", "camera", simulated=True),
            feed("table", "shelter", interval=None),  # imported once
            feed("connection"),  # brings no kind of its own
            feed("ayagawa", "rainfall", tenant="ayagawa"),
            feed("old", "road_passage"),
            feed("never", "inundation"),
        ]
        for one in feeds:
            await statuses.declare(one)
            if one.id != "never":
                at = now - timedelta(days=31 if one.id == "old" else 0)
                await statuses.succeeded(one, at, Recorded(stored=1))
        assert await counting.counts(broker.pool, "default", now) == counting.Counts(3, 2, 1, 1)
        (sources,) = await live.rows(broker, the_plan(), "disaster_watch", "ja")
        (kinds,) = await live.rows(broker, the_plan(), "iot_platform", "en")
        assert (sources.value, sources.reached) == ("3種類", False)
        assert sources.note.endswith("（このほかに模擬1）")
        assert (kinds.value, kinds.reached) == ("2 kinds", False)
        assert kinds.note.startswith("Kinds of what is measured")
        assert await live.rows(broker, the_plan(), "tourism", "ja") == []
    assert await live.rows(None, the_plan(), "disaster_watch", "ja") == []


def test_the_rules_differ_and_every_kind_is_named_in_both_languages():
    assert counting.SOURCES_RULE.ja != counting.KINDS_RULE.ja
    assert len(counting.kinds()) == 9
    assert all(one.ja and one.en for one in counting.kinds().values())
