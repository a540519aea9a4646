"""How the entries of the universal design map are counted: one rule, written and computed."""

from dataclasses import dataclass
from typing import Final

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.kernel import sql
from tamamo.kernel.database import single
from tamamo.publishing.facilities.model import GROUPS, REGISTER
from tamamo.registers import catalogue

_SQL: Final = sql.load("tamamo.publishing.facilities")

#: The query of the plan's indicator that counts as this does; whose project it is, the plan says.
QUERY: Final = "tamamo.publishing.facilities.counting:map_entries_figure"
RULE_JA: Final = (
    "地図に載る施設の数。名称と位置があり、出入口・トイレ・駐車場・子ども連れ・配慮のどれか1項目以上が"
    "分かっている施設を、1施設1件として数える。管理する課がいくつあっても1件。模擬データは数えない。"
)
RULE_EN: Final = (
    "Facilities on the map: each that has a name and a place and of which at least one field is "
    "known (entrance, toilet, parking, small children, help) counts as one, however many divisions "
    "keep it. Simulated ones are not counted."
)


@dataclass(frozen=True, slots=True)
class Count:
    """What the rule comes to. listed: all records, also those of which nothing is known yet."""

    entries: int
    listed: int
    simulated: int


@dataclass(frozen=True, slots=True)
class Figure:
    """The count for the plan, and how it was counted."""

    value: int
    note_ja: str
    note_en: str
    #: Simulated ones are told beside, and never counted.
    simulated: bool = False
    year: int | None = None


async def count(broker: Broker, tenant: str) -> Count:
    """Return what the rule comes to in a town now."""
    register = catalogue.declared()[REGISTER]
    columns = [register.column(name) for group in GROUPS for name in group.columns]
    async with single(broker.pool) as connection:
        cursor = await connection.execute(
            _SQL["count"],
            {
                "tenant": tenant,
                "type": register.type,
                "name": register.heading.iri,
                "place": register.column("location").iri,
                "known": [column.iri for column in columns],
                "simulated": register.column("simulated").iri,
            },
        )
        row = await cursor.fetchone()
    assert row is not None
    return Count(int(row[0]), int(row[1]), int(row[2]))


async def map_entries_figure(broker: Broker) -> Figure:
    """Return the entries of the installing town's map now; simulated ones beside."""
    found = await count(broker, DEFAULT_TENANT)
    ja, en = RULE_JA, RULE_EN
    if found.simulated:
        ja += f"（このほかに模擬{found.simulated}件）"
        en += f" ({found.simulated} more are simulated.)"
    return Figure(found.entries, ja, en)
