"""The wall as a browser without JavaScript gets it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import AsyncClient

from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tests.web.city_data import MemorySource, gauge, prop, rain

NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)


def _entity(kind: str, name: str, **values: Any) -> Entity:
    attrs = {DEFAULT_VOCABULARY + key: value for key, value in values.items()}
    attrs[DEFAULT_VOCABULARY + "name"] = prop(name)
    return Entity(f"urn:ngsi-ld:{kind}:{name}", [DEFAULT_VOCABULARY + kind], attrs)


def _shelter(name: str, status: str | None, people: int | None = None, room: int = 100) -> Entity:
    values = {"capacity": prop(room)}
    if status is not None:
        values["openStatus"] = prop(status, NOW)
    if people is not None:
        values["occupancy"] = prop(people, NOW)
    return _entity("EvacuationShelter", name, **values)


async def _html(client: AsyncClient, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def _panel(html: str, name: str) -> str:
    found = html[html.index(f'data-body="{name}"') :].split("</section>", maxsplit=1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.partition(">")[2]))


async def test_levels_come_first_then_every_panel(
    client: AsyncClient, source: MemorySource
) -> None:
    source.items = [gauge("1", "しずか", 0.5, NOW)]
    html = await _html(client, "/wall/")
    found = re.findall(r'data-panel="(\w+)" data-key="(\d)"', html)
    assert [name for name, _ in found] == [
        "levels", "map", "gauges", "rain", "tide", "warnings", "shelters", "calls", "sources",
    ]  # fmt: skip
    assert [key for _, key in found] == list("123456789")
    assert "style=" not in html
    assert '<noscript><meta http-equiv="refresh" content="60"></noscript>' in html


async def test_gauges_stand_by_how_pressing_they_are(
    client: AsyncClient, source: MemorySource
) -> None:
    source.items = [
        gauge("1", "低い川", 0.2, NOW),
        gauge("2", "近い川", 1.30, NOW),
        gauge("3", "速い川", 1.10, NOW),
        gauge("4", "超えた川", 1.40, NOW),
        gauge("5", "黙った川", None, None),
    ]
    for item, level in ((source.items[2], 0.60), (source.items[1], 1.30)):
        source.before[item.id] = (NOW - 60 * MINUTE, level)
    html = await _html(client, "/wall/")
    names = re.findall(r'class="wall-row" id="g-\w+" [^>]*data-name="([^"]+)"', html)
    assert names == ["超えた川", "速い川", "近い川", "低い川", "黙った川"]
    text = _panel(html, "gauges")
    assert "0.50 m/時 上昇" in text
    assert "約30分 危険水位まで（あと0.26 m）" in text
    assert "横ばい" in text
    assert "独自の推定" in text


async def test_one_panel_can_have_the_page(client: AsyncClient, source: MemorySource) -> None:
    source.items = [gauge(str(n), f"川{n}", 0.5, NOW) for n in range(30)]
    html = await _html(client, "/wall/")
    assert html.count('class="wall-row"') == 10
    large = await _html(client, "/wall/?panel=gauges")
    assert large.count('class="wall-row"') == 30
    assert len(re.findall(r'<section class="panel-wall[^>]* hidden>', large)) == 8


async def test_updates_can_be_stopped_without_a_script(
    client: AsyncClient, source: MemorySource
) -> None:
    html = await _html(client, "/wall/?updates=off&panel=rain")
    assert "http-equiv" not in html
    assert 'href="?panel=rain">更新を再開する' in html
    assert "更新を止めています" in html


async def test_shelters_in_use_are_counted_and_unknown_ones_are_no_closed_ones(
    client: AsyncClient, source: MemorySource
) -> None:
    source.items = [
        _shelter("満員の学校", "full", 120, 120),
        _shelter("開いた公民館", "open", 30),
        _shelter("閉じた体育館", "closed"),
        _shelter("黙った集会所", None),
    ]
    text = _panel(await _html(client, "/wall/"), "shelters")
    assert "2 ／ 4か所 開設" in text
    assert "150 人" in text
    assert text.index("満員の学校") < text.index("開いた公民館")
    assert "閉じた体育館" not in text
    assert "開設状況が不明：1か所" in text


async def test_official_levels_and_our_own_stand_apart(
    client: AsyncClient, source: MemorySource
) -> None:
    source.items = [
        _entity("WeatherAlert", "レベル4大雨危険警報", level=prop(4), status=prop("issued"),
                areaName=prop("高松市"), dateIssued=prop("2026-06-26T00:00:00Z")),
        _entity("Alert", "a", state=prop("firing"), severity=prop("low"),
                description=prop("木太大橋の水位")),
    ]  # fmt: skip
    html = await _html(client, "/wall/")
    levels = _panel(html, "levels")
    assert "レベル4大雨危険警報" in levels
    assert "木太大橋の水位" not in levels
    warnings = html[html.index('data-body="warnings"') :].split("</section>")[0]
    own = warnings[warnings.index("own-estimate") :].partition("</ul>")[0]
    assert "木太大橋の水位" in own
    assert "警報" not in own


async def test_sources_say_when_they_were_last_heard(
    client: AsyncClient, source: MemorySource
) -> None:
    old = NOW - timedelta(hours=5)
    source.items = [gauge("1", "a", 0.5, NOW), gauge("2", "b", 0.5, old), gauge("3", "c", 1, old)]
    source.items.append(rain("1", "番町", 12.0, NOW))
    text = _panel(await _html(client, "/wall/"), "sources")
    assert "香川県" in text
    assert "1/3" in text
    assert "遅延" in text


async def test_english(client: AsyncClient, source: MemorySource) -> None:
    source.items = [gauge("1", "木太大橋", 1.3, NOW)]
    source.before[source.items[0].id] = (NOW - 60 * MINUTE, 1.24)
    html = await _html(client, "/en/wall/")
    text = _panel(html, "gauges")
    assert "rising 0.06 m/h" in text
    assert "about 60 min to danger level, 0.06 m left" in text
    plain = re.sub(r'data-[\w-]+="[^"]*"|<title>.*?</title>|<script.*?</script>', "", html,
                   flags=re.S)  # fmt: skip
    plain = re.sub(r'<(\w+)[^>]*lang="ja"[^>]*>.*?</\1>', "", plain, flags=re.S)
    assert re.findall(r"[ぁ-ゖァ-ヺ]", plain) == []


@pytest.mark.parametrize("town", ["nowhere", "../x", "A"])
async def test_a_town_there_is_not_has_no_wall(
    client: AsyncClient, source: MemorySource, town: str
) -> None:
    await _html(client, f"/wall/?town={town}", 404)
