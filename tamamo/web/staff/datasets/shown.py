"""Rows of a dataset as a table of a page."""

from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tamamo.publishing.datasets import RowPage
from tamamo.publishing.datasets.model import Field
from tamamo.web.staff.cells import language
from tamamo.web.staff.words import number

NUMERIC: Final = frozenset({"integer", "number"})
#: Longest text of a cell on a page of the desk.
_LONGEST: Final = 120


def text(field: Field | None, value: Any) -> str:
    """Return a cell's text; "" where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, int | float) and field is not None and field.kind in NUMERIC:
        return f"{value:,}".replace("-", "−")
    told = str(value)
    return told if len(told) <= _LONGEST else told[:_LONGEST] + "…"


def table(page: RowPage, *, total: int | None) -> dict[str, Any]:
    """Return rows as a template draws them: heads, cells, and how many there are beside them."""
    heads = [
        {
            "text": field.label.in_(language()) or field.name,
            "unit": field.unit,
            "numeric": field.kind in NUMERIC,
        }
        for field in page.fields
    ]
    rows = [
        {
            "number": number(row.number),
            "cells": [
                {"text": text(field, row.values.get(field.name)), "numeric": field.kind in NUMERIC}
                for field in page.fields
            ],
        }
        for row in page.rows
    ]
    more = max(0, (total or 0) - len(rows))
    told = ngettext("and %(n)s more row", "and %(n)s more rows", more) % {"n": number(more)}
    return {"heads": heads, "rows": rows, "more": told if more else ""}
