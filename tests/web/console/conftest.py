"""A real server with two towns, something of each kind in both, and people of every role."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.accounts.signing import make_user, sign_in
from tests.conftest import _fresh_database, running_server

#: Who → grants.
PEOPLE: dict[str, tuple[tuple[str, str], ...]] = {
    "whole": (("*", "operator"),),
    "whole-auditor": (("*", "auditor"),),
    "takamatsu": (("default", "operator"),),
    "takamatsu-auditor": (("default", "auditor"),),
    "ayagawa": (("ayagawa", "operator"),),
    "approver": (("ayagawa", "approver"),),
    "editor": (("default", "editor"),),
    "developer": (("default", "developer"),),
    "resident": (),
}

_SEED = """
insert into feed (tenant, id, name_ja, name_en, source, licence, interval_seconds,
    last_attempt_at, last_success_at, successes, stored, last_record)
select t, 'river', t || 'の河川水位', 'River levels of ' || t, 'https://example.jp', 'CC BY 4.0',
    600, %(long_ago)s, %(long_ago)s, 10, 100, 'a record'
from unnest(array['default', 'ayagawa']) t;
insert into feed_record (tenant, feed_id, received_at, body)
select t, 'river', now(),
    convert_to('raw of ' || t || ' token=abc <script>alert(1)</script>', 'UTF8')
from unnest(array['default', 'ayagawa']) t;
insert into feed_rejects (tenant, feed_id, noted_at, name, rows, body)
select t, 'river', now(), t || '.csv', 1, convert_to('row of ' || t, 'UTF8')
from unnest(array['default', 'ayagawa']) t;
insert into notification (tenant, entity_id, subscription_id, bucket, media, body, attempts,
    last_error, dead_at)
select t, 'urn:x:' || t, 'urn:subscription:' || t, 1, 'application/json', '{"of":"' || t || '"}', 5,
    'refused', now()
from unnest(array['default', 'ayagawa']) t;
select job_defer(t, 'user:1', 'feed.replay', '{"feed":"river","numbers":[1]}', false,
    now() + interval '1 day')
from unnest(array['default', 'ayagawa']) t;
select audit_append(t, 'user:1', 'test.seed', 'thing:' || t)
from unnest(array['default', 'ayagawa']) t;
"""


@dataclass
class Place:
    """A server and what stands in it."""

    base: str
    dsn: str
    users: dict[str, int]

    def client(self, who: str, **options: Any) -> httpx.Client:
        """A browser's stand-in, signed in as somebody; "" stays outside."""
        client = httpx.Client(base_url=self.base, timeout=30, **options)
        if who:
            answer = sign_in(client, f"{who}@example.jp")
            assert answer.status_code == 302, answer.text
        return client

    def one(self, statement: str, *values: Any) -> Any:
        """The first value a statement returns."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(statement, list(values)).fetchone()
            return row[0] if row else None


def seed(dsn: str) -> dict[str, int]:
    """Make the towns, the people and the things; return who → user id."""
    long_ago = datetime.now(UTC) - timedelta(hours=6)
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "insert into tenant (name, title) values ('ayagawa', %s), ('kanonji', %s)",
            ['{"ja": "綾川町", "en": "Ayagawa"}', '{"ja": "観音寺市", "en": "Kan-onji"}'],
        )
        connection.execute("""update tenant set title = '{"ja": "高松市", "en": "Takamatsu"}'
                              where name = 'default'""")
        for statement in _SEED.split(";\n"):
            if statement.strip():
                with_moment = {"long_ago": long_ago} if "long_ago" in statement else None
                connection.execute(statement, with_moment)
    homes = {"ayagawa": "ayagawa", "approver": "ayagawa", "whole": None, "whole-auditor": None}
    return {
        who: make_user(
            dsn, f"{who}@example.jp", *grants, name=who, home_tenant=homes.get(who, "default")
        )
        for who, grants in PEOPLE.items()
    }


@pytest.fixture(scope="module")
def place(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with _fresh_database(cluster_dsn) as dsn:
        users = seed(dsn)
        home: Path = tmp_path_factory.mktemp("console")
        with running_server(home, dsn=dsn) as base:
            yield Place(base, dsn, users)


@pytest.fixture(scope="module")
def browsers(place: Place) -> Iterator[Callable[[str], httpx.Client]]:
    """Signed-in clients by name, each signed in once."""
    clients: dict[str, httpx.Client] = {}

    def of(who: str) -> httpx.Client:
        if who not in clients:
            clients[who] = place.client(who)
        return clients[who]

    yield of
    for client in clients.values():
        client.close()
