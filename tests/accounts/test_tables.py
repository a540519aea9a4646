"""The kernel's migrations make the very tables that Django's apps expect, in their last state."""

import os
import subprocess
import sys
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.conftest import ROOT

COLUMNS = """
    select table_name, column_name, data_type, character_maximum_length, is_nullable,
           is_identity, column_default
    from information_schema.columns where table_schema = 'public'
"""
CONSTRAINTS = """
    select conrelid::regclass::text, contype::text, pg_get_constraintdef(oid)
    from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
"""
INDEXES = """
    select tablename, regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON')
    from pg_indexes where schemaname = 'public'
"""


def django(dsn: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "DATABASE_URL": dsn,
        "DJANGO_SETTINGS_MODULE": "tamamo.web.settings",
    }
    command = [sys.executable, "-m", "django", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture(scope="module")
def made_by_django(cluster_dsn: str) -> Any:
    """A database that Django's own migrations made."""
    name = "t_made_by_django"
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    dsn = make_conninfo(cluster_dsn, dbname=name)
    answer = django(dsn, "migrate", "--skip-checks", "-v", "0")
    assert answer.returncode == 0, answer.stderr
    yield dsn
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


def test_django_finds_nothing_to_migrate(shared_database_url: str) -> None:
    answer = django(shared_database_url, "migrate", "--check", "--skip-checks")
    assert answer.returncode == 0, f"run scripts/django_sql.py\n{answer.stdout}"


def test_a_migration_that_was_not_written_is_found(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("delete from django_migrations where app = 'mfa'")
    assert django(database_url, "migrate", "--check", "--skip-checks").returncode == 1


def test_the_models_are_those_of_the_migrations(shared_database_url: str) -> None:
    answer = django(shared_database_url, "makemigrations", "--check", "--skip-checks")
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("what", [COLUMNS, CONSTRAINTS, INDEXES], ids=["columns", "keys", "index"])
def test_ours_is_what_django_would_make(
    shared_database_url: str, made_by_django: str, what: str
) -> None:
    def look(dsn: str) -> set[Any]:
        with psycopg.connect(dsn) as connection:
            return set(connection.execute(what).fetchall())

    theirs, ours = look(made_by_django), look(shared_database_url)
    tables = {row[0] for row in look(made_by_django)}
    assert len(tables) > 15
    assert theirs == {row for row in ours if row[0] in tables}


def test_an_account_can_be_made_without_django(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        made = connection.execute(
            "select account_create(' Aoki@Example.jp ', '青木', language => 'en')"
        )
        row = made.fetchone()
        user = connection.execute(
            "select u.id, email, name, password like '!%', language, home_tenant, is_active,"
            " verified from accounts_user u join account_emailaddress using (email)"
        ).fetchone()
    assert row is not None
    assert user == (row[0], "aoki@example.jp", "青木", True, "en", None, True, True)
