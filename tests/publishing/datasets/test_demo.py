"""The demo's tables reach the public by two people, say they are simulated, make entities."""

from tamamo.publishing.datasets import RowsQuery
from tamamo.publishing.datasets.demo import bring, examples
from tests.publishing.datasets.conftest import Hall


async def test_the_demos_tables(hall: Hall) -> None:
    for one in examples():
        assert await bring(hall.broker, hall.officer, hall.approver, one) == len(one.tables)
        shown = await hall.datasets.one(None, hall.tenant, one.id)
        assert shown.metadata.simulated and shown.version == len(one.tables)
        assert all(field.label.ja and field.label.en for field in shown.fields)
    found = await hall.datasets.compare(None, hall.tenant, "aed", 1, 2)
    assert (found.added, found.removed, found.changed, found.same) == (2, 1, 2, 5)
    population = await hall.datasets.one(None, hall.tenant, "population-by-district")
    assert population.time_field is not None and population.rows == 16
    month = RowsQuery(filters={population.time_field.name: "2026-09"})
    assert (await hall.datasets.rows(None, hall.tenant, population.id, month)).total == 4
    entities = await hall.all(
        "select id from entity where tenant = %s and id like %s order by id", hall.tenant, "%:aed:%"
    )
    assert len(entities) == 9 and not any("A008" in row[0] for row in entities)
    aed = (await hall.datasets.versions(None, hall.tenant, "aed"))[0]
    assert aed.reports.standard is not None and aed.reports.standard["score"] > 50
    await hall.datasets.unpublish(hall.officer, "aed", "")
    gone = await hall.all(
        "select count(*) from entity where tenant = %s and id like %s", hall.tenant, "%:aed:%"
    )
    assert gone == [(0,)]
    await hall.datasets.roll_back(hall.approver, "aed", 1)
    back = await hall.all("select count(*) from entity where tenant = %s and id like %s",
                          hall.tenant, "%:aed:%")  # fmt: skip
    assert back == [(8,)]
