"""What stands in the way of a step: what others did meanwhile, and who may not approve."""

from datetime import datetime
from uuid import UUID

from tamamo.kernel.database import Connection
from tamamo.kernel.identity import Actor, person
from tamamo.publishing.warnings import setup, store
from tamamo.publishing.warnings.errors import WarningConflict
from tamamo.publishing.warnings.model import Draft, Published, State
from tamamo.publishing.warnings.roles import (
    may_approve,
    narrowed,
    require_approver,
    require_writer,
)


async def here(connection: Connection, actor: Actor, tenant: str) -> Actor:
    """Return somebody with the roles that count for a town's warnings."""
    return narrowed(actor, tenant, (await setup.read(connection, tenant)).setup.issuer.units)


async def require_role(
    connection: Connection, actor: Actor, tenant: str, *, approver: bool = False
) -> None:
    """Raise Forbidden unless somebody writes, or approves, for a department that warns."""
    known = await here(connection, actor, tenant)
    (require_approver if approver else require_writer)(known, tenant)


async def locked(
    connection: Connection, tenant: str, draft: UUID, version: int, *states: State
) -> Draft:
    """Return a draft nobody else changes now. Raises NoSuchWarning, WarningConflict."""
    found = await store.locked(connection, tenant, draft)
    told = {"state": found.state, "by": found.changed_by, "version": found.version}
    if found.version != version:
        raise WarningConflict("changed", "Somebody edited it meanwhile", **told)
    if found.state not in states:
        raise WarningConflict("state", f"It is {found.state}", **told)
    return found


async def lapsed(connection: Connection, draft: Draft) -> bool:
    """Whether a draft is approved by somebody who, as things are now, may not approve."""
    if draft.state != "approved":
        return False
    approver = await person(connection, draft.approved_by)
    return not may_approve(await here(connection, approver, draft.tenant), draft.tenant)


async def require_approved(connection: Connection, draft: Draft) -> None:
    """Raise WarningConflict where whoever approved a draft may not approve any more."""
    if await lapsed(connection, draft):
        text = "Whoever approved it may not any more: another approver has to approve it first"
        raise WarningConflict("lapsed", text, by=draft.approved_by)


async def require_open(connection: Connection, actor: Actor, draft: Draft) -> None:
    """Raise WarningConflict unless somebody who may approve can approve this draft now."""
    if draft.state == "approved" and not await lapsed(connection, draft):
        told = {"state": draft.state, "by": draft.changed_by, "version": draft.version}
        raise WarningConflict("state", "It is approved already", **told)
    if actor.subject in draft.authors:
        raise WarningConflict("own_text", "Whoever wrote does not approve")


def check_base(draft: Draft, earlier: list[Published], now: datetime) -> None:
    """Raise WarningConflict where what a draft corrects or lifts is not the newest message."""
    if draft.base is None:
        return
    newest = earlier[0]
    if newest.id != draft.base:
        raise WarningConflict("superseded", "A newer message was published meanwhile")
    require_going_on(newest, now)


def require_going_on(base: Published, now: datetime) -> None:
    """Raise WarningConflict unless a message is the newest of a warning that goes on."""
    state = base.state(now)
    if state == "superseded":
        raise WarningConflict("superseded", "A newer message was published")
    if state in ("withdrawn", "ended"):
        raise WarningConflict("ended", f"The warning is {state}")
