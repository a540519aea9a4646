"""What the lists of known holes say is told truly: a hole, none, or that nobody looked."""

import importlib.util
import json
import sys
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def holes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("holes", ROOT / "scripts" / "holes.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["holes"] = module
    spec.loader.exec_module(module)
    return module


def package(name: str, *ids: str) -> dict[str, Any]:
    vulns = [{"id": one, "aliases": [f"CVE-{one}"], "fix_versions": ["2"]} for one in ids]
    return {"name": name, "version": "1", "vulns": vulns}


SKIPPED = {"name": "a", "skip_reason": "not found"}


def test_none_is_none(holes: ModuleType) -> None:
    result = holes.read_pip_audit(json.dumps({"dependencies": [package("a"), package("b")]}))
    assert result.lines() == ["· known holes (Python): none in 2 packages"]


def test_a_hole_is_named_with_what_mends_it(holes: ModuleType) -> None:
    result = holes.read_pip_audit(json.dumps({"dependencies": [package("a", "X-1"), SKIPPED]}))
    assert result.lines() == ["· known holes (Python): FAILED", "    a 1: X-1, mended in 2"]


def test_one_we_live_with_is_none(holes: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(holes.ACCEPTED, "CVE-X-1", "not used here")
    result = holes.read_pip_audit(json.dumps({"dependencies": [package("a", "X-1")]}))
    assert result.holes == []


@pytest.mark.parametrize("packages", [[SKIPPED], [SKIPPED, package("b")], []])
def test_what_was_not_looked_up_is_never_called_good(
    holes: ModuleType, packages: list[dict[str, Any]]
) -> None:
    [line] = holes.read_pip_audit(json.dumps({"dependencies": packages})).lines()
    assert "NOT CHECKED" in line and "none" not in line


def test_npm_speaks_in_its_own_way(holes: ModuleType) -> None:
    total = {"dependencies": {"total": 40}}
    none = holes.read_npm_audit(json.dumps({"vulnerabilities": {}, "metadata": total}))
    assert none.lines() == ["· known holes (npm): none in 40 packages"]
    bad = {"x": {"range": "<2", "severity": "high", "via": [{"source": 7}, "y"]}}
    found = holes.read_npm_audit(json.dumps({"vulnerabilities": bad, "metadata": total}))
    assert found.holes == ["x <2: high, ['7']"]
    away = holes.read_npm_audit(json.dumps({"message": "405 Method Not Allowed", "error": {}}))
    assert "NOT CHECKED: 405" in away.lines()[0]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["no-such-program"], "is not installed"),
        ([sys.executable, "-c", "import sys; sys.exit('the list is away')"], "the list is away"),
        ([sys.executable, "-c", "print('{}')"], "{}"),
        ([sys.executable, "-c", "import time; time.sleep(60)"], "no answer within 1 s"),
    ],
)
def test_a_program_that_cannot_answer_is_told(
    holes: ModuleType, monkeypatch: pytest.MonkeyPatch, command: list[str], said: str
) -> None:
    monkeypatch.setattr(holes, "SECONDS", 1)
    result = holes.ask(holes.Result("Python"), command, holes.read_pip_audit)
    assert said in result.unchecked
    assert "NOT CHECKED" in result.lines()[0]
