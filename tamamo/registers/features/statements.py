"""The statements behind collections of entities and of registers.

They are put together from constants; what comes from outside is bound. A page is read in the order
of ids and ends when it is full. Where an area holds few, the index of places finds all of them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tamamo.context.jsonld.resolve import default_map
from tamamo.kernel.geo import Bounds, box_literal
from tamamo.registers.features.model import ItemsQuery

#: Entities of a type that say whether it has places, and which properties.
SAMPLE: Final = 1_000
#: Features in an area up to which they are found by their places.
FEW: Final = 1_000
#: Features up to which they are counted.
MOST_COUNTED: Final = 10_000
#: Features up to which their extent is found.
MOST_MEASURED: Final = 100_000

_ALIVE: Final = "(e.expires_at is null or e.expires_at > now())"
COLUMNS: Final = "e.id, e.types, e.scopes, e.attrs, e.created_at, e.modified_at, e.expires_at"
#: When a feature was observed: the newest observation of it; without any, its last change.
_MOMENT: Final = (
    "coalesce((select max(said.moment #>> '{}')"
    " from jsonb_path_query(e.attrs, '$.*[*].observedAt') as said (moment))::timestamptz,"
    " e.modified_at)"
)
#: Members one of which holds the value of an attribute that can be asked for by a text.
_VALUES: Final = ("value", "object", "vocab", "json")
#: Middle of the box around an entity's place.
_EAST: Final = "((e.bounds[0])[0] + (e.bounds[1])[0]) / 2"
_NORTH: Final = "((e.bounds[0])[1] + (e.bounds[1])[1]) / 2"

#: The first types of a tenant's entities, each found by one step in the index, and whether the
#: first of their entities have places.
TYPES: Final = f"""
with recursive kind as (
    (select e.type from entity e where e.tenant = %(tenant)s order by e.type limit 1)
    union all
    select (
        select e.type from entity e
        where e.tenant = %(tenant)s and e.type > kind.type order by e.type limit 1
    )
    from kind where kind.type is not null
)
select kind.type
from kind
where kind.type is not null and exists (
    select from (
        select e.bounds from entity e
        where e.tenant = %(tenant)s and e.type = kind.type order by e.id limit {SAMPLE}
    ) as first
    where first.bounds is not null
)
limit 1000
"""

#: Attributes of the first entities of a type: kind of attribute, JSON types of its values; and
#: whether any of them has a place (a row without an attribute).
ATTRIBUTES: Final = f"""
with first as materialized (
    select e.attrs, e.bounds from entity e
    where e.tenant = %(tenant)s and e.type = %(type)s and {_ALIVE}
    order by e.id limit {SAMPLE}
)
select null, null, array[(bool_or(bounds is not null))::text] from first
union all
(select
    said.attribute, min(said.instances -> 0 ->> 'type'),
    array_agg(distinct coalesce(jsonb_typeof(said.instances -> 0 -> 'value'), 'string'))
from first, jsonb_each(first.attrs) as said (attribute, instances)
group by said.attribute
order by said.attribute)
"""

#: The box around the places of a type; no row where there are too many to look at.
EXTENT: Final = f"""
select
    min(least((bounds[0])[0], (bounds[1])[0])), min(least((bounds[0])[1], (bounds[1])[1])),
    max(greatest((bounds[0])[0], (bounds[1])[0])), max(greatest((bounds[0])[1], (bounds[1])[1]))
from (
    select e.bounds from entity e
    where e.tenant = %(tenant)s and e.type = %(type)s and e.bounds is not null and {_ALIVE}
    limit {MOST_MEASURED + 1}
) as held
having count(*) <= {MOST_MEASURED}
"""

#: The place of a type that lies nearest to a point far outside the map, in one direction: the
#: outermost one, to within a few metres.
_OUTERMOST: Final = f"""(
    select {{edge}} from entity e
    where e.tenant = %(tenant)s and e.type = %(type)s and e.bounds is not null and {_ALIVE}
    order by e.bounds <-> point({{far}}) limit 1
)"""
#: The same box of many, found by the index of places.
WIDE_EXTENT: Final = "select " + ", ".join(
    _OUTERMOST.format(edge=edge, far=far)
    for edge, far in (
        ("(e.bounds[1])[0]", "-1e8, 0"),
        ("(e.bounds[1])[1]", "0, -1e8"),
        ("(e.bounds[0])[0]", "1e8, 0"),
        ("(e.bounds[0])[1]", "0, 1e8"),
    )
)


@dataclass(slots=True)
class Conditions:
    """Which rows, as conditions that all must be met. `around` finds them by their places."""

    said: list[str]
    params: dict[str, Any] = field(default_factory=dict)
    around: str = ""

    def bind(self, value: Any) -> str:
        """Return the placeholder of a value from outside."""
        name = f"f{len(self.params)}"
        self.params[name] = value
        return f"%({name})s"

    def within(self, column: str, operator: str, boxes: tuple[Bounds, ...]) -> None:
        """Add that a column lies in one of the boxes."""
        tests = [f"{column} {operator} {self.bind(box_literal(box))}::box" for box in boxes]
        self.around = f"({' or '.join(tests)})" if tests else ""

    def where(self, *, by_place: bool = True) -> str:
        """Return the whole condition.

        by_place: the index of places may be used; otherwise the order of ids is kept to.
        """
        around = self.around if by_place or not self.around else f"{self.around} is true"
        return " and ".join([*self.said, *([around] if around else [])])


def entities(tenant: str, kind: str, query: ItemsQuery) -> Conditions:
    """Return which entities of a type a query takes, but for what `branches` says of the type."""
    found = Conditions(["e.tenant = %(tenant)s", _ALIVE, "e.bounds is not null"])
    found.params |= {"tenant": tenant, "type": kind}
    found.within("e.bounds", "&&", query.boxes)
    _in_time(found, query.start, query.end)
    for name, text in query.filters.items():
        _of_value(found, default_map().terms.expand_term(name), text)
    if query.after:
        found.said.append(f"e.id > {found.bind(query.after)}::text")
    return found


def _of_value(found: Conditions, iri: str, text: str) -> None:
    """Add that an attribute's value is a text.

    There is no index of values: features are gone through until a page is full, nearly all of
    them in vain. These are told by the first member that an attribute has, at a quarter of what
    the function costs; what passes is tested by it too. It says "" of what has no value.
    """
    attribute, value = found.bind(iri), found.bind(text)
    if text:
        told = [f"e.attrs -> {attribute} -> 0 ->> '{member}' = {value}" for member in _VALUES]
        told += [
            f"e.attrs -> {attribute} -> 0 -> 'languageMap' ->> '{language}' = {value}"
            for language in ("ja", "en")
        ]
        found.said.append(f"coalesce({', '.join(told)}, false)")
    found.said.append(f"register_text(register_value(e.attrs, {attribute}, '')) = {value}")


def _in_time(found: Conditions, start: datetime | None, end: datetime | None) -> None:
    if start is not None:
        found.said.append(f"{_MOMENT} >= {found.bind(start)}")
    if end is not None:
        found.said.append(f"{_MOMENT} <= {found.bind(end)}")


def branches(where: str) -> list[str]:
    """Return the condition for a type: those whose first type it is, and the few others."""
    return [
        f"{where} and e.type = %(type)s",
        f"{where} and cardinality(e.types) > 1 and e.types @> array[%(type)s::text]"
        " and e.type <> %(type)s",
    ]


def entity_page(where: str, limit: int) -> str:
    """Return the statement for a page of entities in the order of their ids."""
    heads = " union all ".join(
        f"(select {COLUMNS} from entity e where {one} order by e.id limit {limit})"
        for one in branches(where)
    )
    return f"select * from ({heads}) as e order by e.id limit {limit}"


def entity_few(where: str) -> str:
    """Return the statement for all entities of an area, where there are at most FEW."""
    heads = " union all ".join(
        f"select {COLUMNS} from entity e where {one}" for one in branches(where)
    )
    return f"select * from ({heads}) as e order by e.id"


def entity_are_few(where: str) -> str:
    """Return the statement that says whether an area holds at most FEW entities."""
    heads = " union all ".join(
        f"(select from entity e where {one} limit {FEW + 1})" for one in branches(where)
    )
    return f"select count(*) <= {FEW} from ({heads}) as e"


def entity_count(where: str) -> str:
    """Return the statement for the number of entities, and whether all of them are points."""
    heads = " union all ".join(
        f"(select e.bounds from entity e where {one} limit {MOST_COUNTED + 1})"
        for one in branches(where)
    )
    return (
        "select count(*), coalesce(bool_and(held.bounds[0] ~= held.bounds[1]), true)"
        f" from (select * from ({heads}) as e limit {MOST_COUNTED + 1}) as held"
    )


def entity_places(where: str, limit: int) -> str:
    """Return the statement for places: id, title, middle, and the geometry of what is no point."""
    place = (
        "case when not (e.bounds[0] ~= e.bounds[1]) then e.attrs -> %(place)s -> 0 -> 'value' end"
    )
    named = "register_text(register_value(e.attrs, %(name)s, ''))"
    heads = " union all ".join(
        f"(select e.id, {named}, {_EAST}, {_NORTH}, {place} from entity e"
        f" where {one} limit {limit})"
        for one in branches(where)
    )
    return f"select * from ({heads}) as e limit {limit}"


def entity_cells(where: str) -> str:
    """Return the statement for the cells of the map in which entities lie."""
    heads = " union all ".join(
        f"select e.id, {_EAST} as east, {_NORTH} as north from entity e where {one}"
        for one in branches(where)
    )
    return cells_of(heads)


def cells_of(rows: str) -> str:
    """Return the statement for the cells in which rows (id, east, north) lie.

    %(count)s: cells from west to east in the square of the Web Mercator projection.
    """
    y = "(1 - asinh(tan(radians(greatest(least(north, 85.05), -85.05)))) / pi()) / 2"
    return f"""
        select count(*), avg(east), avg(north), min(id)
        from ({rows}) as held
        group by floor((east + 180) / 360 * %(count)s), floor({y} * %(count)s)
    """
