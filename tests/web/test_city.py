"""The city at a moment, from entities in stored form."""

from datetime import UTC, datetime, timedelta

from tamamo.context.model.entity import DEFAULT_VOCABULARY, LOCATION, Entity
from tamamo.feeds.replay import REPLAY_ID
from tamamo.web.portal import city
from tamamo.web.portal.city import Mode
from tamamo.web.portal.gauges import GAUGE_TYPE
from tamamo.web.portal.level import Stage, State
from tests.web.city_data import MemorySource, gauge, prop, simulation

MINUTE = timedelta(minutes=1)


async def test_now_shows_levels_with_their_stage_and_the_change_of_the_last_hour() -> None:
    now = datetime.now(UTC)
    source = MemorySource(
        [gauge("1", "木太大橋", 1.5, now - 5 * MINUTE)],
        {"urn:ngsi-ld:FloodMonitoring:1": (now - 65 * MINUTE, 1.2)},
    )
    shown = await city.at_moment(source)
    assert shown.mode is Mode.LIVE
    only = shown.gauges[0]
    assert (only.name, only.town) == ("木太大橋", "高松市")
    assert (only.level, only.stage) == (1.5, Stage.DANGER)
    assert only.state is State.NORMAL
    assert only.change is not None
    assert round(only.change, 6) == 0.3
    assert (only.longitude, only.latitude) == (134.05, 34.33)
    assert only.matters


async def test_a_reading_of_long_before_is_no_base_for_a_change() -> None:
    now = datetime.now(UTC)
    source = MemorySource(
        [gauge("1", "木太大橋", 1.5, now)],
        {"urn:ngsi-ld:FloodMonitoring:1": (now - timedelta(hours=3), 1.2)},
    )
    assert (await city.at_moment(source)).gauges[0].change is None


async def test_missing_never_shows_the_last_value_as_current() -> None:
    now = datetime.now(UTC)
    found = gauge("1", "木太大橋", 1.5, now - 5 * MINUTE, missing_at=now)
    shown = (await city.at_moment(MemorySource([found]))).gauges[0]
    assert shown.state is State.MISSING
    assert shown.shown_level is None
    assert shown.stage is None
    assert not shown.matters


async def test_a_reading_after_the_reported_gap_counts_again() -> None:
    now = datetime.now(UTC)
    found = gauge("1", "木太大橋", 1.5, now, missing_at=now - 10 * MINUTE)
    assert (await city.at_moment(MemorySource([found]))).gauges[0].state is State.NORMAL


async def test_old_data_is_a_recording_seen_at_its_newest_observation() -> None:
    newest = datetime(2026, 6, 30, 14, 40, tzinfo=UTC)
    source = MemorySource(
        [gauge("1", "a", 1.0, newest), gauge("2", "b", 1.0, newest - timedelta(hours=5))]
    )
    shown = await city.at_moment(source)
    assert shown.mode is Mode.RECORDING
    assert shown.as_of == newest
    assert [g.state for g in shown.gauges] == [State.NORMAL, State.LATE]


async def test_a_replayed_recording_is_seen_at_its_clock() -> None:
    newest = datetime(2026, 6, 26, 0, 0, tzinfo=UTC)
    replay = Entity(REPLAY_ID, [DEFAULT_VOCABULARY + "Replay"])
    values = {
        "clock": "2026-06-26T00:07:00Z",
        "state": "playing",
        "speed": 60.0,
        "dataProvider": "国土交通省",
    }
    for name, value in values.items():
        replay.attrs[DEFAULT_VOCABULARY + name] = prop(value)
    shown = await city.at_moment(MemorySource([gauge("1", "a", 1.0, newest), replay]))
    assert shown.as_of == newest + 7 * MINUTE
    assert shown.recording is not None
    assert (shown.recording.playing, shown.recording.provider) == (True, "国土交通省")


async def test_a_past_moment_asks_the_history_for_it() -> None:
    moment = datetime(2026, 6, 25, 23, 0, tzinfo=UTC)
    source = MemorySource([gauge("1", "a", 1.0, moment - 5 * MINUTE)])
    shown = await city.at_moment(source, moment)
    assert (shown.mode, shown.as_of) == (Mode.PAST, moment)
    assert set(source.asked) == {moment}
    assert shown.gauges[0].state is State.NORMAL


async def test_an_entity_with_nothing_but_a_type_does_no_harm() -> None:
    bare = Entity("urn:ngsi-ld:FloodMonitoring:x9", [GAUGE_TYPE])
    odd = gauge("2", "b", "***", datetime.now(UTC))
    odd.attrs[LOCATION] = [{"type": "GeoProperty", "value": {"type": "LineString"}}]
    odd.attrs[DEFAULT_VOCABULARY + "currentLevel"][0]["observedAt"] = "yesterday"
    shown = await city.at_moment(MemorySource([bare, odd]))
    by_station = {g.station: g for g in shown.gauges}
    assert by_station["x9"].state is State.MISSING
    assert by_station["2"].state is State.ERROR
    assert by_station["2"].longitude is None


async def test_the_gauge_says_how_often_it_reports() -> None:
    seen = datetime.now(UTC) - 15 * MINUTE
    source = MemorySource(
        [gauge("1", "a", 1.0, seen, reportInterval=5), gauge("2", "b", 1.0, seen)]
    )
    states = [g.state for g in (await city.at_moment(source)).gauges]
    assert states == [State.LATE, State.NORMAL]


async def test_rain_and_tide_are_stations_of_their_own() -> None:
    now = datetime.now(UTC)
    rain = Entity("urn:ngsi-ld:WeatherObserved:sim-1", [DEFAULT_VOCABULARY + "WeatherObserved"])
    rain.attrs[DEFAULT_VOCABULARY + "precipitation"] = prop(12.5, now)
    rain.attrs[DEFAULT_VOCABULARY + "simulated"] = prop(True)
    shown = await city.at_moment(MemorySource([rain]))
    assert [(s.kind, s.shown_text, s.unit) for s in shown.stations] == [("rain", "12.5", "mm/h")]
    assert shown.simulated


async def test_the_simulation_tells_whether_a_storm_runs() -> None:
    assert await city.simulation(MemorySource()) is None
    calm = await city.simulation(MemorySource([simulation()]))
    assert calm is not None
    assert calm.started_at is None
    start = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    stormy = await city.simulation(MemorySource([simulation(start)]))
    assert stormy is not None
    assert stormy.started_at == start


async def test_in_a_drill_the_drills_own_clock_counts() -> None:
    night = datetime(2004, 8, 30, 13, 42, tzinfo=UTC)
    source = MemorySource([gauge("1", "a", 1.0, night - timedelta(minutes=2))], clock=night)
    shown = await city.at_moment(source)
    assert (shown.as_of, shown.mode) == (night, city.Mode.RECORDING)
    assert shown.gauges[0].state is State.NORMAL
    # Ages beside the clock of this machine would say twenty years.
    assert shown.mode is not city.Mode.LIVE
