"""OAuth2 for programs: how a token is got, what it is worth, and how it ends."""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from tamamo.accounts.service import clients
from tamamo.kernel.identity import INSTALLATION
from tests.accounts.conftest import Site
from tests.accounts.signing import make_user, sign_in, token_of

BACK = "http://127.0.0.1:9/back"


def acting(site: Site, act: Callable[[Any], Any]) -> Any:
    """Run one act of a service in a transaction of its own."""

    async def run() -> Any:
        async with await psycopg.AsyncConnection.connect(site.dsn) as connection:
            return await act(connection)

    return asyncio.run(run())


def make_client(site: Site, **options: Any) -> tuple[clients.Program, str]:
    return acting(site, lambda c: clients.create(c, INSTALLATION, "default", "試験", **options))


@pytest.fixture(scope="module")
def machine(site: Site) -> tuple[str, str]:
    program, secret = make_client(site, scopes=("read", "write"))
    site.sql(
        "insert into role_grant (tenant, subject, role, granted_by)"
        " values ('default', %s, 'editor', 'test')",
        [program.subject],
    )
    return program.client_id, secret


def ask(site: Site, auth: tuple[str, str], **fields: str) -> httpx.Response:
    data = {"grant_type": "client_credentials", **fields}
    return httpx.post(f"{site.base}/oauth/token", data=data, auth=auth, timeout=30)


def read(site: Site, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{site.base}/ngsi-ld/v1/entities?type=Thing"
    return httpx.get(url, headers=headers, timeout=30).status_code


def write(site: Site, token: str, tenant: str | None = None) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    if tenant:
        headers["NGSILD-Tenant"] = tenant
    entity = {"id": f"urn:ngsi-ld:Thing:{secrets.token_hex(4)}", "type": "Thing"}
    url = f"{site.base}/ngsi-ld/v1/entities"
    return httpx.post(url, json=entity, headers=headers, timeout=30).status_code


def test_a_program_gets_a_token_and_uses_it(site: Site, machine: tuple[str, str]) -> None:
    answer = ask(site, machine)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "read write")
    assert read(site, body["access_token"]) == 200
    assert write(site, body["access_token"]) == 201


def test_a_token_is_worth_no_more_than_its_scopes(site: Site, machine: tuple[str, str]) -> None:
    token = ask(site, machine, scope="read").json()["access_token"]
    assert read(site, token) == 200
    assert write(site, token) == 403
    refused = ask(site, machine, scope="administer")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


def test_a_token_for_a_town_counts_nowhere_else(site: Site, machine: tuple[str, str]) -> None:
    token = ask(site, machine, scope="read write tenant:ayagawa").json()["access_token"]
    assert write(site, token) in (401, 403, 404)
    here = ask(site, machine, scope="read write tenant:default").json()["access_token"]
    assert write(site, here) == 201


def test_tokens_and_secrets_are_stored_hashed(site: Site, machine: tuple[str, str]) -> None:
    token = ask(site, machine).json()["access_token"]
    everything = "".join(
        str(row)
        for table in ("oauth2_provider_accesstoken", "accounts_client", "audit_event")
        for row in site.sql(f"select t::text from {table} t")
    )
    assert hashlib.sha256(token.encode()).hexdigest() in everything
    assert token not in everything
    assert machine[1] not in everything


def test_a_revoked_token_stops_within_five_seconds(site: Site, machine: tuple[str, str]) -> None:
    token = ask(site, machine).json()["access_token"]
    assert read(site, token) == 200
    answer = httpx.post(f"{site.base}/oauth/revoke", data={"token": token}, auth=machine)
    assert answer.status_code == 200
    begun = time.monotonic()
    while read(site, token) != 401:
        assert time.monotonic() - begun < 5
        time.sleep(0.2)


def test_an_expired_token_is_refused(site: Site, machine: tuple[str, str]) -> None:
    token = ask(site, machine).json()["access_token"]
    checksum = hashlib.sha256(token.encode()).hexdigest()
    site.sql(
        "update oauth2_provider_accesstoken set expires = now() where token_checksum = %s",
        [checksum],
    )
    assert read(site, token) == 401


@pytest.mark.parametrize(
    ("auth", "fields", "status", "error"),
    [
        (("nobody", "x"), {}, 401, "invalid_client"),
        (
            None,
            {"grant_type": "password", "username": "a", "password": "b"},
            400,
            "unsupported_grant_type",
        ),
        (
            None,
            {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"},
            400,
            "unsupported_grant_type",
        ),
        (None, {"grant_type": "authorization_code", "code": "made-up"}, 400, None),
        (None, {"grant_type": ""}, 400, "unsupported_grant_type"),
    ],
)
def test_wrong_requests_get_the_standards_answers(
    site: Site,
    machine: tuple[str, str],
    auth: tuple[str, str] | None,
    fields: dict[str, str],
    status: int,
    error: str | None,
) -> None:
    answer = ask(site, auth or machine, **fields)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == error or error is None
    assert "access_token" not in answer.json()


def test_a_secret_in_an_address_is_refused(site: Site, machine: tuple[str, str]) -> None:
    for path in ("token", "revoke", "introspect"):
        assert httpx.get(f"{site.base}/oauth/{path}", auth=machine).status_code == 405


def test_a_new_secret_ends_the_old_and_revoking_ends_the_client(site: Site) -> None:
    program, old = make_client(site)
    token = ask(site, (program.client_id, old)).json()["access_token"]
    new = acting(site, lambda c: clients.rotate(c, INSTALLATION, program.client_id))
    assert ask(site, (program.client_id, old)).status_code == 401
    assert ask(site, (program.client_id, new)).status_code == 200
    acting(site, lambda c: clients.revoke(c, INSTALLATION, program.client_id))
    assert ask(site, (program.client_id, new)).status_code == 401
    time.sleep(2.1)
    assert read(site, token) == 401
    actions = site.sql(
        "select action from audit_event where object = %s order by seq", [program.subject]
    )
    assert [row[0] for row in actions] == ["client.create", "client.rotate", "client.revoke"]


def test_a_program_learns_what_a_token_is_worth(site: Site, machine: tuple[str, str]) -> None:
    token = ask(site, machine, scope="read").json()["access_token"]
    url = f"{site.base}/oauth/introspect"
    told = httpx.post(url, data={"token": token}, auth=machine).json()
    assert told["active"] is True
    assert (told["scope"], told["sub"]) == ("read", f"client:{machine[0]}")
    assert httpx.post(url, data={"token": "made-up"}, auth=machine).json() == {"active": False}
    assert httpx.post(url, data={"token": token}).status_code in (401, 403)


def test_programs_find_the_endpoints(site: Site) -> None:
    told = httpx.get(f"{site.base}/.well-known/oauth-authorization-server").json()
    assert told["issuer"] == site.base
    assert told["token_endpoint"] == f"{site.base}/oauth/token"
    assert told["code_challenge_methods_supported"] == ["S256"]


def test_too_many_tries_from_one_address_have_to_wait(sites: Callable[..., Site]) -> None:
    busy = sites(sign_in_rate="4", actor_rate="3")
    make_user(busy.dsn, "aoki@example.jp")
    with busy.browser() as client:
        assert sign_in(client, "aoki@example.jp").status_code == 302
        pages = [client.get("/account/") for _ in range(5)]
        # Signed in, the requests of its pages are the person's, and not the address's.
        assert [one.status_code for one in pages][:2] == [200, 200]
        assert pages[-1].status_code == 429 and '"actor"' in pages[-1].headers["ratelimit"]
        with busy.browser() as other:
            assert other.get("/account/login/").status_code == 200
    answers = [ask(busy, ("nobody", "x")) for _ in range(4)]
    assert [one.status_code for one in answers] == [401, 401, 401, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    with busy.browser() as client:
        page = client.get("/account/login/")
        fields = {"csrfmiddlewaretoken": token_of(page.text), "login": "a@b.jp", "password": "x"}
        answer = client.post("/account/login/", data=fields)
        assert answer.status_code == 429 and answer.headers["retry-after"]
