"""The planned statement on the real table: pages, counts, order, geometry, and the indexes used."""

import random
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from shapely.geometry import shape

from tamamo.context.errors import TooManyResults
from tamamo.context.model.entity import LOCATION, Entity
from tamamo.context.query import geoq, plan, q, request, scopeq
from tamamo.context.query.paging import Page
from tamamo.kernel import geo
from tamamo.kernel.database import Connection, Pool
from tamamo.kernel.time import from_text

from .conftest import VOCABULARY, Terms

A, B, C = (VOCABULARY + name for name in "ABC")


class CoreTerms(Terms):
    def expand_term(self, name: str) -> str:
        return LOCATION if name == "location" else super().expand_term(name)

    expand_type = expand_vocab_value = expand_term


def place(lon: float, lat: float) -> dict[str, Any]:
    value = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "GeoProperty", "value": value}


async def insert(connection: Connection, tenant: str, entities: list[Entity]) -> None:
    rows = []
    for entity in entities:
        found = [shape(instance["value"]) for instance in entity.attrs.get(LOCATION, [])]
        bounds = geo.box_literal(geo.to_bounds(found)) if found else None
        created = from_text(entity.created_at or "2026-01-01T00:00:00Z")
        attrs = orjson.dumps(entity.attrs).decode()
        row = (tenant, entity.id, entity.types[0], entity.types, entity.scopes, attrs, bounds)
        rows.append((*row, created, created))
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "insert into entity (tenant, id, type, types, scopes, attrs, bounds, created_at,"
            " modified_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )


@pytest.fixture
async def connection(pool: Pool) -> AsyncIterator[Connection]:  # type: ignore[override]
    async with pool.connection() as opened:
        yield opened


def world(count: int) -> list[Entity]:
    """Return entities of types A and B, some of both, with levels, places and scopes."""
    chance = random.Random(7)
    kinds = [[A], [A], [B], [A, B], [B, A], [C, A]]
    made = []
    for number in range(count):
        attrs: dict[str, list[dict[str, Any]]] = {
            VOCABULARY + "level": [{"type": "Property", "value": chance.randrange(10)}]
        }
        if chance.random() < 0.7:
            attrs[LOCATION] = [place(134 + chance.random(), 34 + chance.random())]
        if chance.random() < 0.3:
            attrs[VOCABULARY + "name"] = [{"type": "Property", "value": f"n{number % 7}"}]
        scopes = ["/Kagawa/Takamatsu"] if chance.random() < 0.5 else []
        created = f"2026-01-{1 + number % 28:02}T00:00:00Z"
        types = chance.choice(kinds)
        entity_id = f"urn:x:{chance.randrange(10**9):09}"
        made.append(Entity(entity_id, types, attrs, scopes, created_at=created))
    return made


def expected_of(asked: plan.Query, entities: list[Entity]) -> list[Entity]:
    """Return what matches, in order, by going through every condition in Python."""
    from tamamo.context.query import typeq

    def selected(entity: Entity) -> bool:
        return any(
            (not one.ids or entity.id in one.ids)
            and (one.id_pattern is None or one.id_pattern.search(entity.id))
            and typeq.matches(one.types, entity)
            for one in asked.selectors
        )

    found = [
        entity
        for entity in entities
        if selected(entity)
        and (not asked.attrs or set(asked.attrs) & set(entity.attrs))
        and (asked.q is None or q.matches(asked.q, entity))
        and (asked.scope is None or scopeq.matches(asked.scope, entity))
        and (asked.geo is None or geoq.matches(asked.geo, entity))
    ]
    found.sort(key=lambda entity: entity.id)
    return asked.ordering.sort(found) if asked.ordering else found


NEAR = {"georel": "near;maxDistance==30000", "geometry": "Point", "coordinates": "[134.5,34.5]"}
RING = "[[[134.2,34.2],[134.8,34.2],[134.5,34.8],[134.2,34.2]]]"
WITHIN = {"georel": "within", "geometry": "Polygon", "coordinates": RING}

QUERIES: list[dict[str, str]] = [
    {"type": "A"},
    {"type": "B", "q": "level>5"},
    {"type": "A", "idPattern": "5$", "scopeQ": "/Kagawa/#"},
    {"type": "A,B"},
    {"type": "(A;B)"},
    {"type": "*"},
    {"attrs": "name"},
    {"q": "level==1..3|name"},
    {"type": "C", "orderBy": "id;desc"},
    {"type": "A", "orderBy": "createdAt;desc"},
    {"type": "A", "orderBy": "level;desc,name"},
    {"type": "A", **NEAR},
    {"type": "A", **WITHIN, "q": "level<8"},
    {**WITHIN, "georel": "disjoint"},
    {**NEAR, "orderBy": "location;dist-asc", "orderFrom": "[134.5,34.5]"},
    {**NEAR, "georel": "near;minDistance==30000", "type": "A"},
    {"type": "A", **NEAR, "orderBy": "id;desc"},
]


async def test_every_page_and_count_is_right(connection: Connection, pool: Pool) -> None:
    entities, terms = world(400), CoreTerms()
    await insert(connection, "default", entities)
    await insert(connection, "other", world(20))
    for params in QUERIES:
        everything = expected_of(request.read(params, terms), entities)
        assert everything
        ids = [entity.id for entity in everything]
        for limit, offset, count in [(10, 0, False), (7, 5, True), (1000, 0, True), (0, 0, True)]:
            page = {"limit": str(limit), "offset": str(offset), "count": str(count).lower()}
            asked = request.read(params | page, terms)
            result = await plan.run(connection, "default", asked)
            found = [row.id for row in result.rows]
            assert found == ids[offset : offset + limit], params
            assert result.total == (len(ids) if count else None), params
            if limit:
                assert result.more is (len(ids) > offset + limit), params


async def test_alternatives_of_a_query_by_post(connection: Connection) -> None:
    entities, terms = world(60), CoreTerms()
    await insert(connection, "default", entities)
    body = {
        "type": "Query",
        "entities": [
            {"type": "B", "idPattern": "1"},
            {"type": "A", "id": [entities[0].id, entities[1].id, "urn:x:none"]},
        ],
    }
    asked = request.read_body(body, {}, terms)
    result = await plan.run(connection, "default", asked)
    assert [row.id for row in result.rows] == [e.id for e in expected_of(asked, entities)][:20]


async def test_a_row_is_the_entity_as_stored(connection: Connection) -> None:
    entity = world(1)[0]
    await insert(connection, "default", [entity])
    result = await plan.run(connection, "default", plan.Query())
    stored = result.rows[0].entity()
    assert stored.modified_at == entity.created_at
    stored.modified_at = None
    assert stored == entity


async def test_what_has_expired_is_gone(connection: Connection) -> None:
    entities = world(3)
    await insert(connection, "default", entities)
    await connection.execute("update entity set expires_at = now() where id = %s", [entities[0].id])
    await connection.execute(
        "update entity set expires_at = now() + interval '1 hour' where id = %s", [entities[1].id]
    )
    asked = plan.Query(page=Page(count=True))
    result = await plan.run(connection, "default", asked)
    assert {row.id for row in result.rows} == {entity.id for entity in entities[1:]}
    assert result.total == 2


async def test_linked_entities_stay_within_the_tenant(connection: Connection) -> None:
    station = Entity(
        "urn:x:s", [A], {VOCABULARY + "of": [{"type": "Relationship", "object": "urn:x:d"}]}
    )
    device = Entity("urn:x:d", [B], {VOCABULARY + "v": [{"type": "Property", "value": 1}]})
    await insert(connection, "default", [station, device])
    await insert(connection, "other", [station])
    asked = request.read({"q": "of{B:v}==1", "join": "inline"}, CoreTerms())
    assert [row.id for row in (await plan.run(connection, "default", asked)).rows] == ["urn:x:s"]
    assert (await plan.run(connection, "other", asked)).rows == []


async def test_batches_go_through_everything_once(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    entities, terms = world(100), CoreTerms()
    await insert(connection, "default", entities)
    monkeypatch.setattr(plan, "BATCH", 7)
    for params in ({"type": "A"}, {"type": "A", **WITHIN}, {"type": "*"}):
        asked = request.read(params, terms)
        found = [row.id async for row in plan.scan(connection, "default", asked)]
        assert found == [entity.id for entity in expected_of(asked, entities)]


async def test_too_many_to_sort_are_refused(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await insert(connection, "default", world(30))
    monkeypatch.setattr(plan, "MAX_SORTED", 20)
    with pytest.raises(TooManyResults):
        await plan.run(
            connection, "default", request.read({"type": "*", "orderBy": "level"}, Terms())
        )


def nodes_of(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(inner for below in node.get("Plans", []) for inner in nodes_of(below))]


async def explain(connection: Connection, asked: plan.Query) -> list[dict[str, Any]]:
    statement = plan.statement("default", asked)
    cursor = await connection.execute("explain (format json) " + statement.sql, statement.params)
    row = await cursor.fetchone()
    assert row is not None
    return nodes_of(row[0][0]["Plan"])


async def test_a_page_of_one_type_is_read_from_the_index(connection: Connection) -> None:
    entities = world(3_000)
    for entity in entities:  # of several types are few
        if int(entity.id[-2:]) > 1:
            entity.types = entity.types[:1]
    await insert(connection, "default", entities)
    await connection.execute("analyze entity")
    terms = CoreTerms()
    page = await explain(connection, request.read({"type": "A", "limit": "20"}, terms))
    indexes = {node.get("Index Name") for node in page}
    assert "entity_by_type" in indexes
    assert "Seq Scan" not in {node["Node Type"] for node in page}
    # What the index gives is in order; only the few of several types are sorted.
    assert "entity_by_types" in indexes
    assert "entity_pkey" not in indexes
    ordered = next(node for node in page if node.get("Index Name") == "entity_by_type")
    assert ordered["Node Type"] == "Index Scan"

    small = [[[134.5, 34.5], [134.51, 34.5], [134.51, 34.51], [134.5, 34.5]]]
    nearby = geoq.parse("within", "Polygon", small, terms=terms)
    found = await explain(connection, plan.Query(geo=nearby, page=Page(20)))
    assert "entity_by_bounds" in {node.get("Index Name") for node in found}

    some = plan.Query((plan.Selector(ids=tuple(entity.id for entity in entities[:5])),))
    assert "entity_pkey" in {node.get("Index Name") for node in await explain(connection, some)}


def test_only_geometry_needs_a_second_look() -> None:
    terms = CoreTerms()
    exact = request.read({"type": "A", "q": 'a=="x"|b>1', "scopeQ": "/A", "idPattern": "x"}, terms)
    assert not plan.statement("default", exact).residual
    assert plan.statement("default", request.read({"type": "A", **NEAR}, terms)).residual
