"""A real server with staff of several roles, asked over HTTP as a browser without scripts asks."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tamamo.calling import CONTACT_TYPE
from tests.accounts.signing import make_user, sign_in, token_of
from tests.conftest import _fresh_database, running_server

UNIT = "総務局/危機管理課"


@dataclass
class Office:
    """The server and who is signed in to it."""

    base: str
    dsn: str
    home: Path
    people: dict[str, httpx.Client]
    numbers: dict[str, int]

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.dsn) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def get(self, path: str, who: str = "officer") -> httpx.Response:
        return self.people[who].get(f"/staff/default/{path}")

    def post(self, path: str, data: dict[str, Any], who: str = "officer") -> httpx.Response:
        """Send the form of a page, filled in."""
        client = self.people[who]
        page = client.get(f"/staff/default/{path}")
        token = token_of(page.text)
        return client.post(f"/staff/default/{path}", data={"csrfmiddlewaretoken": token, **data})


@pytest.fixture(scope="module")
def office(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home = tmp_path_factory.mktemp("office")
    with _fresh_database(cluster_dsn) as dsn:
        numbers = {}
        for name, role in (("officer", "approver"), ("other", "editor"), ("auditor", "auditor"),
                           ("operator", "operator")):  # fmt: skip
            numbers[name] = make_user(dsn, f"{name}@t.example", ("default", role), name=name,
                                      home_tenant="default")  # fmt: skip
        with psycopg.connect(dsn) as connection:
            # The type is of one department: other editors of the town are kept out.
            connection.execute(
                "insert into org_unit (tenant, id, name, kind, position, valid_from)"
                " values ('default', %s, '危機管理課', '課', 1, '2026-04-01')", [UNIT],
            )  # fmt: skip
            connection.execute(
                "insert into owned_type (tenant, type, unit, personal)"
                " values ('default', %s, %s, true)", [CONTACT_TYPE, UNIT],
            )  # fmt: skip
            connection.execute(
                "update role_grant set unit = %s where subject = %s",
                [UNIT, f"user:{numbers['officer']}"],
            )
        with running_server(home, dsn=dsn) as base:
            people = {}
            for name in numbers:
                people[name] = httpx.Client(base_url=base, timeout=30)
                assert sign_in(people[name], f"{name}@t.example").status_code == 302
            people[""] = httpx.Client(base_url=base, timeout=30)
            yield Office(base, dsn, home, people, numbers)
            for client in people.values():
                client.close()


def word() -> str:
    """Return a name nobody else has."""
    return f"人{secrets.token_hex(3)}"
