"""A document as JSON and back, so that another process can write it."""

import json
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from tamamo.plan.report.document import (
    Bullets,
    Cell,
    Chart,
    Document,
    FigureLine,
    Grid,
    Heading,
    Line,
    Paragraph,
)

_KINDS: Final = {
    one.__name__: one
    for one in (Bullets, Cell, Chart, Document, FigureLine, Grid, Heading, Line, Paragraph)
}
_KIND: Final = "kind"


def pack(document: Document) -> bytes:
    """Return a document as JSON; the same document gives the same bytes."""
    return json.dumps(_plain(document), ensure_ascii=False, separators=(",", ":")).encode()


def unpack(body: bytes) -> Document:
    """Return the document that was packed."""
    found = json.loads(body, object_hook=_back)
    assert isinstance(found, Document)
    return found


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        members = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {_KIND: type(value).__name__, **members}
    if isinstance(value, Decimal):
        return {_KIND: "number", "is": str(value)}
    if isinstance(value, date):
        return {_KIND: "day", "is": value.isoformat()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _back(members: dict[str, Any]) -> Any:
    kind = members.pop(_KIND)
    if kind == "number":
        return Decimal(members["is"])
    if kind == "day":
        return date.fromisoformat(members["is"])
    return _KINDS[kind](**members)
