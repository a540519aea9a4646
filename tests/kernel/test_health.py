"""/healthz, /readyz and /metrics as a monitoring system sees them."""

import json

import psycopg

from tamamo.kernel import health
from tamamo.kernel.database import Pool, open_pool


async def test_ready_with_a_database_of_this_version(pool: Pool) -> None:
    answer = await health.ready(pool)
    assert answer.status_code == 200


async def test_not_ready_while_a_migration_is_missing(database_url: str, pool: Pool) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("delete from schema_migration where name = '0001_context'")
    answer = await health.ready(pool)
    assert answer.status_code == 503
    assert "0001_context" in json.loads(bytes(answer.body))["detail"]


async def test_not_ready_with_an_empty_database(database_url: str, pool: Pool) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("drop table schema_migration")
    answer = await health.ready(pool)
    assert answer.status_code == 503


async def test_not_ready_without_a_database() -> None:
    async with open_pool("host=/nonexistent dbname=none connect_timeout=1") as unreachable:
        answer = await health.ready(unreachable)
    assert answer.status_code == 503
    assert answer.media_type == "application/problem+json"


def test_metrics_are_prometheus_text() -> None:
    answer = health.metrics()
    assert b"python_info" in bytes(answer.body)
    assert answer.headers["content-type"].startswith("text/plain")
