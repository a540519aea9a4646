from datetime import UTC, datetime, timedelta

import pytest

from tamamo.context.broker import open_broker
from tamamo.feeds.jma import nowcast_store
from tamamo.feeds.readers.nowcast import PNG, Frame, Tile
from tamamo.kernel.database import transaction
from tamamo.simulator import entities, nowcast, weather
from tamamo.simulator.nowcast import FRAMES, Painter
from tamamo.simulator.weather import Storm

NOW = datetime(2026, 7, 1, 1, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SEED = 1889


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Pictures of sixteen values a tile: the same code, drawn quickly."""
    monkeypatch.setattr(nowcast, "_BLOCK", 64)


def test_pictures_lie_around_now():
    frames = Painter(SEED).frames(NOW)
    assert len(frames) == 2 * FRAMES + 1
    newest = NOW - timedelta(seconds=30)
    assert frames[FRAMES] == Frame(newest, newest) and frames[FRAMES].observed
    assert frames[-1] == Frame(newest + FRAMES * MINUTE, newest)


def test_a_picture_is_the_rain_of_its_places_and_drawn_once():
    painter = Painter(SEED)
    frames = painter.frames(NOW)
    storm = Storm(NOW - 3 * MINUTE)
    assert painter.forget(storm, frames)
    drawn = painter.draw(frames[FRAMES])
    assert all(body.startswith(PNG) for _, body in drawn) and len(drawn) == 4
    assert painter.draw(frames[FRAMES]) is drawn
    assert not painter.forget(storm, frames)
    assert painter.forget(None, frames), "without the storm it is other rain"
    assert painter.draw(frames[FRAMES]) != drawn


def test_a_tile_covers_takamatsu():
    longitudes = list(nowcast._longitudes(Tile(8, 223, 101)))
    assert longitudes[0] < 134.05 < longitudes[-1]
    assert nowcast._latitude(Tile(8, 223, 102), 0) < 34.32 < nowcast._latitude(Tile(8, 223, 101), 0)


def test_colours_are_those_of_the_scale():
    assert nowcast._color(0.05) == bytes(4)
    assert nowcast._color(25) == bytes([250, 245, 0, 255])
    assert nowcast._color(weather.HEAVIEST * 9) == bytes([180, 0, 104, 255])


async def test_the_town_has_pictures_marked_as_simulated(settings):
    async with open_broker(settings) as broker:
        terms = await broker.contexts.resolve("default", None)
        await broker.observations.record("default", [entities.control(terms)])
        painter = Painter(SEED)
        await nowcast.paint(broker, painter, NOW)
        await nowcast.paint(broker, painter, NOW + MINUTE)
        async with transaction(broker.pool) as connection:
            shown = [one.frame for one in await nowcast_store.stored(connection, "default")]
            tile = await nowcast_store.tile(connection, "default", shown[0], Tile(8, 223, 101))
        assert shown == painter.frames(NOW + MINUTE)
        assert tile is not None and tile.startswith(PNG)
        known = await broker.entities.find("default", nowcast.NOWCAST_ID)
        assert known.attrs[terms.expand_term("simulated")][0]["value"] is True
