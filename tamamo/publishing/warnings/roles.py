"""Who may do what with a town's warnings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import Actor, Grant, Role

#: Who may write. Whoever keeps the machine does not speak for the town by that.
WRITERS: Final = (Role.EDITOR, Role.APPROVER)


def narrowed(actor: Actor, tenant: str, units: Sequence[str]) -> Actor:
    """Return somebody with the roles in a town that count for its warnings.

    units: the departments that warn there; of them, of one above and of the whole town roles
    count; none named: of any.
    """
    if not units:
        return actor

    def counts(grant: Grant) -> bool:
        held = grant.unit
        return (
            held is None
            or not grant.counts_in(tenant)
            or any(unit == held or unit.startswith(f"{held}/") for unit in units)
        )

    return replace(actor, grants=tuple(filter(counts, actor.grants)))


def may_write(actor: Actor, tenant: str) -> bool:
    """Whether somebody may write warnings of a town, and publish what was approved."""
    return actor.user_id is not None and actor.speaks(tenant, *WRITERS)


def may_approve(actor: Actor, tenant: str) -> bool:
    """Whether somebody may approve warnings of a town that they had no hand in."""
    return actor.user_id is not None and actor.speaks(tenant, Role.APPROVER)


def require_writer(actor: Actor, tenant: str) -> None:
    """Raise Forbidden unless somebody may write."""
    if not may_write(actor, tenant):
        raise Forbidden(f"This needs the role editor or approver in {tenant!r}")


def require_approver(actor: Actor, tenant: str) -> None:
    """Raise Forbidden unless somebody may approve."""
    if not may_approve(actor, tenant):
        raise Forbidden(f"This needs the role approver in {tenant!r}")
