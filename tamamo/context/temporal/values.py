"""Aggregates of values that are not all numbers (tables 4.5.19.1-1 to 4.5.19.1-3)."""

import math
from collections.abc import Sequence
from datetime import time
from typing import Any

import orjson

from tamamo.context.model.entity import Instance
from tamamo.context.model.kinds import value_of

_RELATIONSHIPS = frozenset({"Relationship", "ListRelationship"})
_DAY = 24 * 60 * 60


def label(kind: str) -> str:
    """Return how an attribute of this kind is labelled when aggregated."""
    return "Relationship" if kind in _RELATIONSHIPS else "Property"


def aggregates(instances: Sequence[Instance]) -> dict[str, Any]:
    """Return every aggregate that suits the values of one period; there is at least one value.

    Values of different types in one period can only be counted.
    """
    values = [value_of(instance) for instance in instances]
    found: dict[str, Any] = {
        "totalCount": len(values),
        "distinctCount": len(
            {orjson.dumps(value, option=orjson.OPT_SORT_KEYS) for value in values}
        ),
    }
    kinds = {instance["type"] for instance in instances}
    if kinds <= {"Property", "ListProperty"}:
        types = {_type(value) for value in values}
        if len(types) == 1:
            found |= _of_type(types.pop(), values)
    return found


def _type(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "list"
    if isinstance(value, dict) and value.get("@type") in {"DateTime", "Date", "Time"}:
        return str(value["@type"])
    return "other"


def _of_type(kind: str, values: list[Any]) -> dict[str, Any]:
    if kind == "text":
        return {"min": min(values), "max": max(values)}
    if kind == "list":
        sizes = [len(value) for value in values]
        return {
            "avg": sum(sizes) / len(sizes), "min": min(sizes), "max": max(sizes),
            "sum": sum(sizes),
        }  # fmt: skip
    if kind == "number":
        return _of_numbers([float(value) for value in values])
    if kind in {"DateTime", "Date", "Time"}:
        texts = [str(value.get("@value", "")) for value in values]
        found: dict[str, Any] = {"min": min(texts), "max": max(texts)}
        return found | ({"avg": _mean_time(texts)} if kind == "Time" else {})
    return {}


def _of_numbers(numbers: list[float]) -> dict[str, Any]:
    mean = sum(numbers) / len(numbers)
    squares = sum(number * number for number in numbers)
    variance = sum((number - mean) ** 2 for number in numbers) / len(numbers)
    return {
        "avg": mean, "min": min(numbers), "max": max(numbers), "sum": sum(numbers),
        "sumsq": squares, "stddev": math.sqrt(variance), "distinctCount": len(set(numbers)),
    }  # fmt: skip


def _mean_time(texts: list[str]) -> str | None:
    """Return the mean time of day; None where a text is no time."""
    try:
        moments = [time.fromisoformat(text.replace(",", ".")) for text in texts]
    except ValueError:
        return None
    seconds = [m.hour * 3600 + m.minute * 60 + m.second + m.microsecond / 1e6 for m in moments]
    mean = round(sum(seconds) / len(seconds)) % _DAY
    return f"{mean // 3600:02}:{mean // 60 % 60:02}:{mean % 60:02}Z"
