"""`idPattern`: a regular expression that matches somewhere in an entity's id (table 5.2.33-1)."""

from typing import Any

from tamamo.context.query import regex
from tamamo.context.query.regex import Regex as IdPattern
from tamamo.context.query.text import bind

__all__ = ["IdPattern", "parse", "to_sql"]


def parse(text: str, field: str = "idPattern") -> IdPattern:
    """Return the checked expression. Raises BadRequestData, TooComplexQuery."""
    return regex.parse(text, field=field)


def to_sql(pattern: IdPattern, params: dict[str, Any], alias: str = "e") -> str:
    """Return the condition on `<alias>.id`; adds to `params`."""
    return f"{alias}.id ~ {bind(params, pattern.sql)}::text"
