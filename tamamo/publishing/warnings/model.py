"""A draft and a published message, as rows hold them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from tamamo.publishing.warnings.content import Content, from_stored

Purpose = Literal["alert", "update", "cancel"]
State = Literal["draft", "submitted", "approved", "published", "discarded"]
Type = Literal["Alert", "Update", "Cancel"]
Status = Literal["Actual", "Exercise", "Test"]

Standing = Literal["superseded", "withdrawn", "ended", "coming", "in_force"]

OPEN: Final[tuple[State, ...]] = ("draft", "submitted", "approved")
TYPES: Final[dict[Purpose, Type]] = {"alert": "Alert", "update": "Update", "cancel": "Cancel"}


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is being written. version: of its newest text; approvals are of one version.

    authors: everybody who wrote at it; none of them approves. base: the message it corrects or
    withdraws. The subjects are those of accounts (user:17).
    """

    tenant: str
    id: UUID
    warning: UUID
    purpose: Purpose
    base: UUID | None
    template: str
    state: State
    version: int
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime
    submitted_by: str | None
    approved_by: str | None
    returned_reason: str
    content: Content
    authors: tuple[str, ...]

    @property
    def open(self) -> bool:
        """Whether something can still be done with it."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Published:
    """A message as it was published. number: counts the town's messages.

    level, places: the widest of all messages of the warning so far, whoever was told of one is
    told of the next. newest: nothing came after it. noted_at: the clock of the database; sent: in a
    drill the drill's own clock.
    """

    tenant: str
    id: UUID
    number: int
    warning: UUID
    type: Type
    status: Status
    identifier: str
    sender: str
    sent: datetime
    noted_at: datetime
    written_by: tuple[str, ...]
    approved_by: str
    published_by: str
    content: Content
    level: int
    places: tuple[str, ...]
    valid_from: datetime
    valid_to: datetime
    newest: bool

    def state(
        self, now: datetime
    ) -> Literal["superseded", "withdrawn", "ended", "coming", "in_force"]:
        """Return where it stands at a moment of the town's clock."""
        if not self.newest:
            return "superseded"
        if self.type == "Cancel":
            return "withdrawn"
        if self.valid_to <= now:
            return "ended"
        return "coming" if self.valid_from > now else "in_force"

    @property
    def reference(self) -> str:
        """How later messages name it (CAP 1.2, references): sender,identifier,sent."""
        from tamamo.publishing.warnings.cap import moment_text  # noqa: PLC0415 - one direction

        return f"{self.sender},{self.identifier},{moment_text(self.sent)}"


_DRAFT: Final = (
    "id", "warning", "purpose", "base", "template", "state", "version", "created_by", "created_at",
    "changed_by", "changed_at", "submitted_by", "approved_by", "returned_reason", "content",
    "authors",
)  # fmt: skip
_MESSAGE: Final = (
    "id", "number", "warning", "type", "status", "identifier", "sender", "sent", "noted_at",
    "written_by", "approved_by", "published_by", "content", "level", "places", "valid_from",
    "valid_to", "newest",
)  # fmt: skip


def draft_of(tenant: str, row: Sequence[Any]) -> Draft:
    """Return the draft of a row of `drafts`."""
    return Draft(tenant=tenant, **_typed(zip(_DRAFT, row, strict=True)))


def published_of(tenant: str, row: Sequence[Any]) -> Published:
    """Return the message of a row of `messages` or `in_force`."""
    return Published(tenant=tenant, **_typed(zip(_MESSAGE, row, strict=True)))


def _typed(columns: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(columns)
    found["content"] = from_stored(found["content"])
    return {name: tuple(v) if isinstance(v, list) else v for name, v in found.items()}
