"""Forms as the console draws them: fields that keep what was typed and say what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from tamamo.kernel.time import JST

Errors = dict[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. kind: an input's type, or select, area, checks. value: what stands in it."""

    name: str
    label: str
    kind: str = "text"
    help: str = ""
    required: bool = False
    options: Sequence[tuple[str, str]] = ()
    value: Any = ""
    error: str = ""


def filled(fields: Sequence[Field], data: QueryDict | Mapping[str, Any], errors: Errors) -> Any:
    """Return the fields with what was typed and what is wrong with it."""
    found = []
    for field in fields:
        value: Any = field.value
        if isinstance(data, QueryDict):
            value = data.getlist(field.name) if field.kind == "checks" else data.get(field.name, "")
        elif field.name in data:
            value = data[field.name]
        found.append(replace(field, value=value, error=errors.get(field.name, "")))
    return found


def missing(fields: Sequence[Field], data: QueryDict) -> Errors:
    """Return what is wrong with fields that must be filled and those that offer a choice."""
    errors = {}
    for field in fields:
        given = data.getlist(field.name) if field.kind == "checks" else [data.get(field.name, "")]
        given = [text for text in given if text.strip()]
        if field.required and not given:
            errors[field.name] = _("%(field)s is missing.") % {"field": field.label}
        elif field.options and not set(given) <= {value for value, _text in field.options}:
            errors[field.name] = _("%(field)s: this cannot be chosen.") % {"field": field.label}
    return errors


def moment(text: str) -> datetime | None:
    """Return a date or time as typed, in Japan where no zone is given; None for nothing.

    Raises ValueError.
    """
    if not text.strip():
        return None
    found = datetime.fromisoformat(text.strip())
    return found if found.tzinfo else found.replace(tzinfo=JST)


def day(text: str, errors: Errors, name: str) -> datetime | None:
    """Return a date field's beginning of the day in Japan; notes what cannot be read."""
    try:
        return moment(text)
    except ValueError:
        errors[name] = _("This is no date such as 2027-03-31.")
        return None


def number(text: str, errors: Errors, name: str) -> int | None:
    """Return a whole number, None for nothing; notes what cannot be read."""
    plain = text.strip().replace(",", "")
    if not plain:
        return None
    if plain.isascii() and plain.isdecimal() and len(plain) <= 15:
        return int(plain)
    errors[name] = _("This is no whole number.")
    return None
