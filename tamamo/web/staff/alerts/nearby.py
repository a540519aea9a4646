"""A condition of the form that is about other entities (`elsewhere` of tamamo.rules): pure."""

from collections.abc import Mapping
from typing import Any, Final

Document = dict[str, Any]

#: Fields of a condition that say which others.
FIELDS: Final = ("other", "other_ids", "within", "fresh")
#: Kinds that can be asked of others.
KINDS: Final = ("threshold", "rate", "is")
_MEMBERS: Final = {"type": "other", "ids": "other_ids", "within": "within", "fresh": "fresh"}


def wrap(
    own: Mapping[str, str], condition: Document, *, within: float | None, fresh: str | None
) -> Document:
    """Return a condition as one of others; the fields of `own` say which."""
    given: Document = {"type": own["other"]}
    if own["other_ids"]:
        given["ids"] = own["other_ids"].split()
    if within is not None:
        given["within"] = within
    if fresh is not None:
        given["fresh"] = fresh
    return {"elsewhere": given | {"condition": condition}}


def places(here: str, prefix: str) -> dict[str, str]:
    """Return which field a member of `elsewhere` came from. here: its path."""
    found = {f"{here}.{member}": prefix + field for member, field in _MEMBERS.items()}
    return found | {here: f"{prefix}other", f"{here}.condition": f"{prefix}kind"}


def fits(given: Mapping[str, Any]) -> bool:
    """Whether the form has a field for all that `elsewhere` says."""
    return set(given) <= {*_MEMBERS, "condition"}
