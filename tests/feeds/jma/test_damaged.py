"""Whatever comes instead of what JMA publishes is refused with a reason, or read; never a crash."""

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.jma import atom
from tamamo.feeds.jma.areas import Areas
from tamamo.feeds.jma.words import Words
from tamamo.feeds.readers import amedas, nowcast, tide
from tamamo.feeds.readers.jma_xml import read
from tamamo.feeds.readers.jma_xml_parts import UnreadableTelegram
from tests.feeds.jma import test_amedas, test_nowcast, test_tide
from tests.feeds.jma.publisher import FEED, Publisher
from tests.feeds.jma.telegrams import LEVEL_3, RAIN, TAKAMATSU, telegram, warning

NOW = datetime(2026, 7, 1, 1, tzinfo=UTC)
GOOD = telegram(warning((TAKAMATSU, LEVEL_3, "発表")))


def feed() -> bytes:
    publisher = Publisher()
    publisher.publish(("a.xml", RAIN, GOOD))
    body = publisher.files[FEED + "extra.xml"]
    assert isinstance(body, bytes)
    return body


def hear(body: bytes) -> None:
    words = Words(Areas("37", "37201"))
    words.hear(read(body))
    words.tell(NOW + timedelta(days=1))


READERS = {
    "telegram": (GOOD, hear),
    "feed": (feed(), lambda body: list(atom.entries(body))),
    "stations": (test_amedas.TABLE, amedas.stations),
    "rain": (test_amedas.MAP, test_amedas.items),
    "gauges": (test_tide.AREA, tide.gauges),
    "tide": (
        test_tide.day([1, None, 3], [1, 2, 3]),
        lambda body: list(tide.observed(body, timedelta(minutes=5), NOW - timedelta(days=9))),
    ),
    "predictions": (test_tide.ASTRO, lambda body: tide.predicted(body, NOW, 48)),
    "table": (b"".join(b"%3d" % n for n in range(24)) + b"26 7 1TA\n",
              lambda body: list(tide.table(body, "TA", -1.0))),
    "times": (test_nowcast.OBSERVED, nowcast.frames),
}  # fmt: skip


def damaged(body: bytes, dice: random.Random) -> bytes:
    """A body with something cut out, doubled, or written over."""
    start = dice.randrange(len(body))
    end = min(len(body), start + dice.choice((1, 1, 2, 8, 80)))
    with_what = dice.choice(
        (b"", body[start:end] * 2, bytes([dice.randrange(256)]), b"null", b"{}")
    )
    return body[:start] + with_what + body[end:]


@pytest.mark.parametrize("name", READERS)
def test_damage_is_refused_with_a_reason_or_read(name):
    body, reader = READERS[name]
    reader(body)
    dice = random.Random(name)
    for _ in range(300):
        with suppress(UnreadableTelegram, UpdateFailed):
            reader(damaged(body, dice))
