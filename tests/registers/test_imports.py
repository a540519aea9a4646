"""Tables into registers: matched, previewed, applied as one act, taken back as one."""

import asyncio
import io
import zipfile
from typing import Any

import openpyxl
import pytest

from tamamo.context.broker import Broker
from tamamo.feeds.quality import UnreadableFile
from tamamo.kernel import jobs
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.uploads import UploadRefused
from tamamo.registers import ListQuery, Registers, UnknownRecord, Visitor
from tamamo.registers.imports import ImportRefused
from tamamo.server.jobs import JOBS
from tamamo.server.work import load
from tests.registers.conftest import TENANT, gauge
from tests.registers.test_acts import editor

GAUGES = "river_gauges"
HEADER = ["観測所コード", "観測所名", "緯度", "経度", "氾濫注意水位", "氾濫開始水位", "むかしの列"]
ROWS = [
    ["1", "甲川", "34.3", "134.0", "２．０", "3", "x"],
    ["2", "乙川", "34.3", "134.1", "2", "1", "x"],
    ["3", "丙川", "三十四", "134.1", "2", "3", "x"],
    ["4", "", "34.3", "134.1", "", "", ""],
    ["1", "甲川の二", "34.3", "134.0", "2", "3", "x"],
    ["5", "'=丁川", "34.3", "134.2", "", "4.5", ""],
]


def csv_of(rows: list[list[str]], encoding: str = "cp932") -> bytes:
    return "\r\n".join(",".join(row) for row in rows).encode(encoding)


def workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def test_from_the_file_to_the_undo(
    broker: Broker, registers: Registers, operator: Visitor
) -> None:
    before = gauge(registers, "1", name="甲川", alertLevel=1.0, dangerLevel=3.0, remarks="旧")
    await broker.entities.create(TENANT, before)
    imports = registers.imports
    titled = [["水位計の一覧", "", "", "", "", "", ""], HEADER, *ROWS]
    begun = await imports.begin(operator, GAUGES, "../水位計.csv", csv_of(titled))
    assert (begun.filename, begun.encoding, begun.header_row) == ("水位計.csv", "cp932", 2)
    assert begun.matching == {
        "観測所コード": "stationID", "観測所名": "name", "緯度": "location.latitude",
        "経度": "location.longitude", "氾濫注意水位": "alertLevel",
        "氾濫開始水位": "dangerLevel", "むかしの列": None,
    }  # fmt: skip
    shown = await imports.preview(operator, begun.id, begun.matching)
    assert (shown.new, shown.changed, shown.unchanged, shown.rejected) == (1, 1, 0, 4)
    (changed,) = shown.changed_sample
    assert {c.field for c in changed.changes} == {"alertLevel", "location"}
    assert {(one.row, one.column) for one in shown.rejected_sample} == {
        (4, "氾濫開始水位"), (5, "緯度"), (6, "観測所名"), (7, "観測所コード"),
    }  # fmt: skip
    assert shown.rejected_sample[2].ja == "観測所名：入力してください"
    assert shown.rejected_sample[3].en == "row 3 is the same record"
    batch = await imports.apply(operator, begun.id, note="年度更新")
    assert (batch.created, batch.changed, batch.refused) == (1, 1, 4)
    assert await imports.apply(operator, begun.id) == batch  # a second press
    one = await registers.one(operator, GAUGES, "urn:ngsi-ld:FloodMonitoring:5")
    assert one.title == "=丁川"
    first = await registers.one(operator, GAUGES, before.id)
    assert (first.cells["alertLevel"].value, first.cells["remarks"].value) == (2.0, "旧")
    rejects = openpyxl.load_workbook(io.BytesIO(await imports.rejects(operator, begun.id)))
    table = list(rejects.worksheets[0].iter_rows(values_only=True))
    assert table[0][-4:] == ("行 / Row", "列 / Column", "理由", "Reason")
    assert table[2][:3] == ("3", "丙川", "三十四")
    assert [row[-4] for row in table[1:]] == [4, 5, 6, 7]
    history = await registers.recent(operator)
    assert [(e.kind, e.batch, e.note) for e in history] == [("import", batch.id, "年度更新")] * 2
    await registers.undo_batch(operator, GAUGES, batch.id)
    with pytest.raises(UnknownRecord):
        await registers.one(operator, GAUGES, one.id)
    again = await registers.one(operator, GAUGES, before.id)
    assert again.cells["alertLevel"].value == 1.0


async def test_whole_or_nothing(registers: Registers, operator: Visitor) -> None:
    imports = registers.imports
    begun = await imports.begin(operator, GAUGES, "a.csv", csv_of([HEADER, *ROWS], "utf-8"))
    with pytest.raises(ImportRefused) as refused:
        await imports.apply(operator, begun.id)
    assert refused.value.code == "not_previewed"
    await imports.preview(operator, begun.id, begun.matching, whole=True)
    with pytest.raises(ImportRefused) as refused:
        await imports.apply(operator, begun.id)
    assert refused.value.code == "rejected_rows"
    assert (await registers.page(operator, GAUGES)).total == 0
    good = csv_of([HEADER, ROWS[0], ROWS[5]], "utf-8")
    begun = await imports.begin(operator, GAUGES, "a.csv", good)
    await imports.preview(operator, begun.id, begun.matching, whole=True)
    assert (await imports.apply(operator, begun.id)).created == 2


async def test_an_export_comes_back_unchanged(
    broker: Broker, registers: Registers, operator: Visitor
) -> None:
    for key in ("1", "北/2"):
        entity = gauge(registers, key, name="-1 川", alertLevel=2.5, remarks="二行\nある")
        await broker.entities.create(TENANT, entity)
    for form, language in (("csv", "ja"), ("xlsx", "en")):
        parts = registers.export(operator, GAUGES, ListQuery(), form, language=language)  # type: ignore[arg-type]
        content = b"".join([part async for part in parts])
        begun = await registers.imports.begin(operator, GAUGES, f"a.{form}", content)
        shown = await registers.imports.preview(operator, begun.id, begun.matching, blank="clear")
        assert (shown.new, shown.changed, shown.unchanged, shown.rejected) == (0, 0, 2, 0)


async def test_empty_cells_keep_or_clear(
    broker: Broker, registers: Registers, operator: Visitor
) -> None:
    await broker.entities.create(TENANT, gauge(registers, "4", river="旧川"))
    content = csv_of([["stationID", "河川名", "観測所名"], ["4", "", "新"]], "utf-8")
    begun = await registers.imports.begin(operator, GAUGES, "a.csv", content)
    kept = await registers.imports.preview(operator, begun.id, begun.matching)
    cleared = await registers.imports.preview(operator, begun.id, begun.matching, blank="clear")
    assert [c.field for c in kept.changed_sample[0].changes] == ["name"]
    assert [c.field for c in cleared.changed_sample[0].changes] == ["name", "river"]


async def test_ids_of_something_else_and_endless_keys(
    registers: Registers, operator: Visitor
) -> None:
    rows = [["ID (URI)", "観測所番号", "観測所名", "緯度", "経度"]]
    rows += [["urn:ngsi-ld:AED:1", "1", "x", "34", "134"], ["", "9" * 101, "x", "34", "134"]]
    begun = await registers.imports.begin(operator, GAUGES, "a.csv", csv_of(rows, "utf-8"))
    assert begun.matching["ID (URI)"] == "@id"
    shown = await registers.imports.preview(operator, begun.id, begun.matching)
    assert [one.en for one in shown.rejected_sample] == [
        "this is no id of this register", "Station number: at most 100 characters",
    ]  # fmt: skip


async def test_what_cannot_be_matched(registers: Registers, operator: Visitor) -> None:
    content = csv_of([HEADER, ROWS[0]], "utf-8")
    begun = await registers.imports.begin(operator, GAUGES, "a.csv", content)
    for change, code in (
        ({"観測所コード": None}, "no_key"),
        ({"むかしの列": "name"}, "twice"),
        ({"経度": None}, "half_a_place"),
        ({"むかしの列": "currentLevel"}, "no_match"),
        ({"ない列": "river"}, "no_match"),
    ):
        with pytest.raises(ImportRefused) as refused:
            await registers.imports.preview(operator, begun.id, {**begun.matching, **change})
        assert refused.value.code == code


async def test_formulas_macros_and_other_files(registers: Registers, operator: Visitor) -> None:
    begin = registers.imports.begin
    formula = workbook([["stationID", "観測所名"], ["1", "=A2&A2"]])
    with pytest.raises(ImportRefused) as refused:
        await begin(operator, GAUGES, "a.xlsx", formula)
    assert refused.value.code == "formulas"
    assert "B2" in refused.value.ja
    plain = workbook([["stationID", "観測所名"], ["1", "x"]])
    held = io.BytesIO(plain)
    with zipfile.ZipFile(held, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\0macro")
    with pytest.raises(UploadRefused):
        await begin(operator, GAUGES, "a.xlsx", held.getvalue())
    with pytest.raises(UploadRefused):
        await begin(operator, GAUGES, "a.xlsx", b"MZ\x90\0program")
    with pytest.raises(UnreadableFile):
        await begin(operator, GAUGES, "a.csv", b"stationID,\x81\x81\xff\xff\n1,2\n")
    begun = await begin(operator, GAUGES, "a.xlsx", plain)
    assert begun.sheets == ("Sheet",)


async def test_an_import_is_ones_own_and_within_ones_rights(
    broker: Broker, registers: Registers, operator: Visitor
) -> None:
    register = registers.register(GAUGES)
    await broker.entities.create(TENANT, gauge(registers, "1"))
    hanako = editor(register.type, attrs=frozenset({register.column("river").iri}))
    content = csv_of([["stationID", "河川名", "観測所名"], ["1", "新川", "別"]], "utf-8")
    begun = await registers.imports.begin(hanako, GAUGES, "a.csv", content)
    assert begun.matching == {"stationID": "stationID", "河川名": "river", "観測所名": None}
    with pytest.raises(UnknownRecord):
        await registers.imports.get(operator, begun.id)
    await registers.imports.preview(hanako, begun.id, begun.matching)
    assert (await registers.imports.apply(hanako, begun.id)).changed == 1
    with pytest.raises(Forbidden):
        await registers.imports.begin(editor("urn:other"), GAUGES, "a.csv", content)


async def test_a_real_list_of_shelters(
    registers: Registers, operator: Visitor, shared_data: Any
) -> None:
    content = (shared_data / "opendata" / "0060_evacuation_space.xlsx").read_bytes()
    begun = await registers.imports.begin(operator, "shelters", "0060.xlsx", content)
    assert set(begun.matching) == set(begun.columns)
    assert None not in begun.matching.values()
    shown = await registers.imports.preview(operator, begun.id, begun.matching)
    assert (shown.new, shown.changed, shown.unchanged, shown.rejected) == (195, 0, 0, 0)
    batch = await registers.imports.apply(operator, begun.id)
    assert batch.created == 195
    page = await registers.page(operator, "shelters", ListQuery(q="ｼｮｳｶﾞｯｺｳ", size=200))
    assert page.total == 0  # 小学校 is written in kanji everywhere
    page = await registers.page(operator, "shelters", ListQuery(q="小学校 番丁"))
    assert {row.title for row in page.rows} >= {"新番丁小学校"}
    await registers.undo_batch(operator, "shelters", batch.id)
    assert (await registers.page(operator, "shelters")).total == 0


async def test_a_real_list_of_aeds(
    registers: Registers, operator: Visitor, shared_data: Any
) -> None:
    content = (shared_data / "opendata" / "0002_aed_location.xlsx").read_bytes()
    begun = await registers.imports.begin(operator, "aed", "0002.xlsx", content)
    shown = await registers.imports.preview(operator, begun.id, begun.matching)
    assert (shown.new, shown.rejected) == (449, 1)
    (rejected,) = shown.rejected_sample
    assert (rejected.row, rejected.column) == (436, "endTime")
    assert rejected.ja == "終了時間：日時として読めません：'1700'"


async def test_a_failure_in_the_middle_writes_nothing_and_can_be_tried_again(
    registers: Registers, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[str(n), f"川{n}", "34.3", "134.0"] for n in range(700)]
    header = ["stationID", "name", "緯度", "経度"]
    imports = registers.imports
    begun = await imports.begin(operator, GAUGES, "a.csv", csv_of([header, *rows], "utf-8"))
    await imports.preview(operator, begun.id, begun.matching)
    told: list[int] = []

    async def break_down(desk: Any, identifier: str, done: int) -> None:
        told.append(done)
        if done > 500:
            raise RuntimeError("the machine stopped")

    with monkeypatch.context() as patch:
        patch.setattr("tamamo.registers.imports.applying._tell", break_down)
        with pytest.raises(RuntimeError):
            await imports.apply(operator, begun.id)
    assert told == [500, 700]
    assert (await registers.page(operator, GAUGES)).total == 0
    kept = await imports.progress(operator, begun.id)
    assert (kept.state, kept.error["code"]) == ("failed", "failed")  # type: ignore[index]
    first, second = await asyncio.gather(
        imports.apply(operator, begun.id), imports.apply(operator, begun.id), return_exceptions=True
    )
    outcomes = [one for one in (first, second) if not isinstance(one, BaseException)]
    assert outcomes[0].created == 700
    assert (await registers.page(operator, GAUGES)).total == 700
    kept = await imports.progress(operator, begun.id)
    assert (kept.state, kept.done, kept.total) == ("done", 700, 700)


async def test_a_long_import_is_a_job(
    broker: Broker, registers: Registers, operator: Visitor
) -> None:
    content = csv_of([HEADER, ROWS[0]], "utf-8")
    begun = await registers.imports.begin(operator, GAUGES, "a.csv", content)
    await registers.imports.preview(operator, begun.id, begun.matching)
    number = await registers.imports.start(operator, begun.id, note="夜間")
    async with broker.pool.connection() as connection:
        job = await jobs.find(connection, None, number)
    assert job is not None
    assert (job.name, job.actor) == ("register.import", "installation")
    args = {"import": begun.id, "note": "夜間"}
    run = jobs.Run(broker.pool, broker, job.tenant, job.actor, number, job.name, args)
    result = await load(JOBS[job.name].where)(run)
    assert (result["created"], result["changed"]) == (1, 0)
    assert (await registers.recent(operator))[0].note == "夜間"
