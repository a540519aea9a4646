"""Who may answer and moderate requests for data."""

from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import Actor, Role

#: Who may speak for a department. Whoever keeps the machine does not by that.
_WRITERS = (Role.EDITOR, Role.APPROVER)


def units_of(actor: Actor, tenant: str) -> tuple[str, ...] | None:
    """Return the units somebody speaks for in a town: () for none, None for all of them."""
    if actor.user_id is None:
        return ()
    held = [
        grant
        for grant in actor.grants
        if grant.role in _WRITERS and grant.counts_in(tenant) and not grant.is_for_entities
    ]
    if any(grant.unit is None for grant in held):
        return None
    return tuple(dict.fromkeys(grant.unit for grant in held if grant.unit))


def may_answer(actor: Actor, tenant: str, unit: str = "") -> bool:
    """Whether somebody may answer what a unit has to answer; "": what nobody was given yet."""
    units = units_of(actor, tenant)
    if units is None:
        return True
    return any(not unit or unit == one or unit.startswith(f"{one}/") for one in units)


def require(actor: Actor, tenant: str, unit: str = "") -> None:
    """Raise Forbidden unless somebody may answer."""
    if not may_answer(actor, tenant, unit):
        raise Forbidden(f"This needs the role editor or approver in {tenant!r}, of {unit or 'any'}")


def answers_as(actor: Actor, tenant: str) -> str:
    """Return the unit somebody answers for, where that is one; "" else."""
    units = units_of(actor, tenant)
    return units[0] if units is not None and len(units) == 1 else ""
