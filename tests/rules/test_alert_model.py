"""The entity of an alert: what dataModel.Alert of the Smart Data Models requires, and its words."""

from datetime import timedelta

from tamamo import rules
from tamamo.context.broker import Broker
from tamamo.kernel.database import transaction
from tamamo.kernel.time import to_text
from tamamo.rules.rule import iri_of
from tamamo.rules.service import Evaluation
from tamamo.rules.shipped import shipped
from tests.rules.conftest import START, caught_up, gauge, level_rule


async def test_an_alert_is_one_of_smart_data_models_before_it_ever_fired(broker: Broker) -> None:
    async with transaction(broker.pool) as connection:
        rule = level_rule(timing={"for": "PT10M"})
        await rules.save(connection, "default", rule, actor="user:1")
    evaluation = Evaluation(broker)
    for minutes, state in ((0, "pending"), (10, "firing"), (20, "normal")):
        level = 0.1 if state == "normal" else 1.5
        await broker.observations.record("default", [gauge("a", level, minutes)])
        await caught_up(evaluation)
        found = await broker.entities.find("default", "urn:ngsi-ld:Alert:level:a")
        assert found is not None
        said = {name: found.attrs[iri_of(name)][0] for name in ("state", "category", "severity")}
        assert [one["value"] for one in said.values()] == [state, "environment", "high"]
        assert found.attrs[iri_of("alertSource")][0]["object"] == gauge("a", 0, 0).id
        issued = START + timedelta(minutes=0 if state == "pending" else 10)
        assert found.attrs[iri_of("dateIssued")][0]["value"] == to_text(issued)
        assert iri_of("subCategory") not in found.attrs


def test_the_shipped_rules_use_its_words() -> None:
    words = rules.schema()["$defs"]
    for rule in shipped().values():
        assert rule.category in words["category"]["enum"]
        assert rule.sub_category in {*words["sub_category"]["enum"], ""}
