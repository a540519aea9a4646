"""Notifications of registrations outlive any process."""

import signal
from collections import Counter

import httpx

from tamamo.context.broker import Broker
from tests.context.notifications.receiver import Receiver
from tests.context.notifications.test_processes import working
from tests.context.sourcesubscriptions.conftest import register, subscribe

SOURCES = 30


async def test_killed_while_it_delivers_nothing_is_lost(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url)
    with working(broker.settings) as process:
        await register(api, 0)
        await receiver.wait_for(1, seconds=60)
        for number in range(1, SOURCES):
            await register(api, number)
            if number == SOURCES // 2:
                process.send_signal(signal.SIGKILL)
                process.wait()
    with working(broker.settings):
        while len({one.data[0]["id"] for one in receiver.received}) < SOURCES:
            await receiver.wait_for(len(receiver.received) + 1, seconds=60)
    told = [int(one.data[0]["id"].rpartition(":")[2]) for one in receiver.received]
    assert list(dict.fromkeys(told)) == list(range(SOURCES))
    # What it told shortly before it died, and had not yet noted, comes once more; the rest once.
    twice = Counter(told) - Counter(range(SOURCES))
    assert all(number <= SOURCES // 2 for number in twice)
    assert set(twice.values()) <= {1}
    assert {one.body["triggerReason"] for one in receiver.received} == {"newlyMatching"}
