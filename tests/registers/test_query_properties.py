"""Search, filters, order and pages against a plain model in Python."""

import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel.identity import INSTALLATION, unlimited
from tamamo.kernel.settings import Settings
from tamamo.registers import ListQuery, Registers, Visitor
from tamamo.registers.catalogue import read
from tamamo.registers.declaration import Register
from tamamo.registers.projection import sync
from tests.registers.conftest import record

TENANT = "default"
DECLARATION = """
id = "benches"
title = { ja = "ベンチ", en = "Benches" }
description = { ja = "公園のベンチ", en = "Benches in parks" }
type = "Bench"
unit = "公園緑地課"
key = "benchID"
id_pattern = "urn:ngsi-ld:Bench:{benchID}"
heading = "name"
map = "location"
filters = [{ column = "seats" }, { column = "state" }, { column = "roof" }, { column = "built" },
           { column = "name", kind = "text" }, { column = "uses" }]
columns = [
  { name = "benchID", label = { ja = "番号", en = "No." }, kind = "text", searched = true },
  { name = "name", label = { ja = "名", en = "Name" }, kind = "text", searched = true, edit = {} },
  { name = "seats", label = { ja = "席", en = "Seats" }, kind = "number", edit = {} },
  { name = "state", label = { ja = "状態", en = "State" }, kind = "choice", edit = {}, choices = [
    { value = "good", ja = "良", en = "good" }, { value = "broken", ja = "壊", en = "broken" }] },
  { name = "uses", label = { ja = "用途", en = "Uses" }, kind = "choices", edit = {}, choices = [
    { value = "sit", ja = "座", en = "sit" }, { value = "lie", ja = "寝", en = "lie" }] },
  { name = "roof", label = { ja = "屋根", en = "Roof" }, kind = "boolean", edit = {} },
  { name = "built", label = { ja = "設置日", en = "Built" }, kind = "date", edit = {} },
  { name = "note", label = { ja = "備考", en = "Note" }, kind = "paragraph", searched = true },
  { name = "location", label = { ja = "位置", en = "Place" }, kind = "point", edit = {} },
]
"""
#: Few letters, so that they meet: both kana, half width, full width, case, a composed letter.
TEXT = st.text("あアｱかがガｶﾞAaＡ1１小学 が%_\\'", min_size=1, max_size=6)
#: What somebody looks for: short, so that it is found.
WORD = st.sampled_from(
    ["あ", "ア", "ｱ", "カ", "が", "ガ", "ｶﾞ", "a", "Ａ", "1", "小学", "%", "_", "か が"]
)
NUMBER = st.one_of(
    st.integers(-3, 3), st.floats(-1e6, 1e6, allow_nan=False), st.sampled_from([0.0, -0.0, 1e300])
)
DATE = st.dates().map(str)
RECORD = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXT.filter(str.strip),
        "seats": NUMBER,
        "state": st.sampled_from(["good", "broken"]),
        "uses": st.lists(st.sampled_from(["sit", "lie"]), min_size=1, unique=True),
        "roof": st.booleans(),
        "built": DATE,
        "note": TEXT.filter(str.strip),
        "location": st.builds(
            lambda x, y: {"longitude": x / 10, "latitude": y / 10},
            st.integers(1330, 1350),
            st.integers(330, 350),
        ),
    },
)
KEYS = st.one_of(st.integers(0, 200).map(str), st.text("ab/日-", min_size=1, max_size=3))
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "seats": st.sampled_from(["-1..2", "0..", "..-0.5", "none", "1..1"]).map(lambda x: [x]),
        "state": st.lists(st.sampled_from(["good", "broken", "none"]), min_size=1, max_size=2),
        "uses": st.sampled_from([["sit"], ["none"], ["sit", "lie"]]),
        "roof": st.sampled_from([["yes"], ["no"], ["none"]]),
        "built": st.sampled_from([["1900-01-01..2500-12-31"], ["none"], ["2000-01-01.."]]),
        "name": st.one_of(WORD, TEXT.filter(str.strip), st.just("none")).map(lambda x: [x]),
        "bbox": st.just(["133.5,33.2,134.2,34.4"]),
    },
)
SORTS = st.sampled_from([None, *(f"{sign}{name}" for sign in ("", "-") for name in (
    "benchID", "name", "seats", "state", "roof", "built"))])  # fmt: skip


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Register:
    path = tmp_path_factory.mktemp("registers") / "benches.toml"
    path.write_text(DECLARATION, "utf-8")
    found, faults = read(path)
    assert [fault.line() for fault in faults] == []
    assert found is not None
    return found


def fold(text: str) -> str:
    """The model's own idea of what a search does not see: width, case, kind of kana."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in plain)


def order_key(name: str, value: Any) -> Any:
    if name == "seats":
        return value + 0.0
    if name == "roof":
        return value
    if name in ("state", "built"):
        return value
    text = value if value.isascii() and value.isdigit() else fold(value)
    return text.rjust(15, "0") if value.isascii() and value.isdigit() else text


def expected(rows: dict[str, dict[str, Any]], query: ListQuery) -> list[str]:
    """Return the keys of the records of a list, worked out the plain way."""
    chosen = {
        key: row
        for key, row in rows.items()
        if all(
            any(fold(word) in fold(str(row.get(name, ""))) for name in ("benchID", "name", "note"))
            for word in query.q.split()
        )
        and all(
            any(matches(name, row.get(name), text, row) for text in texts)
            for name, texts in query.filters.items()
        )
    }
    name = (query.sort or "benchID").removeprefix("-")
    down = (query.sort or "").startswith("-")
    ids = {key: benches_id(key) for key in chosen}
    there = [key for key, row in chosen.items() if row.get(name) is not None]
    gone = [key for key, row in chosen.items() if row.get(name) is None]
    there.sort(key=lambda key: (order_key(name, chosen[key][name]), ids[key]), reverse=down)
    gone.sort(key=lambda key: ids[key], reverse=down)
    return there + gone


def benches_id(key: str) -> str:
    return f"urn:ngsi-ld:Bench:{quote(key, safe='-._~:')}"


def matches(name: str, value: Any, text: str, row: dict[str, Any]) -> bool:
    if name == "bbox":
        place = row.get("location")
        west, south, east, north = map(float, text.split(","))
        return place is not None and (
            west <= place["longitude"] <= east and south <= place["latitude"] <= north
        )
    if text == "none":
        return value is None
    if value is None:
        return False
    if name == "name":
        return fold(text) in fold(value)
    if name == "uses":
        return text in value
    if name == "roof":
        return value is (text == "yes")
    if name == "state":
        return bool(value == text)
    low, _, high = text.partition("..")
    if name == "seats":
        return (not low or value >= float(low)) and (not high or value <= float(high))
    return (not low or value >= low) and (not high or value <= high)


@asynccontextmanager
async def opened(dsn: str, register: Register, home: Path) -> AsyncIterator[Broker]:
    async with open_broker(Settings(home=home, database_url=dsn, open=True)) as broker:
        await sync(broker.pool, {register.id: register})
        yield broker


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=st.dictionaries(KEYS, RECORD, max_size=25),
    queries=st.lists(st.tuples(st.one_of(st.just(""), WORD, TEXT), FILTERS, SORTS), max_size=8),
)
async def test_a_list_is_what_the_model_says(
    shared_database_url: str,
    benches: Register,
    tmp_path: Path,
    rows: dict[str, dict[str, Any]],
    queries: list[tuple[str, dict[str, list[str]], str | None]],
) -> None:
    for key, row in rows.items():
        row["benchID"] = key
    async with opened(shared_database_url, benches, tmp_path) as broker:
        registers = Registers(broker, {"benches": benches})
        visitor = Visitor(TENANT, INSTALLATION, unlimited(TENANT))
        for key, row in rows.items():
            await broker.entities.create(TENANT, record(benches, key, **row))
        try:
            for q, filters, sort in [("", {}, None), *queries]:
                await check(registers, visitor, rows, ListQuery(" ".join(q.split()), filters, sort))
        finally:
            async with broker.pool.connection() as connection:
                await connection.execute("delete from entity")
            async with broker.pool.connection() as connection:
                left = await (
                    await connection.execute("select count(*) from register_row")
                ).fetchone()
                assert left == (0,)


async def check(
    registers: Registers, visitor: Visitor, rows: dict[str, dict[str, Any]], query: ListQuery
) -> None:
    wanted = expected(rows, query)
    found: list[str] = []
    page = 1
    while True:
        shown = await registers.page(
            visitor, "benches", ListQuery(query.q, query.filters, query.sort, page, 4)
        )
        assert shown.total == len(wanted)
        found += [row.cells["benchID"].value for row in shown.rows]
        if page >= shown.pages:
            break
        page += 1
    assert found == wanted, query
    points = await registers.points(visitor, "benches", query)
    assert points.total == len(wanted)
    assert {p.id for p in points.points} == {
        benches_id(key) for key in wanted if rows[key].get("location")
    }
