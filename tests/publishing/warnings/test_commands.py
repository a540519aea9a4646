"""`tamamo warnings` beside a running server: list, document, templates."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from tamamo.publishing.warnings import cap
from tamamo.publishing.warnings.commands import warnings
from tests.publishing.warnings.conftest import Hall, order


async def _published(hall: Hall) -> None:
    first = await hall.published(await hall.warnings.draft(hall.writer, hall.tenant, order()))
    await hall.published(await hall.warnings.withdraw(hall.writer, hall.tenant, first.id))


async def test_list_document_setup(
    hall: Hall, shared_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    await _published(hall)
    monkeypatch.setitem(os.environ, "DATABASE_URL", shared_database_url)
    where = ["--home", str(tmp_path / "home"), "--tenant", hall.tenant]

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(warnings, [*words, *where])
        return result.exit_code, result.output or str(result.exception)

    code, said = await asyncio.to_thread(run, "list")
    lines = said.splitlines()
    assert code == 0 and len(lines) == 2
    assert "Cancel" in lines[0] and "解除" in lines[0]
    assert "Alert" in lines[1] and lines[1].endswith("(replaced)")
    code, said = await asyncio.to_thread(run, "cap", "1")
    assert code == 0 and cap.validate(said) == []
    code, said = await asyncio.to_thread(run, "cap", "99")
    assert code == 1 and "no message" in said
    code, shown = await asyncio.to_thread(run, "setup")
    assert code == 0 and 'id = "evacuation-order"' in shown
    file = tmp_path / "setup.toml"
    file.write_text(shown + "\n# ours\n")
    code, said = await asyncio.to_thread(run, "setup", str(file))
    assert code == 0 and "Version 1" in said
    file.write_text("nonsense")
    code, said = await asyncio.to_thread(run, "setup", str(file))
    assert code == 1
