"""The documents against the repository: links, indexes, dependencies, notices."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import click
import msgspec
import pytest

from tamamo.cli import VERBS, tamamo
from tamamo.kernel.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def _pages() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    broken = [
        link
        for link in _LINK.findall(text)
        if not re.match(r"[a-z]+:|#|/", link)
        and not (page.parent / link.partition("#")[0]).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_files_named_in_a_document_exist(page: Path) -> None:
    named = re.findall(
        r"`((?:tamamo|tests|docs|scripts|bench)/[\w./-]*\w)/?`", page.read_text("utf-8")
    )
    made_later = re.compile(r"NNNN|/static/build")
    assert {n for n in named if not (ROOT / n).exists() and not made_later.search(n)} == set()


@pytest.mark.parametrize("folder", ["docs/adr", "docs/howto", "docs/subsystems"])
def test_every_page_is_in_the_index_of_its_folder(folder: str) -> None:
    index = (ROOT / folder / "README.md").read_text("utf-8")
    pages = {page.name for page in (ROOT / folder).glob("*.md")} - {"README.md"}
    assert pages - set(_LINK.findall(index)) == set()


def test_every_page_of_docs_is_in_its_index() -> None:
    index = (ROOT / "docs/README.md").read_text("utf-8")
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages - set(_LINK.findall(index)) == set()


def test_decision_records_have_numbers_of_their_own() -> None:
    numbers = [page.name[:4] for page in (ROOT / "docs/adr").glob("[0-9]*.md")]
    assert sorted(set(numbers)) == sorted(numbers)


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    wanted += json.loads((ROOT / "package.json").read_text("utf-8"))["dependencies"]
    reasons = (ROOT / "docs/dependencies.md").read_text("utf-8").casefold()
    names = {re.split(r"[\[~=<>; ]", name)[0].casefold() for name in wanted}
    # pytest-asyncio and its like are told as "pytest with -asyncio".
    missing = {n for n in names if n not in reasons and n.removeprefix("pytest") not in reasons}
    assert missing == set()


def test_the_notices_name_every_locked_package() -> None:
    notices = (ROOT / "THIRD-PARTY-NOTICES.md").read_text("utf-8")
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    names = set(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", lock, re.MULTILINE))
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    names |= {
        path.rpartition("node_modules/")[2]
        for path, package in packages.items()
        if path and not package.get("dev")
    }
    missing = {name for name in names if f"| {name} |" not in notices}
    assert missing == set(), "run scripts/notices.py"


@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_the_readmes_name_every_verb(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    commands = {verb: tamamo.get_command(click.Context(tamamo), verb) for verb in VERBS}
    verbs = {verb for verb, command in commands.items() if command and not command.hidden}
    missing = {verb for verb in verbs if f"`tamamo {verb}" not in text}
    assert missing == set()


def test_every_setting_is_described_with_its_default() -> None:
    text = (ROOT / "docs/settings.md").read_text("utf-8")
    described = dict(re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`|\(none\)) \|", text, re.MULTILINE))
    wanted = {}
    for field in msgspec.structs.fields(Settings):
        name = field.name.upper()
        default = "" if field.default in (None, ()) else str(field.default)
        wanted[name if name == "DATABASE_URL" else f"TAMAMO_{name}"] = default
    assert {k: v.casefold() for k, v in described.items()} == {
        k: v.casefold() for k, v in wanted.items()
    }


def test_documents_named_in_the_code_exist() -> None:
    named = {
        (path, str(source.relative_to(ROOT)))
        for folder in ("tamamo", "bench", "scripts")
        for source in (ROOT / folder).rglob("*.py")
        for path in re.findall(r"docs/[a-z0-9/-]+\.md", source.read_text("utf-8"))
    }
    assert {(path, source) for path, source in named if not (ROOT / path).exists()} == set()


def test_no_document_names_this_machine() -> None:
    machine = re.compile(r"(?<![\w.~])/(?:root|home|tmp|mnt)/\w")
    named = [str(p.relative_to(ROOT)) for p in _pages() if machine.search(p.read_text("utf-8"))]
    assert named == []
