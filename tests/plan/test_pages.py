"""The plan's pages as a browser gets them, from a real server."""

import re

import httpx
import pytest

from tamamo.plan.catalog import load_plan
from tamamo.plan.loading import Folder

PLAN = load_plan()
PAGES = ["/plan/", "/en/plan/"]


def _text(server: str, path: str) -> str:
    answer = httpx.get(server + path)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_the_page_shows_every_project_once_and_links_to_it(server: str, path: str) -> None:
    text = _text(server, path)
    links = re.findall(rf'href="{path}([a-z_]+)/"', text)
    assert links == [folder.manifest.id for folder in PLAN.folders]


def test_the_japanese_page_shows_figures_and_says_that_they_are_recorded(server: str) -> None:
    text = _text(server, "/plan/")
    assert "Tamamoが計算したものではありません" in text
    assert text.count("記録値・令和2年度(2020年度)") == 25
    for shown in ("106,543人", "28.8%", "約414時間", "目標比86.2%", "目標比109.0%"):
        assert shown in text
    assert "事業化は見送られた" in text


def test_the_list_says_where_tamamo_has_something_and_only_there(server: str) -> None:
    begun = sum(folder.manifest.today is not None for folder in PLAN.folders)
    assert 0 < begun < 36
    assert _text(server, "/plan/").count("いまTamamoにあるもの：") == begun


def test_the_english_page_is_english_but_for_the_reports_own_words(server: str) -> None:
    text = _text(server, "/en/plan/")
    main = re.search(r"<main.*</main>", text)
    assert main
    rest = re.sub(r'<blockquote[^>]*lang="ja">.*?</blockquote>', "", main[0])
    assert re.findall(r"[ぁ-ゖァ-ヺ]+", rest) == []
    assert "Target not met" in text
    assert "this project's translation" in text or "this project&#x27;s translation" in text


@pytest.mark.parametrize("folder", PLAN.folders, ids=lambda folder: folder.manifest.id)
def test_each_project_has_a_page_in_both_languages(server: str, folder: Folder) -> None:
    manifest = folder.manifest
    japanese = _text(server, f"/plan/{manifest.id}/")
    english = _text(server, f"/en/plan/{manifest.id}/")
    assert manifest.name.ja in japanese
    assert "まだありません" in japanese or (manifest.today and manifest.today.ja in japanese)
    assert manifest.name.en in english.replace("&#x27;", "'")
    for indicator in folder.figures.indicator if folder.figures else []:
        assert indicator.recorded[0].printed in japanese
        assert indicator.recorded[0].printed in english


def test_the_tables_show_rows_and_sums(server: str) -> None:
    text = _text(server, "/plan/mynumber_card/")
    for cell in ("1,501", "216", "159", "1,876", "合計（Tamamoが計算）"):
        assert f">{cell}<" in text
    assert ">93.8<" in _text(server, "/plan/ai_rpa/")


def test_an_unknown_project_is_not_found(server: str) -> None:
    assert httpx.get(f"{server}/plan/moon_base/").status_code == 404


def test_writing_to_the_plan_is_refused(server: str) -> None:
    answer = httpx.post(f"{server}/plan.json")
    assert answer.status_code in {403, 405}


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_the_data_is_there_in_both_forms(server: str, prefix: str) -> None:
    data = httpx.get(f"{server}{prefix}/plan.json")
    table = httpx.get(f"{server}{prefix}/plan.csv")
    assert data.json()["count"] == 36
    assert data.headers["content-type"] == "application/json"
    assert table.content.startswith(b"\xef\xbb\xbfnumber,project_id")
    assert "plan.csv" in table.headers["content-disposition"]


def test_the_menu_leads_to_the_plan(server: str) -> None:
    assert 'href="/plan/" aria-current="page"' in _text(server, "/plan/")


@pytest.mark.parametrize("path", [*PAGES, "/plan/ai_rpa/"])
def test_a_page_fits_its_budget(server: str, path: str) -> None:
    answer = httpx.get(server + path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) <= 60 * 1024


def test_beside_a_simulator_the_plan_says_that_its_values_are_recorded(server: str) -> None:
    sentence = "このページの記録値は、模擬データではありません。"
    assert sentence not in _text(server, "/plan/")
    entities = f"{server}/ngsi-ld/v1/entities"
    control = {"id": "urn:ngsi-ld:Simulation:city", "type": "Simulation"}
    storm = {"storm": {"type": "Property", "value": {"startedAt": "2026-11-22T00:00:00Z"}}}
    assert httpx.post(entities, json=control | storm).status_code == 201
    try:
        assert sentence in _text(server, "/plan/")
        assert sentence in _text(server, "/plan/ai_rpa/")
    finally:
        assert httpx.delete(f"{entities}/{control['id']}").status_code == 204
