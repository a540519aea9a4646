"""Roles given and taken away: who may, what is refused, what the log says."""

from datetime import timedelta
from typing import Any

import pytest

from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import ANONYMOUS, EVERY_TENANT, Actor, Grant, Identity, Role, grants
from tamamo.kernel.identity.errors import InvalidInput, NotThere
from tamamo.kernel.identity.grants import Held
from tamamo.kernel.identity.model import Right
from tamamo.kernel.time import now
from tests.kernel.identity.conftest import GAUGE, KEEPER, Accounts, Run


@pytest.fixture(autouse=True)
async def somebody(run: Run) -> None:
    """The account 7, to whom most is given here."""
    await run("insert into accounts_user (id, email, password) values (7, 'u7@example.jp', '!')")


OF_AYAGAWA = Actor("user:1", grants=(Grant("1", "ayagawa", Role.OPERATOR),))


async def give(
    pool: Pool,
    role: Role = Role.EDITOR,
    tenant: str = "ayagawa",
    by: Actor = KEEPER,
    subject: str = "user:7",
    **more: Any,
) -> str:
    async with transaction(pool) as connection:
        return await grants.give(connection, by, subject, tenant, role, **more)


async def listed(pool: Pool, **options: Any) -> list[Held]:
    async with transaction(pool) as connection:
        return list(await grants.listing(connection, **options))


async def test_a_role_is_given_listed_and_taken_away(pool: Pool, run: Run) -> None:
    given = await give(pool, types=[GAUGE], scopes=["/Kagawa"])
    (held,) = await listed(pool, tenant="ayagawa")
    assert (held.id, held.subject, held.role) == (given, "user:7", Role.EDITOR)
    assert (held.types, held.scopes, held.state) == ((GAUGE,), ("/Kagawa",), "active")
    assert held.granted_by == "system:test"
    async with transaction(pool) as connection:
        await grants.revoke(connection, OF_AYAGAWA, "ayagawa", given)
    assert await listed(pool, subject="user:7") == []
    assert [held.state for held in await listed(pool, ended=True)] == ["revoked"]
    rows = await run(
        "select array_agg(actor || ' ' || action || ' ' || object order by seq) from audit_event"
        " where tenant = 'ayagawa'"
    )
    assert rows[0] == ["system:test grant.give user:7", "user:1 grant.revoke user:7"]


async def test_what_is_held_is_not_given_twice(pool: Pool, run: Run) -> None:
    first = await give(pool, types=[GAUGE])
    assert await give(pool, types=[GAUGE]) == first
    assert await give(pool) != first
    assert len(await listed(pool)) == 2


@pytest.mark.parametrize(
    ("by", "tenant"),
    [
        (ANONYMOUS, "ayagawa"),
        (OF_AYAGAWA, "kanonji"),
        (OF_AYAGAWA, EVERY_TENANT),
        (Actor("user:2", grants=(Grant("2", "ayagawa", Role.APPROVER),)), "ayagawa"),
        (Actor("user:1", grants=OF_AYAGAWA.grants, rights=frozenset({Right.WRITE})), "ayagawa"),
    ],
)
async def test_only_operators_of_the_tenant_give_and_take(
    pool: Pool, run: Run, by: Actor, tenant: str
) -> None:
    given = await give(pool, Role.AUDITOR, tenant)
    with pytest.raises(Forbidden):
        await give(pool, Role.OPERATOR, tenant, by)
    async with transaction(pool) as connection:
        with pytest.raises(Forbidden):
            await grants.revoke(connection, by, tenant, given)
    assert [held.id for held in await listed(pool)] == [given]


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("subject", {"subject": "anonymous"}),
        ("subject", {"subject": "user:"}),
        ("subject", {"subject": "user:x"}),
        ("subject", {"subject": "user:999"}),
        ("subject", {"subject": "user:" + "9" * 30}),
        ("subject", {"subject": "client:unknown"}),
        ("subject", {"subject": "client:\x00"}),
        ("subject", {"subject": "device:1"}),
        ("role", {"role": Role.DEVICE}),
        ("types", {"types": []}),
        ("types", {"types": ["Gauge"]}),
        ("types", {"types": ["urn:a\n"]}),
        ("scopes", {"scopes": ["/"]}),
        ("scopes", {"scopes": ["/a//b"]}),
        ("types", {"role": Role.OPERATOR, "types": [GAUGE]}),
        ("scopes", {"role": Role.AUDITOR, "scopes": ["/a"]}),
        ("unit", {"tenant": EVERY_TENANT, "unit": "a"}),
        ("valid_to", {"valid_to": now() - timedelta(days=1)}),
        ("tenant", {"tenant": "nowhere"}),
        ("unit", {"unit": "nowhere"}),
    ],
)
async def test_what_cannot_be_given_names_the_field(
    pool: Pool, run: Run, field: str, more: dict[str, Any]
) -> None:
    with pytest.raises((InvalidInput, NotThere)) as caught:
        await give(pool, **more)
    assert caught.value.extra["field"] == field
    assert await listed(pool, ended=True) == []


@pytest.mark.parametrize("grant_id", ["", "x", "00000000-0000-0000-0000-000000000000"])
async def test_what_nobody_holds_is_not_taken_away(pool: Pool, run: Run, grant_id: str) -> None:
    async with transaction(pool) as connection:
        with pytest.raises(NotThere):
            await grants.revoke(connection, KEEPER, "ayagawa", grant_id)


async def test_of_another_tenant_it_is_not_taken_away(pool: Pool, run: Run) -> None:
    given = await give(pool, tenant="kanonji")
    async with transaction(pool) as connection:
        with pytest.raises(NotThere):
            await grants.revoke(connection, OF_AYAGAWA, "ayagawa", given)


async def test_grants_count_in_their_time(
    pool: Pool, identity: Identity, accounts: Accounts
) -> None:
    user = await accounts.user()
    subject = f"user:{user}"
    await give(pool, Role.AUDITOR, subject=subject, valid_from=now() + timedelta(hours=1))
    await give(pool, Role.DEVELOPER, subject=subject, valid_to=now() + timedelta(hours=1))
    assert [grant.role for grant in (await identity.user(user)).grants] == [Role.DEVELOPER]
    states = {held.role: held.state for held in await listed(pool, subject=subject)}
    assert states == {Role.AUDITOR: "future", Role.DEVELOPER: "active"}
    await accounts.run(
        "update role_grant set valid_from = now() - '1h'::interval, valid_to = now()"
    )
    assert (await identity.user(user)).grants == ()
