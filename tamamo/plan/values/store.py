"""Keeps values: each act one transaction with its audit row, nothing overwritten."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from tamamo.kernel import sql, time
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Pool, single, transaction
from tamamo.plan.values.model import Basis, Kept, NewValue, Recorded

_SQL = sql.load(__package__)
#: Of an area and day without a value: its id, its content.
_NONE: Final = (None, None)


class ValueStore:
    """The values of a town's plan."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(
        self,
        tenant: str,
        indicator: tuple[str, str],
        values: Sequence[NewValue],
        *,
        source: str,
        by: str,
        basis: Basis = "imported",
        reason: str = "",
        simulated: bool = False,
    ) -> Recorded:
        """Keep published or computed values as approved by who brings them.

        indicator: (project, id). A value that is there is not kept again; one that differs replaces
        the old, which stays, with the reason. simulated: invented, or counted from what is; a
        real value replaces an invented one of the same size.
        Raises ValueError for two values of one area and day.
        """
        _refuse_twice(values)
        now = time.now()
        async with transaction(self._pool) as connection:
            names = {"tenant": tenant, "project": indicator[0], "indicator": indicator[1]}
            cursor = await connection.execute(
                _SQL["holding"],
                {**names, "areas": [v.area for v in values], "days": [v.at for v in values]},
            )
            there = {
                (area, at): (id_, content) for id_, area, at, *content in await cursor.fetchall()
            }
            told = {(v.area, v.at): [*v.content, simulated, v.year] for v in values}
            fresh = [v for v in values
                     if there.get((v.area, v.at), _NONE)[1] != told[v.area, v.at]]  # fmt: skip
            replaced = [there.get((v.area, v.at), _NONE)[0] for v in fresh]
            done = [one for one in replaced if one is not None]
            await connection.execute(_SQL["replace"], {**names, "ids": done})
            given = {"basis": basis, "source": source, "reason": reason, "by": by, "now": now,
                     "simulated": simulated}  # fmt: skip
            await connection.execute(
                _SQL["insert"], {**names, **given, **_columns(fresh, replaced)}
            )
            mended = {v.area for v, old in zip(fresh, replaced, strict=True) if old}
            result = Recorded(
                len(fresh) - len(done), len(values) - len(fresh), len(done), tuple(sorted(mended))
            )
            if fresh:
                after = {"source": source, "stored": result.stored, "corrected": result.corrected}
                about = f"plan:{indicator[0]}/{indicator[1]}"
                await append(
                    connection, Event(tenant, by, "plan.values.record", about, None, after)
                )
        return result

    async def series(
        self, tenant: str, indicator: tuple[str, str], areas: Sequence[str] | None = None
    ) -> list[Kept]:
        """Return the values that hold, the oldest first; of all areas without a list."""
        chosen = None if areas is None else list(areas)
        return await self._kept("series", tenant, indicator, areas=chosen)

    async def past(
        self, tenant: str, indicator: tuple[str, str], area: str, at: date
    ) -> list[Kept]:
        """Return every value there ever was of an area and day, the oldest first."""
        return await self._kept("past", tenant, indicator, area=area, at=at)

    async def stamp(self, tenant: str, indicator: tuple[str, str]) -> tuple[int, datetime | None]:
        """Return what changes with every value that is kept: how many, and when the newest was."""
        async with single(self._pool) as connection:
            names = {"tenant": tenant, "project": indicator[0], "indicator": indicator[1]}
            row = await (await connection.execute(_SQL["stamp"], names)).fetchone()
        return (row[0], row[1]) if row else (0, None)

    async def _kept(
        self, block: str, tenant: str, indicator: tuple[str, str], **more: Any
    ) -> list[Kept]:
        names = {"tenant": tenant, "project": indicator[0], "indicator": indicator[1]}
        async with single(self._pool) as connection:
            # No cursor of its own: what reads within a reach has only execute().
            cursor = await connection.execute(_SQL[block], {**names, **more})
            return [Kept(*row) for row in await cursor.fetchall()]


def _refuse_twice(values: Sequence[NewValue]) -> None:
    counted = Counter((value.area, value.at) for value in values)
    if twice := [place for place, count in counted.items() if count > 1]:
        area, at = min(twice)
        raise ValueError(f"{area or 'the town'} has two values as of {at}")


def _columns(values: Sequence[NewValue], replaced: Sequence[str | None]) -> dict[str, Any]:
    return {
        "areas": [v.area for v in values],
        "days": [v.at for v in values],
        "years": [v.year for v in values],
        "values": [v.value for v in values],
        "parts": [v.part for v in values],
        "wholes": [v.whole for v in values],
        "whole_days": [v.whole_at for v in values],
        "details": [v.detail for v in values],
        "replaced": list(replaced),
    }
