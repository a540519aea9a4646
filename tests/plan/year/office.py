"""A town with owners and a head of the plan, on a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.accounts.signing import make_user, sign_in, token_of
from tests.conftest import _fresh_database, running_server

CHILDREN, TRAFFIC = "健康福祉局/こども家庭課", "都市整備局/交通政策課"
UNITS = ("健康福祉局", CHILDREN, "都市整備局", TRAFFIC)
#: Login → name, role, unit.
PEOPLE = {
    "owner": ("香川 花子", "editor", CHILDREN),
    "head": ("讃岐 課長", "approver", CHILDREN),
    "other": ("都市 次郎", "editor", TRAFFIC),
    "all": ("総務 三郎", "editor", None),
}


@dataclass
class Office:
    """The server, its database and its people's browsers ("": a citizen)."""

    base: str
    dsn: str
    people: dict[str, httpx.Client]

    def one(self, statement: str, *values: Any) -> Any:
        """Return the first value of a statement."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(statement.encode(), list(values)).fetchone()
            return row[0] if row else None

    def get(self, path: str, who: str = "") -> httpx.Response:
        """Open a page."""
        return self.people[who].get(path)

    def send(self, path: str, who: str, form: str = "", **fields: Any) -> httpx.Response:
        """Send a form with the token of a page; file: (name, content)."""
        token = token_of(self.get(form or path, who).text)
        file = fields.pop("file", None)
        data = {"csrfmiddlewaretoken": token, **fields}
        files = {"file": file} if file else None
        return self.people[who].post(path, data=data, files=files)


@contextmanager
def open_office(cluster_dsn: str, home: Path) -> Iterator[Office]:
    """Run the town."""
    with _fresh_database(cluster_dsn) as dsn:
        with psycopg.connect(dsn) as connection:
            for place, unit in enumerate(UNITS):
                parent, _, name = unit.rpartition("/")
                connection.execute(
                    "insert into org_unit (tenant, id, parent, name, position, valid_from)"
                    " values ('default', %s, %s, %s, %s, '2020-04-01')",
                    [unit, parent or None, name, place],
                )
        for login, (name, role, held) in PEOPLE.items():
            number = make_user(dsn, f"{login}@example.jp", ("default", role), name=name,
                               home_tenant="default")  # fmt: skip
            with psycopg.connect(dsn) as connection:
                connection.execute(
                    "update role_grant set unit = %s where subject = %s", [held, f"user:{number}"]
                )
        with running_server(home, dsn=dsn) as base:
            people = {name: httpx.Client(base_url=base, timeout=30) for name in ("", *PEOPLE)}
            for login in PEOPLE:
                assert sign_in(people[login], f"{login}@example.jp").status_code == 302
            yield Office(base, dsn, people)
            for client in people.values():
                client.close()
