"""Who sends an Authorization header: the installation, clients, users by token; what is refused."""

import asyncio
import hmac

import pytest

from tamamo.kernel import sql
from tamamo.kernel.errors import Unauthorized
from tamamo.kernel.identity import (
    ANONYMOUS,
    INSTALLATION,
    OPEN,
    Identity,
    Right,
    Role,
    service,
)
from tests.kernel.identity.conftest import GAUGE, KEY, SHELTER, Accounts, Run


async def refusal(identity: Identity, header: str) -> str:
    """The challenge a header is answered with."""
    with pytest.raises(Unauthorized) as caught:
        await identity.actor(header)
    assert caught.value.status == 401
    return caught.value.headers["WWW-Authenticate"]


async def test_without_a_header_it_is_nobody_and_with_the_key_the_installation(
    identity: Identity,
) -> None:
    assert await identity.actor(None) is ANONYMOUS
    assert await identity.actor(f"Bearer {KEY}") is INSTALLATION
    assert await identity.actor(f"bearer  {KEY} ") is INSTALLATION


async def test_where_nothing_is_checked_everybody_may_do_everything(identity: Identity) -> None:
    identity.key = None
    for header in (None, "Bearer wrong", "nonsense"):
        assert await identity.actor(header) is OPEN
    assert (await identity.access(OPEN, "ayagawa")).everything


@pytest.mark.parametrize("header", ["", "Basic dTpw", "Bearer", "Token abc", "user:1", "system:x"])
async def test_another_scheme_is_told_which_one_is_wanted(identity: Identity, header: str) -> None:
    challenge = await refusal(identity, header)
    assert challenge.startswith('Bearer realm="tamamo"')


@pytest.mark.parametrize(
    "token",
    [
        "a b",
        "ü",
        "x\x00",
        "<script>",
        'a"b',
        "a" * 5000,
        "wrong",
        KEY + "x",
        KEY[:-1],
        "tmk_nobody",
    ],
)
async def test_what_is_no_token_or_nobodys_is_invalid(identity: Identity, token: str) -> None:
    challenge = await refusal(identity, f"Bearer {token}")
    assert 'error="invalid_token"' in challenge
    assert token not in challenge and "\n" not in challenge


async def test_how_long_a_comparison_takes_tells_nothing(
    identity: Identity, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The installation's key is compared in constant time; all else is found by its digest."""
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def spy(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(service.hmac, "compare_digest", spy)
    for token in (KEY[:-1] + "x", "x" + KEY[1:]):
        await refusal(identity, f"Bearer {token}")
    assert compared == [
        (KEY[:-1].encode() + b"x", KEY.encode()),
        (b"x" + KEY[1:].encode(), KEY.encode()),
    ]
    statements = sql.load("tamamo.kernel.identity")
    assert "k.digest = %(digest)s" in statements["find_device_of_key"]
    assert "t.token_checksum = %(checksum)s" in statements["find_token"]


async def test_a_header_that_reads_like_a_subject_finds_nobody(
    identity: Identity, accounts: Accounts
) -> None:
    user = await accounts.user()
    await accounts.grant(f"user:{user}", "*", Role.OPERATOR)
    assert (await identity.actor_of(f"user:{user}")).grants
    assert (await identity.actor_of("system:work")).grants
    for header in (f"user:{user}", "system:work", "installation"):
        await refusal(identity, header)


async def test_a_client_acts_with_its_own_grants(identity: Identity, accounts: Accounts) -> None:
    client = await accounts.client(home="ayagawa")
    await accounts.grant("client:firm", "ayagawa", Role.EDITOR, types=[GAUGE])
    actor = await identity.actor(await accounts.token(client, "read write"))
    assert (actor.subject, actor.name, actor.tenant) == ("client:firm", "A firm", "ayagawa")
    assert actor.rights == {Right.READ, Right.WRITE}
    access = await identity.access(actor, "ayagawa")
    assert access.write.allows([GAUGE]) and not access.write.allows([SHELTER])
    assert not (await identity.access(actor, "kanonji")).write


async def test_a_token_of_a_user_acts_as_the_user_within_its_scopes(
    identity: Identity, accounts: Accounts
) -> None:
    client, user = await accounts.client(), await accounts.user("kagawa", home="kanonji")
    await accounts.grant("client:firm", "*", Role.OPERATOR)  # not the user's
    await accounts.grant(f"user:{user}", "kanonji", Role.OPERATOR)
    actor = await identity.actor(await accounts.token(client, "read", user))
    assert (actor.subject, actor.user_id, actor.tenant) == (f"user:{user}", user, "kanonji")
    access = await identity.access(actor, "kanonji")
    assert access.read.everything and not access.write and not access.subscribe
    assert not access.roles and not access.everything
    assert not (await identity.access(actor, "ayagawa")).read


async def test_a_token_for_one_tenant_says_nothing_about_others(
    identity: Identity, accounts: Accounts
) -> None:
    client = await accounts.client(home="kanonji")
    await accounts.grant("client:firm", "*", Role.AUDITOR)
    header = await accounts.token(client, "read tenant:ayagawa")
    actor = await identity.actor(header)
    assert actor.towns() == {"ayagawa"} and actor.tenant is None
    assert (await identity.access(actor, "ayagawa")).read.everything
    assert not (await identity.access(actor, "kanonji")).read


async def test_an_expired_token_is_told_so(identity: Identity, accounts: Accounts) -> None:
    header = await accounts.token(await accounts.client(), seconds=-1)
    assert "expired" in await refusal(identity, header)


async def test_what_is_taken_away_stops_within_five_seconds(
    identity: Identity, accounts: Accounts, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service.FRESH <= 2.5  # what was found, and what follows from it, are kept one by one
    clock = 1000.0
    monkeypatch.setattr("tamamo.kernel.identity.cache.monotonic", lambda: clock)
    client, user = await accounts.client(), await accounts.user()
    grant = await accounts.grant(f"user:{user}", "ayagawa", Role.EDITOR)
    header = await accounts.token(client, "read write administer", user)

    async def roles() -> frozenset[Role]:
        return (await identity.access(await identity.actor(header), "ayagawa")).roles

    assert await roles() == {Role.EDITOR}
    await run("update role_grant set revoked_at = now() where id = %s::uuid", grant)
    clock += service.FRESH / 2
    assert await roles() == {Role.EDITOR}, "it is not looked up for each request"
    clock += service.FRESH
    assert await roles() == frozenset()
    await run("delete from oauth2_provider_accesstoken")
    clock += service.FRESH + 0.01
    assert "revoked" in await refusal(identity, header)


@pytest.mark.parametrize(
    "closing",
    [
        "update accounts_client set revoked_at = now()",
        "update accounts_client set expires_at = now()",
        "update accounts_user set is_active = false",
    ],
)
async def test_the_tokens_of_a_closed_client_or_account_stop(
    identity: Identity, accounts: Accounts, run: Run, closing: str
) -> None:
    header = await accounts.token(await accounts.client(), user=await accounts.user())
    assert await identity.actor(header)
    await run(closing)
    identity.forget()
    assert "closed" in await refusal(identity, header)


@pytest.mark.parametrize(
    ("resource", "taken"),
    [
        ('["https://data.example.jp"]', True),
        ('["https://other.example", "https://data.example.jp/ngsi-ld"]', True),
        ('["https://data.example.jp.evil.example/"]', False),
        ('["https://other.example"]', False),
    ],
)
async def test_a_token_for_another_resource_is_not_for_us(
    identity: Identity, accounts: Accounts, resource: str, taken: bool
) -> None:
    header = await accounts.token(await accounts.client(), resource=resource)
    if taken:
        assert await identity.actor(header)
    else:
        assert "another resource" in await refusal(identity, header)


async def test_requests_at_once_ask_the_database_once(
    identity: Identity, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = await accounts.token(await accounts.client())
    asked = 0
    original = service.credentials.of_token

    async def counted(*arguments: object) -> object:
        nonlocal asked
        asked += 1
        return await original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(service.credentials, "of_token", counted)
    actors = await asyncio.gather(*(identity.actor(header) for _ in range(50)))
    assert asked == 1 and len({id(actor) for actor in actors}) == 1


async def test_one_who_leaves_does_not_end_the_search_of_others(
    identity: Identity, accounts: Accounts
) -> None:
    header = await accounts.token(await accounts.client())
    first = asyncio.create_task(identity.actor(header))
    second = asyncio.create_task(identity.actor(header))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).subject == "client:firm"


@pytest.mark.parametrize("name", ["a\x00", "\n", "x" * 201, "x" * 100_000])
async def test_the_name_of_no_tenant_is_neither_looked_for_nor_kept(
    identity: Identity, name: str
) -> None:
    access = await identity.access(ANONYMOUS, name)
    assert not access.read and not access.write
    assert identity._accesses.get((ANONYMOUS, name)) is None
    assert (await identity.access(INSTALLATION, name)).everything


async def test_of_cookies_only_a_digest_is_kept(identity: Identity) -> None:
    async def nobody(_: object) -> None:
        return None

    identity.session_user = nobody
    for cookies in ("sessionid=secret", "x" * 50_000, "\x80=\xff", ""):
        assert await identity.browser(cookies) is ANONYMOUS
    assert max(len(key) for key in identity._by_cookies._found) == 32


async def test_users_are_read_anew_each_time(
    identity: Identity, accounts: Accounts, run: Run
) -> None:
    user = await accounts.user("kagawa", home="kanonji")
    assert (await identity.user(user)).name == "kagawa"
    await run("update accounts_user set is_active = false")
    assert await identity.user(user) is ANONYMOUS
    assert await identity.user(user + 1) is ANONYMOUS


async def test_a_stored_subject_names_who_it_is_now(identity: Identity, accounts: Accounts) -> None:
    await accounts.client()
    await accounts.grant("client:firm", "ayagawa", Role.DEVELOPER)
    assert await identity.actor_of("installation") is INSTALLATION
    assert (await identity.actor_of("client:firm")).holds(Role.DEVELOPER, "ayagawa")
    for gone in ("client:x", "user:99", "user:x", "device:x", "anonymous", ""):
        assert await identity.actor_of(gone) is ANONYMOUS


async def test_the_use_of_a_client_is_noted(
    identity: Identity, accounts: Accounts, run: Run
) -> None:
    await identity.actor(await accounts.token(await accounts.client()))
    assert (await run("select last_used_at from accounts_client"))[0] is None
    await identity.last_use.flush()
    assert (await run("select now() - last_used_at < '10s' from accounts_client"))[0]
