"""An installation with two towns, a home with files, and a way to put its backup elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tamamo.kernel import embedded
from tamamo.kernel.audit import Event, append_sync
from tamamo.kernel.settings import Settings

FILL = """
insert into tenant (name) values ('ayagawa') on conflict do nothing;
insert into entity (tenant, id, type, types, attrs, created_at, modified_at)
select tenant, 'urn:x:' || n, 'Gauge', '{Gauge}',
    '{"name": [{"type": "Property", "value": "玉藻"}]}', now(), now()
from (values ('default', 7), ('ayagawa', 3)) town (tenant, most), generate_series(1, most) n;
insert into attribute_history (
    tenant, entity_id, attr, at, observed_at, created_at, modified_at, number, instance
)
select 'default', 'urn:x:1', 'level', at, at, now(), now(), 1.5, '{"type":"Property","value":1.50}'
from generate_series(now() - interval '3 days', now(), interval '1 hour') at;
insert into outbox (tenant, entity_id, operation, types, changed, entity)
values ('default', 'urn:x:1', 'update', '{Gauge}', '{level}', '{}');
update notification_state set xid = pg_current_xact_id(), seq = (select max(seq) from outbox);
insert into subscription (tenant, id, document, terms, query_terms, since, is_active)
values ('default', 'urn:s:1', '{}', '', '', pg_current_snapshot(), true);
"""


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Settings:
    """Ten entities of two towns, history, a subscription, events, and files in the home."""
    home = tmp_path / "home"
    files = {
        "rejects/2026-水位.csv": "行,理由\n",
        "secrets/api-key": "abc\n",
        "oidc.toml": "client_secret",
        "backups/old.tar": "x",
        "basemap/a/b.json": "{}",
        ".hidden": "x",
        "rejects/" + "長" * 60 + ".csv": "long names have an entry of their own",
    }
    for name, content in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(content, "utf-8")
    (home / "rejects" / "link").symlink_to("/etc/passwd")
    with psycopg.connect(database_url) as connection:
        connection.execute(FILL)
        for number in range(5):
            append_sync(connection, Event("default", "user:1", "a.b", f"urn:x:{number}"))
    return Settings(home=home, database_url=database_url)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """Another home, with an embedded server of its own when it is used."""
    home = tmp_path / "elsewhere"
    yield home
    if home.exists():
        embedded.destroy(home)
