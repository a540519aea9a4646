"""What was delivered is not delivered again, however its outcomes overlap."""

import asyncio
from collections.abc import Sequence

import httpx
import pytest

from tamamo.context.broker import Broker
from tamamo.context.notifications.outbound import Begun, Outcome
from tamamo.context.notifications.records import Records
from tests.context.notifications.conftest import QUICK, notifying, room, subscribe
from tests.context.notifications.receiver import Receiver
from tests.context.notifications.test_delivery import until_empty


async def test_a_failure_stored_late_does_not_undo_a_success(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second attempt succeeds while the failure of the first is being stored."""
    settle = Records.settle

    async def held(self: Records, begun: Sequence[Begun], outcomes: Sequence[Outcome]) -> None:
        if any(outcome.error is not None for outcome in outcomes):
            await receiver.wait_for(1)
            # Long enough that what waits is looked for again as soon as this is stored.
            await asyncio.sleep(2 * QUICK.rescan)
        await settle(self, begun, outcomes)

    monkeypatch.setattr(Records, "settle", held)
    receiver.status = lambda _: 503 if receiver.attempts == 0 else 200
    await subscribe(api, receiver.url)
    async with notifying(broker):
        await room(api, warm=1)
        await receiver.wait_attempts(2)
        await until_empty(broker)
        await asyncio.sleep(2 * QUICK.rescan)
    assert len(receiver.received) == 1
