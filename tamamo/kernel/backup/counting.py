"""Counts and checksums of a database, the same before a backup and after a restore."""

from typing import Any, Final

import psycopg
from psycopg import sql as composing

from tamamo.kernel import sql
from tamamo.kernel.backup.manifest import Table, Tenant

Connection = psycopg.Connection[Any]

_SQL = sql.load("tamamo.kernel.backup")
#: How values are written decides their checksum.
_FORMS: Final = (
    "set local timezone = 'UTC'; set local datestyle = 'ISO, YMD';"
    " set local intervalstyle = 'iso_8601'; set local extra_float_digits = 1;"
    " set local bytea_output = 'hex'; set local statement_timeout = 0"
)


def sizes(connection: Connection) -> dict[tuple[str, str], int]:
    """Return the bytes of each table to keep, by (schema, name)."""
    return {(schema, name): size for schema, name, size in connection.execute(_SQL["tables"])}


def tables(connection: Connection) -> dict[str, Table]:
    """Return rows and checksum of each table that is kept, in this transaction's snapshot."""
    connection.execute(_FORMS)
    found: dict[str, Table] = {}
    for schema, name in sizes(connection):
        statement = composing.SQL(_SQL["count"]).format(table=composing.Identifier(schema, name))
        row = connection.execute(statement).fetchone()
        assert row is not None
        label = name if schema == "public" else f"{schema}.{name}"
        found[label] = Table(row[0], f"{row[1] & (2**64 - 1):016x}")
    return found


def tenants(connection: Connection) -> dict[str, Tenant]:
    """Return what each tenant has."""
    entities: dict[str, dict[str, int]] = {}
    for tenant, kind, count in connection.execute(_SQL["entities"]):
        entities.setdefault(tenant, {})[kind] = count
    history = dict(connection.execute(_SQL["history"]).fetchall())
    audit = dict(connection.execute(_SQL["audit"]).fetchall())
    return {
        name: Tenant(entities.get(name, {}), history.get(name, 0), audit.get(name, 0))
        for name in sorted({*entities, *history, *audit})
    }


def migrations(connection: Connection) -> list[str]:
    """Return the names of the migrations that the database has seen."""
    return [name for (name,) in connection.execute(_SQL["migrations"])]


def differences(wanted: dict[str, Table], found: dict[str, Table]) -> list[str]:
    """Return a sentence for each table that is not what it should be."""
    faults: list[str] = []
    for name, table in wanted.items():
        other = found.get(name)
        if other is None:
            faults.append(f"table {name} is missing")
        elif other.rows != table.rows:
            faults.append(f"table {name} has {other.rows:,} rows instead of {table.rows:,}")
        elif other.checksum != table.checksum:
            faults.append(f"table {name} has the same number of rows, but not the same content")
    return faults + [f"table {name} should not be there" for name in found.keys() - wanted.keys()]
