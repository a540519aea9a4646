"""The parameters of a request for features, read strictly: what is not understood is refused.

OGC API - Features Part 1 (7.15) and Part 2 (6.2): limit, bbox, bbox-crs, datetime, crs, the
collection's properties by name; `properties` for those shown, `after` for the next page, `f` for
the media type.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from tamamo.kernel.geo import Bounds
from tamamo.kernel.time import from_text
from tamamo.registers.features import crs
from tamamo.registers.features.errors import BadParameter
from tamamo.registers.features.model import Collection, ItemsQuery

#: Features of a page, where the request does not say.
USUAL: Final = 100
#: Features of a page at most; who asks for more gets these.
MOST: Final = 1_000
ITEMS: Final = frozenset(
    {"limit", "bbox", "bbox-crs", "datetime", "crs", "properties", "after", "f"}
)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_OPEN: Final = frozenset({"", ".."})
#: Longest value of a property that can be asked for.
_LONGEST: Final = 1_000


def only(params: Mapping[str, str], known: Iterable[str]) -> None:
    """Raise BadParameter for a parameter that the resource does not have."""
    for name in params:
        if name not in known:
            raise BadParameter(f"There is no parameter {name!r} here", field=name)


def items(params: Mapping[str, str], collection: Collection) -> ItemsQuery:
    """Return what a request for items asks. Raises BadParameter naming the parameter at fault."""
    filtered = {one.name for one in collection.properties if one.filtered} - ITEMS
    only(params, ITEMS | filtered)
    for name, text in params.items():
        if "\x00" in text:
            raise BadParameter(f"{name}: the character U+0000 cannot be used", field=name)
    start, end = interval(params["datetime"]) if "datetime" in params else (None, None)
    system = crs.check(params.get("bbox-crs", crs.CRS84), "bbox-crs")
    return ItemsQuery(
        limit(params.get("limit")),
        params.get("after", ""),
        boxes(params["bbox"], system) if "bbox" in params else (),
        start,
        end,
        {name: _value(name, params[name]) for name in params if name in filtered},
        _shown(params["properties"], collection) if "properties" in params else None,
        crs.check(params.get("crs", crs.CRS84), "crs"),
    )


def limit(text: str | None) -> int:
    """Return how many features a page has. More than there can be is as many as there can be."""
    if text is None:
        return USUAL
    if not (text.isascii() and text.isdigit()) or not text.strip("0"):
        raise BadParameter("limit is a whole number from 1 on", field="limit")
    return MOST if len(text) > 9 else min(int(text), MOST)


def boxes(text: str, system: str) -> tuple[Bounds, ...]:
    """Return the box of a parameter bbox: four numbers, or six of which heights do not count."""
    parts = text.split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4 or not all(abs(number) < 1e9 for number in numbers):
        raise BadParameter("bbox is four or six numbers with commas between them", field="bbox")
    west, south, east, north = crs.box_in(numbers, system)
    if west <= east:
        return ((west, south, east, north),)
    return ((west, south, 180.0, north), (-180.0, south, east, north))


def interval(text: str) -> tuple[datetime | None, datetime | None]:
    """Return the ends of a parameter datetime: a moment, or `start/end` with `..` for an open one.

    A date (RFC 3339 full-date) is that day in Japan, from its first moment to its last.
    """
    low, slash, high = text.partition("/")
    start = None if slash and low in _OPEN else _moment(low, last=False)
    if not slash:
        return start, _moment(low, last=True)
    end = None if high in _OPEN else _moment(high, last=True)
    if (start is None and end is None) or (start and end and start > end):
        raise BadParameter("datetime: an interval ends after it starts", field="datetime")
    return start, end


def _moment(text: str, *, last: bool) -> datetime:
    fault = BadParameter(
        f"datetime: {text!r} is neither a time (RFC 3339) nor a date", field="datetime"
    )
    try:
        if _DATE.fullmatch(text):
            day = datetime.fromisoformat(f"{text}T00:00:00+09:00")
            return day + timedelta(days=1, microseconds=-1) if last else day
        moment = from_text(text)
    except (ValueError, OverflowError):
        raise fault from None
    if moment.tzinfo is None or "T" not in text.upper():
        raise fault
    return moment.astimezone(UTC)


def _value(name: str, text: str) -> str:
    if len(text) > _LONGEST:
        raise BadParameter(f"{name}: at most {_LONGEST} characters", field=name)
    return text


def _shown(text: str, collection: Collection) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for name in names:
        if collection.property(name) is None:
            raise BadParameter(f"properties: there is no {name!r}", field="properties")
    return names
