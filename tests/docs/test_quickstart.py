"""The quickstart's commands, run as they are printed, against a real server."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "http://127.0.0.1:8080"


def _blocks(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text("utf-8")
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


def _broker_commands(page: str) -> str:
    commands = next(block for block in _blocks(page) if block.startswith("B="))
    return commands.partition("curl -N")[0]


def test_both_languages_print_the_same_commands() -> None:
    english, japanese = ([re.sub(r"#.*", "", b) for b in _blocks(p)] for p in PAGES)
    assert english == japanese


PAGES = ("quickstart.md", "quickstart.ja.md")


@pytest.fixture(scope="module")
def output(server: str) -> str:
    """What the printed commands answer; the server of the tests needs no key."""
    commands = _broker_commands(PAGES[0]).replace(ADDRESS, server)
    commands = commands.replace("$(cat .tamamo/secrets/api-key)", "none")
    assert server in commands
    done = subprocess.run(
        ["bash", "-ec", commands], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_the_entity_is_created(output: str) -> None:
    assert output.startswith("HTTP/1.1 201")


def test_the_condition_finds_it_with_its_new_height(output: str) -> None:
    assert '"name":"玉藻公園の松","height":8.3' in output


def test_the_history_has_both_values_and_hourly_averages(output: str) -> None:
    assert '"values":[[8.2,"2026-11-22T03:00:00Z"],[8.3,"2026-11-22T04:00:00Z"]]' in output
    assert '"avg":[[8.2,"2026-11-22T03:00:00Z","2026-11-22T04:00:00Z"]' in output
