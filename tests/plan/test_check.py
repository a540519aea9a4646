"""A folder that is wrong is refused with a sentence that names file and field."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from tamamo.plan.catalog import load_plan
from tamamo.plan.check import check_manifest
from tamamo.plan.commands import project

Spoil = Callable[[Path], None]


def _replace(file: str, old: str, new: str) -> Spoil:
    def spoil(folders: Path) -> None:
        path = folders / file
        text = path.read_text("utf-8")
        assert old in text, f"{file} no longer holds {old!r}"
        path.write_text(text.replace(old, new, 1), "utf-8")

    return spoil


def _remove(file: str) -> Spoil:
    return lambda folders: (folders / file).unlink()


def _add(file: str, text: str) -> Spoil:
    def spoil(folders: Path) -> None:
        path = folders / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    return spoil


def _check(folders: Path, *options: str) -> Result:
    return CliRunner().invoke(project, ["check", "--projects", str(folders), *options])


def test_the_installed_folders_have_no_fault_and_their_texts_are_up_to_date() -> None:
    result = CliRunner().invoke(project, ["check"])
    assert result.output == "36 projects, 25 recorded figures: no fault.\n"
    assert result.exit_code == 0


WATCH = "disaster_watch/project.toml"
TOURISM = "tourism/project.toml"
TOWNS = "city_links/project.toml"
OPEN_KPI = "open_data/kpi.toml"
COUNTER = "one_stop_counter/kpi.toml"
RPA = "ai_rpa/kpi.toml"


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (
            _replace(WATCH, 'name.en = "IoT for disaster prevention"\n', ""),
            f"{WATCH}: name.en: is missing: every text needs ja and en",
        ),
        (
            _replace(WATCH, 'name.en = "IoT for disaster prevention"', 'name.en = " "'),
            f"{WATCH}: name.en: is blank",
        ),
        (
            _replace(WATCH, "IoT for disaster prevention", "IoTによる防災"),
            f"{WATCH}: name.en: holds Japanese kana: translate it",
        ),
        (
            _replace(WATCH, 'id = "disaster_watch"', 'id = "disaster"'),
            f'{WATCH}: id: "disaster" is not the folder\'s name "disaster_watch"',
        ),
        (
            _replace(WATCH, 'id = "disaster_watch"', "id = 7"),
            f"{WATCH}: id: Expected `str`, got `int`",
        ),
        (
            _replace(WATCH, 'plan = "1-3-1"', 'plan = "1-3-2"'),
            'traffic_safety/project.toml: plan: "1-3-2" is taken by disaster_watch',
        ),
        (
            _replace(WATCH, 'plan = "1-3-1"', 'plan = "1-3-4"'),
            f'{WATCH}: plan: the plan has no place "1-3-4"',
        ),
        (
            _replace(WATCH, 'owner = "危機管理課"', 'owner = "危機課"'),
            f'{WATCH}: owner: "危機課" is not a division of plan/outline.toml',
        ),
        (
            _replace(TOURISM, 'uses = ["plan"]', 'uses = ["plan", "feeds"]'),
            f"{TOURISM}: uses: names feeds, which the folder does not use",
        ),
        (
            _replace(WATCH, "keywords", "keyword"),
            f"{WATCH}: keyword: is not a field of this file",
        ),
        (
            _replace(WATCH, 'docs = "todo"', 'docs = "nearly"'),
            f'{WATCH}: quality.docs: must be "done", "todo" or {{ exempt = {{ ja = "…", '
            "en = \"…\" } }, not 'nearly'",
        ),
        (
            _replace(WATCH, 'docs = "todo"\n', ""),
            f'{WATCH}: quality.docs: is missing: mark it "done", "todo" or exempt',
        ),
        (
            _replace(WATCH, 'docs = "todo"', 'docks = "todo"'),
            f"{WATCH}: quality.docks: is not a rule of plan/outline.toml",
        ),
        (
            _replace(WATCH, 'real_data_test = "todo"', 'real_data_test = "done"'),
            f'{WATCH}: quality.real_data_test: "done" needs tests/test_real_data*.py in the folder',
        ),
        (
            _replace(TOWNS, 'kpi_bound = "todo"', 'kpi_bound = "done"'),
            f'{TOWNS}: quality.kpi_bound: "done" needs a query for: shared_data_fields',
        ),
        (
            _replace(WATCH, "id =", "id"),
            f"{WATCH}: not valid TOML: Expected '=' after a key in a key/value pair "
            "(at line 1, column 4)",
        ),
        (_remove("disaster_watch/record.toml"), "disaster_watch/record.toml: the file is missing"),
        (
            _replace("elder_watch/record.toml", '"事業化は見送られた"', '"事業化は中止された"'),
            "elder_watch/record.toml: report[0].words.ja: "
            '"事業化は中止された" stands in no passage',
        ),
        (
            _replace("elder_watch/record.toml", '"progress_report_2020"', '"somewhere"'),
            'elder_watch/record.toml: report[0].source: "somewhere" is not in plan/outline.toml',
        ),
        (
            _replace(COUNTER, "value = 98.0", "value = 980"),
            f"{COUNTER}: indicator[0].recorded[0].value: 980 % is more than 100 %",
        ),
        (
            _replace(COUNTER, "year = 2021\nvalue = 100", "value = 100"),
            f"{COUNTER}: indicator[0].target.year: is missing: by when is the target to be met?",
        ),
        (
            _replace(
                COUNTER,
                "[indicator.target]",
                '[[indicator.recorded]]\nyear = 2020\nsource = "progress_report_2020"\n'
                'value = 97.0\nprinted = "満足度：97.0%"\n\n[indicator.target]',
            ),
            f"{COUNTER}: indicator[0].recorded[1].year: 2020 has a value already",
        ),
        (
            _replace(OPEN_KPI, "value = 118", "value = 181"),
            f"{OPEN_KPI}: indicator[0].recorded[0].value: 181 does not stand in "
            '"オープンデータ件数：118件（R3目標値：150件）"',
        ),
        (
            _replace(OPEN_KPI, "year = 2021", "year = 2022"),
            f'{OPEN_KPI}: indicator[0].target.year: 2022 is not the year of "R3目標値"',
        ),
        (
            _replace(
                OPEN_KPI, 'printed = "オープンデータ件数：118件', 'printed = "公開件数：118件'
            ),
            f'{OPEN_KPI}: indicator[0].recorded[0].printed: "公開件数：118件（R3目標値：150件）" '
            "does not stand in the report of the year",
        ),
        (
            _replace(RPA, "reduction = 93.8", "reduction = 93.7"),
            f"{RPA}: table[0].rows[4].reduction: 93.7 is recorded, but saved_hours / annual_hours "
            "is 93.8",
        ),
        (
            _replace(RPA, "saved_hours = 18\n", ""),
            f"{RPA}: table[0].rows[2].saved_hours: is missing",
        ),
        (
            _add("tourism/analysis.py", "def ="),
            "tourism/analysis.py: is not Python: invalid syntax (analysis.py, line 1)",
        ),
        (
            _replace(RPA, 'share_of = ["saved_hours",', 'share_of = ["task",'),
            f"{RPA}: table[0].reduction: share_of: task is no number column",
        ),
        (
            _replace(RPA, "annual_hours = 40", "annual_hours = 0"),
            f"{RPA}: table[0].rows[2].reduction: no share: annual_hours is 0",
        ),
    ],
)
def test_a_bad_folder_is_refused_with_one_line_for_the_fault(
    folders: Path, spoil: Spoil, line: str
) -> None:
    spoil(folders)
    result = _check(folders)
    assert line in result.stderr.splitlines()
    assert result.exit_code == 1


def test_a_sum_that_does_not_match_its_indicator_is_refused(folders: Path) -> None:
    _replace(RPA, "saved_hours = 37\nreduction = 88.1", "saved_hours = 21\nreduction = 50.0")(
        folders
    )
    result = _check(folders)
    assert (
        f"{RPA}: table[0].saved_hours: the rows add up to 222.0, but rpa_hours_saved is 238"
        in result.stderr.splitlines()
    )


def test_a_missing_project_leaves_its_place_open(folders: Path) -> None:
    for file in (folders / "city_links").iterdir():
        file.unlink()
    (folders / "city_links").rmdir()
    assert 'plan: no project has the plan\'s place "3-4-1"' in _check(folders).stderr


def test_several_faults_are_all_told(folders: Path) -> None:
    _replace(WATCH, 'id = "disaster_watch"', 'id = "disaster"')(folders)
    _replace(OPEN_KPI, "value = 118", "value = 181")(folders)
    assert "2 faults in 36 readable project folders." in _check(folders).stderr


def test_a_division_that_is_no_more_owns_nothing() -> None:
    plan = load_plan()
    gone = [
        replace(d, until=date(2022, 3, 31), successor="防災課") if d.name.ja == "危機管理課" else d
        for d in plan.outline.division
    ]
    folder = plan.find("disaster_watch")
    assert folder
    faults = list(check_manifest(folder, replace(plan.outline, division=gone)))
    assert [(fault.field, fault.message) for fault in faults] == [
        ("owner", '"危機管理課" was there until 2022-03-31: 防災課 took over')
    ]


def test_a_division_that_is_not_there_yet_owns_nothing() -> None:
    plan = load_plan()
    coming = [replace(d, since=date(2199, 4, 1)) for d in plan.outline.division]
    folder = plan.find("disaster_watch")
    assert folder
    (fault,) = check_manifest(folder, replace(plan.outline, division=coming))
    assert fault.message == '"危機管理課" is there from 2199-04-01 on'


def test_uses_must_name_what_the_python_imports(folders: Path) -> None:
    _add("disaster_watch/analysis.py", "from tamamo.kernel import time\n")(folders)
    assert f"{WATCH}: uses: leaves out kernel, which the folder needs" in _check(folders).stderr


def test_a_feed_needs_a_recorded_payload(folders: Path) -> None:
    _add("tourism/feed.py", "import tamamo.feeds\n")(folders)
    _replace(TOURISM, 'uses = ["plan"]', 'uses = ["feeds", "plan"]')(folders)
    result = _check(folders)
    assert (
        "tourism/feed.py: needs a recorded payload in tests/recorded/" in result.stderr.splitlines()
    )
    _add("tourism/tests/recorded/levels.csv", "code,level\n")(folders)
    assert _check(folders).exit_code == 0


@pytest.mark.parametrize(
    "line",
    [
        "from tamamo.projects.open_data import feed",
        "import tamamo.projects.open_data.feed",
        "from ..open_data import feed",
        "from tamamo.projects import open_data",
    ],
)
def test_projects_never_import_each_other(folders: Path, line: str) -> None:
    _add("tourism/analysis.py", f"{line}\n")(folders)
    assert "tourism: imports the project open_data" in _check(folders).stderr


def test_a_readme_out_of_date_is_a_fault_and_write_keeps_what_people_wrote(folders: Path) -> None:
    readme = folders / "tourism" / "README.md"
    readme.write_text(readme.read_text("utf-8") + "\n## How to run the stamp rally\n", "utf-8")
    assert _check(folders).exit_code == 0
    _replace("tourism/project.toml", "Tourism with ICT", "Tourism by ICT")(folders)
    stale = _check(folders)
    assert "tourism/README.md: is out of date: run `tamamo project check --write`" in stale.stderr
    assert _check(folders, "--write").exit_code == 0
    written = readme.read_text("utf-8")
    assert "Tourism by ICT" in written
    assert written.endswith("\n## How to run the stamp rally\n")
    assert _check(folders).exit_code == 0


def test_the_overview_page_is_checked_too(folders: Path) -> None:
    page = folders.parent / "docs" / "projects.md"
    _add("../docs/projects.md", "old\n")(folders)
    stale = _check(folders)
    assert "docs/projects.md: is out of date: run `tamamo project check --write`" in stale.stderr
    assert _check(folders, "--write").exit_code == 0
    assert "[tourism](../tamamo/projects/tourism/README.md)" in page.read_text("utf-8")
    assert _check(folders).exit_code == 0


def test_a_query_must_be_a_function_there_is(folders: Path) -> None:
    query = 'query = "tamamo.feeds.counting:sources_figure"'
    _replace("disaster_watch/kpi.toml", query, 'query = "tamamo.nowhere:figure"')(folders)
    assert "disaster_watch/kpi.toml: indicator[0].query: " in _check(folders).stderr
