"""The lock files: complete, hashed, agreeing, and free of this machine's ways to a registry."""

import re
import tomllib

import pytest

from tests.conftest import ROOT

LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-node.lock"]


def pins(name: str) -> dict[str, str]:
    """Return {package: version} of a lock file."""
    text = (ROOT / name).read_text()
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)", text, re.MULTILINE))


def asked(*groups: str) -> set[str]:
    """Return the packages that pyproject.toml names, normalised."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = list(project["dependencies"])
    for group in groups:
        lines += project["optional-dependencies"][group]
    names = (re.match(r"[\w.-]+", line) for line in lines)
    return {name[0].lower().replace("_", "-") for name in names if name}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_has_hashes_and_no_address(name: str) -> None:
    blocks = re.split(r"^(?=[\w.-]+(?:\[[\w,]+\])?==)", (ROOT / name).read_text(), flags=re.M)[1:]
    assert blocks
    for block in blocks:
        assert "--hash=sha256:" in block
        assert "://" not in block
        assert " @ " not in block
    assert not re.search(r"^-", (ROOT / name).read_text(), re.MULTILINE)


def test_what_the_project_asks_for_is_locked() -> None:
    assert asked("build") <= set(pins("requirements.lock"))
    assert asked("build", "dev") <= set(pins("requirements-dev.lock"))
    assert asked("node") >= set(pins("requirements-node.lock"))


def test_tests_run_on_the_versions_that_are_served() -> None:
    running, tested = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: tested.get(name) for name in running} == running
