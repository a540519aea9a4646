"""What can be wrong with a request to a register; each says what, in both languages."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from tamamo.kernel.errors import Problem

if TYPE_CHECKING:
    from tamamo.registers.model import Cell

_PROBLEMS = "https://tamamo.example/problems/"


class UnknownRegister(Problem):
    """No register of this id is declared, or this person may not know of it (404)."""

    status, type, title = 404, _PROBLEMS + "unknown-register", "Unknown register"


class UnknownRecord(Problem):
    """The register has no such record, or this person may not see it (404)."""

    status, type, title = 404, _PROBLEMS + "unknown-record", "Unknown record"


class BadQuery(Problem):
    """The list cannot be asked so (400)."""

    status, type, title = 400, _PROBLEMS + "bad-register-query", "Bad query"


@dataclass(frozen=True, slots=True)
class FieldError:
    """Why a value is refused. field: a column's name, "" for the record as a whole."""

    field: str
    code: str
    ja: str
    en: str

    def text(self, language: str) -> str:
        """Return the sentence in a language; it names the field by its label."""
        return self.ja if language == "ja" else self.en


class Invalid(Problem):
    """What was typed does not fit the register's form (422); nothing was written."""

    status, type, title = 422, _PROBLEMS + "invalid-record", "Invalid record"

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(error.en for error in errors))
        self.errors = errors
        self.extra = {
            "errors": [{"field": e.field, "code": e.code, "ja": e.ja, "en": e.en} for e in errors]
        }


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """One field on which two disagree.

    base: what the second editor started from. theirs: what stands there now. mine: what the
    second editor wants. overlaps: whether both changed it, to different values.
    """

    field: str
    base: "Cell | None"
    theirs: "Cell | None"
    mine: "Cell | None"
    overlaps: bool


class EditConflict(Problem):
    """Somebody else changed the record meanwhile (409); nothing was written.

    version: what to send with the values that the person chose. by, at: who changed it last and
    when, where that is known.
    """

    status, type, title = 409, _PROBLEMS + "edit-conflict", "Changed meanwhile"

    def __init__(
        self,
        version: str,
        fields: list[FieldConflict],
        by: str | None = None,
        at: datetime | None = None,
    ) -> None:
        names = ", ".join(one.field for one in fields)
        super().__init__(f"Somebody else changed the record meanwhile: {names}")
        self.version = version
        self.fields = fields
        self.by = by
        self.at = at


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A record that keeps an act from being undone, and where it differs."""

    entity_id: str
    title: str
    fields: list[FieldConflict] = field(default_factory=list)


class NotUndoable(Problem):
    """The act cannot be taken back (409); nothing was written.

    code: changed_since, undone_already, exists_already, deleted_since, too_old.
    """

    status, type, title = 409, _PROBLEMS + "not-undoable", "Cannot be undone"

    def __init__(
        self, code: str, ja: str, en: str, obstacles: list[Obstacle] | None = None
    ) -> None:
        super().__init__(en, code=code)
        self.code = code
        self.ja = ja
        self.en = en
        self.obstacles = obstacles or []

    def text(self, language: str) -> str:
        """Return the reason in a language."""
        return self.ja if language == "ja" else self.en
