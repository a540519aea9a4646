"""The plan's indicators as rows of a dataset: the same figures as /plan.csv."""

import csv
import io
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.plan.catalog import the_plan
from tamamo.plan.export import to_csv

_NUMBERS: Final = frozenset({"year", "value", "target_year", "target_value", "percent_of_target"})


async def rows(_: Broker, town: str) -> list[dict[str, Any]]:
    """Return a row an indicator; only the town that has the plan has any."""
    if town != "default":
        return []
    told = csv.DictReader(io.StringIO(to_csv(the_plan()).decode("utf-8-sig")))
    return [
        {name: _typed(name, text) for name, text in row.items()}
        for row in told
        if row["indicator_id"]
    ]


def _typed(name: str, text: str) -> str | float | int | None:
    if not text:
        return None
    if name not in _NUMBERS:
        return text
    number = float(text)
    return int(number) if number.is_integer() else number
