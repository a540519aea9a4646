"""The bare SQL of each measure: what this PostgreSQL does when nothing stands before it.

Each function returns how many statements a second, of those the work cannot do without, run on a
few connections without any of the standard's rules. Writes are as durable as the broker's.
"""

import asyncio
import itertools
import json
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, LiteralString

import psycopg

from bench import workload

_CONNECTIONS = 8
_VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"
_ATTRIBUTE = f"{_VOCABULARY}currentLevel"

_GET: LiteralString = """
select id, types, scopes, attrs::text, created_at, modified_at from entity
where tenant = 'default' and id = %(id)s
"""
#: State, history and outbox, as every change writes them; nobody listens to this type.
_PATCH: LiteralString = """
with state as (
    update entity
    set attrs = jsonb_set(attrs, array[%(attr)s, '0', 'value'], to_jsonb(%(value)s::float8)),
        modified_at = now()
    where tenant = 'default' and id = %(id)s
    returning attrs
), history as (
    insert into attribute_history (
        tenant, entity_id, attr, at, created_at, modified_at, number, instance
    )
    select 'default', %(id)s, %(attr)s, clock_timestamp(), now(), now(), %(value)s,
        (attrs -> %(attr)s -> 0)::text::json
    from state
)
insert into outbox (tenant, entity_id, operation, types, changed, entity)
select 'default', %(id)s, 'update', '{bench:bare}', array[%(attr)s], attrs::text::json from state
"""
_UPSERT: LiteralString = """
with state as (
    insert into entity (tenant, id, type, types, attrs, created_at, modified_at)
    select 'default', id, 'bench:bare', '{bench:bare}', attrs::jsonb, now(), now()
    from unnest(%(ids)s::text[], %(attrs)s::text[]) as t (id, attrs)
    on conflict (tenant, id) do update set attrs = excluded.attrs, modified_at = now()
), history as (
    insert into attribute_history (tenant, entity_id, attr, at, created_at, modified_at, instance)
    select 'default', id, a.key, now(), now(), now(), a.value
    from unnest(%(ids)s::text[], %(attrs)s::text[]) as t (id, attrs), json_each(attrs::json) a
)
insert into outbox (tenant, entity_id, operation, types, changed, entity)
select 'default', id, 'update', '{bench:bare}', '{}', attrs::json
from unnest(%(ids)s::text[], %(attrs)s::text[]) as t (id, attrs)
"""
_QUERY: LiteralString = """
select id, types, scopes, attrs::text, created_at, modified_at from entity
where tenant = 'default' and type = %(type)s and attrs @@ %(path)s::jsonpath
order by id limit 100
"""
_NEAR: LiteralString = """
select id, types, scopes, attrs::text, created_at, modified_at from entity
where tenant = 'default' and type = %(type)s and bounds && %(box)s::box limit 20
"""


class Baseline:
    """Runs the statements on the database of our own broker."""

    def __init__(self, dsn: str, seconds: float) -> None:
        self._dsn = dsn
        self._seconds = seconds

    def get(self, kind: str) -> float:
        """Read one entity by its key."""
        return self._rate(_GET, lambda: {"id": _random_id(kind)})

    def patch(self, kind: str) -> float:
        """Change a value: state, history and outbox, durable."""
        return self._rate(
            _PATCH,
            lambda: {"id": _random_id(kind), "attr": _ATTRIBUTE, "value": random.random()},
        )

    def upsert(self, batch: int = 1_000) -> float:
        """Store entities, 1,000 in a statement; entities a second."""
        number = itertools.count()

        def parameters() -> dict[str, Any]:
            start = next(number) * batch
            entities = [workload.entity("bare", start + n) for n in range(batch)]
            shown = ("name", "location", "currentLevel")
            attrs = [json.dumps({name: [one[name]] for name in shown}) for one in entities]
            return {"ids": [one["id"] for one in entities], "attrs": attrs}

        return self._rate(_UPSERT, parameters, connections=2) * batch

    def query(self, kind: str) -> float:
        """Read a page of 100 by type and value."""

        def parameters() -> dict[str, Any]:
            path = f'$."{_ATTRIBUTE}"[*].value > 0.{random.randrange(5, 95):02}'
            return {"type": _VOCABULARY + kind, "path": path}

        return self._rate(_QUERY, parameters)

    def near(self, kind: str) -> float:
        """Read 20 within a box of two kilometres."""

        def parameters() -> dict[str, Any]:
            east, north = random.uniform(134.05, 134.45), random.uniform(34.23, 34.47)
            box = f"(({east + 0.011},{north + 0.009}),({east - 0.011},{north - 0.009}))"
            return {"type": _VOCABULARY + kind, "box": box}

        return self._rate(_NEAR, parameters)

    def clean(self) -> None:
        """Remove what `upsert` stored; history and outbox stay."""
        with psycopg.connect(self._dsn) as connection:
            connection.execute("delete from entity where type = 'bench:bare'")

    def checkpoint(self) -> None:
        """Let the log's files be used again, as those of a server that has run for some time are.

        Else what is measured next makes new ones, which tells how the machine hands out memory.
        """
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute("checkpoint")

    def _rate(
        self,
        statement: LiteralString,
        parameters: Callable[[], dict[str, Any]],
        connections: int = _CONNECTIONS,
    ) -> float:
        async def main() -> float:
            opened = [
                await psycopg.AsyncConnection.connect(
                    self._dsn, autocommit=True, prepare_threshold=1
                )
                for _ in range(connections)
            ]
            end = time.monotonic() + self._seconds

            async def repeat(connection: psycopg.AsyncConnection[Any]) -> int:
                count = 0
                while time.monotonic() < end:
                    cursor = await connection.execute(statement, parameters(), binary=True)
                    if cursor.description is not None:
                        await cursor.fetchall()
                    count += 1
                return count

            work: list[Awaitable[int]] = [repeat(connection) for connection in opened]
            counts = await asyncio.gather(*work)
            for connection in opened:
                await connection.close()
            return sum(counts) / self._seconds

        return asyncio.run(main())


def _random_id(kind: str) -> str:
    return workload.entity_id(kind, random.randrange(workload.GAUGES))
