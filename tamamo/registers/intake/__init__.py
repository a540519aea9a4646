"""Intake: what departments publish, read unattended. What it is, what it holds, its rows.

Pure and streaming: no database, no Django. `inspect` → `profile` → `settle` (the officer corrects
the recipe) → `rows`; next month `compare` says what is no longer as it was.
"""

from tamamo.registers.intake.comparing import compare
from tamamo.registers.intake.errors import IntakeRefused
from tamamo.registers.intake.model import (
    KINDS,
    Choice,
    ColumnGuess,
    Difference,
    Doubt,
    Field,
    Finding,
    Inspection,
    KeyGuess,
    Kind,
    Note,
    PlaceGuess,
    Profile,
    Recipe,
    RecipeColumn,
    Row,
    SampleRow,
    Sheet,
    Tally,
    Value,
)
from tamamo.registers.intake.profiling import profile
from tamamo.registers.intake.reading import Rows
from tamamo.registers.intake.recipes import check, settle
from tamamo.registers.intake.rejecting import write_rejects
from tamamo.registers.intake.source import Source, inspect


def rows(source: Source, name: str, recipe: Recipe) -> Rows:
    """Return the rows of a file by a recipe, one by one in constant memory.

    Raises IntakeRefused when the file, its sheet, headings or columns are not as the recipe needs.
    """
    return Rows(source, name, recipe)


__all__ = [
    "KINDS", "Choice", "ColumnGuess", "Difference", "Doubt", "Field", "Finding", "Inspection",
    "IntakeRefused", "KeyGuess", "Kind", "Note", "PlaceGuess", "Profile", "Recipe", "RecipeColumn",
    "Row", "Rows", "SampleRow", "Sheet", "Source", "Tally", "Value", "check", "compare", "inspect",
    "profile", "rows", "settle", "write_rejects",
]  # fmt: skip
