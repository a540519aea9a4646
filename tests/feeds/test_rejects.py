import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tamamo.feeds import quality
from tamamo.feeds.rejects import Reject, RejectsFile
from tamamo.kernel.errors import SetupError

NOW = datetime(2026, 6, 26, 0, 5, 7, tzinfo=UTC)


def test_nothing_rejected_makes_no_file(tmp_path):
    with RejectsFile(tmp_path, Path("levels.csv"), NOW) as rejects:
        pass
    assert rejects.path is None
    assert not (tmp_path / "rejects").exists()


def test_a_rejected_row_is_kept_with_its_reason_in_both_languages(tmp_path):
    with RejectsFile(tmp_path, Path("水位 6月.csv"), NOW) as rejects:
        rejects.add(Reject(7, "level_m", quality.NOT_FINITE, ["3700000016", "木太大橋", "NaN"]))
    assert rejects.path == tmp_path / "rejects" / "20260626T090507-水位_6月.csv"
    assert rejects.count == 1
    content = rejects.path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    header, row = csv.reader(content.decode("utf-8-sig").splitlines())
    assert header == ["row", "field", "code", "reason_ja", "reason_en", "original"]
    assert row[:2] == ["7", "level_m"]
    assert row[3:5] == [quality.NOT_FINITE.ja, quality.NOT_FINITE.en]
    assert row[5:] == ["3700000016", "木太大橋", "NaN"]


def test_two_runs_in_one_second_keep_both_files(tmp_path):
    paths = set()
    for _ in range(2):
        with RejectsFile(tmp_path, Path("a.csv"), NOW) as rejects:
            rejects.add(Reject(1, "", quality.TOO_FEW_COLUMNS, ["x"]))
        paths.add(rejects.path)
    assert len(paths) == 2


def test_a_strangers_formula_does_not_run_in_a_spreadsheet(tmp_path):
    with RejectsFile(tmp_path, Path("a.csv"), NOW) as rejects:
        rejects.add(Reject(1, "", quality.MISSING, ["=1+1", "@x", "-1.5", "-", "−"]))
    row = list(csv.reader(rejects.path.read_text("utf-8-sig").splitlines()))[1]
    assert row[5:] == ["'=1+1", "'@x", "-1.5", "-", "−"]


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "rejects").write_text("a file, not a directory")
    with (
        pytest.raises(SetupError, match="rejects file"),
        RejectsFile(tmp_path, Path("a.csv"), NOW) as rejects,
    ):
        rejects.add(Reject(1, "", quality.MISSING, []))
