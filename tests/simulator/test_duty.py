"""The demo's duty officers: somebody is on duty at any time, and nobody real is called."""

from datetime import UTC, datetime, timedelta

from tamamo.calling import duty, store
from tamamo.calling.engine import step_people
from tamamo.calling.matching import Alarm, chosen
from tamamo.context.broker import open_broker
from tamamo.kernel.database import transaction
from tamamo.kernel.settings import Settings
from tamamo.simulator import settling

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def test_every_town_has_a_tree_without_a_gap(settings: Settings) -> None:
    settings.home.mkdir()
    async with open_broker(settings) as broker:
        await settling.settle(broker)
        await settling.settle(broker)
        for tenant in ("default", "ayagawa", "kanonji"):
            async with transaction(broker.pool) as connection:
                people = await store.contacts(connection, tenant)
                [(tree, _)] = await store.trees(connection, tenant)
                [(roster, _)] = await store.rosters(connection, tenant)
                [(rule, _)] = await store.rules(connection, tenant)
                first = await step_people(connection, tenant, tree.steps[0], NOW)
            assert len(people) == 4 and len(first) == 1
            days = duty.calendar(roster, (), NOW, NOW + timedelta(days=60))
            assert duty.gaps(days) == []
            assert chosen([rule], Alarm("urn:a", "x", "critical")) == [rule]
            mails = [one.to for person in people for one in person.addresses if "@" in one.to]
            assert mails and all(to.endswith(".example") for to in mails)
            assert sum(person.subject is not None for person in people) == 1
