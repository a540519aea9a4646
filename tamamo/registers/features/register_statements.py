"""The statements behind collections of registers, over the rows that lists are made of."""

from typing import Final

from tamamo.registers.features.statements import COLUMNS, FEW, MOST_COUNTED, MOST_MEASURED, cells_of

__all__ = ["MOST_COUNTED", "are_few", "cells", "count", "extent", "few", "page", "places"]

_BEHIND: Final = "and r.entity_id > %(after)s"
_JOINED: Final = "join entity e on e.tenant = %(tenant)s and e.id = found.entity_id"


def page(where: str, limit: int, *, is_area: bool) -> str:
    """Return the statement for a page of records in the order of their ids.

    is_area: the order of ids is kept to, though the index of places could find the rows.
    """
    held = where.replace("::box", "::box is true") if is_area else where
    return f"""
        select {COLUMNS} from (
            select r.entity_id from register_row r where {held} {_BEHIND}
            order by r.entity_id limit {limit}
        ) as found {_JOINED}
        order by e.id
    """


def are_few(where: str) -> str:
    """Return the statement that says whether an area holds at most FEW records."""
    return f"""
        select count(*) <= {FEW} from (
            select from register_row r where {where} {_BEHIND} limit {FEW + 1}
        ) as held
    """


def few(where: str) -> str:
    """Return the statement for all records of an area, where they are few."""
    return f"""
        select {COLUMNS} from (
            select r.entity_id from register_row r where {where} {_BEHIND}
        ) as found {_JOINED}
        order by e.id
    """


def count(where: str) -> str:
    """Return the statement for the number of records, one more than MOST_COUNTED at most."""
    return f"""
        select count(*) from (
            select from register_row r where {where} limit {MOST_COUNTED + 1}
        ) as counted
    """


def extent(where: str) -> str:
    """Return the statement for the box around all; no row where there are too many."""
    return f"""
        select min(place[0]), min(place[1]), max(place[0]), max(place[1])
        from (select r.place from register_row r where {where} limit {MOST_MEASURED + 1}) as held
        having count(*) <= {MOST_MEASURED}
    """


def places(where: str, limit: int) -> str:
    """Return the statement for places: id, what heads the record, longitude, latitude."""
    return f"""
        select
            e.id, register_text(register_value(e.attrs, %(heading)s, %(heading_member)s)),
            found.place[0], found.place[1]
        from (
            select r.entity_id, r.place from register_row r where {where} limit {limit}
        ) as found {_JOINED}
    """


def cells(where: str) -> str:
    """Return the statement for the cells of the map in which records lie."""
    return cells_of(
        "select r.entity_id as id, r.place[0] as east, r.place[1] as north"
        f" from register_row r where {where}"
    )
