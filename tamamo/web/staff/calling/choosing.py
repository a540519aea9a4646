"""Choosing people: ordered lists of selects that work without scripts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from tamamo.calling import store
from tamamo.calling.contact import Contact
from tamamo.calling.tree import Target
from tamamo.kernel.database import Connection
from tamamo.web.staff.calling.room import note_read, options
from tamamo.web.staff.desk import Desk

#: Rows that are empty, for more.
_MORE = 2


async def names(connection: Connection, desk: Desk, purpose: str) -> dict[str, str]:
    """Return contact → what they are called here; that they were shown is noted."""
    people = await store.contacts(connection, desk.tenant)
    await note_read(connection, desk, people, purpose)
    return {one.id: label(one) for one in people}


def label(one: Contact) -> str:
    """Return what somebody is called in a list."""
    return f"{one.name}（{one.organisation}）" if one.organisation else one.name


def people_rows(
    name: str, chosen: Sequence[str], known: Mapping[str, str], most: int
) -> list[dict[str, Any]]:
    """Return selects for people in their order; one that is gone stays until it is taken out."""
    gone = [(one, _("(no contact any more)")) for one in chosen if one and one not in known]
    pairs = [("", "—"), *known.items(), *dict.fromkeys(gone)]
    rows = [*filter(None, chosen), *[""] * _MORE][:most]
    return [
        {"id": f"{name}-{number}", "name": name, "options": options(pairs, one)}
        for number, one in enumerate(rows)
    ]


def target_rows(
    name: str,
    chosen: Sequence[str],
    people: Mapping[str, str],
    rosters: Mapping[str, str],
    most: int,
) -> list[dict[str, Any]]:
    """Return selects for people and rosters (`contact:<id>`, `roster:<id>`) in their order."""
    duty = _("On duty: %(name)s")
    known = {f"roster:{key}": duty % {"name": text} for key, text in rosters.items()}
    known |= {f"contact:{key}": text for key, text in people.items()}
    return people_rows(name, chosen, known, most)


def targets_of(texts: Iterable[str]) -> tuple[Target, ...]:
    """Return what was chosen in such selects, each once."""
    found = []
    for text in dict.fromkeys(texts):
        kind, _mark, number = text.partition(":")
        if kind == "contact" and number:
            found.append(Target(contact=number))
        elif kind == "roster" and number:
            found.append(Target(roster=number))
    return tuple(found)


def texts_of(targets: Iterable[Target]) -> list[str]:
    """Return targets as the selects' values."""
    return [f"contact:{t.contact}" if t.contact else f"roster:{t.roster}" for t in targets]


def whole(data: QueryDict, name: str, low: int, high: int) -> int | None:
    """Return a whole number between two as typed, None for anything else."""
    text = data.get(name, "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 9):
        return None
    return found if low <= (found := int(text)) <= high else None
