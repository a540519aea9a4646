"""One record changed: what is written in the one transaction, and who was first."""

import asyncio
from dataclasses import replace

import orjson
import pytest

from tamamo.context.broker import Broker
from tamamo.kernel.audit.listing import Filter
from tamamo.kernel.audit.listing import page as audit_page
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import (
    EVERYTHING,
    NOTHING,
    Access,
    Actor,
    Grant,
    Part,
    Reach,
    Role,
)
from tamamo.registers import (
    BadQuery,
    EditConflict,
    Invalid,
    ListQuery,
    NotUndoable,
    Registers,
    UnknownRecord,
    UnknownRegister,
    Visitor,
)
from tamamo.registers.desk import Desk
from tamamo.registers.rights import rights_of
from tests.registers.conftest import TENANT, gauge

GAUGES = "river_gauges"
ONE = "urn:ngsi-ld:FloodMonitoring:7"


@pytest.fixture
async def version(broker: Broker, registers: Registers, operator: Visitor) -> str:
    """A gauge with thresholds, as an editor sees it."""
    entity = gauge(registers, "7", alertLevel=2.0, dangerLevel=3.0, river="香東川")
    await broker.entities.create(TENANT, entity)
    return (await registers.one(operator, GAUGES, ONE)).version


def editor(*types: str, attrs: frozenset[str] | None = None) -> Visitor:
    grant = Grant("g", TENANT, Role.EDITOR, "危機管理課", types)
    write = Reach((Part(frozenset(types), attrs),))
    access = Access(TENANT, EVERYTHING, write, EVERYTHING, frozenset({Role.EDITOR}))
    return Visitor(TENANT, Actor("user:5", "玉藻 花子", (grant,)), access)


async def test_an_edit_is_state_history_outbox_edit_and_audit(
    broker: Broker, registers: Registers, operator: Visitor, version: str
) -> None:
    register = registers.register(GAUGES)
    visitor = editor(register.type)
    edit = await registers.edit(visitor, GAUGES, ONE, version, {"alertLevel": 2.5}, note="測量")
    assert edit is not None
    assert [(c.field, c.before.value, c.after.value) for c in edit.changes] == [  # type: ignore[union-attr]
        ("alertLevel", 2.0, 2.5)
    ]
    entity = await broker.entities.get(TENANT, ONE)
    iri = register.column("alertLevel").iri
    assert entity.attrs[iri][0]["value"] == 2.5
    assert entity.attrs[iri][0]["unitCode"] == "MTR"
    async with broker.pool.connection() as connection:
        written = await (
            await connection.execute(
                "select number from attribute_history where entity_id = %s and attr = %s"
                " order by modified_at", [ONE, iri],
            )
        ).fetchall()  # fmt: skip
        told = await (
            await connection.execute(
                "select operation, changed, previous from outbox where entity_id = %s"
                " order by seq desc limit 1", [ONE],
            )
        ).fetchone()  # fmt: skip
    assert [row[0] for row in written] == [2.0, 2.5]
    assert told is not None
    assert (told[0], told[1], told[2][iri][0]["value"]) == ("update", [iri], 2.0)
    said = (await audit_page(broker.pool, Filter(action="register"))).entries[0]
    assert (said.actor, said.action, said.object) == ("user:5", "register.edit", ONE)
    assert orjson.loads(said.before or "") == {"alertLevel": 2.0}
    assert orjson.loads(said.after or "") == {"alertLevel": 2.5, "note": "測量"}
    history = await registers.history(operator, GAUGES, ONE)
    assert [(e.kind, e.name, e.note) for e in history] == [
        ("edit", "玉藻 花子", "測量"), ("feed", "", ""),
    ]  # fmt: skip
    assert history[0].id == edit.id


async def test_nothing_is_written_when_nothing_differs(
    registers: Registers, operator: Visitor, version: str
) -> None:
    assert await registers.edit(operator, GAUGES, ONE, version, {"alertLevel": 2.0}) is None
    assert (await registers.one(operator, GAUGES, ONE)).version == version
    assert await registers.recent(operator) == []


async def test_thresholds_rise(registers: Registers, operator: Visitor, version: str) -> None:
    with pytest.raises(Invalid) as raised:
        await registers.edit(operator, GAUGES, ONE, version, {"alertLevel": 3.5})
    (error,) = raised.value.errors
    assert (error.field, error.code) == ("dangerLevel", "x-rising")
    assert error.ja == "氾濫開始水位：氾濫注意水位（3.5）より大きくしてください（いま 3.0）"
    assert error.en == "Danger level: must be above Alert level (3.5), but is 3.0"
    with pytest.raises(Invalid) as raised:
        await registers.edit(operator, GAUGES, ONE, version, {"name": None, "alertLevel": 500.0})
    assert [(e.field, e.code) for e in raised.value.errors] == [
        ("name", "required"), ("alertLevel", "maximum"), ("dangerLevel", "x-rising"),
    ]  # fmt: skip


async def test_the_second_editor_sees_the_difference_and_chooses(
    registers: Registers, operator: Visitor, version: str
) -> None:
    hanako = editor(registers.register(GAUGES).type)
    await registers.edit(hanako, GAUGES, ONE, version, {"alertLevel": 2.2, "river": "春日川"})
    with pytest.raises(EditConflict) as raised:
        await registers.edit(operator, GAUGES, ONE, version, {"alertLevel": 2.4, "dangerLevel": 4})
    found = {
        one.field: tuple(c and c.value for c in (one.base, one.theirs, one.mine))
        for one in raised.value.fields
    }
    assert found == {
        "river": ("香東川", "春日川", "香東川"),
        "alertLevel": (2.0, 2.2, 2.4),
        "dangerLevel": (3.0, 3.0, 4),
    }
    assert [one.field for one in raised.value.fields if one.overlaps] == ["alertLevel"]
    assert raised.value.by == "玉藻 花子"
    chosen = {"alertLevel": 2.4, "dangerLevel": 4}
    edit = await registers.edit(operator, GAUGES, ONE, raised.value.version, chosen)
    assert edit is not None
    assert (await registers.one(operator, GAUGES, ONE)).cells["river"].value == "春日川"


async def test_a_measurement_is_no_second_editor(
    broker: Broker, registers: Registers, operator: Visitor, version: str
) -> None:
    reading = gauge(registers, "7", currentLevel=1.5)
    iri = registers.register(GAUGES).column("currentLevel").iri
    reading.attrs = {iri: [{**reading.attrs[iri][0], "observedAt": "2026-11-22T07:00:00Z"}]}
    await broker.observations.record(TENANT, [reading])
    edit = await registers.edit(operator, GAUGES, ONE, version, {"alertLevel": 2.1})
    assert edit is not None


async def test_who_may_not(registers: Registers, version: str) -> None:
    register = registers.register(GAUGES)
    stranger = Visitor(TENANT, Actor("user:9"), Access(TENANT, NOTHING))
    reader = Visitor(TENANT, Actor("user:8"), Access(TENANT, EVERYTHING))
    other = editor("https://uri.etsi.org/ngsi-ld/default-context/AED")
    narrow = editor(register.type, attrs=frozenset({register.column("river").iri}))
    with pytest.raises(UnknownRegister):
        await registers.page(stranger, GAUGES)
    for visitor in (reader, other):
        with pytest.raises(Forbidden):
            await registers.edit(visitor, GAUGES, ONE, version, {"river": "x"})
        with pytest.raises(Forbidden):
            await registers.delete(visitor, GAUGES, ONE, version)
        with pytest.raises(Forbidden):
            await registers.create(visitor, GAUGES, {"stationID": "8"})
    with pytest.raises(Forbidden, match="alertLevel"):
        await registers.edit(narrow, GAUGES, ONE, version, {"river": "x", "alertLevel": 2.1})
    assert await registers.edit(narrow, GAUGES, ONE, version, {"river": "x"}) is not None
    with pytest.raises(Forbidden, match="currentLevel"):
        await registers.edit(editor(register.type), GAUGES, ONE, version, {"currentLevel": 9.0})


async def test_create_delete_and_undo(registers: Registers, operator: Visitor) -> None:
    values = {
        "stationID": "北/8",
        "name": "<script>alert(1)</script>",
        "location": {"longitude": 134.0, "latitude": 34.3},
    }
    created = await registers.create(operator, GAUGES, values)
    assert created.entity_id == "urn:ngsi-ld:FloodMonitoring:%E5%8C%97%2F8"
    with pytest.raises(Invalid) as raised:
        await registers.create(operator, GAUGES, values)
    assert [(e.field, e.code) for e in raised.value.errors] == [("stationID", "taken")]
    found = await registers.one(operator, GAUGES, created.entity_id)
    assert found.title == "<script>alert(1)</script>"
    deleted = await registers.delete(operator, GAUGES, found.id, found.version)
    with pytest.raises(UnknownRecord):
        await registers.one(operator, GAUGES, found.id)
    with pytest.raises(UnknownRecord):
        await registers.edit(operator, GAUGES, found.id, found.version, {"name": "x"})
    undone = await registers.undo(operator, GAUGES, deleted.id)
    assert (undone.kind, undone.undoes) == ("undo", deleted.id)
    again = await registers.one(operator, GAUGES, found.id)
    assert {n: c.value for n, c in again.cells.items()} == {
        n: c.value for n, c in found.cells.items()
    }
    with pytest.raises(NotUndoable) as refused:
        await registers.undo(operator, GAUGES, deleted.id)
    assert refused.value.code == "undone_already"
    history = await registers.history(operator, GAUGES, found.id, feeds=False)
    assert [(e.kind, e.undone_by) for e in history] == [
        ("undo", None), ("delete", undone.id), ("create", None),
    ]  # fmt: skip


async def test_who_may_create_but_not_delete_takes_back_only_what_is_their_own(
    registers: Registers, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    creator = editor(registers.register(GAUGES).type)
    rights = rights_of(creator, registers.register(GAUGES))
    monkeypatch.setattr(Desk, "rights", property(lambda _: replace(rights, delete=False)))
    place = {"longitude": 134.0, "latitude": 34.3}
    made = [
        await registers.create(who, GAUGES, {"stationID": str(n), "name": "x", "location": place})
        for n, who in ((81, operator), (82, creator))
    ]
    with pytest.raises(Forbidden):
        await registers.undo(creator, GAUGES, made[0].id)
    assert (await registers.undo(creator, GAUGES, made[1].id)).undoes == made[1].id


async def test_undo_is_refused_when_changed_since(
    registers: Registers, operator: Visitor, version: str
) -> None:
    first = await registers.edit(operator, GAUGES, ONE, version, {"alertLevel": 2.2})
    assert first is not None
    version = (await registers.one(operator, GAUGES, ONE)).version
    second = await registers.edit(operator, GAUGES, ONE, version, {"alertLevel": 2.4})
    assert second is not None
    with pytest.raises(NotUndoable) as refused:
        await registers.undo(operator, GAUGES, first.id)
    assert refused.value.code == "changed_since"
    (obstacle,) = refused.value.obstacles
    assert [(f.field, f.theirs.value) for f in obstacle.fields] == [("alertLevel", 2.4)]  # type: ignore[union-attr]
    await registers.undo(operator, GAUGES, second.id)
    await registers.undo(operator, GAUGES, first.id)
    assert (await registers.one(operator, GAUGES, ONE)).cells["alertLevel"].value == 2.0


async def test_bulk_edit_and_its_one_undo(
    broker: Broker, registers: Registers, operator: Visitor, version: str
) -> None:
    for key, danger in (("8", 5.0), ("9", 1.0)):
        await broker.entities.create(TENANT, gauge(registers, key, dangerLevel=danger))
    ids = [f"urn:ngsi-ld:FloodMonitoring:{key}" for key in ("7", "8", "9", "nowhere")]
    change = {"alertLevel": 2.0}
    shown = await registers.bulk_preview(operator, GAUGES, ids, change)
    assert (shown.changed, shown.unchanged, shown.refused_count) == (1, 1, 2)
    assert {one.entity_id: one.errors[0].code for one in shown.refused} == {
        ids[2]: "x-rising", ids[3]: "not_allowed",
    }  # fmt: skip
    now = (await registers.one(operator, GAUGES, ids[1])).version
    await registers.edit(operator, GAUGES, ids[1], now, {"river": "新川"})
    with pytest.raises(EditConflict):
        await registers.bulk_edit(operator, GAUGES, ids, change, token=shown.token)
    batch = await registers.bulk_edit(operator, GAUGES, ids, change)
    assert (batch.changed, batch.unchanged, batch.refused) == (1, 1, 2)
    assert (await registers.one(operator, GAUGES, ids[1])).cells["alertLevel"].value == 2.0
    undone = await registers.undo_batch(operator, GAUGES, batch.id)
    assert undone.changed == 1
    cells = (await registers.one(operator, GAUGES, ids[1])).cells
    assert (cells["alertLevel"].value, cells["river"].value) == (None, "新川")


async def test_of_two_at_the_same_moment_one_is_first(
    registers: Registers, operator: Visitor, version: str
) -> None:
    async def attempt(level: float) -> str:
        try:
            await registers.edit(operator, GAUGES, ONE, version, {"alertLevel": level})
        except EditConflict:
            return "second"
        return "first"

    found = await asyncio.gather(*(attempt(2.0 + n / 10) for n in range(1, 7)))
    assert sorted(found) == ["first"] + ["second"] * 5
    assert len(await registers.history(operator, GAUGES, ONE, feeds=False)) == 1


async def test_a_large_batch_is_one_event_with_its_hash(
    broker: Broker, registers: Registers, operator: Visitor
) -> None:
    number = 1_001
    entities = [gauge(registers, str(n)) for n in range(number)]
    await broker.observations.record(TENANT, entities)
    batch = await registers.bulk_edit(operator, GAUGES, ListQuery(), {"river": "春日川"})
    assert batch.changed == number
    entries = (await audit_page(broker.pool, Filter(action="register"))).entries
    assert [(one.action, one.object) for one in entries] == [("register.bulk", f"batch:{batch.id}")]
    assert orjson.loads(entries[0].after or "")["records"] == number
    undone = await registers.undo_batch(operator, GAUGES, batch.id)
    assert undone.changed == number
    page = await registers.page(operator, GAUGES, ListQuery(filters={"river": ["none"]}))
    assert page.total == number
    with pytest.raises(BadQuery):
        await registers.bulk_preview(operator, GAUGES, [str(n) for n in range(10_001)], {})
