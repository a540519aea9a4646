"""A sharing agreement between two towns: its terms, who signed, and what state it is in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from tamamo.kernel.towns.errors import InvalidAgreement
from tamamo.kernel.towns.share import ACTIONS
from tamamo.kernel.towns.town import ALL_TYPES, Fault, is_type

#: Characters of a purpose or a reason at most.
LONGEST_TEXT: Final = 1000
_MOST_TYPES: Final = 200


class State(StrEnum):
    """What has become of an agreement. The texts are words that stay."""

    #: A signature is missing.
    PROPOSED = "proposed"
    #: Both have signed; its first day is to come.
    SIGNED = "signed"
    IN_FORCE = "in_force"
    #: Its last day is over.
    EXPIRED = "expired"
    #: A signed amendment has taken its place.
    AMENDED = "amended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed: the owner lets the reader have entities of these types, between these dates.

    attrs: IRIs of the attributes; None: all. actions: read, subscribe. valid_to: None: until
    revoked. The times are aware.
    """

    owner: str
    reader: str
    types: frozenset[str]
    actions: frozenset[str]
    valid_from: datetime
    valid_to: datetime | None = None
    attrs: frozenset[str] | None = None
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed for one side, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Revocation:
    """Who ended it for which side, when and why."""

    by: str
    side: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement as it stands."""

    id: UUID
    terms: Terms
    proposed_by: str
    #: The tenant that proposed it.
    proposed_for: str
    proposed_at: datetime
    owner_signature: Signature | None = None
    reader_signature: Signature | None = None
    revocation: Revocation | None = None
    #: The agreement whose place it takes.
    amends: UUID | None = None
    #: When a signed amendment takes its place.
    amended_from: datetime | None = None

    def state(self, moment: datetime) -> State:
        """Return its state at a moment that is not before its last act."""
        if self.revocation is not None:
            return State.REVOKED
        if self.amended_from is not None and self.amended_from <= moment:
            return State.AMENDED
        if self.terms.valid_to is not None and self.terms.valid_to <= moment:
            return State.EXPIRED
        if self.owner_signature is None or self.reader_signature is None:
            return State.PROPOSED
        return State.SIGNED if moment < self.terms.valid_from else State.IN_FORCE

    def signature(self, side: str) -> Signature | None:
        """Return the signature of a side, by its tenant."""
        return self.owner_signature if side == self.terms.owner else self.reader_signature

    def other(self, side: str) -> str:
        """Return the tenant on the other side."""
        terms = self.terms
        return terms.reader if side == terms.owner else terms.owner


def check(terms: Terms, moment: datetime) -> None:
    """Raise InvalidAgreement naming every term that cannot be so."""
    faults = [*_sides(terms), *_subject(terms), *_dates(terms, moment)]
    if not terms.actions or not terms.actions <= set(ACTIONS):
        faults.append(Fault("actions", "actions", "Actions are read, subscribe or both."))
    if len(terms.purpose) > LONGEST_TEXT:
        text = f"The purpose has at most {LONGEST_TEXT} characters."
        faults.append(Fault("purpose", "text", text))
    if faults:
        raise invalid(faults)


def invalid(faults: Iterable[Fault]) -> InvalidAgreement:
    """Return the refusal that names these fields."""
    listed = list(faults)
    return InvalidAgreement(
        " ".join(fault.detail for fault in listed),
        errors=[
            {"field": fault.field, "code": fault.code, "detail": fault.detail} for fault in listed
        ],
    )


def _sides(terms: Terms) -> list[Fault]:
    if terms.owner != terms.reader:
        return []
    return [Fault("reader", "same", "Owner and reader are two tenants.")]


def _subject(terms: Terms) -> list[Fault]:
    faults = []
    for name, given in (("types", terms.types), ("attrs", terms.attrs)):
        if given is None:
            continue
        named = 0 < len(given) <= _MOST_TYPES
        if not named or ALL_TYPES in given or not all(map(is_type, given)):
            text = f"Name the {name} by their IRIs, from one to {_MOST_TYPES}."
            faults.append(Fault(name, "iris", text))
    return faults


def _dates(terms: Terms, moment: datetime) -> list[Fault]:
    end = terms.valid_to
    if end is None:
        return []
    if end <= terms.valid_from:
        return [Fault("valid_to", "order", "The last day comes after the first.")]
    if end <= moment:
        return [Fault("valid_to", "past", "The last day is over already.")]
    return []
