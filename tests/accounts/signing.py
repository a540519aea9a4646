"""Signing in as a browser does, for tests of any face."""

import re
from functools import cache

import httpx
import psycopg

from tamamo.accounts.service.users import hash_password

PASSWORD = "correct-horse-battery"


@cache
def _hashed() -> str:
    """The password's hash, reckoned once: it is meant to cost something."""
    return hash_password(PASSWORD)


def make_user(dsn: str, email: str, *grants: tuple[str, str], **others: str | None) -> int:
    """Store a user whose password is PASSWORD, with (tenant, role) grants, and return its id."""
    hashed = _hashed()
    with psycopg.connect(dsn) as connection:
        made = connection.execute(
            "select account_create(%s, %s, %s, %s, %s)",
            [
                email,
                others.get("name", ""),
                hashed,
                others.get("language", "ja"),
                others.get("home_tenant"),
            ],
        ).fetchone()
        assert made is not None
        for tenant, role in grants:
            connection.execute(
                "insert into role_grant (tenant, id, subject, role, granted_by)"
                " values (%s, gen_random_uuid(), %s, %s, 'test')",
                [tenant, f"user:{made[0]}", role],
            )
    return int(made[0])


def token_of(html: str) -> str:
    """Return the CSRF token of a page's first form."""
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)
    assert found, html[:500]
    return found[1]


def post(
    client: httpx.Client, path: str, data: dict[str, str] | None = None, form: str | None = None
) -> httpx.Response:
    """Fetch a page's form, or that of another page, and send it filled in."""
    token = token_of(client.get(form or path).text)
    return client.post(path, data={"csrfmiddlewaretoken": token, **(data or {})})


def sign_in(
    client: httpx.Client, email: str, password: str = PASSWORD, next_page: str = ""
) -> httpx.Response:
    """Send the sign-in form."""
    fields = {"login": email, "password": password, "next": next_page}
    return post(client, "/account/login/", fields)
