"""Who may do what with a town's warnings."""

from typing import Final

from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import Actor, Role

#: Who may write. Whoever keeps the machine does not speak for the town by that.
WRITERS: Final = (Role.EDITOR, Role.APPROVER)


def may_write(actor: Actor, tenant: str) -> bool:
    """Whether somebody may write warnings of a town, and publish what was approved."""
    return actor.user_id is not None and any(actor.holds(role, tenant) for role in WRITERS)


def may_approve(actor: Actor, tenant: str) -> bool:
    """Whether somebody may approve warnings of a town that they had no hand in."""
    return actor.user_id is not None and actor.holds(Role.APPROVER, tenant)


def require_writer(actor: Actor, tenant: str) -> None:
    """Raise Forbidden unless somebody may write."""
    if not may_write(actor, tenant):
        raise Forbidden(f"This needs the role editor or approver in {tenant!r}")


def require_approver(actor: Actor, tenant: str) -> None:
    """Raise Forbidden unless somebody may approve."""
    if not may_approve(actor, tenant):
        raise Forbidden(f"This needs the role approver in {tenant!r}")
