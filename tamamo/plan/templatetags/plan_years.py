"""Looks a project's figures up by its id."""

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def of(found: Mapping[str, Any], name: str) -> Any:
    """Return what a mapping has under a name, None without it."""
    return found.get(name)
