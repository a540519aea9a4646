"""The plan's report, which lies next to the checkout, and copies of the folders to spoil."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tamamo.plan.loading import PROJECTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def report_text() -> str:
    """The text of the progress report of FY2020."""
    path = ROOT.parent / "shared" / "seed" / "progress-report-2020.ja.txt"
    if not path.is_file():
        reason = f"the report is not there ({path})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path.read_text("utf-8")


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """A copy of the 36 project folders."""
    copy = tmp_path / "projects"
    shutil.copytree(PROJECTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def plain_log() -> Iterator[None]:
    """Tracebacks without the values of every frame, which take seconds to write down."""
    import structlog

    before = structlog.get_config()
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    yield
    structlog.configure(**before)
