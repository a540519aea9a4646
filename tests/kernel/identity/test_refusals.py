from datetime import UTC, datetime

import pytest

from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.identity import Identity, devices
from tamamo.kernel.identity.model import INSTALLATION
from tamamo.kernel.identity.refusals import Refusals, listing


async def told(pool, tenant="default"):
    async with transaction(pool) as connection:
        return {(one.device, one.reason): one.count for one in await listing(connection, tenant)}


async def test_refusals_are_gathered_and_added_up(pool):
    refusals = Refusals(pool)
    for _ in range(3):
        refusals.note("default", "unknown_key")
    refusals.note("default", "revoked", "d-1")
    refusals.note("ayagawa", "unknown_key")
    await refusals.flush()
    refusals.note("default", "unknown_key")
    await refusals.flush()
    await refusals.flush()
    assert await told(pool) == {("", "unknown_key"): 4, ("d-1", "revoked"): 1}
    assert await told(pool, "ayagawa") == {("", "unknown_key"): 1}


async def test_without_a_database_nothing_is_lost(pool, monkeypatch):
    refusals = Refusals(pool)
    refusals.note("default", "unknown_key")

    def away(_):
        raise Unavailable("gone")

    with monkeypatch.context() as gone:
        gone.setattr("tamamo.kernel.identity.refusals.transaction", away)
        with pytest.raises(Unavailable):
            await refusals.flush()
    refusals.note("default", "unknown_key")
    await refusals.flush()
    assert await told(pool) == {("", "unknown_key"): 2}


async def test_a_device_with_a_revoked_key_is_counted_and_with_a_good_one_not(pool):
    identity = Identity(pool, "the-key")
    async with transaction(pool) as connection:
        number, key = await devices.create(
            connection, INSTALLATION, "default", "Gauge", topic="levels/1"
        )
    assert await identity.device(key) is not None
    async with transaction(pool) as connection:
        await devices.revoke(connection, INSTALLATION, "default", number)
    assert await identity.device(key) is None
    assert await identity.device("tmk_nobody") is None  # of no town: whoever asks counts it
    await identity.refusals.flush()
    assert await told(pool) == {(number, "revoked"): 1}


async def test_an_attack_fills_no_memory(pool):
    refusals = Refusals(pool)
    for number in range(10_050):
        refusals.note("default", "unknown_key", str(number))
    await refusals.flush()
    assert len(await told(pool)) == 10_000
    async with transaction(pool) as connection:
        first = (await listing(connection, "default"))[0]
    assert first.last_at <= datetime.now(UTC)
