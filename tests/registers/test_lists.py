from tamamo.context.broker import Broker
from tamamo.registers import ListQuery, Registers, Visitor
from tests.registers.conftest import TENANT, gauge


async def test_first_page(broker: Broker, registers: Registers, operator: Visitor) -> None:
    for key, level in (("9", 1.0), ("10", -2.5), ("a", None)):
        await broker.entities.create(TENANT, gauge(registers, key, currentLevel=level))
    page = await registers.page(operator, "river_gauges", ListQuery())
    assert [row.cells["stationID"].value for row in page.rows] == ["9", "10", "a"]
    assert (page.total, page.exact, page.pages) == (3, True, 1)
    page = await registers.page(operator, "river_gauges", ListQuery(sort="currentLevel"))
    assert [row.cells["currentLevel"].value for row in page.rows] == [-2.5, 1.0, None]
    page = await registers.page(operator, "river_gauges", ListQuery(sort="-currentLevel"))
    assert [row.cells["currentLevel"].value for row in page.rows] == [1.0, -2.5, None]
