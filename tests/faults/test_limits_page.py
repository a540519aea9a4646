"""The numbers of docs/limits.md are those of the code."""

import importlib
import re
from typing import Any

import pytest

from tamamo.kernel.settings import Settings
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "limits.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and line.count("|") == 5
]
#: Constants told in another unit.
THOUSANDTHS = {"tamamo.server.web:_HEAD_MILLISECONDS"}


def value_of(name: str) -> Any:
    if name.startswith("TAMAMO_"):
        return getattr(Settings(), name.removeprefix("TAMAMO_").lower())
    module, _, constant = name.partition(":")
    value = getattr(importlib.import_module(module), constant)
    return value // 1000 if name in THOUSANDTHS else value


def test_there_are_rows() -> None:
    assert len(ROWS) > 30


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_a_limit_is_what_the_code_says(row: list[str]) -> None:
    told = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", row[1])]
    names = re.findall(r"`((?:tamamo\.[\w.]+:|TAMAMO_)\w+)`", row[3])
    values = [value_of(name) for name in names]
    numbers = [value for value in values if isinstance(value, int | float)]
    if numbers:
        assert told == numbers
