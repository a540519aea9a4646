"""What nobody may see stays unseen: by tenant, scope, attribute; personal reads are noted."""

from pathlib import Path

import orjson
import pytest

from tamamo.context.broker import Broker
from tamamo.kernel.audit.listing import Filter, page
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import (
    EVERYTHING,
    INSTALLATION,
    Access,
    Actor,
    Grant,
    Part,
    Reach,
    Role,
    unlimited,
)
from tamamo.registers import ListQuery, Registers, UnknownRecord, Visitor, catalogue
from tamamo.registers.declaration import Declaration, Register
from tamamo.registers.projection import sync
from tests.registers.conftest import TENANT, gauge
from tests.registers.test_acts import GAUGES


async def fill(broker: Broker, registers: Registers) -> None:
    for key, scope in (("1", "/north/a"), ("2", "/northern"), ("3", "/south"), ("4", None)):
        entity = gauge(registers, key, name=f"甲{key}", river="秘密川", alertLevel=float(key))
        entity.scopes = [scope] if scope else []
        await broker.entities.create(TENANT, entity)
    two_kinds = gauge(registers, "5")
    two_kinds.types.append("urn:other")
    await broker.entities.create(TENANT, two_kinds)
    await broker.entities.create("ayagawa", gauge(registers, "1", name="よその町"))


def limited(part: Part, *roles: Role) -> Visitor:
    reach = Reach((part,))
    access = Access(TENANT, reach, reach, reach, frozenset(roles))
    return Visitor(TENANT, Actor("user:3", "x"), access)


async def everything_seen(registers: Registers, visitor: Visitor) -> set[str]:
    """The keys told by any way of reading."""
    query = ListQuery(size=200)
    rows = {row.id for row in (await registers.page(visitor, GAUGES, query)).rows}
    ids = set(await registers.ids(visitor, GAUGES, query))
    points = {one.id for one in (await registers.points(visitor, GAUGES, query)).points}
    parts = [part async for part in registers.export(visitor, GAUGES, query, "geojson")]
    features = {one["id"] for one in orjson.loads(b"".join(parts))["features"]}
    assert rows == ids == points == features
    assert (await registers.page(visitor, GAUGES, query)).total == len(rows)
    return {one.rpartition(":")[2] for one in rows}


async def test_of_other_tenants_nothing(broker: Broker, registers: Registers) -> None:
    await fill(broker, registers)
    neighbour = Visitor("ayagawa", INSTALLATION, unlimited("ayagawa"))
    assert await everything_seen(registers, neighbour) == {"1"}
    with pytest.raises(UnknownRecord):
        await registers.one(neighbour, GAUGES, "urn:ngsi-ld:FloodMonitoring:2")
    home = Visitor(TENANT, INSTALLATION, unlimited(TENANT))
    version = (await registers.one(home, GAUGES, "urn:ngsi-ld:FloodMonitoring:2")).version
    edit = await registers.edit(
        home, GAUGES, "urn:ngsi-ld:FloodMonitoring:2", version, {"river": "x"}
    )
    assert edit is not None
    for act in (
        registers.edit(neighbour, GAUGES, "urn:ngsi-ld:FloodMonitoring:2", version, {"river": "y"}),
        registers.delete(neighbour, GAUGES, "urn:ngsi-ld:FloodMonitoring:2", version),
        registers.undo(neighbour, GAUGES, edit.id),
    ):
        with pytest.raises(UnknownRecord):
            await act
    assert await registers.recent(neighbour) == []
    assert await registers.history(neighbour, GAUGES, "urn:ngsi-ld:FloodMonitoring:2") == []


async def test_of_other_scopes_nothing(broker: Broker, registers: Registers) -> None:
    await fill(broker, registers)
    kind = registers.register(GAUGES).type
    visitor = limited(Part(frozenset({kind}), None, ("/north",)), Role.EDITOR)
    assert await everything_seen(registers, visitor) == {"1"}
    hidden = "urn:ngsi-ld:FloodMonitoring:2"
    with pytest.raises(UnknownRecord):
        await registers.one(visitor, GAUGES, hidden)
    with pytest.raises(UnknownRecord):
        await registers.history(visitor, GAUGES, hidden)
    values = {"stationID": "9", "name": "新", "location": {"longitude": 134.0, "latitude": 34.0}}
    made = await registers.create(visitor, GAUGES, values)
    assert (await broker.entities.get(TENANT, made.entity_id)).scopes == ["/north"]
    batch = await registers.bulk_edit(visitor, GAUGES, [hidden, made.entity_id], {"river": "z"})
    assert (batch.changed, batch.refused) == (1, 1)


async def test_of_several_types_all_are_needed(broker: Broker, registers: Registers) -> None:
    await fill(broker, registers)
    kind = registers.register(GAUGES).type
    assert "5" not in await everything_seen(registers, limited(Part(frozenset({kind}))))
    both = limited(Part(frozenset({kind, "urn:other"})))
    assert "5" in await everything_seen(registers, both)
    but = limited(Part(but_types=frozenset({"urn:other"})))
    assert await everything_seen(registers, but) == {"1", "2", "3", "4"}


async def test_hidden_columns_are_told_by_nothing(broker: Broker, registers: Registers) -> None:
    await fill(broker, registers)
    register = registers.register(GAUGES)
    shown = frozenset(register.column(name).iri for name in ("name", "location"))
    visitor = limited(Part(frozenset({register.type}), shown))
    page_shown = await registers.page(visitor, GAUGES, ListQuery(sort="-alertLevel"))
    assert {name for row in page_shown.rows for name in row.cells} == {
        "stationID", "name", "location",
    }  # fmt: skip
    # Neither the order nor a search nor a filter lets a hidden value be guessed.
    assert [row.cells["stationID"].value for row in page_shown.rows] == ["1", "2", "3", "4"]
    assert (await registers.page(visitor, GAUGES, ListQuery(q="秘密"))).total == 0
    assert (await registers.page(visitor, GAUGES, ListQuery(q="甲1"))).total == 1
    for filters in ({"alertLevel": ["3.."]}, {"river": ["秘密"]}, {"river": ["none"]}):
        assert (await registers.page(visitor, GAUGES, ListQuery(filters=filters))).total == 4
    parts = [part async for part in registers.export(visitor, GAUGES, ListQuery(), "csv")]
    assert "秘密川".encode() not in b"".join(parts)
    history = await registers.history(visitor, GAUGES, "urn:ngsi-ld:FloodMonitoring:1")
    assert {c.field for edit in history for c in edit.changes} <= {"stationID", "name", "location"}


async def test_fields_for_some_roles_and_units_only(
    broker: Broker, registers: Registers, tmp_path: Path
) -> None:
    file = tmp_path / "river_gauges.toml"
    source = (catalogue.PACKAGE / "registers/declared/river_gauges.toml").read_text("utf-8")
    name = 'name = "dangerLevel"'
    head, tail = source.split(name)
    tail = tail.replace("edit = {}", 'edit = { roles = ["approver"], units = ["危機管理課"] }', 1)
    file.write_text(head + name + tail, "utf-8")
    register, faults = catalogue.read(file)
    assert (register is not None, faults) == (True, [])
    assert register is not None
    strict = Registers(broker, {GAUGES: register})
    write = Reach((Part(frozenset({register.type})),))

    def visitor(role: Role, unit: str) -> Visitor:
        grant = Grant("g", TENANT, role, unit)
        access = Access(TENANT, EVERYTHING, write, EVERYTHING, frozenset({role}))
        return Visitor(TENANT, Actor("user:4", "x", (grant,)), access)

    for role, unit, allowed in (
        (Role.EDITOR, "総務局/危機管理課", False),
        (Role.APPROVER, "総務局/税務課", False),
        (Role.APPROVER, "総務局/危機管理課", True),
    ):
        fields = strict.rights(visitor(role, unit), register).fields
        assert ("dangerLevel" in fields) is allowed
        assert "alertLevel" in fields
    # Editor of this unit and approver of another, or of another type: an approver of neither.
    both = frozenset({Role.EDITOR, Role.APPROVER})
    here = Grant("g", TENANT, Role.EDITOR, "総務局/危機管理課")
    for elsewhere in (
        Grant("h", TENANT, Role.APPROVER, "総務局/税務課"),
        Grant("h", TENANT, Role.APPROVER, types=("urn:x",)),
        Grant("h", "ayagawa", Role.APPROVER),
    ):
        access = Access(TENANT, EVERYTHING, write, EVERYTHING, both)
        mixed = Visitor(TENANT, Actor("user:4", "x", (here, elsewhere)), access)
        assert "dangerLevel" not in strict.rights(mixed, register).fields, elsewhere
        assert "alertLevel" in strict.rights(mixed, register).fields
    await broker.entities.create(TENANT, gauge(registers, "1", dangerLevel=5.0))
    one = "urn:ngsi-ld:FloodMonitoring:1"
    chief, other = visitor(Role.APPROVER, "危機管理課"), visitor(Role.EDITOR, "危機管理課")
    version = (await strict.one(chief, GAUGES, one)).version
    edit = await strict.edit(chief, GAUGES, one, version, {"dangerLevel": 6.0})
    assert edit is not None
    with pytest.raises(Forbidden):  # what one may not do, one may not undo
        await strict.undo(other, GAUGES, edit.id)


async def test_personal_data_are_read_on_record(
    broker: Broker, registers: Registers, operator: Visitor
) -> None:
    gauges = registers.register(GAUGES)
    declaration = Declaration(
        **{name: getattr(gauges.declaration, name) for name in Declaration.__struct_fields__}
        | {"personal": True}
    )
    personal = Registers(broker, {GAUGES: Register(declaration, gauges.file)})
    await broker.entities.create(TENANT, gauge(registers, "1"))
    one = (await personal.page(operator, GAUGES)).rows[0]
    await personal.edit(operator, GAUGES, one.id, one.version, {"river": "秘密川"})
    entries = (await page(broker.pool, Filter())).entries
    said = [(entry.action, entry.object) for entry in entries]
    assert said == [("register.edit", one.id), ("personal.read", one.id)]
    assert "秘密川" not in f"{entries[0].before}{entries[0].after}"
    assert orjson.loads(entries[0].after or "")["fields"] == ["river"]
    for known in (GAUGES, None):  # the values before and after stand in what happened lately
        assert await personal.recent(operator, known)
        newest = (await page(broker.pool, Filter(), limit=1)).entries[0]
        assert (newest.action, newest.object) == ("personal.read", one.id)
        assert "register.recent" in (newest.after or "")


async def test_every_town_knows_whose_the_types_are(broker: Broker) -> None:
    async with broker.pool.connection() as connection:
        await connection.execute("insert into tenant (name) values ('newtown')")
        await connection.execute(
            "insert into org_unit (tenant, id, name, valid_from)"
            " values ('default', '総務局/危機管理課', '危機管理課', '2020-04-01')"
        )
    await sync(broker.pool, catalogue.declared())
    async with broker.pool.connection() as connection:
        cursor = await connection.execute(
            "select tenant, unit from owned_type where type like '%/FloodMonitoring' order by 1"
        )
        assert await cursor.fetchall() == [
            ("default", "総務局/危機管理課"), ("newtown", "危機管理課"),
        ]  # fmt: skip
        await connection.execute("update owned_type set unit = '市民局/くらし安全課'")
    await sync(broker.pool, catalogue.declared())
    async with broker.pool.connection() as connection:
        cursor = await connection.execute("select distinct unit from owned_type")
        assert await cursor.fetchall() == [("市民局/くらし安全課",)]  # somebody's word stays
