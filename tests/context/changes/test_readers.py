"""Who may read a stream, and what becomes of it when they may no more."""

from collections.abc import Mapping

import pytest

from tamamo.context.broker import Broker
from tamamo.context.entities.service import EntityService
from tamamo.context.model.entity import Entity
from tamamo.kernel.database import transaction
from tamamo.kernel.identity import ANONYMOUS, Role, service
from tests.context.changes.test_sse import Browser
from tests.context.conftest import client_of
from tests.kernel.identity.conftest import Accounts

TYPE = "https://uri.etsi.org/ngsi-ld/default-context/Gauge"


@pytest.fixture
async def accounts(broker: Broker) -> Accounts:
    """Accounts of a closed installation with a town that shows nothing to everybody."""
    broker.identity.key = "key"

    async def run(statement: str, *values: object) -> object:
        async with transaction(broker.pool) as connection:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchone() if cursor.description else None

    await run("insert into tenant (name) values ('ayagawa')")
    return Accounts(run)


async def user(accounts: Accounts) -> int:
    number = await accounts.user()
    await accounts.grant(f"user:{number}", "ayagawa", Role.OPERATOR)
    return number


def has_session(broker: Broker, number: int) -> None:
    async def session_user(cookies: Mapping[str, str]) -> int | None:
        return number if cookies.get("sessionid") == "s" else None

    broker.identity.session_user = session_user


async def status(broker: Broker, **headers: str) -> int:
    async with Browser(broker, "tenant=ayagawa", **headers).watching() as browser:
        return browser.status


async def test_what_a_town_does_not_show_needs_a_key(broker: Broker, accounts: Accounts) -> None:
    assert await status(broker) == 401
    assert await status(broker, authorization="Bearer key") == 200
    assert await status(broker, authorization="Bearer wrong") == 401
    async with Browser(broker).watching() as browser:
        assert browser.status == 200, "the installing town shows what it has"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"sec_fetch_site": "same-origin"}, 200),
        ({"sec_fetch_site": "same-site"}, 401),
        ({"sec_fetch_site": "cross-site", "host": "broker.test"}, 401),
        ({"sec_fetch_site": "none"}, 401),
        ({}, 200),
        ({"origin": "http://broker.test", "host": "broker.test"}, 200),
        ({"origin": "http://evil.test", "host": "broker.test"}, 401),
        ({"origin": "null", "host": "broker.test"}, 401),
    ],
)
async def test_a_session_counts_for_pages_of_this_installation_only(
    broker: Broker, accounts: Accounts, headers: dict[str, str], expected: int
) -> None:
    has_session(broker, await user(accounts))
    assert await status(broker, cookie="theme=dark; sessionid=s", **headers) == expected
    assert await status(broker, cookie="sessionid=stolen", **headers) == 401


async def test_a_session_is_no_key_for_anything_else(broker: Broker, accounts: Accounts) -> None:
    """A page of another site could send it along."""
    has_session(broker, await user(accounts))
    cookie = {"Cookie": "sessionid=s", "Sec-Fetch-Site": "same-origin"}
    entity = {"id": "urn:x:1", "type": "Gauge"}
    async with client_of(broker) as client:
        client.headers.update({"NGSILD-Tenant": "ayagawa", "Fiware-Service": "ayagawa", **cookie})
        for method, url in (
            ("POST", "/ngsi-ld/v1/entities"),
            ("DELETE", "/ngsi-ld/v1/entities/urn:x:1"),
            ("GET", "/ngsi-ld/v1/entities?type=Gauge"),
            ("POST", "/v2/entities"),
            ("GET", "/v2/entities"),
        ):
            answer = await client.request(
                method, f"http://broker.test{url}", json=entity if method == "POST" else None
            )
            assert answer.status_code == 401, (method, url)


async def test_a_header_goes_before_the_session(broker: Broker, accounts: Accounts) -> None:
    has_session(broker, await user(accounts))
    assert await status(broker, cookie="sessionid=s", authorization="Bearer wrong") == 401


async def test_cookies_that_cannot_be_read_are_none(broker: Broker, accounts: Accounts) -> None:
    has_session(broker, 1)
    assert await broker.identity.browser("\x00=;;; =") is ANONYMOUS


@pytest.mark.parametrize(
    "taken",
    ["delete from oauth2_provider_accesstoken", "update role_grant set revoked_at = now()"],
)
async def test_a_stream_ends_when_the_right_to_it_is_taken_away(
    broker: Broker, accounts: Accounts, monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    clock = 1000.0
    monkeypatch.setattr("tamamo.kernel.identity.cache.monotonic", lambda: clock)
    number = await user(accounts)
    header = await accounts.token(await accounts.client(), user=number)
    entities = EntityService(broker.pool)
    async with Browser(broker, "tenant=ayagawa", authorization=header).watching() as browser:
        await browser.piece()
        await entities.create("ayagawa", Entity("urn:a", [TYPE], {}, []))
        assert (await browser.event())[0] == "entity"
        await accounts.run(taken)
        clock += service.FRESH + 0.01
        await entities.create("ayagawa", Entity("urn:b", [TYPE], {}, []))
        name, _, data = await browser.event()
        assert (name, data) == ("end", {"reason": "access"})
        assert b"urn:b" not in browser._text
