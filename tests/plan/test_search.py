"""`tamamo project find` answers where something is."""

import pytest
from click.testing import CliRunner

from tamamo.plan.catalog import load_plan
from tamamo.plan.commands import project
from tamamo.plan.search import find

PLAN = load_plan()


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("水位", "disaster_watch"),
        ("water level", "disaster_watch"),
        ("Ｗｉ－Ｆｉ", "tourism"),
        ("ｵｰﾌﾟﾝﾃﾞｰﾀ", "open_data"),
        ("1(3)③", "citizen_reports"),
        ("2-2-2", "ai_rpa"),
        ("議事録", "ai_rpa"),
        ("綾川町", "city_links"),
        ("交付率", "mynumber_card"),
        ("phishing", "security_training"),
        ("ガーガーbus", ""),
        ("電磁要塞タマモジョー", "tourism"),
        ("おくやみ", "one_stop_counter"),
    ],
)
def test_the_first_answer(words: str, first: str) -> None:
    matches = find(PLAN, words)
    assert (matches[0].folder.manifest.id if matches else "") == first


def test_every_term_must_match() -> None:
    both = {match.folder.manifest.id for match in find(PLAN, "バス 遅延")}
    assert both == {"bus_location"}


def test_latin_terms_start_a_word() -> None:
    assert "road_ledger" not in {match.folder.manifest.id for match in find(PLAN, "ai")}


def test_blank_words_find_nothing() -> None:
    assert find(PLAN, "　 ") == []


def test_each_project_is_found_by_its_own_names_and_keywords() -> None:
    for folder in PLAN.folders:
        manifest = folder.manifest
        for words in (manifest.id, manifest.name.ja, manifest.name.en, *manifest.keywords):
            found = [match.folder.manifest.id for match in find(PLAN, words)]
            assert manifest.id in found, words


def test_the_command_says_where_and_why() -> None:
    result = CliRunner().invoke(project, ["find", "水位"])
    assert result.output.splitlines()[0] == (
        "1(3)① disaster_watch  IoT活用による防災の推進 / IoT for disaster prevention  "
        "tamamo/projects/disaster_watch  [keyword 水位]"
    )


def test_no_match_is_said_and_exit_code_1() -> None:
    result = CliRunner().invoke(project, ["find", "宇宙港"])
    assert result.exit_code == 1
    assert result.stderr == "No project matches '宇宙港'.\n"


def test_list_names_all_36_in_the_plans_order() -> None:
    lines = CliRunner().invoke(project, ["list"]).output.splitlines()
    assert len(lines) == 36
    assert lines[0].startswith("1(1)① elder_watch")
    assert lines[-1].startswith("3(4)① city_links")
