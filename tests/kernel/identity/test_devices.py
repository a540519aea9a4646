"""Device keys: shown once, kept as a hash, rotated without a gap, ended at once."""

from datetime import timedelta
from typing import Any

import pytest

from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.errors import Forbidden, Unauthorized
from tamamo.kernel.identity import ANONYMOUS, Actor, Grant, Identity, Role, devices, service
from tamamo.kernel.identity.devices import Registered
from tamamo.kernel.identity.errors import Ended, InvalidInput, NotThere
from tamamo.kernel.time import now
from tests.kernel.identity.conftest import GAUGE, KEEPER, SHELTER, Run


async def create(pool: Pool, by: Actor = KEEPER, **more: Any) -> tuple[str, str]:
    target = {"type": GAUGE} if not {"type", "topic"} & more.keys() else {}
    async with transaction(pool) as connection:
        return await devices.create(connection, by, "ayagawa", "Gauge 7", **target, **more)


async def rotate(pool: Pool, device: str, **more: Any) -> str:
    async with transaction(pool) as connection:
        return await devices.rotate(connection, KEEPER, "ayagawa", device, **more)


async def revoke(pool: Pool, device: str) -> None:
    async with transaction(pool) as connection:
        await devices.revoke(connection, KEEPER, "ayagawa", device)


async def registered(pool: Pool, tenant: str = "ayagawa") -> list[Registered]:
    async with transaction(pool) as connection:
        return list(await devices.listing(connection, tenant))


async def works(identity: Identity, key: str) -> bool:
    identity.forget()
    try:
        return (await identity.actor(f"Bearer {key}")).subject.startswith("device:")
    except Unauthorized:
        return False


async def test_a_device_writes_its_one_type_in_its_tenant_and_nothing_else(
    pool: Pool, identity: Identity
) -> None:
    device, key = await create(pool)
    actor = await identity.actor(f"Bearer {key}")
    assert (actor.subject, actor.name) == (f"device:{device}", "Gauge 7")
    access = await identity.access(actor, "ayagawa")
    assert access.write.allows([GAUGE])
    assert not access.write.allows([SHELTER]) and not access.write.allows([GAUGE, SHELTER])
    assert not access.read and not access.subscribe and not access.everything
    for other in ("kanonji", "default"):
        assert not (await identity.access(actor, other)).write
    assert (await identity.actor_of(f"device:{device}")) == actor


async def test_the_key_is_kept_nowhere(pool: Pool, run: Run) -> None:
    _, key = await create(pool)
    rows = await run("select string_agg(d::text || k::text, ' ') from device d, device_key k")
    log = await run("select string_agg(e::text, ' ') from audit_event e")
    for text in (rows[0], log[0]):
        assert key not in text and key.removeprefix("tmk_") not in text
    (one,) = await registered(pool)
    assert [known.hint for known in one.keys] == [key[-4:]]
    assert len(key) >= 47


async def test_rotation_leaves_no_gap(pool: Pool, identity: Identity, run: Run) -> None:
    device, first = await create(pool)
    second = await rotate(pool, device, overlap=timedelta(hours=1))
    assert await works(identity, first) and await works(identity, second)
    assert len((await registered(pool))[0].keys) == 2
    await run("update device_key set ends_at = now() where ends_at is not null")
    assert not await works(identity, first)
    assert await works(identity, second)
    assert [key.hint for key in (await registered(pool))[0].keys] == [second[-4:]]
    with pytest.raises(Unauthorized, match="replaced"):
        await identity.actor(f"Bearer {first}")


async def test_an_earlier_end_is_not_put_off_by_a_second_rotation(pool: Pool, run: Run) -> None:
    device, _ = await create(pool)
    await rotate(pool, device, overlap=timedelta(minutes=1))
    await rotate(pool, device, overlap=timedelta(days=1))
    row = await run("select count(*) from device_key where ends_at < now() + '2 minutes'::interval")
    assert row[0] == 1


async def test_a_lost_key_ends_at_once(pool: Pool, identity: Identity) -> None:
    device, lost = await create(pool)
    new = await rotate(pool, device, overlap=timedelta())
    assert not await works(identity, lost) and await works(identity, new)


async def test_a_revoked_device_stops_within_five_seconds(
    pool: Pool, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 1000.0
    monkeypatch.setattr("tamamo.kernel.identity.cache.monotonic", lambda: clock)
    device, key = await create(pool)
    assert await identity.actor(f"Bearer {key}")
    await revoke(pool, device)
    clock += min(service.FRESH + 0.01, 5)
    with pytest.raises(Unauthorized, match="revoked") as caught:
        await identity.actor(f"Bearer {key}")
    assert 'error="invalid_token"' in caught.value.headers["WWW-Authenticate"]
    assert await identity.actor_of(f"device:{device}") is ANONYMOUS
    assert (await registered(pool))[0].state(now()) == "revoked"
    for act in (revoke(pool, device), rotate(pool, device)):
        with pytest.raises(Ended):
            await act


async def test_an_expired_device_stops(pool: Pool, identity: Identity, run: Run) -> None:
    device, key = await create(pool, valid_to=now() + timedelta(hours=1))
    assert await works(identity, key)
    await run("update device set valid_to = now()")
    assert not await works(identity, key)
    assert (await registered(pool))[0].state(now()) == "expired"
    with pytest.raises(Ended):
        await rotate(pool, device)


async def test_a_key_that_differs_in_one_letter_is_nobodys(pool: Pool, identity: Identity) -> None:
    _, key = await create(pool)
    for place in (4, 20, len(key) - 1):
        other = "A" if key[place] != "A" else "B"
        assert not await works(identity, key[:place] + other + key[place + 1 :])
    assert not await works(identity, key.upper()) and not await works(identity, key[:-1])


async def test_a_feed_asks_for_the_topic(pool: Pool, identity: Identity, run: Run) -> None:
    device, key = await create(pool, topic="kagawa/gauges/7")
    found = await identity.device(key)
    assert found is not None and (found.id, found.tenant) == (device, "ayagawa")
    assert found.may_publish("kagawa/gauges/7")
    for topic in ("kagawa/gauges/70", "kagawa/gauges", "kagawa/gauges/+", "#", ""):
        assert not found.may_publish(topic)
    assert not (await identity.access(found.actor(), "ayagawa")).write
    assert await identity.device("tmk_wrong") is None
    _, other = await create(pool)
    by_type = await identity.device(other)
    assert by_type is not None and not by_type.may_publish("kagawa/gauges/7")


async def test_the_last_use_is_noted_later_and_together(
    pool: Pool, identity: Identity, run: Run
) -> None:
    _, key = await create(pool)
    for _ in range(3):
        await identity.actor(f"Bearer {key}")
    assert (await registered(pool))[0].last_used_at is None
    await identity.last_use.flush()
    (one,) = await registered(pool)
    assert one.last_used_at is not None and one.keys[0].last_used_at == one.last_used_at


async def test_what_was_used_is_not_lost_while_the_database_is_away(pool: Pool, run: Run) -> None:
    _, key = await create(pool)
    identity = Identity(pool, "key")
    await identity.actor(f"Bearer {key}")
    await run("alter table device rename to away")
    with pytest.raises(Exception, match="device"):
        await identity.last_use.flush()
    await run("alter table away rename to device")
    await identity.last_use.flush()
    assert (await registered(pool))[0].last_used_at is not None


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("type", {"type": GAUGE, "topic": "a"}),
        ("type", {"type": None, "topic": None}),
        ("type", {"type": "Gauge"}),
        ("topic", {"topic": "a/#"}),
        ("topic", {"topic": "+/a"}),
        ("topic", {"topic": ""}),
        ("topic", {"topic": "a\x00"}),
        ("valid_to", {"type": GAUGE, "valid_to": now() - timedelta(seconds=1)}),
    ],
)
async def test_a_key_for_nothing_or_too_much_is_not_made(
    pool: Pool, run: Run, field: str, more: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await create(pool, **more)
    assert caught.value.extra["field"] == field
    assert await registered(pool) == []


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=91)])
async def test_an_overlap_has_limits(pool: Pool, run: Run, overlap: timedelta) -> None:
    device, _ = await create(pool)
    with pytest.raises(InvalidInput):
        await rotate(pool, device, overlap=overlap)


async def test_devices_of_another_tenant_are_out_of_reach(pool: Pool, run: Run) -> None:
    device, _ = await create(pool)
    stranger = Actor("user:1", grants=(Grant("1", "kanonji", Role.OPERATOR),))
    assert await registered(pool, "kanonji") == []
    async with transaction(pool) as connection:
        for tenant, refusal in (("ayagawa", Forbidden), ("kanonji", NotThere)):
            with pytest.raises(refusal):
                await devices.revoke(connection, stranger, tenant, device)
            with pytest.raises(refusal):
                await devices.rotate(connection, stranger, tenant, device)
        with pytest.raises(Forbidden):
            await devices.create(connection, stranger, "ayagawa", "x", type=GAUGE)
        with pytest.raises(NotThere):
            await devices.create(connection, KEEPER, "nowhere", "x", type=GAUGE)
        with pytest.raises(NotThere):
            await devices.revoke(connection, KEEPER, "ayagawa", "no-uuid")
        assert await devices.listing(connection, "ayagawa", "no-uuid") == []
