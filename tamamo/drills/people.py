"""Who takes part in a drill, as a terminal names them, and in which roles."""

from collections.abc import Sequence

from tamamo.context.broker import Broker
from tamamo.kernel import sql
from tamamo.kernel.database import transaction
from tamamo.kernel.drills.errors import Fault, InvalidDrill
from tamamo.kernel.drills.plan import ROLES
from tamamo.kernel.identity.model import Role

_SQL = sql.load(__package__)


async def roles_of(broker: Broker, town: str, named: Sequence[str]) -> dict[str, tuple[Role, ...]]:
    """Return subject → the roles that somebody has in a town. named: e-mail addresses or user:17.

    Raises InvalidDrill for whoever does not work there.
    """
    values = {"tenant": town, "roles": [role.value for role in ROLES], "named": list(named)}
    async with transaction(broker.pool) as connection:
        rows = await (await connection.execute(_SQL["people"], values)).fetchall()
    found = {given: (subject, roles) for given, subject, roles in rows}
    missing = [one for one in named if one not in found]
    if missing:
        text = f"These do not work for {town!r}: {', '.join(missing)}"
        raise InvalidDrill([Fault("people", "people", text)])
    return {subject: tuple(map(Role, sorted(roles))) for subject, roles in found.values()}
