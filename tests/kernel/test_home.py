"""The home: made, checked and explained."""

import os
import stat
from pathlib import Path

import pytest

from tamamo.kernel import home as homes
from tamamo.kernel.errors import SetupError


def test_the_key_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    key = homes.api_key(tmp_path)
    assert len(key) >= 32
    assert homes.api_key(tmp_path) == key
    file = tmp_path / "secrets" / "api-key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["api-key"]


def test_a_home_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "home"
    path.write_text("")
    with pytest.raises(SetupError, match="is not a directory"):
        homes.prepare(path)


def test_a_read_only_home_is_one_sentence() -> None:
    # /proc takes no new directories, not even from root.
    with pytest.raises(SetupError, match=r"cannot be (written|used)"):
        homes.prepare(Path("/proc/tamamo"))


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (28, "has no space left"),
        (122, "has no space left"),
        (30, r"cannot be written \(Read-only file system\)"),
        (13, r"cannot be written \(Permission denied\)"),
        (5, "cannot be used"),
    ],
)
def test_each_refusal_has_its_sentence(number: int, sentence: str) -> None:
    error = OSError(number, os.strerror(number))
    with pytest.raises(SetupError, match=sentence):
        raise homes.explain(error, Path("/data"))
