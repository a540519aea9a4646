"""The pages as a browser without JavaScript gets them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import AsyncClient

from tests.web.city_data import MemorySource, gauge, rain, simulation

NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)


def _text(answer) -> str:  # type: ignore[no-untyped-def]
    main = re.sub(r"<(script|style).*?</\1>", "", answer.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


async def _get(client: AsyncClient, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert answer.status_code == status
    return _text(answer)


async def test_what_matters_comes_first(client: AsyncClient, source: MemorySource) -> None:
    source.items = [
        gauge("1", "しずか", 0.5, NOW - MINUTE),
        gauge("2", "注意橋", 1.5, NOW - MINUTE),
        gauge("3", "氾濫橋", 2.0, NOW - MINUTE),
    ]
    html = (await client.get("/")).content.decode()
    now = html[html.index('id="now"') : html.index('id="layers"')]
    assert now.index("氾濫橋") < now.index("注意橋")
    assert "しずか" not in now
    assert html.index('id="now"') < html.index('id="layers"') < html.index('id="list"')


async def test_a_calm_city_says_so(client: AsyncClient, source: MemorySource) -> None:
    source.items = [gauge("1", "しずか", 0.5, NOW)]
    assert "危険水位以上の観測所はありません" in await _get(client, "/")


async def test_calm_counts_only_current_values(client: AsyncClient, source: MemorySource) -> None:
    source.items = [gauge("1", "a", 0.5, NOW), gauge("2", "b", None, None)]
    assert "2か所のうち、現在の値がある1か所の状況です" in await _get(client, "/")
    source.items = [gauge("1", "a", 0.5, NOW - timedelta(hours=5)), gauge("2", "b", None, None)]
    text = await _get(client, "/")
    assert "現在の値がある観測所はありません" in text
    assert "危険水位以上の観測所はありません" not in text


async def test_rising_rivers_are_no_calm(client: AsyncClient, source: MemorySource) -> None:
    rising = gauge("1", "上がる川", 1.2, NOW)
    resting = gauge("2", "動かない川", 1.2, NOW)
    source.items = [rising, resting]
    before = NOW - timedelta(minutes=70)
    source.before = {rising.id: (before, 0.9), resting.id: (before, 1.18)}
    html = (await client.get("/")).content.decode()
    now = html[html.index('id="now"') : html.index('id="layers"')]
    assert "calm__mark" not in now
    assert "1時間前より高く" in now
    assert "危険水位まで 0.16 m" in now
    assert "上がる川" in now
    assert "動かない川" not in now


async def test_calm_is_green_only_where_most_gauges_speak(
    client: AsyncClient, source: MemorySource
) -> None:
    old = NOW - timedelta(hours=5)
    source.items = [gauge("1", "a", 0.5, NOW), gauge("2", "b", 0.5, old)]
    assert "calm__mark" in (await client.get("/")).content.decode()
    source.items.append(gauge("3", "c", 0.5, old))
    assert "calm__mark" not in (await client.get("/")).content.decode()


async def test_the_heaviest_rain_is_said_first(client: AsyncClient, source: MemorySource) -> None:
    source.items = [
        gauge("1", "a", 0.5, NOW),
        rain("1", "番町", 12.0, NOW),
        rain("2", "塩江", 38.5, NOW),
    ]
    html = (await client.get("/")).content.decode()
    now = html[html.index('id="now"') : html.index('id="layers"')]
    assert "38.5" in now
    assert "塩江" in now
    assert "番町" not in now


async def test_english_pages_use_english_names(client: AsyncClient, source: MemorySource) -> None:
    source.items = [
        gauge(
            "1", "香東川 中流", 2.0, NOW, town="綾歌郡宇多津町", alternateName="Koto River, middle"
        ),
        gauge("2", "牛堂", 2.0, NOW),
    ]
    html = (await client.get("/en/?gauge=2")).content.decode()
    assert "香東川" not in html
    assert "Koto River, middle" in html
    assert "Utazu" in html
    assert '<span lang="ja">牛堂</span>' in html
    japanese = (await client.get("/")).content.decode()
    assert "香東川 中流" in japanese
    assert "宇多津町" in japanese
    assert "Koto" not in japanese
    assert "Koto River" in await _get(client, "/en/?q=koto")


async def test_an_empty_installation_says_so(client: AsyncClient, source: MemorySource) -> None:
    assert "まだ観測データが届いていません" in await _get(client, "/")
    assert "No gauge reports to this installation yet" in await _get(client, "/en/")


async def test_every_value_has_unit_time_and_source(
    client: AsyncClient, source: MemorySource
) -> None:
    source.items = [gauge("1", "木太大橋", 1.5, datetime(2026, 6, 26, 0, 20, tzinfo=UTC))]
    text = await _get(client, "/?gauge=1&at=2026-06-26T09:30")
    assert re.search(r"1\.50 m 観測時刻 2026年6月26日\(金\) 09:20", text)
    assert "出典： 香川県" in text
    english = await _get(client, "/en/?gauge=1&at=2026-06-26T09:30")
    assert re.search(r"1\.50 m Observed 26 Jun 2026, 09:20 JST", english)


async def test_the_four_states_are_told_apart(client: AsyncClient, source: MemorySource) -> None:
    source.items = [
        gauge("1", "a", 0.5, NOW),
        gauge("2", "b", 0.6, NOW - timedelta(hours=4)),
        gauge("3", "c", 0.7, NOW, missing_at=NOW),
        gauge("4", "d", "***", NOW),
    ]
    html = (await client.get("/")).content.decode()
    states = re.findall(r'data-station="(\d)"[^>]*data-state="(\w+)" data-level="([^"]*)"', html)
    assert sorted(states) == [
        ("1", "normal", "0.50"),
        ("2", "late", "0.60"),
        ("3", "missing", ""),
        ("4", "error", ""),
    ]
    row = html[html.index('id="g-3"') :].split("</tr>")[0]
    assert '<span class="no-value">—</span>' in row
    assert "0.70" not in row


async def test_a_past_moment_is_marked_and_leads_back(
    client: AsyncClient, source: MemorySource
) -> None:
    source.items = [gauge("1", "a", 0.5, datetime(2026, 6, 25, 22, 50, tzinfo=UTC))]
    answer = await client.get("/?at=2026-06-26T08:00+09:00&town=高松市")
    html = answer.content.decode()
    assert "2026年6月26日(金) 08:00 時点のまちの様子です" in html
    assert 'data-mode="past"' in html
    assert 'id="pause"' not in html
    assert "data-age" not in html
    back = re.search(r'href="([^"]*)">いまに戻る', html)
    assert back
    assert back[1] == "/?town=%E9%AB%98%E6%9D%BE%E5%B8%82"


@pytest.mark.parametrize("path", ["/", "/gauges/1/", "/rows/"])
@pytest.mark.parametrize("bad", ["1899-01-01T00:00", "2999-01-01T00:00", "<b>", "2026-13-45"])
async def test_a_bad_moment_is_explained_and_the_input_kept(
    client: AsyncClient, source: MemorySource, path: str, bad: str
) -> None:
    answer = await client.get(path, {"at": bad, "town": "高松市"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'class="error-summary' in html
    kept = bad.replace("<", "&lt;").replace(">", "&gt;")
    assert f'name="at" type="text" value="{kept}" aria-invalid="true"' in html
    assert 'name="town" value="高松市"' in html


async def test_language_links_keep_the_view(client: AsyncClient, source: MemorySource) -> None:
    source.items = [gauge("1", "a", 0.5, NOW)]
    html = (await client.get("/?gauge=1&map=11.0/34.3/134.0")).content.decode()
    assert 'href="/en/?gauge=1&amp;map=11.0/34.3/134.0"' in html
    english = (await client.get("/en/gauges/1/")).content.decode()
    assert 'href="/gauges/1/"' in english
    assert '<html lang="en">' in english


async def test_a_gauge_has_a_page_of_its_own(client: AsyncClient, source: MemorySource) -> None:
    source.items = [gauge("1", "木太大橋", 1.5, NOW)]
    source.points = [(NOW - 20 * MINUTE, 1.2), (NOW, 1.5)]
    text = await _get(client, "/gauges/1/")
    assert "木太大橋の水位は" in text
    assert "過去48時間の表（2件）" in text
    await _get(client, "/gauges/2/", 404)


async def test_names_from_outside_stay_text(client: AsyncClient, source: MemorySource) -> None:
    source.items = [gauge("1", "<script>x</script>", 1.5, NOW, town='"><img>')]
    html = (await client.get("/?gauge=1")).content.decode()
    assert "<script>x" not in html
    assert '"><img>' not in html


async def test_simulated_data_has_a_banner_on_every_page(
    client: AsyncClient, source: MemorySource
) -> None:
    source.items = [gauge("1", "a", 0.5, NOW, simulated=True), simulation()]
    for path in ("/", "/en/", "/gauges/1/", "/data/api/", "/?at=soon", "/nowhere/", "/plan/"):
        assert 'id="simulated"' in (await client.get(path)).content.decode(), path
    source.items = [gauge("1", "a", 0.5, NOW)]
    assert 'id="simulated"' not in (await client.get("/")).content.decode()


async def test_the_storm_button_is_there_only_where_a_simulator_runs(
    client: AsyncClient, source: MemorySource
) -> None:
    assert "嵐" not in await _get(client, "/")
    assert (await client.post("/storm/", {"action": "start"})).status_code == 404
    source.items = [simulation()]
    assert "嵐を起こす" in await _get(client, "/")
    assert "嵐" not in await _get(client, "/?at=2026-06-26T08:00")


async def test_a_storm_starts_and_stops_and_the_view_stays(
    client: AsyncClient, source: MemorySource
) -> None:
    source.items = [simulation()]
    answer = await client.post("/en/storm/", {"action": "start", "town": "高松市"})
    assert answer.status_code == 302
    assert answer["Location"] == "/en/?town=%E9%AB%98%E6%9D%BE%E5%B8%82#now"
    assert source.storms[0] is not None
    source.items = [simulation(NOW)]
    assert "嵐を止める" in await _get(client, "/")
    await client.post("/storm/", {"action": "stop"})
    assert source.storms[1] is None


async def test_a_storm_from_another_site_is_refused(source: MemorySource) -> None:
    source.items = [simulation()]
    answer = await AsyncClient(enforce_csrf_checks=True).post("/storm/", {"action": "start"})
    assert answer.status_code == 403
    assert "フォームの有効期限" in _text(answer)
    assert source.storms == []


async def test_every_answer_carries_the_policy(client: AsyncClient, source: MemorySource) -> None:
    for path in ("/", "/nowhere/", "/gauges.csv", "/?at=soon"):
        policy = (await client.get(path))["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


async def test_no_inline_style_or_script(client: AsyncClient, source: MemorySource) -> None:
    source.items = [gauge("1", "a", 2.5, NOW), simulation()]
    html = (await client.get("/?gauge=1")).content.decode()
    assert " style=" not in html
    assert not re.search(r"<script(?![^>]*(src=|application/json))", html)
    assert not re.search(r"\son\w+=", html)


async def test_errors_speak_the_language_of_the_address(
    client: AsyncClient, source: MemorySource
) -> None:
    assert "ページが見つかりません" in await _get(client, "/nowhere/", 404)
    assert "This page does not exist" in await _get(client, "/en/nowhere/", 404)


async def test_a_failure_is_a_page_without_details(
    source: MemorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(source, "entities", fail)
    client = AsyncClient(raise_request_exception=False)
    answer = await client.get("/en/")
    assert answer.status_code == 500
    assert "Something went wrong here" in _text(answer)
    assert "secret" not in answer.content.decode()


async def test_without_a_database_the_page_says_so(
    source: MemorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tamamo.kernel.errors import Unavailable

    async def fail(*_: object) -> None:
        raise Unavailable("no connection")

    monkeypatch.setattr(source, "entities", fail)
    monkeypatch.setattr(source, "entity", fail)
    answer = await AsyncClient().get("/en/")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert "The data cannot be reached" in _text(answer)
