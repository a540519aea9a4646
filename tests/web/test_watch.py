from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import AsyncClient
from django.utils import translation

from tamamo.context.model.entity import DEFAULT_VOCABULARY, LOCATION, Entity
from tamamo.feeds.plausibility import marked
from tamamo.kernel import time
from tamamo.web.portal import city
from tamamo.web.portal.level import State
from tamamo.web.portal.watch.places import place_of
from tests.web.city_data import MemorySource, gauge, prop

NOW = datetime(2026, 6, 26, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def made(kind: str, name: str, *, line: bool = False, **values: Any) -> Entity:
    attrs: dict[str, Any] = {DEFAULT_VOCABULARY + key: value for key, value in values.items()}
    attrs[DEFAULT_VOCABULARY + "name"] = prop(name)
    shape: dict[str, Any] = {"type": "Point", "coordinates": [134.05, 34.34]}
    if line:
        shape = {"type": "LineString", "coordinates": [[134.04, 34.34], [134.05, 34.345]]}
    attrs[LOCATION] = [{"type": "GeoProperty", "value": shape}]
    return Entity(f"urn:ngsi-ld:{kind}:{name}", [DEFAULT_VOCABULARY + kind], attrs)


def underpass(level: Any, at: datetime, **more: Any) -> Entity:
    limits: dict[str, Any] = {
        "alertLevel": prop(0.1),
        "dangerLevel": prop(0.3),
        "category": prop("underpass"),
    }
    return made("FloodMonitoring", "浜街道", currentLevel=prop(level, at), **limits, **more)


def shelter(status: str | None, at: datetime, people: int = 42) -> Entity:
    told: dict[str, Any] = (
        {} if status is None else {"openStatus": prop(status, at), "occupancy": prop(people, at)}
    )
    return made("EvacuationShelter", "番町", capacity=prop(420), **told)


def road(count: int, at: datetime) -> Entity:
    passed = prop("2026-06-26T00:50:00Z", at)
    return made(
        "RoadSegment", "国道11号", line=True, passageCount=prop(count, at), lastPassedAt=passed
    )


def camera(at: datetime) -> Entity:
    link = prop("https://camera.example.jp/a.jpg", at)
    return made("Camera", "香東川", imageUrl=link, dataProvider=prop("香川県"))


@pytest.mark.parametrize(
    ("entity", "mark", "text"),
    [
        (underpass(0.0, NOW), "underpass-dry", "Passable · 0.00 m"),
        (underpass(0.12, NOW), "underpass-water", "Water on the road · 0.12 m"),
        (underpass(0.3, NOW), "underpass-closed_road", "Road closed · 0.30 m"),
        (
            underpass(0.0, NOW, roadClosed=prop(True)),
            "underpass-closed_road",
            "Road closed · 0.00 m",
        ),
        (underpass(None, NOW), "underpass", ""),
        (underpass(0.3, NOW - 2 * 24 * 60 * MINUTE), "underpass", ""),
        (shelter("open", NOW), "shelter-open", "Open · 42 of 420 people"),
        (shelter("full", NOW - 600 * MINUTE), "shelter-full", "Full · 42 of 420 people"),
        (shelter("closed", NOW), "shelter-closed", "Closed"),
        (shelter("perhaps", NOW), "shelter", "42 of 420 people"),
        (road(0, NOW), "road-none", "No vehicle passed · last 26 Jun, 09:50 JST"),
        (road(31, NOW), "road-passed", "Vehicles passed · 31 vehicles · last 26 Jun, 09:50 JST"),
        (camera(NOW), "camera-image", "Still image"),
    ],
)
def test_what_holds_at_a_place(entity: Entity, mark: str, text: str) -> None:
    place = place_of(entity, NOW)
    assert place is not None
    with translation.override("en"):
        assert (place.mark, place.text) == (mark, text)


def test_a_shelter_nobody_says_anything_of_and_a_river_are_no_places() -> None:
    assert place_of(shelter(None, NOW), NOW) is None
    assert place_of(gauge("1", "橋", 1.0, NOW), NOW) is None


def test_an_old_picture_is_late_and_a_doubted_depth_is_not_shown() -> None:
    old = place_of(camera(NOW - 61 * MINUTE), NOW)
    assert old is not None
    assert old.state is State.LATE
    wet = underpass(1.2, NOW)
    level = wet.attrs[DEFAULT_VOCABULARY + "currentLevel"]
    level[0] = marked(level[0], "jump")
    doubted = place_of(wet, NOW)
    assert doubted is not None
    assert (doubted.state, doubted.text) == (State.ERROR, "")


async def test_an_underpass_is_no_river_and_a_doubted_level_is_none() -> None:
    jumped = gauge("2", "跳ぶ橋", 10.3, NOW)
    level = jumped.attrs[DEFAULT_VOCABULARY + "currentLevel"]
    level[0] = marked(level[0], "jump")
    source = MemorySource([gauge("1", "橋", 1.0, NOW), jumped, underpass(0.3, NOW)])
    shown = await city.at_moment(source, NOW)
    assert [(g.station, g.shown_level, g.stage, g.doubt) for g in shown.gauges] == [
        ("1", 1.0, 1, ""),
        ("2", None, None, "jump"),
    ]
    assert [place.kind for place in shown.places] == ["underpass"]


async def test_the_list_and_the_files_hold_the_same_places(
    client: AsyncClient, source: MemorySource
) -> None:
    now = time.now()
    source.items += [underpass(0.3, now), shelter("open", now), road(31, now), camera(now)]
    page = (await client.get("/en/")).content.decode()
    assert 'data-line="134.040000,34.340000 134.050000,34.345000"' in page
    assert 'href="https://camera.example.jp/a.jpg" rel="noreferrer"' in page
    assert page.count('data-kind="shelter"') == page.count('data-layer="shelter"') == 1
    assert "Road closed · 0.30 m" in page
    hidden = (await client.get("/en/?layers=gauges,shelter")).content.decode()
    assert 'data-kind="camera"' not in hidden
    answer = await client.get("/en/places.json")
    items = answer.json()["items"]
    assert [item["kind"] for item in items] == ["underpass", "shelter", "road", "camera"]
    assert items[2]["line"] == "LINESTRING(134.04 34.34, 134.05 34.345)"
    assert (await client.get("/places.csv")).status_code == 200
    features = (await client.get("/places.geojson?layers=camera")).json()["features"]
    assert [one["properties"]["image_url"] for one in features] == [
        "https://camera.example.jp/a.jpg"
    ]
    assert (await client.get("/places.json?at=never")).status_code == 422


async def test_a_doubted_level_says_why(client: AsyncClient, source: MemorySource) -> None:
    jumped = gauge("2", "跳ぶ橋", 10.3, time.now())
    level = jumped.attrs[DEFAULT_VOCABULARY + "currentLevel"]
    level[0] = marked(level[0], "jump")
    source.items = [jumped]
    page = (await client.get("/")).content.decode()
    assert "疑わしい値：急な変化" in page
    assert "10.30" not in page


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://camera.example.jp/a.jpg", "https://camera.example.jp/a.jpg"),
        ("/simulated/camera/x.svg", "/simulated/camera/x.svg"),
        ("javascript:alert(1)", ""),
        (" javascript:alert(1)", ""),
        ("data:text/html,<script>alert(1)</script>", ""),
        ("//elsewhere.example/a.jpg", ""),
        ("/\\elsewhere.example/a.jpg", ""),
        ("http://[", ""),
        ("https://", ""),
    ],
)
def test_a_cameras_link_leads_to_the_web_or_here(address: str, link: str) -> None:
    place = place_of(made("Camera", "橋", imageUrl=prop(address, NOW)), NOW)
    assert place is not None
    assert place.link == link
    assert place.condition == ("image" if link else "")
