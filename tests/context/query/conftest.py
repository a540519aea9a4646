"""A @context of one vocabulary, and a connection on which queries run over given entities."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson
import psycopg
import pytest

from tamamo.context.model.entity import Entity

VOCABULARY = "https://terms.example/"


class Terms:
    """Every name belongs to one vocabulary; IRIs stay."""

    def expand_term(self, name: str) -> str:
        return name if ":" in name else VOCABULARY + name

    expand_type = expand_vocab_value = expand_term


@pytest.fixture(scope="session")
def terms() -> Terms:
    return Terms()


@pytest.fixture(scope="module")
def connection(cluster_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(cluster_dsn, autocommit=True) as opened:
        opened.execute("set time zone 'UTC'")
        yield opened


Select = Callable[[Sequence[Entity], str, dict[str, Any]], set[str]]

#: Stands where the table does, so that thousands of small worlds need no writing.
ENTITIES = """
with entity as (
    select 't' as tenant, x.id, x.types[1] as type, x.types, x.scopes, x.attrs, x.bounds,
           x.created_at, x.created_at as modified_at, x.expires_at
    from jsonb_to_recordset(%(world)s::jsonb) as x(id text, types text[], scopes text[],
         attrs jsonb, bounds box, created_at timestamptz, expires_at timestamptz)
)
select e.id from entity e where """


@pytest.fixture(scope="module")
def select(connection: psycopg.Connection[Any]) -> Select:
    """Return the ids of the entities for which PostgreSQL finds a condition true."""

    def run(entities: Sequence[Entity], condition: str, params: dict[str, Any]) -> set[str]:
        world = [
            {
                "id": entity.id,
                "types": entity.types,
                "scopes": entity.scopes,
                "attrs": entity.attrs,
                "created_at": entity.created_at,
                "expires_at": entity.expires_at,
            }
            for entity in entities
        ]
        rows = connection.execute(
            ENTITIES + condition, {**params, "world": orjson.dumps(world).decode()}
        )
        return {row[0] for row in rows}

    return run
