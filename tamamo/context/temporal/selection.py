"""The statements that find temporal evolutions and their instances (clauses 5.7.3, 5.7.4).

They are put together from constants; whatever is given stands in the parameters.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

from tamamo.context.query import logic, plan, q, temporalq
from tamamo.context.query.paths import AttrPath
from tamamo.context.query.temporalq import TIME_PROPERTIES
from tamamo.context.query.text import bind
from tamamo.context.query.tree import Compare, Term, last
from tamamo.context.query.values import Number
from tamamo.context.temporal.request import Wanted
from tamamo.context.temporal.rows import SCOPE

#: Instances of an attribute in an expired state are as good as gone (clause 4.22).
_ALIVE = "coalesce(h.instance ->> 'expiresAt' > %(now)s::text, true)"
_HEAD = "e.id, e.types, e.scopes, e.created_at, e.modified_at, e.deleted_at"
_EVOLUTIONS = (
    "(select t.entity_id as id, t.tenant, t.type, t.types, t.scopes, t.created_at,"
    # While only values change, the state tells when.
    " greatest(t.modified_at, (select s.modified_at from entity s"
    " where s.tenant = t.tenant and s.id = t.entity_id)) as modified_at,"
    " t.deleted_at, null::timestamptz as expires_at from temporal_entity t) as e"
)


def within(wanted: Wanted, params: dict[str, Any], alive: str = _ALIVE) -> str:
    """Return the condition that an instance `h` is within the times asked about (4.11).

    A measurement is placed by observedAt in the key, so that the index and the month bound it.
    """
    times = wanted.times
    if not wanted.timed:
        return alive
    observed = times.timeproperty == "observedAt"
    column = "h.at" if observed else f"h.{TIME_PROPERTIES[times.timeproperty]}"
    tests = ["h.observed_at is not null and h.deleted_at is null"] if observed else []
    if times.start is not None:
        tests.append(f"{column} >= {bind(params, times.start)}::timestamptz")
    if times.end is not None:
        tests.append(f"{column} < {bind(params, times.end)}::timestamptz")
    if not observed:
        tests.append(f"{column} is not null")
    return " and ".join([*tests, alive])


def time_of(wanted: Wanted) -> str:
    """Return the column of an instance `h` that it is placed in time by."""
    if not wanted.timed or wanted.times.timeproperty == "observedAt":
        return "h.at"
    return f"h.{TIME_PROPERTIES[wanted.times.timeproperty]}"


def of_dataset(wanted: Wanted, params: dict[str, Any]) -> str:
    """Return the condition that an instance `h` is of a datasetId asked for (4.5.5)."""
    if wanted.view.dataset_ids is None:
        return "true"
    names = ["" if name == "@none" else name for name in wanted.view.dataset_ids]
    return f"h.dataset_id = any({bind(params, names)}::text[])"


def entities(
    wanted: Wanted, params: dict[str, Any], *, after: str | None, limit: int, offset: int
) -> str:
    """Return the statement for the evolutions that match, in order of id.

    Rows: id, types, scopes, created, modified and deleted at; then the instances within the times
    of the GeoProperty of a geo-query, and all scopes ever of a scope query, as JSON: these two
    are tested in Python. after: begin behind this id.
    """
    columns = [_HEAD, _geometries(wanted, params), _scopes(wanted)]
    order = "desc" if _descending(wanted) else "asc"
    tests = _conditions(wanted, params)
    if after is not None:
        sign = "<" if _descending(wanted) else ">"
        tests.append(f"e.id {sign} {bind(params, after)}::text")
    return (
        f"select {', '.join(columns)} from {_EVOLUTIONS} where {' and '.join(tests)}"
        f" order by e.id {order} limit {limit:d} offset {offset:d}"
    )


def count(wanted: Wanted, params: dict[str, Any]) -> str:
    """Return the statement that counts the evolutions that match."""
    return f"select count(*) from {_EVOLUTIONS} where {' and '.join(_conditions(wanted, params))}"


def _descending(wanted: Wanted) -> bool:
    ordering = wanted.query.ordering
    return ordering is not None and ordering.terms[0].descending


def _conditions(wanted: Wanted, params: dict[str, Any]) -> list[str]:
    query = wanted.query
    selected = replace(query, attrs=(), q=None, scope=None, geo=None)
    tests = ["e.tenant = %(tenant)s", plan.where(selected, params)]
    concerned = f"h.tenant = %(tenant)s and h.entity_id = e.id and {within(wanted, params)}"
    # Selected by any of the attributes named, all if none are (5.7.4.4, S1).
    named = f" and h.attr = any({bind(params, list(query.attrs))}::text[])" if query.attrs else ""
    dataset = f" and {of_dataset(wanted, params)}"
    found = f"exists (select 1 from attribute_history h where {concerned}{named}{dataset})"
    observed = wanted.timed and wanted.times.timeproperty == "observedAt"
    if wanted.form == "aggregatedValues" and observed and query.q is None:
        found = f"({found} or {_lost(wanted, params, named + dataset)})"
    tests.append(found)
    if query.q is not None:
        tests.append(_filter(query.q, concerned, params))
    return tests


def _lost(wanted: Wanted, params: dict[str, Any], more: str) -> str:
    """Return the condition that rollups tell of the times asked about, and nothing else does."""
    tests = ["l.tenant = %(tenant)s and l.entity_id = e.id and l.frozen"]
    for sign, moment in ((">=", wanted.times.start), ("<=", wanted.times.end)):
        if moment is not None:
            tests.append(f"l.day {sign} {bind(params, moment.astimezone(UTC).date())}::date")
    return f"exists (select 1 from rollup l where {' and '.join(tests)}{more.replace('h.', 'l.')})"


def _filter(node: q.Node, concerned: str, params: dict[str, Any]) -> str:
    """Return the condition that the instances within the times meet the query (S2).

    Each term asks for an instance of its attribute, so each is a condition of its own.
    """
    return logic.to_sql(node, lambda term: _term(term, concerned, params))


def _term(term: Term, concerned: str, params: dict[str, Any]) -> str:
    path = last(term.path)
    if not isinstance(path, AttrPath):
        return q.to_sql(logic.One(term), params, "e")
    attr = f"{bind(params, path.names[0])}::text"
    instances = f"from attribute_history h where {concerned} and h.attr = {attr}"
    if isinstance(term, Compare) and _is_numeric(term, path):
        # By the number beside the instance: no JSON is read but of those that meet it.
        tests = " or ".join(
            f"h.number {term.operator} {bind(params, value.value)}::float8"
            for value in term.values
            if isinstance(value, Number)
        )
        kind = "json_typeof(h.instance -> 'value') = 'number'"
        return f"exists (select 1 {instances} and ({tests}) and {kind})"
    # Put together as an entity is, so that `q` means the same here and there.
    return (
        "exists (select 1 from (select coalesce(jsonb_object_agg(g.attr, g.instances), '{}')"
        " as attrs from (select h.attr, jsonb_agg(h.instance::jsonb) as instances"
        f" {instances} and h.deleted_at is null group by h.attr) as g) as w"
        f" where {q.to_sql(logic.One(term), params, 'w')})"
    )


def _is_numeric(term: Compare, path: AttrPath) -> bool:
    plain = len(path.names) == 1 and path.member is None and not path.value_path
    return plain and term.operator != "==" and all(isinstance(v, Number) for v in term.values)


def _geometries(wanted: Wanted, params: dict[str, Any]) -> str:
    geo = wanted.query.geo
    if geo is None:
        return "null"
    return (
        "(select json_agg(h.instance) from attribute_history h where h.tenant = %(tenant)s"
        f" and h.entity_id = e.id and h.attr = {bind(params, geo.geoproperty)}::text"
        f" and h.deleted_at is null and {within(wanted, params)})"
    )


def _scopes(wanted: Wanted) -> str:
    if wanted.query.scope is None:
        return "null"
    return (
        "(select json_agg(json_build_array(h.at, h.instance -> 'value') order by h.at)"
        f" from attribute_history h where h.tenant = %(tenant)s and h.entity_id = e.id"
        f" and h.attr = '{SCOPE}')"
    )


def instances(wanted: Wanted, ids: Sequence[str], params: dict[str, Any], limit: int) -> str:
    """Return the statement for the instances of some entities: id, attr, time, instance id, JSON.

    Each attribute is read in the order of its index and left when `limit` is reached.
    """
    order = "desc" if wanted.backwards else "asc"
    column = time_of(wanted)
    return (
        f"{names(wanted, ids, params)}"
        " select n.id, n.attr, p.time, p.instance_id::text, p.instance from names n"
        f" cross join lateral (select {column} as time, h.instance_id, h.instance"
        " from attribute_history h where h.tenant = %(tenant)s and h.entity_id = n.id"
        f" and h.attr = n.attr and {within(wanted, params)} and {of_dataset(wanted, params)}"
        f" order by {column} {order}, h.dataset_id {order}, h.instance_id {order}"
        f" limit {limit:d}) as p"
    )


def extent(wanted: Wanted, ids: Sequence[str], params: dict[str, Any]) -> str:
    """Return the statement for the least and greatest time of the instances of some entities."""
    column = time_of(wanted)
    end = (
        f"(select {column} from attribute_history h where h.tenant = %(tenant)s"
        f" and h.entity_id = n.id and h.attr = n.attr and {within(wanted, params, 'true')}"
        f" and {of_dataset(wanted, params)} and h.deleted_at is null"
        f" order by {column} {{}} limit 1)"
    )
    return (
        f"{names(wanted, ids, params, scope=False)}"
        f" select min({end.format('asc')}), max({end.format('desc')}) from names n"
    )


def names(wanted: Wanted, ids: Sequence[str], params: dict[str, Any], *, scope: bool = True) -> str:
    """Return `with names`: the entities and attributes to read. scope: with that of the entity.

    Where no attributes are named, it walks the distinct ones by index.
    """
    params["ids"] = list(ids)
    if wanted.attrs is None:
        return _walk(wanted, params)
    attrs = list(wanted.attrs)
    pick = wanted.view.pick
    if scope and (pick is None or "scope" in pick):
        attrs.append(SCOPE)
    return (
        "with names as (select i.id, a.attr from unnest(%(ids)s::text[]) as i (id)"
        f" cross join unnest({bind(params, attrs)}::text[]) as a (attr))"
    )


def _walk(wanted: Wanted, params: dict[str, Any]) -> str:
    """Return the distinct attributes of the entities, one index probe each.

    With the bounds of observedAt, as then only the months in question are looked at.
    """
    bounds = ""
    if wanted.timed and wanted.times.timeproperty == "observedAt":
        bounds = f" and {temporalq.to_sql(wanted.times, params, 'h.at')}"
    source = "from attribute_history h where h.tenant = %(tenant)s"
    return (
        "with recursive names (id, attr) as ("
        f"select i.id, (select h.attr {source} and h.entity_id = i.id{bounds}"
        " order by h.attr limit 1) from unnest(%(ids)s::text[]) as i (id)"
        f" union all select n.id, (select h.attr {source} and h.entity_id = n.id"
        f" and h.attr > n.attr{bounds} order by h.attr limit 1)"
        " from names n where n.attr is not null)"
    )
