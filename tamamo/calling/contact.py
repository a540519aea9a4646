"""Contacts: people who can be called. Their data are personal (docs/subsystems/calling.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.kernel.identity import Access, Role
from tamamo.messaging import Channel

#: The type by which rights to contacts are given and a unit answers for them: personal data.
CONTACT_TYPE: Final = DEFAULT_VOCABULARY + "CallContact"
MOST_ADDRESSES: Final = 10


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody is reached; a browser's push subscription is none of these."""

    channel: Channel
    to: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who can be called. subject: their account here, if they have one."""

    id: str
    name: str
    organisation: str = ""
    staff: bool = True
    subject: str | None = None
    language: str = "ja"
    note: str = ""
    addresses: tuple[Address, ...] = ()
    version: int = 1

    @property
    def actor(self) -> str:
        """Who acts when they answer: their account, or the contact itself."""
        return self.subject or f"contact:{self.id}"

    @property
    def push_owner(self) -> str:
        """Under what their browsers are subscribed."""
        return f"contact:{self.id}"


def of_columns(row: Mapping[str, Any]) -> Contact:
    """Return the contact of a row."""
    return Contact(
        str(row["id"]),
        row["name"],
        row["organisation"],
        row["staff"],
        row["subject"],
        row["language"],
        row["note"],
        tuple(Address(Channel(one["channel"]), one["to"]) for one in row["addresses"]),
        row["version"],
    )


def may_read(access: Access) -> bool:
    """Whether somebody may see contacts, rosters, trees and calls of a tenant.

    Operators and auditors; editors and approvers only where their grant names the type or their
    unit answers for it, or where it is for everything and the type was given to no unit.
    """
    return bool(access.roles & {Role.OPERATOR, Role.AUDITOR}) or may_write(access)


def may_write(access: Access) -> bool:
    """Whether somebody may change them and answer for the town."""
    if Role.OPERATOR in access.roles:
        return True
    working = bool(access.roles & {Role.EDITOR, Role.APPROVER})
    return working and access.write.allows((CONTACT_TYPE,))
