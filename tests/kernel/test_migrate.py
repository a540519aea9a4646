"""The migrations reach a fresh database once each."""

import psycopg

from tamamo.kernel.migrate import known, migrate, pending


def test_a_fresh_database_has_every_migration(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert pending(connection) == []
        assert known() != []


def test_a_second_run_applies_nothing(database_url: str) -> None:
    assert migrate(database_url) == []


def test_databases_of_two_tests_do_not_see_each_other(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("create table only_here (x int)")
        names = connection.execute("select count(*) from pg_class where relname = 'only_here'")
        assert names.fetchone() == (1,)
