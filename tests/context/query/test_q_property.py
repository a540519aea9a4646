"""Random queries over random entities: PostgreSQL, Python and a plain model of 4.9 agree."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import event, given, settings
from psycopg.types.json import Jsonb

from tamamo.context.model.entity import Entity
from tamamo.context.query import q

from .conftest import Select, Terms
from .plain_model import BY_ID, Term, queries, universe, worlds

UNIVERSE = universe()


@settings(max_examples=300, deadline=None)
@given(query=queries)
def test_every_kind_of_value_is_seen_alike(
    select_in_universe: Callable[[str, dict[str, Any]], set[str]], terms: Terms, query: Term
) -> None:
    node = q.parse(query.text, terms)
    params: dict[str, Any] = {}
    condition = q.to_sql(node, params)
    by_id = {entity.id: entity for entity in UNIVERSE}
    BY_ID.clear()
    BY_ID.update(by_id)
    expected = {entity.id for entity in UNIVERSE if query.holds(entity)}
    in_python = {entity.id for entity in UNIVERSE if q.matches(node, entity, by_id.get)}
    test = q.tester(node)
    assert in_python == {entity.id for entity in UNIVERSE if test(entity, by_id.get)}
    event(f"about {len(expected) * 10 // len(UNIVERSE)} of 10 match")
    assert in_python == expected, query.text
    assert select_in_universe(condition, params) == expected, query.text


@pytest.fixture(scope="module")
def select_in_universe(
    connection: psycopg.Connection[Any],
) -> Callable[[str, dict[str, Any]], set[str]]:
    """Return the ids of the universe's entities for which PostgreSQL finds a condition true."""
    connection.execute(
        "create temporary table entity (tenant text, id text primary key, types text[],"
        " attrs jsonb, created_at timestamptz, modified_at timestamptz, expires_at timestamptz)"
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into entity values ('t', %s, %s, %s, %s, %s, %s)",
            [
                (e.id, e.types, Jsonb(e.attrs), e.created_at, e.created_at, e.expires_at)
                for e in UNIVERSE
            ],
        )

    def run(condition: str, params: dict[str, Any]) -> set[str]:
        rows = connection.execute("select e.id from entity e where " + condition, params)
        return {row[0] for row in rows}

    return run


@settings(max_examples=150, deadline=None)
@given(world=worlds(), query=queries)
def test_postgresql_python_and_the_model_agree(
    select: Select, terms: Terms, world: list[Entity], query: Term
) -> None:
    BY_ID.clear()
    BY_ID.update({entity.id: entity for entity in world})
    node = q.parse(query.text, terms)
    params: dict[str, Any] = {}
    condition = q.to_sql(node, params)
    by_id = {entity.id: entity for entity in world}
    expected = {entity.id for entity in world if query.holds(entity)}
    in_python = {entity.id for entity in world if q.matches(node, entity, by_id.get)}
    test = q.tester(node)
    assert in_python == {entity.id for entity in world if test(entity, by_id.get)}
    event(f"{len(expected)} of {len(world)} match")
    assert in_python == expected, query.text
    assert select(world, condition, params) == expected, query.text
