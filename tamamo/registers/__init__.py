"""Typed registers over the broker: declared, listed, edited, imported, exported.

`Registers` is the door; docs/subsystems/registers.md says how it works.
"""

from tamamo.registers.declaration import Choice, Column, Filter, Register, Section, Texts
from tamamo.registers.errors import (
    BadQuery,
    EditConflict,
    FieldConflict,
    FieldError,
    Invalid,
    NotUndoable,
    Obstacle,
    UnknownRecord,
    UnknownRegister,
)
from tamamo.registers.model import (
    Batch,
    BulkPreview,
    Cell,
    Edit,
    FieldChange,
    ListPage,
    Point,
    Points,
    Preview,
    Record,
    Refused,
    Rights,
    Row,
    Visitor,
)
from tamamo.registers.query import ListQuery
from tamamo.registers.service import Registers

__all__ = [
    "BadQuery",
    "Batch",
    "BulkPreview",
    "Cell",
    "Choice",
    "Column",
    "Edit",
    "EditConflict",
    "FieldChange",
    "FieldConflict",
    "FieldError",
    "Filter",
    "Invalid",
    "ListPage",
    "ListQuery",
    "NotUndoable",
    "Obstacle",
    "Point",
    "Points",
    "Preview",
    "Record",
    "Refused",
    "Register",
    "Registers",
    "Rights",
    "Row",
    "Section",
    "Texts",
    "UnknownRecord",
    "UnknownRegister",
    "Visitor",
]
