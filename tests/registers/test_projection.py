"""The rows of lists follow the entities, whatever changes them, and the declarations."""

from pathlib import Path

import pytest

from tamamo.context.broker import Broker
from tamamo.context.entities.service import changing
from tamamo.context.model import merge
from tamamo.context.model.entity import Entity
from tamamo.context.tenants import snapshot_tenant
from tamamo.registers import ListQuery, Registers, Visitor, catalogue
from tamamo.registers.projection import sync
from tests.registers.conftest import TENANT, gauge

GAUGES = "river_gauges"
ONE = "urn:ngsi-ld:FloodMonitoring:1"


async def names(registers: Registers, visitor: Visitor, q: str = "") -> list[str]:
    return [row.title for row in (await registers.page(visitor, GAUGES, ListQuery(q=q))).rows]


async def test_whatever_changes_an_entity_changes_its_row(
    broker: Broker, registers: Registers, operator: Visitor
) -> None:
    register = registers.register(GAUGES)
    await broker.observations.record(TENANT, [gauge(registers, "1", name="甲川")])
    assert await names(registers, operator, "甲") == ["甲川"]
    iri = register.column("name").iri
    await broker.entities.update_attribute(TENANT, ONE, iri, {"value": "乙川"})
    assert await names(registers, operator, "甲") == []
    assert await names(registers, operator, "乙") == ["乙川"]
    await broker.entities.delete_attribute(TENANT, ONE, iri)
    assert await names(registers, operator) == ["1"]

    def other_type(entity: Entity, now: str) -> tuple[Entity, merge.Change]:
        new = Entity(entity.id, ["urn:other"], dict(entity.attrs))
        return merge.replace_entity(entity, new, now)

    await broker.entities.run([changing(TENANT, ONE, other_type)])
    assert await names(registers, operator) == []
    await broker.entities.delete(TENANT, ONE)
    await broker.entities.create(TENANT, gauge(registers, "1", name="丙川"))
    assert await names(registers, operator) == ["丙川"]
    await broker.entities.delete(TENANT, ONE)
    assert await names(registers, operator) == []


async def test_a_key_that_is_not_stored_is_read_from_the_id(
    broker: Broker, registers: Registers, operator: Visitor
) -> None:
    entity = gauge(registers, "無印7", name="甲川")
    del entity.attrs[registers.register(GAUGES).key.iri]
    await broker.entities.create(TENANT, entity)
    page = await registers.page(operator, GAUGES, ListQuery(q="無印"))
    assert [row.cells["stationID"].value for row in page.rows] == ["無印7"]


async def test_a_declaration_that_changed_makes_its_rows_anew(
    broker: Broker, registers: Registers, operator: Visitor, tmp_path: Path
) -> None:
    for key in ("1", "2", "3"):
        await broker.entities.create(TENANT, gauge(registers, key, river=f"川{key}"))
    assert await sync(broker.pool, catalogue.declared()) == 0
    source = (catalogue.PACKAGE / "registers/declared/river_gauges.toml").read_text("utf-8")
    file = tmp_path / "river_gauges.toml"
    file.write_text(source.replace('name = "river"\n', 'name = "river"\nsorted = false\n'), "utf-8")
    changed, _ = catalogue.read_all([file])
    told: list[tuple[str, int]] = []
    assert await sync(broker.pool, changed, lambda *step: told.append(step)) == 3
    assert told[-1] == (GAUGES, 3)
    async with broker.pool.connection() as connection:
        rows = await (
            await connection.execute("select register, cardinality(keys) from register_row")
        ).fetchall()
        watched = await (
            await connection.execute(
                "select pg_get_triggerdef(oid) from pg_trigger where tgname = 'register_created'"
            )
        ).fetchone()
    assert rows == [(GAUGES, len(changed[GAUGES].sortable))] * 3
    assert watched is not None
    assert "FloodMonitoring" in watched[0]
    assert "EvacuationShelter" not in watched[0]


async def test_a_list_is_read_by_its_index(
    broker: Broker, registers: Registers, operator: Visitor
) -> None:
    """The first page of any order, and a search, look at few rows however many there are."""
    from tamamo.registers import listing

    register = registers.register(GAUGES)
    async with broker.pool.connection() as connection:
        await connection.execute(
            "insert into register_row (tenant, register, entity_id, types, scopes, keys, texts,"
            " facets, grams) select 'default', 'river_gauges', 'urn:' || i, array[%s::text], '{}',"
            " array_fill(i::text, array[10]), array[t, t, t, t, t], '{}',"
            " register_grams(t, 'default', 'river_gauges')"
            " from generate_series(1, 20000) i, lateral (select '水位計第' || i || '号') x (t)",
            [register.type],
        )
        await connection.execute("analyze register_row")
        every = frozenset(column.name for column in register.columns)
        for query in (ListQuery(sort="-alertLevel"), ListQuery(q="19999")):
            selection = listing.select(operator, register, query)
            by = listing.sorting(register, query, every)
            statement = listing.page(register, selection, by, 50, 0)
            cursor = await connection.execute(
                f"explain (analyze, format json) {statement}",  # type: ignore[arg-type]
                selection.params,
                prepare=False,
            )
            plan = (await cursor.fetchone() or [None])[0]
            assert plan is not None
            assert _most_rows(plan[0]["Plan"]) <= 1_000


def _most_rows(node: dict) -> float:  # type: ignore[type-arg]
    """The most rows any step of a plan looked at, those it threw away included."""
    seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return max([seen, *map(_most_rows, node.get("Plans", []))])


@pytest.mark.parametrize("text", ["", "あ", "A" * 300, "\\", "%"])
async def test_any_text_can_be_a_name(
    broker: Broker, registers: Registers, operator: Visitor, text: str
) -> None:
    await broker.entities.create(TENANT, gauge(registers, "1", name=text))
    assert (await registers.page(operator, GAUGES, ListQuery(q=text, sort="name"))).total == 1


async def test_nothing_an_entity_may_hold_refuses_its_change(
    broker: Broker, registers: Registers, operator: Visitor
) -> None:
    register = registers.register(GAUGES)
    odd = gauge(
        registers,
        "1",
        alertLevel=1.7e308,
        dangerLevel=5e-324,
        currentLevel=2**63,
        river={"no": "text"},
    )
    odd.attrs[register.column("locality").iri] = [
        {"type": "LanguageProperty", "languageMap": {"ja": "高松市"}}
    ]
    for key in ("1", "%FF%", "%E3%81", "x" * 1_600):
        odd.id = f"urn:ngsi-ld:FloodMonitoring:{key}"
        await broker.entities.create(TENANT, Entity(odd.id, list(odd.types), dict(odd.attrs)))
    page = await registers.page(operator, GAUGES, ListQuery(sort="-alertLevel"))
    assert page.total == 3
    assert page.rows[0].cells["alertLevel"].value == 1.7e308


async def test_a_measurement_leaves_the_row_alone(
    broker: Broker, registers: Registers, operator: Visitor
) -> None:
    for key, level in (("1", 1.0), ("2", 3.0), ("3", None)):
        await broker.entities.create(TENANT, gauge(registers, key, currentLevel=level))
    async with broker.pool.connection() as connection:
        before = await (
            await connection.execute("select entity_id, xmin, ctid from register_row order by 1")
        ).fetchall()
    iri = registers.register(GAUGES).column("currentLevel").iri
    await broker.entities.update_attribute(TENANT, ONE, iri, {"value": 4.5})
    async with broker.pool.connection() as connection:
        after = await (
            await connection.execute("select entity_id, xmin, ctid from register_row order by 1")
        ).fetchall()
    assert after == before
    for sort, keys in (("currentLevel", ["2", "1", "3"]), ("-currentLevel", ["1", "2", "3"])):
        page = await registers.page(operator, GAUGES, ListQuery(sort=sort))
        assert [row.cells["stationID"].value for row in page.rows] == keys


async def test_a_long_list_is_not_sorted_by_what_is_measured(
    broker: Broker, registers: Registers, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tamamo.registers.listing.MOST_LIVE", 1)
    for key, level in (("1", 1.0), ("2", 3.0)):
        await broker.entities.create(TENANT, gauge(registers, key, currentLevel=level))
    page = await registers.page(operator, GAUGES, ListQuery(sort="-currentLevel"))
    assert [row.cells["stationID"].value for row in page.rows] == ["1", "2"]
    assert page.query.ignored == ("sort",)


async def test_a_database_without_its_triggers_gets_them_and_its_rows_back(
    broker: Broker, registers: Registers, operator: Visitor
) -> None:
    await broker.entities.create(TENANT, gauge(registers, "1", name="甲川"))
    async with broker.pool.connection() as connection:
        for name in ("created", "updated", "deleted"):
            await connection.execute(f"drop trigger register_{name} on entity")  # type: ignore[arg-type]
    iri = registers.register(GAUGES).column("name").iri
    await broker.entities.update_attribute(TENANT, ONE, iri, {"value": "乙川"})
    assert await names(registers, operator, "甲") == ["乙川"]
    assert await sync(broker.pool, catalogue.declared()) == 1
    assert await names(registers, operator, "甲") == []
    await broker.entities.update_attribute(TENANT, ONE, iri, {"value": "丙川"})
    assert await names(registers, operator, "丙") == ["丙川"]


async def test_what_a_snapshot_holds_is_in_no_list(broker: Broker, registers: Registers) -> None:
    await broker.entities.create(snapshot_tenant(TENANT, "s", "1"), gauge(registers, "1"))
    await broker.entities.create(TENANT, gauge(registers, "1"))
    async with broker.pool.connection() as connection:
        cursor = await connection.execute("select tenant from register_row")
        assert await cursor.fetchall() == [(TENANT,)]
