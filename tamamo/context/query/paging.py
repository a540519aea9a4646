"""Paging (clauses 4.12, 5.5.9, 6.3.10) and counting (6.3.13)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tamamo.context.errors import BadRequestData, TooManyResults

DEFAULT_LIMIT = 20
MAX_LIMIT = 1_000
_MAX_OFFSET = 2**31 - 1
_WHOLE = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Page:
    """Which elements to give: `limit` from `offset` on; count: say how many there are in all."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0
    count: bool = False


def parse(
    params: Mapping[str, Any], *, default: int = DEFAULT_LIMIT, maximum: int = MAX_LIMIT
) -> Page:
    """Return the page that `limit`, `offset` and `count` ask for.

    Raises BadRequestData on no whole number and on limit=0 without count=true (6.3.13),
    TooManyResults on a limit above the maximum.
    """
    count = read_flag(params, "count")
    limit = read_whole(params, "limit", default)
    offset = read_whole(params, "offset", 0)
    if limit > maximum:
        raise TooManyResults(f"limit: at most {maximum} elements a page", field="limit")
    if limit == 0 and not count:
        raise BadRequestData("limit: 0 is allowed only with count=true", field="limit")
    return Page(limit, min(offset, _MAX_OFFSET), count)


def read_flag(params: Mapping[str, Any], field: str, default: bool = False) -> bool:
    """Return a parameter that is true or false. Raises BadRequestData on anything else."""
    value = params.get(field, default)
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise BadRequestData(f"{field}: expected true or false, not {value!r}", field=field)
    return bool(value == "true")


def read_whole(params: Mapping[str, Any], field: str, default: int) -> int:
    """Return a parameter that is a whole number from 0. Raises BadRequestData on anything else."""
    value = params.get(field, default)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise BadRequestData(f"{field}: expected a whole number from 0, not {value!r}", field=field)
