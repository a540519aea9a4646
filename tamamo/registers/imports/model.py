"""What an import is, and what would become of its rows. Plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tamamo.kernel.errors import Problem
from tamamo.registers.model import FieldChange

State = Literal["new", "previewed", "running", "done", "failed"]
#: What an empty cell means: leave the record's value, or take it away.
Blank = Literal["keep", "clear"]
#: File column → column of the register, `name.latitude`, `name.longitude`, ID; None: left out.
Matching = Mapping[str, str | None]


class ImportRefused(Problem):
    """The import as a whole cannot be done so (422); nothing was written.

    code: no_key, nothing_matched, twice, rejected_rows, running, formulas, no_import.
    """

    status, type, title = (
        422, "https://tamamo.example/problems/import-refused", "The import is refused",
    )  # fmt: skip

    def __init__(self, code: str, ja: str, en: str) -> None:
        super().__init__(en, code=code)
        self.code = code
        self.ja = ja
        self.en = en

    def text(self, language: str) -> str:
        """Return the reason in a language."""
        return self.ja if language == "ja" else self.en


@dataclass(frozen=True, slots=True)
class Import:
    """A table that somebody brought.

    columns: the file's. sample: its first rows, cell by cell. matching: what was previewed, else
    what is guessed. done, total: how many rows were written, while and after it runs.
    """

    id: str
    register: str
    filename: str
    state: State
    encoding: str
    sheets: tuple[str, ...]
    sheet: str | None
    header_row: int
    columns: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    rows: int
    matching: dict[str, str | None]
    blank: Blank
    whole: bool
    counts: Mapping[str, int]
    done: int
    total: int
    batch: str | None
    error: Mapping[str, Any] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is not taken. row: its number in the file, from 1. column: of the file."""

    row: int
    column: str
    ja: str
    en: str
    original: Sequence[str] = ()

    def text(self, language: str) -> str:
        """Return the reason in a language."""
        return self.ja if language == "ja" else self.en


@dataclass(frozen=True, slots=True)
class Line:
    """A row that is taken: what it would change; before is None in each change of a new record."""

    row: int
    entity_id: str
    title: str
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What an import would do, with the first rows of each kind."""

    new: int
    changed: int
    unchanged: int
    rejected: int
    new_sample: tuple[Line, ...] = ()
    changed_sample: tuple[Line, ...] = ()
    rejected_sample: tuple[Rejected, ...] = ()
