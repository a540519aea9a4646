"""Files made whole before they are sent: few at once, and nothing is left of a broken one."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import openpyxl.worksheet._writer as writer
import pytest

from tamamo.publishing.datasets import files
from tests.publishing.datasets.conftest import FIELDS

TABLE = cast(files.Table, SimpleNamespace(fields=FIELDS, dataset=SimpleNamespace(id="halls")))


async def test_few_workbooks_are_made_at_once_and_none_leaves_a_file() -> None:
    now = most = 0

    async def rows(broken: bool) -> AsyncIterator[list[list[Any]]]:
        nonlocal now, most
        now += 1
        most = max(most, now)
        yield [["K001", "=1+1", 10, 34.3, 134.0]]
        await asyncio.sleep(0.02)
        now -= 1
        if broken:
            raise TimeoutError

    async def made(broken: bool) -> int:
        return sum([len(piece) async for piece in files._xlsx(TABLE, rows(broken))])

    before = list(writer.ALL_TEMP_FILES)
    sizes = await asyncio.gather(*(made(False) for _ in range(5)))
    assert all(sizes) and most == 2
    with pytest.raises(TimeoutError):
        await made(True)
    assert before == writer.ALL_TEMP_FILES
