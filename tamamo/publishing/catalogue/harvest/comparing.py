"""What differs between two readings of a catalogue. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from tamamo.publishing.catalogue.entry import Entry

#: Members that a catalogue may leave out without saying anything else: DCAT has no word for them.
_UNSAID: Final = {"changed": None}


@dataclass(frozen=True, slots=True)
class Difference:
    """Entries by id: new, gone, and changed with the members that differ."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[tuple[str, tuple[str, ...]], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def comparable(entry: Entry) -> Entry:
    """Return an entry without what has no meaning in it: the order of what has none."""
    return msgspec.structs.replace(
        entry,
        tags=tuple(sorted(entry.tags)),
        groups=tuple(sorted(entry.groups, key=lambda one: one.id)),
        resources=tuple(sorted(entry.resources, key=lambda one: one.id)),
        **_UNSAID,
    )


def compare(before: Iterable[Entry], after: Iterable[Entry]) -> Difference:
    """Return what is in the one reading and not, or not so, in the other."""
    old = {one.id: comparable(one) for one in before}
    new = {one.id: comparable(one) for one in after}
    changed = {name: members(old[name], new[name]) for name in sorted(old.keys() & new.keys())}
    return Difference(
        tuple(sorted(new.keys() - old.keys())),
        tuple(sorted(old.keys() - new.keys())),
        tuple((name, found) for name, found in changed.items() if found),
    )


def members(one: Entry, other: Entry) -> tuple[str, ...]:
    """Return the names of the members in which two entries differ."""
    names = Entry.__struct_fields__
    return tuple(name for name in names if getattr(one, name) != getattr(other, name))
