"""The service: every committed reading evaluated, every effect once."""

from tamamo import rules
from tamamo.context.broker import Broker
from tamamo.kernel.database import single, transaction
from tamamo.rules.service import Evaluation
from tests.rules.conftest import gauge, level_rule


async def caught_up(evaluation: Evaluation) -> None:
    while await evaluation.step():
        pass


async def test_a_level_makes_an_alert_with_its_events_and_history(broker: Broker) -> None:
    async with transaction(broker.pool) as connection:
        await rules.save(connection, "default", level_rule(), actor="user:1")
    evaluation = Evaluation(broker)
    await broker.observations.record("default", [gauge("a", 0.5, 0)])
    await caught_up(evaluation)
    # One call brings several readings: each of them counts.
    readings = [gauge("a", level, n) for n, level in ((10, 1.1), (20, 0.9), (30, 0.7), (40, 1.2))]
    await broker.observations.record("default", readings)
    await caught_up(evaluation)
    async with single(broker.pool) as connection:
        events = await rules.events_after(connection, "default", 0)
        (alert,) = [one for one in await rules.alerts(connection, "default") if one.rule == "level"]
    told = [(e.before, e.after, e.episode, e.at.minute) for e in events if e.rule == "level"]
    assert told == [
        ("normal", "firing", 1, 10),
        ("firing", "normal", 1, 30),
        ("normal", "firing", 2, 40),
    ]
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    assert (alert.state, alert.episode, alert.value, alert.threshold) == ("firing", 2, 1.2, 1.0)
    assert alert.id == "urn:ngsi-ld:Alert:level:a"
    assert alert.description == {"ja": "橋 a 1.2m", "en": "橋 a 1.2 m"}
