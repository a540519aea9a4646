"""The lock files: complete, hashed, agreeing, and free of this machine's ways to a registry."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.conftest import ROOT

ALONE = {"node": "requirements-node.lock", "uv": "requirements-uv.lock"}
LOCKS = ["requirements.lock", "requirements-dev.lock", *ALONE.values()]


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
    base = asked()
    for group, name in ALONE.items():
        assert asked(group) - base == set(pins(name))


def test_tests_run_on_the_versions_that_are_served() -> None:
    running, tested = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: tested.get(name) for name in running} == running


def test_what_the_code_imports_is_asked_for() -> None:
    """An import that works only because some other package brings it would break one day."""
    providers = packages_distributions()
    imported: set[str] = set()
    for path in (ROOT / "tamamo").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    outside = imported - set(sys.stdlib_module_names) - {"tamamo"}
    # An extra of psycopg, and a part of Django: pyproject.toml does not name them as packages.
    known = asked() | {"psycopg-pool", "asgiref"}
    missing = [
        name
        for name in sorted(outside)
        if not known & {p.lower().replace("_", "-") for p in providers.get(name, [name])}
    ]
    assert missing == []
