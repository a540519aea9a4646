"""A source that is away keeps nobody else from being told."""

import httpx

from tamamo.context.broker import Broker
from tests.context.distribution.peer import Peer, Says
from tests.context.remotesubscriptions.conftest import Register, going_on, subscribe, until


async def test_a_source_that_does_not_answer_keeps_no_other_from_being_told(
    broker: Broker, api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    peer.answers["POST", "/subscriptions"] = Says(201)
    away = await register("http://127.0.0.1:1", {"entities": [{"type": "Pump"}]})
    async with broker.pool.connection() as connection:
        # More than are looked at together, all due for longer.
        await connection.execute(
            "insert into remote_subscription (tenant, subscription_id, registration_id, remote_id,"
            " source, begun_at, next_at)"
            " select r.tenant, 'urn:x:old' || n, r.id, 'urn:x:old' || n, r.document, now(),"
            " now() - interval '1 h' from registration r, generate_series(1, 2000) as n"
            " where r.id = %s",
            [away],
        )
    await register(peer.endpoint)
    await subscribe(api)
    async with going_on(broker):
        await until(lambda: bool(peer.asked), seconds=3)
    assert peer.asked[0].body["entities"] == [{"type": "Gauge"}]
