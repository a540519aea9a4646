"""The plan's indicators as rows of datasets: what the report recorded, and the values of years."""

import csv
import io
from decimal import Decimal
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.kernel.towns import DEFAULT
from tamamo.plan import openvalues
from tamamo.plan.catalog import the_plan
from tamamo.plan.export import to_csv
from tamamo.plan.year.public import Published

_NUMBERS: Final = frozenset({"year", "value", "target_year", "target_value", "percent_of_target"})


async def rows(_: Broker, town: str) -> list[dict[str, Any]]:
    """Return a row an indicator; only the town that has the plan has any."""
    if town != DEFAULT:
        return []
    told = csv.DictReader(io.StringIO(to_csv(the_plan()).decode("utf-8-sig")))
    return [
        {name: _typed(name, text) for name, text in row.items()}
        for row in told
        if row["indicator_id"]
    ]


async def years(broker: Broker, town: str) -> list[dict[str, Any]]:
    """Return a row an indicator and year: the same as /plan/values.csv, with a key of its own."""
    if town != DEFAULT:
        return []
    plan = the_plan()
    values = await Published(broker.pool, town, plan).by_year()
    return [
        {"id": f"{row['project']}/{row['indicator']}/{row['year']}", **_plain(row)}
        for row in openvalues.rows(plan, values)
    ]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _number(cell) for name, cell in row.items()}


def _number(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    return None if cell == "" else cell


def _typed(name: str, text: str) -> str | float | int | None:
    if not text:
        return None
    if name not in _NUMBERS:
        return text
    number = float(text)
    return int(number) if number.is_integer() else number
