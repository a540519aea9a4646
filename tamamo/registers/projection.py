"""Bringing the declarations into the database, where triggers keep the rows of lists.

A register whose declaration changed in what its rows are made of has them made anew, a thousand
at a time; meanwhile lists show those that are there already.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.registers.declaration import NUMBERS, Column, Register

_SQL: Final = sql.load("tamamo.registers", "projection.sql")
#: Entities whose rows are made in one transaction.
_STEP: Final = 1_000
#: Changes when rows are made in another way than before from the same declaration.
_FORMAT: Final = 1


def made_of(register: Register) -> dict[str, Any]:
    """Return what the rows of a register are made of: a row of register_declared."""
    before, after = register.around
    key = register.key.iri
    keys = [
        (column.iri, column.member, _key_kind(register, column)) for column in register.sortable
    ]
    facets = [column.iri for column in register.columns if column.kind == "choices"]
    place = register.map.iri if register.map else None
    seen = [*(one[0] for one in keys), *(column.iri for column in register.texts), *facets]
    parts: dict[str, Any] = {
        "register": register.id,
        "type": register.type,
        "attributes": sorted({*seen, *([place] if place else [])}),
        "id_before": before,
        "id_after": after,
        "key_attribute": key,
        "key_attributes": [one[0] for one in keys],
        "key_members": [one[1] for one in keys],
        "key_kinds": [one[2] for one in keys],
        "text_attributes": [column.iri for column in register.texts],
        "text_members": [column.member for column in register.texts],
        "facet_attributes": facets,
        "place": place,
    }
    content = orjson.dumps([_FORMAT, parts], option=orjson.OPT_SORT_KEYS)
    return {**parts, "digest": hashlib.sha256(content).hexdigest()}


def _key_kind(register: Register, column: Column) -> str:
    if column is register.key:
        return "key"
    if column.kind in NUMBERS:
        return "number"
    return "text" if column.kind in ("text", "phone", "url") else "exact"


async def sync(
    pool: Pool,
    registers: Mapping[str, Register],
    report: Callable[[str, int], None] = lambda _register, _rows: None,
) -> int:
    """Make the database know these registers and no others, with all their rows.

    Quick where nothing changed. report: called with a register and how many of its rows were made
    so far. Returns how many rows were made.
    """
    await _declare(pool, registers)
    made = 0
    async with pool.connection() as connection:
        rows = await (await connection.execute(_SQL["declared"])).fetchall()
    for identifier, _digest, filled in rows:
        if not filled and identifier in registers:
            made += await _fill(pool, registers[identifier], report)
    return made


async def remake(pool: Pool, registers: Mapping[str, Register]) -> int:
    """Make all rows anew, whatever stands there; for a database that was restored without them."""
    async with transaction(pool) as connection:
        await connection.execute(_SQL["lock"])
        await connection.execute(_SQL["forget"], {"registers": list(registers)})
        await connection.execute(_SQL["forget_rows"], {"registers": list(registers)})
    return await sync(pool, registers)


async def _declare(pool: Pool, registers: Mapping[str, Register]) -> None:
    wanted = {register.id: made_of(register) for register in registers.values()}
    digests = {name: one["digest"] for name, one in wanted.items()}
    async with transaction(pool) as connection:
        if await _known(connection) != digests or not await _watched(connection):
            await connection.execute(_SQL["lock"])
            known, watched = await _known(connection), await _watched(connection)
            # Without the triggers nobody kept the rows: none can be trusted.
            stale = [n for n, digest in known.items() if digests.get(n) != digest or not watched]
            await connection.execute(_SQL["forget"], {"registers": stale})
            await connection.execute(_SQL["forget_rows"], {"registers": stale})
            for name, parts in wanted.items():
                if name in stale or name not in known:
                    await connection.execute(_SQL["declare"], parts)
            await connection.execute(_SQL["watch"])
        await own_types(connection, registers)


async def _watched(connection: Connection) -> bool:
    row = await (await connection.execute(_SQL["watched"])).fetchone()
    return row is not None and bool(row[0])


async def _known(connection: Connection) -> dict[str, str]:
    rows = await (await connection.execute(_SQL["declared"])).fetchall()
    return {row[0]: row[1] for row in rows}


async def own_types(connection: Connection, registers: Mapping[str, Register]) -> None:
    """Say which unit answers for the registers' types, in every tenant where nobody has.

    And which further units answer for single fields, as the columns' `edit` names them.
    """
    every = list(registers.values())
    parts = [
        (register.type, unit, column.iri)
        for register in every
        if not register.personal
        for column in register.form
        if column.edit and not column.edit.roles
        for unit in column.edit.units
    ]
    types, units, attrs = ([part[at] for part in parts] for at in range(3))
    await connection.execute(_SQL["part_types"], {"types": types, "units": units, "attrs": attrs})
    await connection.execute(
        _SQL["own_types"],
        {
            "types": [register.type for register in every],
            "units": [register.unit for register in every],
            "personal": [register.personal for register in every],
        },
    )


async def _fill(pool: Pool, register: Register, report: Callable[[str, int], None]) -> int:
    async with pool.connection() as connection:
        tenants = [row[0] for row in await (await connection.execute(_SQL["tenants"])).fetchall()]
    made = 0
    for tenant in tenants:
        for statement in ("fill", "fill_other"):
            last: str | None = ""
            while last is not None:
                number, last = await _step(pool, statement, register, tenant, last)
                made += number
                report(register.id, made)
    async with transaction(pool) as connection:
        await connection.execute(_SQL["filled"], {"register": register.id})
    return made


async def _step(
    pool: Pool, statement: str, register: Register, tenant: str, after: str
) -> tuple[int, str | None]:
    """Make the rows of some entities; return how many, and the id of the last, None at the end."""
    async with transaction(pool) as connection:
        cursor = await connection.execute(
            _SQL[statement],
            {
                "register": register.id,
                "type": register.type,
                "tenant": tenant,
                "id": after,
                "limit": _STEP,
            },
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0]), row[1]
