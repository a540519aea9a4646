"""What operators do with accounts and clients: rights, records, what ends; and the sweep."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tamamo.accounts.service import clients, users
from tamamo.accounts.service.errors import AccountExists, InvalidAccount, NoSuchAccount
from tamamo.accounts.sweep import sweep
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import ANONYMOUS, INSTALLATION, Actor, Grant, Role, grants
from tamamo.kernel.time import now

OPERATOR = Actor("user:900", "運用", (Grant("g", "ayagawa", Role.OPERATOR),))
EDITOR = Actor("user:901", "編集", (Grant("g", "ayagawa", Role.EDITOR),))


async def rows(pool: Pool, statement: Any, parameters: Any = None) -> list[tuple[Any, ...]]:
    async with transaction(pool) as connection:
        cursor = await connection.execute(statement, parameters)
        return await cursor.fetchall() if cursor.description else []


async def make(pool: Pool, email: str = "a@ayagawa.example", **options: Any) -> int:
    options.setdefault("home_tenant", "ayagawa")
    async with transaction(pool) as connection:
        return await users.create(connection, OPERATOR, email, "綾川 太郎", **options)


async def test_an_operator_makes_an_account_and_it_is_noted(pool: Pool) -> None:
    number = await make(pool, " A@Ayagawa.example ", language="en")
    async with transaction(pool) as connection:
        person = await users.find(connection, number)
        found = await users.listing(connection, tenant="ayagawa", text="太郎")
    assert (person.email, person.language, person.has_password) == (
        "a@ayagawa.example",
        "en",
        False,
    )
    assert found == [person]
    [(tenant, actor, after)] = await rows(
        pool, "select tenant, actor, after from audit_event where action = 'user.create'"
    )
    assert (tenant, actor) == ("ayagawa", "user:900")
    assert after["invited"] is True


async def test_an_act_that_fails_leaves_no_record(pool: Pool) -> None:
    with pytest.raises(ZeroDivisionError):
        async with transaction(pool) as connection:
            await users.create(connection, OPERATOR, "b@x.example", home_tenant="ayagawa")
            raise ZeroDivisionError
    assert await rows(pool, "select 1 from audit_event union select 1 from accounts_user") == []


@pytest.mark.parametrize("by", [ANONYMOUS, EDITOR], ids=["anonymous", "editor"])
async def test_who_is_no_operator_may_do_nothing(pool: Pool, by: Actor) -> None:
    number = await make(pool)
    async with transaction(pool) as connection:
        for act in (
            users.switch_off,
            users.switch_on,
            users.reset_second_factor,
            users.end_sessions,
        ):
            with pytest.raises(Forbidden):
                await act(connection, by, number)
        with pytest.raises(Forbidden):
            await users.create(connection, by, "c@x.example", home_tenant="ayagawa")
        with pytest.raises(Forbidden):
            await clients.create(connection, by, "ayagawa", "x")


async def test_an_operator_of_a_town_keeps_to_the_town(pool: Pool) -> None:
    async with transaction(pool) as connection:
        other = await users.create(connection, INSTALLATION, "k@x.example", home_tenant="kanonji")
        nobodys = await users.create(connection, INSTALLATION, "i@x.example")
        program, _ = await clients.create(connection, INSTALLATION, "kanonji", "x")
        for number in (other, nobodys):
            with pytest.raises(Forbidden):
                await users.switch_off(connection, OPERATOR, number)
        with pytest.raises(Forbidden):
            await clients.revoke(connection, OPERATOR, program.client_id)
        assert await users.listing(connection, tenant="ayagawa") == []
    number = await make(pool)
    async with transaction(pool) as connection:
        with pytest.raises(Forbidden):
            await users.change(
                connection, OPERATOR, number, name="x", language="ja", home_tenant=None
            )


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@c.jp", "a@b..jp", "x" * 300 + "@a.jp"])
async def test_an_address_that_is_none(pool: Pool, email: str) -> None:
    with pytest.raises(InvalidAccount) as caught:
        await make(pool, email)
    assert caught.value.extra["field"] == "email"


async def test_an_account_that_is_there(pool: Pool) -> None:
    await make(pool, "a@ayagawa.example")
    with pytest.raises(AccountExists):
        await make(pool, "A@AYAGAWA.example")


async def test_a_script_in_a_name_is_a_name(pool: Pool) -> None:
    number = await make(pool)
    name = "<script>alert(1)</script>"
    async with transaction(pool) as connection:
        await users.change(
            connection, OPERATOR, number, name=name, language="ja", home_tenant="ayagawa"
        )
        assert (await users.find(connection, number)).name == name


async def signed_in(pool: Pool, number: int) -> None:
    await rows(pool, "insert into django_session values ('k', 'x', now() + interval '1 hour')")
    await rows(
        pool,
        "insert into usersessions_usersession (created_at, ip, last_seen_at, session_key,"
        " user_agent, data, user_id) values (now(), '::1', now(), 'k', '', '{}', %s)",
        [number],
    )


async def test_switched_off_means_out_at_once(pool: Pool) -> None:
    number = await make(pool)
    await signed_in(pool, number)
    async with transaction(pool) as connection:
        assert (await users.find(connection, number)).sessions == 1
        await users.switch_off(connection, OPERATOR, number)
    assert await rows(pool, "select 1 from django_session") == []
    async with transaction(pool) as connection:
        assert (await users.find(connection, number)).is_active is False
        await users.switch_off(connection, OPERATOR, number)
        await users.switch_on(connection, OPERATOR, number)
    actions = await rows(pool, "select action from audit_event order by seq")
    assert [row[0] for row in actions] == ["user.create", "user.switch-off", "user.switch-on"]


async def test_nobody_switches_off_the_own_account(pool: Pool) -> None:
    number = await make(pool)
    own = Actor(f"user:{number}", "", OPERATOR.grants)
    async with transaction(pool) as connection:
        with pytest.raises(InvalidAccount):
            await users.switch_off(connection, own, number)
        with pytest.raises(NoSuchAccount):
            await users.switch_off(connection, OPERATOR, 10**9)


async def test_a_password_made_without_django_is_one_for_django(pool: Pool) -> None:
    from django.contrib.auth.hashers import check_password

    number = await make(pool, password="a-long-enough-one")
    [(stored,)] = await rows(pool, "select password from accounts_user where id = %s", [number])
    renewed: list[str] = []
    assert check_password("a-long-enough-one", stored, setter=renewed.append)
    assert not check_password("another-long-one", stored)
    assert renewed == [], "the parameters differ from the hasher's: it is hashed anew"
    with pytest.raises(InvalidAccount):
        await make(pool, "short@x.example", password="short")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"scopes": ("everything",)}, "scopes"),
        ({"scopes": ()}, "scopes"),
        ({"kind": "password"}, "kind"),
        ({"kind": "authorization-code"}, "redirect_uris"),
        ({"redirect_uris": ("https://a.example/",)}, "redirect_uris"),
        ({"confidential": False}, "confidential"),
        ({"expires_at": now() - timedelta(days=1)}, "expires_at"),
        *(
            ({"kind": "authorization-code", "redirect_uris": (uri,)}, "redirect_uris")
            for uri in (
                "http://a.example/",
                "javascript:x",
                "https://a.example/#x",
                "https://",
                "https://u@a.example/",
                "https://a.example;script-src-elem/",
                "https://a.example/ https://b.example/",
            )
        ),
    ],
)
async def test_a_client_that_cannot_be(pool: Pool, options: dict[str, Any], field: str) -> None:
    async with transaction(pool) as connection:
        with pytest.raises(InvalidAccount) as caught:
            await clients.create(connection, OPERATOR, "ayagawa", "x", **options)
    assert caught.value.extra["field"] == field


async def test_a_client_is_listed_without_its_secret(pool: Pool) -> None:
    async with transaction(pool) as connection:
        program, secret = await clients.create(connection, OPERATOR, "ayagawa", "気象会社")
        assert secret is not None and len(secret) >= 43
        assert await clients.listing(connection, tenant="ayagawa") == [program]
        assert await clients.listing(connection, tenant="default") == []
    assert secret not in repr(program)
    kept = str(
        await rows(
            pool,
            "select c::text, (select array_agg(a::text) from audit_event a) from accounts_client c",
        )
    )
    assert secret not in kept
    assert re.search(r"random_secret\$\w+\$[0-9a-f]{64}", kept)


async def test_the_sweep_removes_what_is_over_and_nothing_else(pool: Pool) -> None:
    number = await make(pool)
    await signed_in(pool, number)
    await rows(pool, "insert into django_session values ('old', 'x', now() - interval '1 s')")
    await rows(
        pool,
        "insert into django_cache values ('a', '', now() - interval '1 s'),"
        " ('b', '', now() + interval '1 h')",
    )
    await rows(
        pool,
        "insert into accounts_signinfailure values ('a', 1, now()),"
        " ('b', 1, now() - interval '2 days')",
    )
    counts = await sweep(pool)
    assert (counts["sessions"], counts["cache"], counts["failures"]) == (1, 1, 1)
    assert counts["session_list"] == 0
    assert await rows(pool, "select session_key from django_session") == [("k",)]
    assert sum((await sweep(pool)).values()) == 0


@pytest.mark.parametrize("act", [users.switch_off, users.reset_second_factor, users.end_sessions])
async def test_an_operator_of_a_town_keeps_no_account_of_the_installation(
    pool: Pool, act: Any
) -> None:
    """Their home is the town, their role is above it."""
    number = await make(pool, "chief@ayagawa.example")
    async with transaction(pool) as connection:
        await act(connection, OPERATOR, number)
        await users.switch_on(connection, OPERATOR, number)
        await grants.give(connection, INSTALLATION, f"user:{number}", "*", Role.AUDITOR)
    async with transaction(pool) as connection:
        with pytest.raises(Forbidden):
            await act(connection, OPERATOR, number)
        with pytest.raises(Forbidden):
            await users.switch_on(connection, OPERATOR, number)
        await act(connection, INSTALLATION, number)
