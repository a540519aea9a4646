"""Who may enter what a division answers for, and who may approve it."""

from tamamo.kernel.identity import Actor, Role

_WRITERS = (Role.EDITOR, Role.APPROVER)


def may_enter(actor: Actor, tenant: str, division: str) -> bool:
    """Whether somebody may enter what a division of the plan has to report.

    division: its name as the plan writes it, "" for any of them. A grant without a unit counts
    for all of the town; one of a unit for the division of its name, and for none above it in its
    path (the plan knows names, not bureaus).
    """
    return _holds(actor, tenant, division, _WRITERS)


def may_approve(actor: Actor, tenant: str, division: str) -> bool:
    """Whether somebody may approve or decline what a division reports."""
    return _holds(actor, tenant, division, (Role.APPROVER,))


def answers_for(actor: Actor, tenant: str, division: str) -> bool:
    """Whether a division is somebody's own: the unit of a grant, not the town as a whole."""
    return any(
        grant.unit is not None and division == name_of(grant.unit)
        for grant in actor.grants
        if grant.role in _WRITERS and grant.counts_in(tenant)
    )


def _holds(actor: Actor, tenant: str, division: str, roles: tuple[Role, ...]) -> bool:
    if actor.user_id is None:
        return False
    return any(
        grant.unit is None or not division or division == name_of(grant.unit)
        for grant in actor.grants
        if grant.role in roles and grant.counts_in(tenant) and not grant.is_for_entities
    )


def name_of(unit: str) -> str:
    """Return the name of a unit, by which the plan knows it: the last part of its path."""
    return unit.rpartition("/")[2]
