"""Pages by key, filters, and exports that can be proved and opened in a spreadsheet."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest

from tamamo.kernel.audit import Event, append_many
from tamamo.kernel.audit import listing as log
from tamamo.kernel.audit.chain import read_export, verify
from tamamo.kernel.database import Pool, transaction


async def _write(pool: Pool, *events: Event) -> None:
    async with transaction(pool) as connection:
        await append_many(connection, events)


async def _fill(pool: Pool) -> None:
    for number in range(12):
        await _write(
            pool,
            Event(
                ("default", "ayagawa")[number % 2],
                f"user:{number % 3}",
                ("register.edit", "registers.list", "user.create")[number % 3],
                f"urn:x:{number % 4}",
                after={"n": number, "name": "高松\n<script>"},
            ),
        )


async def test_pages_go_back_through_all_without_repeating_or_leaving_out(pool: Pool) -> None:
    await _fill(pool)
    seen: list[tuple[str, int]] = []
    key: str | None = None
    for _ in range(3):
        page = await log.page(pool, log.Filter(), key, limit=5)
        seen += [(one.tenant, one.seq) for one in page.entries]
        key = page.older
        # What comes in meanwhile is newer and shifts nothing.
        await _write(pool, Event("ayagawa", "user:9", "late.come", "x"))
    assert key is None
    assert seen == [
        (("default", "ayagawa")[number % 2], number // 2 + 1) for number in reversed(range(12))
    ]


@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        (log.Filter(tenants=("ayagawa",)), [11, 9, 7, 5, 3, 1]),
        (log.Filter(tenants=()), []),
        (log.Filter(actor="user:1"), [10, 7, 4, 1]),
        (log.Filter(action="register"), [9, 6, 3, 0]),
        (log.Filter(action="register.edit"), [9, 6, 3, 0]),
        (log.Filter(action="register.e"), []),
        (log.Filter(action="%"), []),
        (log.Filter(object="urn:x:3", tenants=("ayagawa", "default")), [11, 7, 3]),
        (log.Filter(actor="' or true --"), []),
    ],
)
async def test_filters(pool: Pool, chosen: log.Filter, numbers: list[int]) -> None:
    await _fill(pool)
    found = await log.page(pool, chosen)
    assert [one.became["n"] for one in found.entries] == numbers


async def test_a_time_takes_its_first_moment_and_leaves_its_last(pool: Pool) -> None:
    await _fill(pool)
    every = (await log.page(pool, log.Filter())).entries
    newest, fifth = every[0].at, every[4].at
    found = await log.page(pool, log.Filter(since=fifth, until=newest))
    assert found.entries == every[1:5]
    assert not (await log.page(pool, log.Filter(since=newest + timedelta(seconds=1)))).entries


async def test_actions_that_occur(pool: Pool) -> None:
    await _fill(pool)
    assert await log.actions(pool, log.Filter(actor="user:0")) == ["register.edit"]
    assert len(await log.actions(pool, log.Filter(tenants=("default",)))) == 3


@pytest.mark.parametrize("key", ["", "x", "2026-01-01T00:00:00Z~x~default", "~1~default"])
async def test_a_key_that_is_none(pool: Pool, key: str) -> None:
    with pytest.raises(ValueError, match="not the key of a page"):
        await log.page(pool, log.Filter(), key)


async def test_an_export_is_proved_without_the_database(pool: Pool, tmp_path: Path) -> None:
    await _fill(pool)
    await _write(
        pool, Event("default", "user:1", "a.b", "x", after={"n": 1.10, "é": [None, "\\u0000"]})
    )
    file = tmp_path / "log.jsonl"
    file.write_bytes(b"".join([part async for part in log.export_jsonl(pool, log.Filter())]))
    report = verify(read_export(file))
    assert report.events == {"default": 7, "ayagawa": 6}
    assert report.faults == []
    forged = file.read_text("utf-8").replace('"n": 4', '"n": 5')
    assert forged != file.read_text("utf-8")
    file.write_text(forged, "utf-8")
    assert [fault.kind for fault in verify(read_export(file)).faults] == ["changed"]


async def test_a_long_export_comes_in_slices(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_SLICE", 4)
    await _fill(pool)
    lines = b"".join([part async for part in log.export_jsonl(pool, log.Filter())]).splitlines()
    assert len(set(lines)) == 12


async def test_no_cell_of_the_export_is_a_formula(pool: Pool) -> None:
    evil = '=HYPERLINK("http://evil.example")'
    await _write(pool, Event("default", "user:1", "a.b", evil, after={"n": -1}))
    text = b"".join([part async for part in log.export_csv(pool, log.Filter())]).decode()
    assert text.startswith("\ufeff")
    [row] = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert row["object"] == f"'{evil}"
    assert (row["after"], row["seq"], row["before"]) == ('{"n": -1}', "1", "")
