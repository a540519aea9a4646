"""Drills over a real database, with a clock of the test's own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tamamo.kernel import drills, time
from tamamo.kernel.database import Pool, open_pool, transaction
from tamamo.kernel.drills import State, gate
from tamamo.kernel.drills.errors import DrillRefused, InvalidDrill, NoSuchDrill, NotInADrill
from tamamo.kernel.drills.plan import Plan
from tamamo.kernel.drills.service import MOST, DrillService
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import Identity, grants
from tamamo.kernel.identity.credentials import person as person_now
from tamamo.kernel.identity.model import Actor, Grant, Role
from tamamo.kernel.towns import InvalidTown, Towns
from tamamo.kernel.towns.agreement import Terms
from tamamo.kernel.towns.agreements import AgreementService
from tamamo.kernel.towns.errors import InvalidAgreement
from tamamo.kernel.towns.service import TownService
from tests.accounts.signing import make_user

NIGHT = datetime(2004, 8, 30, 9, 0, tzinfo=UTC)
LEADER = Actor("user:1", "leader", (Grant("g", "alpha", Role.APPROVER),), "alpha")
EDITOR = Actor("user:2", "editor", (Grant("g", "alpha", Role.EDITOR),), "alpha")
STRANGER = Actor("user:3", "stranger", (Grant("g", "beta", Role.OPERATOR),), "beta")


@dataclass
class Stage:
    """The services, and a clock that goes when it is told to."""

    pool: Pool
    towns: Towns
    now: datetime
    person: str

    @property
    def drills(self) -> DrillService:
        return DrillService(self.pool, self.towns, lambda: self.now)

    def plan(self, **more: Any) -> Plan:
        plan = Plan(
            "alpha",
            "高潮訓練",
            {self.person: (Role.EDITOR, Role.APPROVER)},
            NIGHT,
            self.now + timedelta(days=1),
            ("duty@example.jp",),
            "test/storm",
            3600.0,
        )
        return replace(plan, **more)

    async def ready(self, **more: Any) -> str:
        drill = await self.drills.create(LEADER, self.plan(**more))
        await self.drills.made(drill.tenant)
        return drill.tenant

    async def rows(self, statement: str, *values: object) -> list[Any]:
        async with transaction(self.pool) as connection:
            return await (await connection.execute(statement.encode(), values)).fetchall()


@pytest.fixture(scope="module")
def person(shared_database_url: str) -> str:
    with psycopg.connect(shared_database_url) as connection:
        connection.execute(
            "insert into tenant (name, title, public_types, max_entities) values"
            ' (\'alpha\', \'{"ja": "甲町", "en": "Alpha"}\', \'{https://x.jp/Gauge}\', 10),'
            " ('beta', '{}', '{}', null)"
        )
    return f"user:{make_user(shared_database_url, 'p@example.jp', home_tenant='alpha')}"


@pytest.fixture
async def stage(shared_database_url: str, person: str) -> AsyncIterator[Stage]:
    async with open_pool(shared_database_url, 3) as pool:
        async with transaction(pool) as connection:
            await connection.execute("update drill set town = 'earlier', state = 'ended'")
        towns = Towns(pool)
        await towns.refresh()
        yield Stage(pool, towns, time.now(), person)


async def test_a_drill_is_a_tenant_like_its_town_without_its_limits(stage: Stage) -> None:
    drill = await stage.drills.create(LEADER, stage.plan())
    town = stage.towns.get(drill.tenant)
    assert town is not None
    assert town.drill is drill
    assert town.titles == {"ja": "【訓練】甲町", "en": "[DRILL] Alpha"}
    assert town.public_types == {"https://x.jp/Gauge"}
    assert town.limits.entities is None
    assert drill.state is State.MAKING
    assert drill.allows("duty@example.jp")
    async with transaction(stage.pool) as connection:
        assert await drills.of(connection, drill.tenant) == drill
        assert await drills.of(connection, "alpha") is None


async def test_roles_are_no_wider_there_than_in_the_town(stage: Stage) -> None:
    """What is copied, such as people who may be called, is nobody's who may not write it here."""
    give = (
        "insert into role_grant (tenant, id, subject, role, unit, types, scopes, granted_by)"
        " values ('alpha', gen_random_uuid(), %s, %s, %s, %s, %s, 'user:1')"
    )
    async with transaction(stage.pool) as connection:
        await connection.execute(
            "insert into owned_type (tenant, type, unit, personal)"
            " values ('alpha', 'https://x.jp/Own', 'u/v', false)"
        )
        for role, unit, types, scopes in (
            ("editor", None, ["https://x.jp/Gauge"], None),
            ("editor", "u", None, ["/north"]),
            ("approver", "w", None, None),
        ):
            await connection.execute(give.encode(), [stage.person, role, unit, types, scopes])
    tenant = await stage.ready()
    held = "select role, unit, types, scopes from role_grant where tenant = %s order by types"
    assert await stage.rows(held, tenant) == [
        ("editor", None, ["https://x.jp/Gauge"], None),
        ("editor", None, ["https://x.jp/Own"], ["/north"]),
        ("approver", None, ["urn:tamamo:nothing"], None),
    ]
    async with transaction(stage.pool) as connection:
        await connection.execute(give.encode(), [stage.person, "editor", None, None, None])
    tenant = await stage.ready()
    editors = "select types, scopes from role_grant where tenant = %s and role = 'editor'"
    assert await stage.rows(editors, tenant) == [(None, None)]
    async with transaction(stage.pool) as connection:
        await connection.execute("delete from role_grant where tenant = 'alpha'")


async def test_addresses_are_not_in_the_audit_log(stage: Stage) -> None:
    tenant = await stage.ready()
    await stage.drills.reach(LEADER, "alpha", tenant, ["duty@example.jp", "chief@example.jp"])
    noted = await stage.rows(
        "select action, before, after from audit_event where tenant in ('alpha', %s)", tenant
    )
    assert "example.jp" not in str(noted)
    assert ("drill.reach", {"recipients": 1}, {"recipients": 2, "added": 1}) in noted


async def test_who_takes_part_has_roles_there_until_it_ends(stage: Stage) -> None:
    tenant = await stage.ready()
    held = "select role from role_grant where tenant = %s and revoked_at is null order by role"
    assert await stage.rows(held, tenant) == [("approver",), ("editor",)]
    await stage.drills.end(LEADER, "alpha", tenant)
    assert await stage.rows(held, tenant) == []
    assert stage.towns.get(tenant).suspended  # type: ignore[union-attr]
    assert not stage.towns.drill(tenant).allows("duty@example.jp")  # type: ignore[union-attr]


async def test_a_role_taken_away_in_the_town_ends_in_its_drills(stage: Stage) -> None:
    whole = Actor("user:1", "W", (Grant("w", "*", Role.OPERATOR),))
    async with transaction(stage.pool) as connection:
        ids = [
            await grants.give(
                connection,
                whole,
                stage.person,
                "alpha",
                Role.EDITOR,
                types=["https://x.jp/" + kind],
            )
            for kind in ("Gauge", "Rain")
        ]
    tenant = await stage.ready()

    async def there() -> dict[Role, bool]:
        async with transaction(stage.pool) as connection:
            them = await person_now(connection, stage.person)
        return {one.role: one.drill for one in them.grants if one.tenant == tenant}

    for held, one in ((True, ids[0]), (False, ids[1])):
        assert await there() == {Role.EDITOR: True, Role.APPROVER: True}
        async with transaction(stage.pool) as connection:
            await grants.revoke(connection, whole, "alpha", one)
        assert (Role.EDITOR in await there()) is held
    noted = "select actor from audit_event where tenant = %s and action = 'grant.revoke'"
    assert await stage.rows(noted, tenant) == [("user:1",)] * 2


async def test_every_act_is_in_the_log_of_both(stage: Stage) -> None:
    tenant = await stage.ready()
    service = stage.drills
    await service.start(LEADER, "alpha", tenant, 60)
    await service.reach(LEADER, "alpha", tenant, ["a@example.jp", " a@example.jp"])
    await service.pause(LEADER, "alpha", tenant)
    await service.go_on(LEADER, "alpha", tenant)
    await service.end(LEADER, "alpha", tenant)
    await service.delete(LEADER, "alpha", tenant)
    said = "select action, actor from audit_event where tenant = %s and object = %s order by seq"
    acts = ["create", "start", "reach", "pause", "go_on", "end", "delete"]
    for log in ("alpha", tenant):
        noted = await stage.rows(said, log, f"drill:{tenant}")
        assert noted == [(f"drill.{act}", "user:1") for act in acts]


async def test_the_clock_goes_at_its_speed_and_stands_when_paused(stage: Stage) -> None:
    tenant = await stage.ready()
    begun = stage.now
    await stage.drills.start(LEADER, "alpha", tenant, 60)
    stage.now += timedelta(seconds=10)
    entry = await stage.drills.pause(LEADER, "alpha", tenant)
    assert entry.drill.clock.position == 600
    stage.now += timedelta(minutes=5)
    entry = await stage.drills.go_on(LEADER, "alpha", tenant, 120)
    stage.now += timedelta(seconds=5)
    assert entry.drill.clock.now(stage.now) == NIGHT + timedelta(seconds=1200)
    turns = await stage.drills.turns(tenant)
    assert [(turn.position, turn.speed) for turn in turns] == [(0, 60), (600, 0), (600, 120)]
    assert turns[0].noted_at == begun


async def test_while_no_process_played_no_time_passed(stage: Stage) -> None:
    tenant = await stage.ready()
    await stage.drills.start(LEADER, "alpha", tenant, 60)
    stage.now += timedelta(seconds=10)
    await stage.rows("update drill set beat_at = %s where tenant = %s returning 1",
                     stage.now, tenant)  # fmt: skip
    stage.now += timedelta(hours=3)
    await stage.drills.resume(tenant)
    drill = stage.towns.drill(tenant)
    assert drill is not None
    assert drill.clock.position_at(stage.now) == 600
    assert drill.clock.position_at(stage.now + timedelta(seconds=1)) == 660


async def test_what_its_state_does_not_allow_is_refused(stage: Stage) -> None:
    service = stage.drills
    tenant = (await service.create(LEADER, stage.plan())).tenant
    for act in (service.start, service.pause, service.go_on, service.delete):
        with pytest.raises(DrillRefused):
            await act(LEADER, "alpha", tenant)
    await service.end(LEADER, "alpha", tenant)
    with pytest.raises(DrillRefused):
        await service.end(LEADER, "alpha", tenant)
    with pytest.raises(DrillRefused):
        await service.reach(LEADER, "alpha", tenant, ["a@example.jp"])


async def test_only_those_who_lead_the_town_may(stage: Stage) -> None:
    tenant = await stage.ready()
    for actor in (EDITOR, STRANGER):
        with pytest.raises(Forbidden):
            await stage.drills.create(actor, stage.plan())
        with pytest.raises(Forbidden):
            await stage.drills.start(actor, "alpha", tenant)
    with pytest.raises(NoSuchDrill):
        await stage.drills.start(STRANGER, "beta", tenant)
    with pytest.raises(NoSuchDrill):
        await stage.drills.entry("beta", tenant)


async def test_no_drill_of_a_drill_and_not_too_many(stage: Stage) -> None:
    tenant = await stage.ready()
    keeper = replace(LEADER, grants=(Grant("g", tenant, Role.OPERATOR),))
    with pytest.raises(InvalidDrill):
        await stage.drills.create(keeper, stage.plan(town=tenant))
    for _ in range(MOST - 1):
        await stage.drills.create(LEADER, stage.plan())
    with pytest.raises(DrillRefused):
        await stage.drills.create(LEADER, stage.plan())


@pytest.mark.parametrize("speed", [0, -1, 4000, float("nan")])
async def test_a_speed_that_is_none(stage: Stage, speed: float) -> None:
    tenant = await stage.ready()
    with pytest.raises(InvalidDrill):
        await stage.drills.start(LEADER, "alpha", tenant, speed)


async def test_its_clock_never_runs_into_the_future(stage: Stage) -> None:
    tenant = await stage.ready(begins_at=stage.now)
    with pytest.raises(InvalidDrill):
        await stage.drills.start(LEADER, "alpha", tenant, 2)
    await stage.drills.start(LEADER, "alpha", tenant, 1)


async def test_a_drill_that_is_forgotten_ends_by_itself(stage: Stage) -> None:
    tenant = await stage.ready()
    assert await stage.drills.expire() == 0
    stage.now += timedelta(days=1, seconds=1)
    assert await stage.drills.expire() == 1
    entry = await stage.drills.entry("alpha", tenant)
    assert (entry.drill.state, entry.ended_by) == (State.ENDED, "system:drills")


async def test_it_shares_nothing_and_stays_as_it_was_made(stage: Stage) -> None:
    tenant = await stage.ready()
    keeper = replace(LEADER, grants=(Grant("g", tenant, Role.OPERATOR),
                                     Grant("h", "beta", Role.APPROVER)))  # fmt: skip
    identity = Identity(stage.pool, "key")
    agreements = AgreementService(stage.pool, stage.towns, identity)
    for owner, reader in ((tenant, "beta"), ("beta", tenant)):
        terms = Terms(owner, reader, frozenset({"https://x.jp/G"}), frozenset({"read"}), stage.now)
        with pytest.raises(InvalidAgreement, match="drill"):
            await agreements.propose(keeper, tenant, terms)
    with pytest.raises(InvalidTown):
        await TownService(stage.pool, stage.towns).change(
            keeper, tenant, titles={"ja": "高松市", "en": "Takamatsu"}
        )


async def test_nothing_in_it_sends_outside_its_list(stage: Stage) -> None:
    tenant = await stage.ready()
    wanted = {"endpoint": {"uri": "mailto:Duty@example.jp"}}
    nested = {"http": {"url": "https://elsewhere.example/"}}
    async with transaction(stage.pool) as connection:
        await gate.require_allowed(connection, tenant, wanted)
        await gate.require_allowed(connection, "alpha", nested)
        await gate.require_town(connection, "alpha")
        with pytest.raises(NotInADrill, match="elsewhere"):
            await gate.require_allowed(connection, tenant, [wanted, nested])
        with pytest.raises(NotInADrill):
            await gate.require_town(connection, tenant)
