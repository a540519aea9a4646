"""Any table at all: it is refused by name, or each of its rows comes out or is rejected."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamamo.registers import intake
from tamamo.registers.intake import IntakeRefused
from tests.registers.intake import files

HEADINGS = st.sampled_from(
    [
        "名称", "緯度", "経度", "日付", "開始時間", "人口（人）", "団体コード", "電話番号", "有無",
        "location", "#property", "name", "年度", "番号", "備考", "面積㎡", "year", "←記入", "※注",
        "type", "1", "2026-01-01", "",
    ]
)  # fmt: skip
CELLS = st.one_of(
    st.sampled_from(
        [
            "-", "東", "34.3", "134.0", "0", "令和6年度", "S47.4.1", "25:30", "9：00", "37201",
            "372013", "087-000-0001", "○", "×", "△", "34.3,134.0", "#REF!", "=1+1", "5,980", "合計",
            "※", "1/2/21", "２０", "なし", "https://example.jp/", "\ue000", "_x000D_", "3台", "▲5",
            "", "", " \u3000 ",
        ]
    ),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8),
    st.integers(-1000, 50_000).map(str),
)  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Tables with a few columns whose values are alike, or not."""
    width = draw(st.integers(1, 6))
    columns = [draw(st.lists(CELLS, min_size=1, max_size=3)) for _ in range(width)]
    rows = draw(st.integers(0, 12))
    body = [[draw(st.sampled_from(column)) for column in columns] for _ in range(rows)]
    above = draw(st.lists(st.sampled_from([["題名"], [], ["#lang", "ja"]]), max_size=2))
    head = [draw(HEADINGS) for _ in range(width)]
    return [[*line, *[""] * (width - len(line))] for line in [*above, head, *body]]


def plain(value: Any) -> bool:
    return value is None or type(value) in (str, int, float, bool)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_any_table(table: list[list[str]], encoding: str) -> None:
    content = files.text(table, encoding)
    try:
        found = intake.profile(content, "any.csv")
    except IntakeRefused as refused:
        assert refused.ja and refused.en
        return
    for column in found.columns:
        assert 0 <= column.confidence <= 1
        assert column.fits["text"] == column.filled
    recipe = intake.settle(found)
    assert intake.compare(recipe, found) == []  # what was just settled is not different from itself
    fields = recipe.fields()
    assert len({field.name for field in fields}) == len(fields)
    if not fields:
        return
    rows = intake.rows(content, "any.csv", recipe)
    read = list(rows)
    assert len(read) == rows.tally.rows_in == found.rows
    assert rows.tally.rows_out == sum(not row.rejected for row in read)
    for row in read:
        assert list(row.values) == [field.name for field in fields]
        assert all(map(plain, row.values.values()))
        json.dumps(row.values, allow_nan=False)
    if not any(row.rejected for row in read):
        assert not [doubt for doubt in found.every_doubt() if doubt.code == "double_key"]
