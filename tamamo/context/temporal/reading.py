"""Answering requests for temporal evolutions: which entities, which instances, which page."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import orjson
import shapely

from tamamo.context.errors import ResourceNotFound
from tamamo.context.query import geoq, scopeq
from tamamo.context.temporal import retention, selection
from tamamo.context.temporal.aggregate import Aggregated, aggregate
from tamamo.context.temporal.represent import Evolution
from tamamo.context.temporal.request import LARGEST_PAGE, Wanted
from tamamo.context.temporal.rows import SCOPE
from tamamo.context.temporal.validity import Validity, shorten
from tamamo.context.temporal.window import Cut, Found, Series, cut
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, searching, single
from tamamo.kernel.time import now, to_text

_SQL = sql.load(__package__)
#: Entities fetched at once when each is looked at in Python.
BATCH = 200


@dataclass(slots=True)
class Answer:
    """The evolutions of one page.

    series: the instances by entity and attribute; aggregated: in their place, when that was
    asked. cut: set when not all instances are in it. total: how many entities match, when asked.
    gone_before: the day before which instances asked for may be no longer kept.
    """

    evolutions: list[Evolution]
    more: bool = False
    total: int | None = None
    series: Series = field(default_factory=dict)
    aggregated: Aggregated | None = None
    cut: Cut | None = None
    gone_before: date | None = None


async def retrieve(pool: Pool, tenant: str, entity_id: str, wanted: Wanted) -> Answer:
    """Return the evolution of one entity (5.7.3). Raises ResourceNotFound."""
    async with single(pool) as connection:
        cursor = await connection.execute(_SQL["evolution"], {"tenant": tenant, "id": entity_id})
        row = await cursor.fetchone()
        if row is None:
            raise ResourceNotFound(f"Nothing is known of the evolution of {entity_id}")
        answer = Answer([Evolution(*row)])
        await _fill(connection, tenant, wanted, answer, None)
    return answer


async def query(pool: Pool, tenant: str, wanted: Wanted) -> Answer:
    """Return a page of the evolutions that match (5.7.4)."""
    validity: dict[str, Validity] | None
    async with searching(pool) as connection:
        if wanted.query.geo is None and wanted.query.scope is None:
            answer, validity = await _page(connection, tenant, wanted), None
        else:
            answer, validity = await _tested_page(connection, tenant, wanted)
        if answer.evolutions:
            await _fill(connection, tenant, wanted, answer, validity)
    return answer


async def find_ids(pool: Pool, tenant: str, wanted: Wanted) -> list[str]:
    """Return the ids of the entities whose evolutions are on the page."""
    async with searching(pool) as connection:
        if wanted.query.geo is None and wanted.query.scope is None:
            answer = await _page(connection, tenant, wanted)
        else:
            answer, _ = await _tested_page(connection, tenant, wanted)
    return [evolution.id for evolution in answer.evolutions]


async def _page(connection: Connection, tenant: str, wanted: Wanted) -> Answer:
    page = wanted.query.page
    params = _params(tenant)
    statement = selection.entities(
        wanted, params, after=None, limit=page.limit + 1 if page.limit else 0, offset=page.offset
    )
    rows = await (await connection.execute(statement, params)).fetchall()
    answer = Answer([Evolution(*row[:6]) for row in rows[: page.limit]], len(rows) > page.limit)
    if page.count:
        params = _params(tenant)
        statement = selection.count(wanted, params)
        row = await (await connection.execute(statement, params)).fetchone()
        answer.total = row[0] if row else 0
    return answer


async def _tested_page(
    connection: Connection, tenant: str, wanted: Wanted
) -> tuple[Answer, dict[str, Validity]]:
    """Go through the candidates in batches and test each exactly, until the page is full."""
    page, passed, after = wanted.query.page, 0, None
    answer = Answer([])
    validity: dict[str, Validity] = {}
    while True:
        params = _params(tenant)
        statement = selection.entities(wanted, params, after=after, limit=BATCH, offset=0)
        rows = await (await connection.execute(statement, params)).fetchall()
        for row in rows:
            found = _test(wanted, row)
            if found is None:
                continue
            passed += 1
            if page.offset < passed <= page.offset + page.limit:
                answer.evolutions.append(Evolution(*row[:6]))
                validity[row[0]] = found
        if len(rows) < BATCH or (passed > page.offset + page.limit and not page.count):
            break
        after = rows[-1][0]
    answer.more = passed > page.offset + page.limit
    answer.total = passed if page.count else None
    return answer, validity


def _test(wanted: Wanted, row: tuple[Any, ...]) -> Validity | None:
    """Return when the entity is in the scopes asked for, None when it does not match."""
    geo, scope = wanted.query.geo, wanted.query.scope
    if geo is not None:
        geometries = (shapely.from_geojson(_geojson(i["value"])) for i in row[6] or ())
        if not any(geoq.matches_geometry(geo, geometry) for geometry in geometries):
            return None
    if scope is None:
        return Validity.always()
    if row[7] is None:
        matched = scopeq.matches_scopes(scope, row[2])
        return Validity.always() if matched else None
    history = [(_moment(at), _scopes(value)) for at, value in row[7]]
    valid = Validity.of(history, lambda scopes: scopeq.matches_scopes(scope, scopes))
    return valid if valid.touches(wanted.times.start, wanted.times.end) else None


def _geojson(value: Any) -> str:
    return orjson.dumps(value).decode()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _scopes(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


async def _fill(
    connection: Connection,
    tenant: str,
    wanted: Wanted,
    answer: Answer,
    validity: dict[str, Validity] | None,
) -> None:
    ids = [evolution.id for evolution in answer.evolutions]
    answer.gone_before = await _gone_before(connection, tenant, wanted, answer)
    if wanted.form == "aggregatedValues":
        answer.aggregated = await aggregate(connection, tenant, wanted, ids, to_text(now()))
        return
    scoped = validity is not None and wanted.query.scope is not None
    limit = LARGEST_PAGE if scoped else wanted.limit
    params = _params(tenant)
    statement = selection.instances(wanted, ids, params, limit)
    answer.series = {entity_id: {} for entity_id in ids}
    cursor = await connection.execute(statement, params)
    for entity_id, attr, at, instance_id, instance in await cursor.fetchall():
        found = answer.series[entity_id].setdefault(attr, [])
        found.append(Found(at, instance_id, instance))
    if wanted.backwards:
        for attrs in answer.series.values():
            for found in attrs.values():
                found.reverse()
    if scoped and validity is not None:
        shorten(answer.series, validity, wanted)
    for attrs in answer.series.values():
        if SCOPE in attrs:  # after the attributes
            attrs[SCOPE] = attrs.pop(SCOPE)
    answer.cut = cut(answer.series, wanted.limit, wanted.page_size, backwards=wanted.backwards)


async def _gone_before(
    connection: Connection, tenant: str, wanted: Wanted, answer: Answer
) -> date | None:
    types = {name for evolution in answer.evolutions for name in evolution.types}
    gone = await retention.gone_before(connection, tenant, types)
    start = wanted.times.start
    return gone if gone is not None and (start is None or start.date() < gone) else None


def _params(tenant: str) -> dict[str, Any]:
    return {"tenant": tenant, "now": to_text(now())}
