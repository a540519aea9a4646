"""Our migration makes what the installed library would make itself, object by object."""

from importlib.resources import files
from typing import Any

import psycopg

#: Everything the library owns, as (kind, name, definition).
_OBJECTS = """
with own as (select oid from pg_namespace where nspname = %(schema)s)
select 'column', c.relname || '.' || a.attname,
    format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || a.attidentity::text
    || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace in (select oid from own) and c.relname like '%%procrastinate%%'
union all
select 'index', i.relname, pg_get_indexdef(i.oid)
from pg_class i where i.relkind = 'i' and i.relnamespace in (select oid from own)
    and i.relname like '%%procrastinate%%'
union all
select 'constraint', k.conname, pg_get_constraintdef(k.oid)
from pg_constraint k join pg_class c on c.oid = k.conrelid
where k.connamespace in (select oid from own) and c.relname like 'procrastinate%%'
union all
select 'function', p.proname, pg_get_functiondef(p.oid)
from pg_proc p where p.pronamespace in (select oid from own) and p.proname like 'procrastinate%%'
union all
select 'trigger', t.tgname, pg_get_triggerdef(t.oid)
from pg_trigger t join pg_class c on c.oid = t.tgrelid
where not t.tgisinternal and c.relnamespace in (select oid from own)
    and c.relname like 'procrastinate%%'
union all
select 'enum', y.typname, string_agg(e.enumlabel, ' ' order by e.enumsortorder)
from pg_type y join pg_enum e on e.enumtypid = y.oid
where y.typnamespace in (select oid from own) and y.typname like 'procrastinate%%'
group by y.typname
"""


def _objects(connection: psycopg.Connection[Any], schema: str) -> set[tuple[str, str, str]]:
    connection.execute(f"set search_path = {schema}")
    rows = connection.execute(_OBJECTS, {"schema": schema}).fetchall()
    return {(kind, name, text.replace(f"{schema}.", "")) for kind, name, text in rows}


def test_the_migrated_queue_is_the_librarys_own(database_url: str) -> None:
    own = files("procrastinate").joinpath("sql", "schema.sql").read_bytes()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create schema theirs; set search_path = theirs")
        connection.execute(own)
        theirs, ours = _objects(connection, "theirs"), _objects(connection, "public")
    kinds = {kind for kind, _, _ in theirs}
    assert kinds == {"column", "index", "constraint", "function", "trigger", "enum"}
    assert ours == theirs
