"""Payloads to groups of values: JSON and UltraLight 2.0. Pure.

A group is what was measured at one moment. JSON: an object, or an array of them. UltraLight 2.0
(FIWARE IoT Agent): `t|15|h|60`, groups parted by `#`, each with or without its time in front, as
`2026-06-26T08:00:00+09:00|t|15`. With {attribute} in the topic the payload is its one value.
"""

import json
import math
from datetime import datetime
from typing import Any, Final, NoReturn

import orjson

from tamamo.feeds.quality import NOT_FINITE, Invalid, Reason

Group = dict[str, Any]
#: The member an UltraLight group's time is given as, named like FIWARE's.
TIME: Final = "TimeInstant"
#: Groups of one message at most.
MOST_GROUPS: Final = 1000

NOT_JSON: Final = Reason("not_json", "JSONとして読めません", "the payload is not JSON")
NO_OBJECT: Final = Reason(
    "no_object", "JSONのオブジェクトではありません", "the payload is no JSON object"
)
NOT_ULTRALIGHT: Final = Reason(
    "not_ultralight",
    "UltraLight 2.0（名前|値|…）として読めません",
    "the payload is not UltraLight 2.0 (name|value|…)",
)
NOT_TEXT: Final = Reason("not_text", "UTF-8の文字ではありません", "the payload is not UTF-8 text")
EMPTY: Final = Reason("empty", "中身がありません", "the payload is empty")
TOO_MANY: Final = Reason(
    "too_many_groups",
    f"一つの電文に{MOST_GROUPS}組を超える値があります",
    f"the message has more than {MOST_GROUPS} groups of values",
)


def read(payload: bytes, form: str, attribute: str | None = None) -> list[Group]:
    """Return the groups of a message. attribute: whose one value it is. Raises Invalid."""
    if not payload.strip():
        raise Invalid(EMPTY)
    if attribute is not None:
        return [{attribute: _single(payload, form)}]
    groups = _json(payload) if form == "json" else _ultralight(_text(payload))
    if len(groups) > MOST_GROUPS:
        raise Invalid(TOO_MANY)
    return groups


def member(group: Group, path: str) -> Any:
    """Return a member, `a.b` for one within another; None where there is none."""
    if path in group:
        return group[path]
    value: Any = group
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def _json(payload: bytes) -> list[Group]:
    value = _parsed(payload)
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, dict) for item in items):
        raise Invalid(NO_OBJECT)
    return items


def _parsed(payload: bytes) -> Any:
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        pass
    try:
        # Only to tell NaN, Infinity and numbers that are too large from what is no JSON at all.
        json.loads(payload, parse_constant=_not_finite, parse_float=_finite, parse_int=_finite)
    except Invalid:
        raise
    except (ValueError, RecursionError):
        pass
    raise Invalid(NOT_JSON)


def _not_finite(text: str) -> NoReturn:
    raise Invalid(NOT_FINITE)


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _not_finite(text)


def _text(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid(NOT_TEXT) from None


def _ultralight(text: str) -> list[Group]:
    groups = []
    for part in text.strip().split("#"):
        cells = [cell.strip() for cell in part.split("|")]
        group: Group = {}
        if len(cells) % 2:
            if len(cells) < 3 or not _is_time(cells[0]):
                raise Invalid(NOT_ULTRALIGHT)
            group[TIME] = cells.pop(0)
        if not all(cells[::2]):
            raise Invalid(NOT_ULTRALIGHT)
        group |= dict(zip(cells[::2], cells[1::2], strict=True))
        groups.append(group)
    return groups


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return text.replace(".", "", 1).isdigit()
    return True


def _single(payload: bytes, form: str) -> Any:
    text = _text(payload).strip()
    if form == "json":
        value = _parsed(payload)
        if isinstance(value, dict | list):
            raise Invalid(Reason("no_value", "一つの値ではありません", "it is not one value"))
        return value
    return text
